package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"kassa/internal/checkout"
	"kassa/templates/layout"
	"kassa/templates/pay"
	"kassa/web/page"
)

// problems maps every code of the core to the page that tells of it. A test holds it total.
var problems = map[checkout.Code]struct {
	status int
	kind   pay.ProblemKind
}{
	checkout.CodeInvalid:         {http.StatusBadRequest, pay.ProblemRefused},
	checkout.CodeUnauthenticated: {http.StatusUnauthorized, pay.ProblemRefused},
	checkout.CodeForbidden:       {http.StatusForbidden, pay.ProblemRefused},
	checkout.CodeNotFound:        {http.StatusNotFound, pay.ProblemNotFound},
	checkout.CodeConflict:        {http.StatusConflict, pay.ProblemRefused},
	checkout.CodeInFlight:        {http.StatusConflict, pay.ProblemUnavailable},
	checkout.CodeKeyReused:       {http.StatusUnprocessableEntity, pay.ProblemRefused},
	checkout.CodeTooLarge:        {http.StatusRequestEntityTooLarge, pay.ProblemRefused},
	checkout.CodeRateLimited:     {http.StatusTooManyRequests, pay.ProblemTooMany},
	checkout.CodeRefused:         {http.StatusConflict, pay.ProblemRefused},
	checkout.CodeUnsupported:     {http.StatusConflict, pay.ProblemRefused},
	checkout.CodeUnavailable:     {http.StatusServiceUnavailable, pay.ProblemUnavailable},
	checkout.CodeInternal:        {http.StatusInternalServerError, pay.ProblemError},
}

// fail answers every error of a page: what a shopper may know, and a reference to the log's line.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var he *echo.HTTPError
	if errors.As(err, &he) && checkout.CodeOf(err) == checkout.CodeInternal {
		code := checkout.CodeInternal
		switch he.Code {
		case http.StatusNotFound:
			code = checkout.CodeNotFound
		case http.StatusMethodNotAllowed:
			code = checkout.CodeInvalid
		}
		err = checkout.Wrap(code, "", err)
		if he.Code == http.StatusMethodNotAllowed {
			s.problem(c, http.StatusMethodNotAllowed, pay.ProblemRefused, "", "")
			return
		}
	}
	e := checkout.AsError(err)
	p := problems[e.Code]
	reference := ""
	if p.status >= 500 {
		reference = checkout.RandomToken()[:10]
		s.Log.ErrorContext(c.Request().Context(), "page failed", "reference", reference, "path", c.Path(), "err", err)
	}
	if e.RetryAfter > 0 || p.status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter.Seconds()))))
	}
	retry := ""
	if id := c.Param("id"); id != "" && p.status != http.StatusNotFound {
		if _, ok := checkout.ParseID(checkout.PrefixSession, id); ok {
			retry = s.base + "/pay/" + id
		}
	}
	s.problem(c, p.status, p.kind, reference, retry)
}

func (s *server) problem(c echo.Context, status int, kind pay.ProblemKind, reference, retry string) {
	s.headers.Set(c.Response().Header(), nil)
	if err := s.drawProblem(c.Response().Writer, c.Request(), status, kind, reference, retry); err != nil {
		s.Log.ErrorContext(c.Request().Context(), "error page failed", "err", err)
	}
	c.Response().Committed = true
}

func (s *server) drawProblem(w http.ResponseWriter, r *http.Request, status int, kind pay.ProblemKind, reference, retry string) error {
	loc := s.languages.For(r, "", "")
	v := pay.Problem{Kind: kind, Code: strconv.Itoa(status), Reference: reference, Retry: retry}
	v.Page.Page = layout.Page{T: loc.T, Lang: loc.Tag(), Dir: loc.Dir(), Base: s.base}
	drawn, err := page.Render(r.Context(), pay.ProblemPage(v))
	if err != nil {
		return err
	}
	return drawn.Write(w, r, status)
}

// refused answers a post from another site.
func (s *server) refused(w http.ResponseWriter, r *http.Request) {
	s.headers.Set(w.Header(), nil)
	if err := s.drawProblem(w, r, http.StatusForbidden, pay.ProblemRefused, "", ""); err != nil {
		s.Log.ErrorContext(r.Context(), "error page failed", "err", err)
	}
}

func (s *server) panicked(c echo.Context, err error, stack []byte) error {
	s.Log.ErrorContext(c.Request().Context(), "panic", "path", c.Path(), "err", err, "stack", string(stack))
	return checkout.Wrap(checkout.CodeInternal, "", err)
}
