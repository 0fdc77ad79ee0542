package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
	"kassa/internal/words"
	"kassa/web/notify"
	"kassa/web/page"
	"kassa/web/pay"
)

// Options is what the server is made of.
type Options struct {
	Engine    *engine.Engine
	Links     checkout.Links
	Dialects  map[string]dialect.Dialect // by name; each is served below /name
	Words     *words.Catalogue
	CookieKey []byte // at least 32 bytes
	Secret    []byte // the server's secret key, which the keys of signed returns are derived from
	ReportURI string // tests: where browsers report what a policy stopped
	Log       *slog.Logger
	// Mounts are handlers of others, by the path below which they get everything: the sandbox's
	// pages, the demo's credentials.
	Mounts map[string]http.Handler
}

// New makes the handler of the whole site.
func New(o Options) http.Handler {
	base, secure := "", false
	if u, err := url.Parse(o.Links.Base()); err == nil {
		base, secure = strings.TrimRight(u.Path, "/"), u.Scheme == "https"
	}
	headers := page.NewHeaders(o.ReportURI, secure)
	languages := page.NewLanguages(o.Words, o.CookieKey, secure, base)
	s := &server{Options: o, base: base, headers: headers, languages: languages}

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // nobody may tell us who they are
	e.HTTPErrorHandler = s.fail
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true, LogErrorFunc: s.panicked}))

	pay.New(pay.Options{Engine: o.Engine, Links: o.Links, Base: base, Languages: languages, Headers: headers, Log: o.Log, Home: s.home}).Mount(e)
	(&notify.Handler{Engine: o.Engine, Headers: headers, Base: base}).Mount(e)
	for name, d := range o.Dialects {
		e.Any("/"+name+"/*", echo.WrapHandler(http.StripPrefix("/"+name, d.Handler())))
	}
	for path, h := range o.Mounts {
		e.Any(path, echo.WrapHandler(h))
		e.Any(strings.TrimRight(path, "/")+"/*", echo.WrapHandler(h))
	}
	e.GET("/static/*", s.static)
	e.GET("/favicon.ico", s.icon)
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)

	// Posts from other sites are refused, but for the provider's: it sends the shopper's browser back
	// by a form of its own. Servers that call us (merchants, providers) send no browser headers.
	guard := http.NewCrossOriginProtection()
	guard.AddInsecureBypassPattern("POST /return/{attempt}")
	guard.SetDenyHandler(http.HandlerFunc(s.refused))
	return stripBase(base, guard.Handler(e))
}

type server struct {
	Options
	base      string
	headers   *page.Headers
	languages *page.Languages
}

// home gives the merchant's URL for a session, in the words of the dialect that made it, and signed
// where the merchant wants that.
func (s *server) home(ctx context.Context, session checkout.Session, a *checkout.Attempt) (string, error) {
	d, ok := s.Dialects[session.Dialect]
	if !ok {
		return "", nil // made by a dialect that this server does not speak any more
	}
	to, err := d.ReturnURL(ctx, session, a)
	if err != nil || to == "" {
		return to, err
	}
	m, err := s.Engine.Merchant(ctx, session.Merchant)
	if err != nil || m.ReturnKey < 1 {
		return to, err
	}
	key, err := checkout.DeriveReturnKey(s.Secret, m.ID, m.ReturnKey)
	if err != nil {
		return "", err
	}
	return checkout.ReturnOf(&session, s.Engine.Now()).Append(to, key)
}

// stripBase lets a site that lives below a path be reached with and without it: a proxy may take it
// off or leave it.
func stripBase(base string, h http.Handler) http.Handler {
	if base == "" {
		return h
	}
	stripped := http.StripPrefix(base, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, base+"/") {
			stripped.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
