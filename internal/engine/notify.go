package engine

import (
	"context"
	"encoding/json"
	"net/http"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// Notify is a provider that speaks. What came is stored raw, its authenticity is checked by the
// channel's adapter, and each attempt it hints at is asked about; the answer to the provider is the
// adapter's. A channel that is unknown, or that cannot verify anything because it lacks its secret,
// is an error (CodeNotFound, CodeUnavailable) and changes nothing. A refused notification changes
// nothing either.
func (e *Engine) Notify(ctx context.Context, channel string, n psp.Notification) (psp.Ack, error) {
	id, ok := checkout.ParseID(checkout.PrefixChannel, channel)
	if !ok {
		return psp.Ack{}, checkout.Errorf(checkout.CodeNotFound, "no such channel")
	}
	c, err := e.channelByID(ctx, id)
	if err != nil {
		return psp.Ack{}, err
	}
	p, err := e.open(c)
	if err != nil {
		e.log.ErrorContext(ctx, "channel cannot be opened", "channel", c.ID, "psp", c.PSP, "err", err)
		return psp.Ack{}, err
	}
	hints, ack, perr := p.ParseNotification(ctx, n)
	m := store.Message{Source: "notification", Channel: c.ID, Verified: perr == nil, Method: n.Method, Path: n.Rest, Query: n.Query.Encode(),
		Header: headerJSON(n.Header), Body: n.Body}
	if perr != nil {
		e.log.WarnContext(ctx, "notification refused", "channel", c.ID, "psp", c.PSP, "err", perr)
		if ack.Status == 0 {
			ack.Status = http.StatusUnauthorized
		}
		return ack, e.keep(ctx, m)
	}
	var found []checkout.ID
	var why []*psp.Hint
	for i := range hints {
		a, err := e.hinted(ctx, c.ID, hints[i])
		if checkout.CodeOf(err) == checkout.CodeNotFound {
			e.log.WarnContext(ctx, "notification about an unknown payment", "channel", c.ID, "psp_ref", hints[i].PSPRef)
			continue
		}
		if err != nil {
			return psp.Ack{}, err
		}
		m.Attempt = a.ID
		found = append(found, a.ID)
		why = append(why, &hints[i])
	}
	if err := e.keep(ctx, m); err != nil {
		return psp.Ack{}, err
	}
	for i, a := range found {
		if err := e.within(ctx, func(ctx context.Context) error { return e.Ask(ctx, a, why[i]) }); err != nil {
			e.log.WarnContext(ctx, "asking after a notification failed", "attempt", a, "err", err) // the poller asks again
		}
	}
	return ack, nil
}

// hinted finds the attempt that a hint names. It must belong to the channel that was notified.
func (e *Engine) hinted(ctx context.Context, channel checkout.ID, h psp.Hint) (checkout.Attempt, error) {
	var a checkout.Attempt
	var err error
	switch {
	case h.Reference != "":
		a, err = e.store.Attempt(ctx, h.Reference)
	case h.Token != "":
		a, err = e.store.AttemptByToken(ctx, h.Token)
	default:
		a, err = e.store.AttemptByPSPRef(ctx, channel, h.PSPRef)
	}
	if err == nil && a.Channel != channel {
		return a, checkout.Errorf(checkout.CodeNotFound, "no such payment")
	}
	return a, err
}

// headerJSON keeps the headers of a notification, without those that carry our own browsers' secrets.
func headerJSON(h http.Header) string {
	h = h.Clone()
	h.Del("Cookie")
	b, err := json.Marshal(h)
	if err != nil {
		return "{}"
	}
	return string(b)
}
