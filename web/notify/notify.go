package notify

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/psp"

	"kassa/web/page"
)

// bodyLimit bounds a notification, in bytes.
const bodyLimit = 64 << 10

// Handler serves /notify and /return.
type Handler struct {
	Engine  *engine.Engine
	Headers *page.Headers
	Base    string
}

// Mount adds the routes.
func (h *Handler) Mount(e *echo.Echo) {
	e.Any("/notify/:channel", h.notify)
	e.Any("/notify/:channel/*", h.notify)
	e.GET("/return/:attempt", h.returned)
	e.POST("/return/:attempt", h.returned)
}

// notify is a provider that speaks. The answer is the adapter's.
func (h *Handler) notify(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, bodyLimit))
	if err != nil {
		return readError(err)
	}
	ack, err := h.Engine.Notify(r.Context(), c.Param("channel"), psp.Notification{Method: r.Method, Rest: c.Param("*"), Query: r.URL.Query(), Header: r.Header.Clone(), Body: body})
	if err != nil {
		e := checkout.AsError(err)
		switch e.Code {
		case checkout.CodeNotFound:
			return c.NoContent(http.StatusNotFound)
		default:
			c.Response().Header().Set("Retry-After", "60")
			return c.NoContent(http.StatusServiceUnavailable)
		}
	}
	if ack.Status == 0 {
		ack.Status = http.StatusOK
	}
	if ack.ContentType == "" {
		return c.NoContent(ack.Status)
	}
	return c.Blob(ack.Status, ack.ContentType, ack.Body)
}

// returned is a browser that comes back, by link or by a form of the provider's, perhaps without its
// cookies. It proves nothing; it ends on the page of the session's state, by a GET of our own.
func (h *Handler) returned(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, bodyLimit))
	if err != nil {
		return readError(err)
	}
	session, err := h.Engine.Returned(r.Context(), c.Param("attempt"), engine.Message{Method: r.Method, Path: "/return", Query: r.URL.RawQuery, Body: body})
	if session == "" {
		return err
	}
	// What the engine could not find out now, the page says, and follows.
	h.Headers.Set(c.Response().Header(), nil)
	return c.Redirect(http.StatusSeeOther, h.Base+"/pay/"+url.PathEscape(string(session)))
}

func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return checkout.Errorf(checkout.CodeTooLarge, "the body is larger than %d bytes", bodyLimit)
	}
	return checkout.Wrap(checkout.CodeInvalid, "the body cannot be read", err)
}
