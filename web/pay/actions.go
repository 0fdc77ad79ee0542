package pay

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// formLimit bounds a posted form, in bytes.
const formLimit = 16 << 10

func (h *Handler) form(c echo.Context) (url.Values, error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		return nil, checkout.Wrap(checkout.CodeInvalid, "the form cannot be read", err)
	}
	return r.PostForm, nil
}

// pay is the shopper's decision. A second post of one form gets the first one's result.
func (h *Handler) pay(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := h.form(c)
	if err != nil {
		return err
	}
	head, err := h.Engine.Head(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	id := checkout.ID(c.Param("id"))
	if !may(actPay, head.State) {
		return h.see(c, id, nil)
	}
	merchant, err := h.Engine.Merchant(ctx, head.Merchant)
	if err != nil {
		return err
	}
	loc := h.Languages.For(c.Request(), head.Locale, merchant.Locale)
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil && f.Has("version") {
		return checkout.Invalid("version", "must be a number")
	}
	method := checkout.Method(f.Get("method"))
	started, err := h.Engine.StartAttempt(ctx, engine.StartAttempt{Session: string(id), FormVersion: version, Method: method, Phone: f.Get("phone"), Locale: loc.Tag()})
	if err == nil {
		if started.Attempt == "" && version != 0 && version != head.Version {
			return h.see(c, id, url.Values{"stale": {"1"}, "method": {string(method)}})
		}
		return h.see(c, id, url.Values{"next": {"1"}})
	}
	e := checkout.AsError(err)
	switch {
	case e.Code == checkout.CodeInvalid && len(e.Fields) > 0 && e.Fields[0].Field == "phone":
		v, err := h.Engine.View(ctx, string(id))
		if err != nil {
			return err
		}
		mistake := loc.T("phone.invalid", "Example", phoneExample(v.Session.Order.Country))
		if f.Get("phone") == "" {
			mistake = loc.T("phone.missing")
		}
		a := asked{loc: loc, method: string(method), phone: f.Get("phone"), phoneError: mistake, status: http.StatusUnprocessableEntity}
		return h.draw(c, v, a, cacheKey{})
	case e.Code == checkout.CodeInvalid, e.Code == checkout.CodeConflict:
		// The method went away, or another payment is under way: the page of the state says so.
		return h.see(c, id, url.Values{"stale": {"1"}})
	}
	return err
}

// cancel gives the payment up. Where a payment cannot be ended any more the page of its state says so.
func (h *Handler) cancel(c echo.Context) error {
	ctx := c.Request().Context()
	head, err := h.Engine.Head(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	id := checkout.ID(c.Param("id"))
	if may(actCancel, head.State) {
		if err := h.Engine.Cancel(ctx, id, "shopper"); err != nil && checkout.CodeOf(err) != checkout.CodeConflict {
			return err
		}
	}
	return h.see(c, id, nil)
}

// restart begins again with the same order after the time was over.
func (h *Handler) restart(c echo.Context) error {
	ctx := c.Request().Context()
	head, err := h.Engine.Head(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	id := checkout.ID(c.Param("id"))
	if !may(actRestart, head.State) {
		return h.see(c, id, nil)
	}
	next, err := h.Engine.Restart(ctx, string(id))
	if checkout.CodeOf(err) == checkout.CodeConflict {
		return h.see(c, id, nil)
	}
	if err != nil {
		return err
	}
	return h.see(c, next, nil)
}

// leave sends the shopper on to the stored target of an attempt. There is no target in the URL, so
// there is nothing to bend. An attempt that wants nothing any more leads to its session's page.
func (h *Handler) leave(c echo.Context) error {
	a, err := h.Engine.Leaving(c.Request().Context(), c.Param("attempt"))
	if err != nil {
		return err
	}
	if a.InFlight() && a.State == checkout.AttemptRequiresAction && a.Action.Kind == checkout.ActionRedirect {
		h.Headers.Set(c.Response().Header(), nil)
		return c.Redirect(http.StatusSeeOther, a.Action.URL)
	}
	return h.see(c, a.Session, nil)
}

// see answers a post: look at the page of the state as it is now.
func (h *Handler) see(c echo.Context, id checkout.ID, query url.Values) error {
	h.Headers.Set(c.Response().Header(), nil)
	return c.Redirect(http.StatusSeeOther, h.to(id, query))
}
