package pay

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/words"
	"kassa/web/page"
)

// Options is what the pages are made of.
type Options struct {
	Engine    *engine.Engine
	Links     checkout.Links
	Base      string // the path below which the site lives, "" or "/checkout"
	Languages *page.Languages
	Headers   *page.Headers
	Log       *slog.Logger
	// Home gives the merchant's URL for a session in its present state, in its dialect's words.
	Home func(ctx context.Context, s checkout.Session, a *checkout.Attempt) (string, error)
}

// Handler serves the shopper's pages.
type Handler struct {
	Options
	cache pageCache
}

// New makes the handler.
func New(o Options) *Handler { return &Handler{Options: o, cache: newPageCache()} }

// Mount adds the routes.
func (h *Handler) Mount(e *echo.Echo) {
	e.GET("/pay/:id", h.show)
	e.HEAD("/pay/:id", h.show)
	e.GET("/pay/:id/events", h.events)
	e.POST("/pay/:id/attempts", h.pay)
	e.POST("/pay/:id/cancel", h.cancel)
	e.POST("/pay/:id/restart", h.restart)
	e.GET("/go/:attempt", h.leave)
}

// show is the page of a session. One that was drawn before and is still true costs one small read.
func (h *Handler) show(c echo.Context) error {
	r, ctx := c.Request(), c.Request().Context()
	id := c.Param("id")
	head, err := h.Engine.Head(ctx, id)
	if err != nil {
		return err
	}
	merchant, err := h.Engine.Merchant(ctx, head.Merchant)
	if err != nil {
		return err
	}
	a := h.ask(r)
	a.loc = h.Languages.For(r, head.Locale, merchant.Locale)
	if a.chosen {
		h.Languages.Remember(c.Response(), r)
	}
	key := cacheKey{id: id, version: head.Version, state: head.State, lang: a.loc.Key(), query: a.key(), merchant: merchant.Version}
	if drawn, ok := h.cache.get(key); ok {
		h.Headers.Set(c.Response().Header(), nil)
		return drawn.Write(c.Response().Writer, r, http.StatusOK)
	}
	v, err := h.Engine.View(ctx, id)
	if err != nil {
		return err
	}
	return h.draw(c, v, a, key)
}

// draw chooses, renders and sends the page of a view.
func (h *Handler) draw(c echo.Context, v engine.View, a asked, key cacheKey) error {
	a.loc = a.loc.In(v.Session.Order.Country)
	p, err := h.dispatch(c.Request().Context(), v, a)
	if err != nil {
		return err
	}
	drawn, err := page.Render(c.Request().Context(), p.component)
	if err != nil {
		return err
	}
	if p.keep && key.id != "" && key.version == v.Session.Version && key.state == v.Session.State {
		h.cache.put(key, drawn)
	}
	h.Headers.Set(c.Response().Header(), p.policy)
	return drawn.Write(c.Response().Writer, c.Request(), p.status)
}

// asked is what a request says about the page it wants. Nothing in it is believed about money.
type asked struct {
	loc    *words.Locale
	chosen bool   // the language was chosen in this request
	lang   string // as written
	method string
	wait   int  // how often a page without scripts has refreshed itself
	next   bool // the shopper has just decided: go on to the provider at once
	stay   bool // do not go home by itself

	phone      string // as typed
	phoneError string
	stale      bool
	status     int
}

func (h *Handler) ask(r *http.Request) asked {
	if r.URL.RawQuery == "" {
		return asked{}
	}
	q := r.URL.Query()
	a := asked{method: q.Get("method"), next: q.Has("next"), stay: q.Has("stay"), stale: q.Has("stale"), lang: q.Get(page.LanguageParam)}
	a.chosen = a.lang != ""
	a.wait, _ = strconv.Atoi(q.Get("wait"))
	a.wait = min(max(a.wait, 0), 1000)
	if len(a.method) > 32 {
		a.method = ""
	}
	return a
}

// key is the part of the question that the page depends on.
func (a asked) key() string {
	if !a.next && !a.stay && !a.stale && a.wait == 0 && a.lang == "" {
		return a.method
	}
	return a.method + "?" + a.lang + strconv.Itoa(a.wait) + strconv.FormatBool(a.next) + strconv.FormatBool(a.stay) + strconv.FormatBool(a.stale)
}

// to is the page of a session, below the site's own path, with a query.
func (h *Handler) to(id checkout.ID, query url.Values) string {
	u := h.Base + "/pay/" + string(id)
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	return u
}
