package kaipay

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/webhook"
)

// maxEvent bounds an event's body in bytes (Standard Webhooks 1.0.0: payloads under 20 kB).
const maxEvent = 20_000

var _ webhook.Encoder = (*api)(nil)

// eventType is KaiPay's word for a fact (ours: the seed has no callbacks). An empty word: not told.
func eventType(k checkout.EventKind) string {
	switch k {
	case checkout.EventSessionAuthorized:
		return "client_session.authorized"
	case checkout.EventSessionPaid, checkout.EventSessionPaidLate:
		return "client_session.paid"
	case checkout.EventSessionReopened:
		return "client_session.failed"
	case checkout.EventSessionCanceled:
		return "client_session.canceled"
	case checkout.EventSessionExpired:
		return "client_session.expired"
	case checkout.EventSessionPartRefunded, checkout.EventSessionRefunded:
		return "client_session.refunded"
	case checkout.EventSessionRefundUndone:
		return "client_session.refund_failed"
	case checkout.EventSessionNeedsReview:
		return "client_session.needs_review"
	}
	return ""
}

// Encode tells of an event: {"id", "type", "created_at", "data"}, where data is the client session as the API
// gives it at this moment, and what the event adds. A body that would be too large leaves out what the
// merchant knows best, in this order: line items, metadata, fees, addresses; "truncated" says so.
func (k *api) Encode(_ context.Context, e checkout.Event, s checkout.Session, _ *checkout.Attempt, r *checkout.Refund) ([]byte, string, bool, error) {
	word := eventType(e.Kind)
	if word == "" || (e.Kind == checkout.EventSessionReopened && declineOf(&e) == checkout.DeclineNone) {
		return nil, "", false, nil // also: the shopper only chose another method
	}
	s.State = s.StateAt(k.Now())
	if e.Kind == checkout.EventSessionNeedsReview && e.Detail != "" {
		s.Review = checkout.Review(e.Detail) // a later reason has its own event
	}
	sp := spellingOf(&s)
	cuts := []func(){
		func() { s.Order.Items, sp.items, sp.numbers = nil, nil, false },
		func() { s.Metadata = nil },
		func() { sp.fees = nil },
		func() { s.Customer.Shipping, s.Customer.Billing = nil, nil },
	}
	body := k.renderEvent(&e, word, &s, sp, r, false)
	for _, cut := range cuts {
		if len(body) < maxEvent {
			break
		}
		cut()
		body = k.renderEvent(&e, word, &s, sp, r, true)
	}
	return body, jsonType[0], true, nil
}

func (k *api) renderEvent(e *checkout.Event, word string, s *checkout.Session, sp spelling, r *checkout.Refund, truncated bool) []byte {
	w := dialect.Writer{B: make([]byte, 0, 1536+len(s.Metadata)+192*len(s.Order.Items))}
	w.Open('{')
	w.KeyStr("id", string(e.ID))
	w.KeyStr("type", word)
	w.KeyTime("created_at", e.At)
	w.Key("data")
	w.Open('{')
	k.writeSession(&w, s, sp)
	w.KeyStr("decline_reason", string(declineOf(e)))
	w.Key("refund")
	if r == nil {
		w.Null()
	} else {
		writeRefund(&w, r)
	}
	w.KeyBool("truncated", truncated)
	w.Close('}')
	w.Close('}')
	return w.B
}

// declineOf is why a payment was refused, for events that say so.
func declineOf(e *checkout.Event) checkout.Decline {
	if d := checkout.Decline(e.Detail); e.Kind == checkout.EventSessionReopened && d.Known() {
		return d
	}
	return checkout.DeclineNone
}

// Sign signs as Standard Webhooks 1.0.0 says.
func (k *api) Sign(_ context.Context, t webhook.Try, r *webhook.Request) error {
	return webhook.SignStandard(t, r)
}
