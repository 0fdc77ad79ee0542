package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kassa/static"
	"kassa/web/page"
)

// static serves an embedded file under the address that holds its hash: it never changes there.
func (s *server) static(c echo.Context) error {
	f, ok := static.Lookup(c.Request().URL.Path)
	if !ok {
		return echo.ErrNotFound
	}
	return send(c, f, "public, max-age=31536000, immutable")
}

func (s *server) icon(c echo.Context) error { return send(c, static.Icon(), "public, max-age=86400") }

func send(c echo.Context, f *static.File, cache string) error {
	r, h := c.Request(), c.Response().Header()
	h.Set("Cache-Control", cache)
	h.Set("ETag", f.ETag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Header.Get("If-None-Match") == f.ETag {
		return c.NoContent(http.StatusNotModified)
	}
	body := f.Body
	if f.Gzip != nil && page.AcceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
		body = f.Gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, f.ContentType, body)
}

// healthz says that the process answers.
func (s *server) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says that money can be taken: the database reads and writes.
func (s *server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	if err := s.Engine.Ping(ctx); err != nil {
		s.Log.ErrorContext(ctx, "not ready", "err", err)
		c.Response().Header().Set("Retry-After", "1")
		return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
