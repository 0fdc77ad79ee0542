package shop

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	view "kassa/templates/shop"
)

var errOther = errors.New("the session is not the order's")

// called is a callback whose signature was verified.
type called struct {
	id, kind string // the delivery's, the event's type
	at       time.Time
	exchange view.Exchange
}

const (
	maxCallback = 64 << 10 // bytes
	maxCalls    = 20       // remembered of one order
)

// callback takes what Kassa tells by itself. It believes nothing that is not signed, takes the same delivery
// twice without harm, and answers at once.
func (s *Shop) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	now := s.Now()
	if !verifyCallback(r.Header, body, s.WebhookSecret, now) {
		http.Error(w, "the signature is not genuine", http.StatusUnauthorized)
		return
	}
	var event struct {
		Type string  `json:"type"`
		Data session `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "the body is not JSON", http.StatusBadRequest)
		return
	}
	x := view.Exchange{Title: "The callback and its answer", Request: []view.Line{{Text: "POST " + s.Public + "/demo/callback", Strong: true}}}
	x.Request = append(x.Request, headerLines(r.Header, "Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature")...)
	x.Request = append(append(x.Request, view.Line{}), jsonLines(body, "type")...)
	x.Answer = []view.Line{{Text: "HTTP/1.1 204 No Content", Strong: true}}
	s.heard(event.Data.order(), called{id: r.Header.Get("Webhook-Id"), kind: event.Type, at: now, exchange: x})
	w.WriteHeader(http.StatusNoContent)
}

// heard remembers a callback, once, with the order that it is about. One about an order that we do not
// know is no business of ours.
func (s *Shop) heard(number string, c called) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders[number]
	if !ok || len(o.calls) == maxCalls || slices.ContainsFunc(o.calls, func(before called) bool { return before.id == c.id }) {
		return
	}
	o.calls = append(o.calls, c)
}

// hasTold reports whether a callback of a status came. A refund of a part is told as a refund.
func hasTold(calls []called, status string) bool {
	return slices.ContainsFunc(calls, func(c called) bool { return c.kind == "client_session."+strings.TrimPrefix(status, "partially_") })
}

// toldStep tells what came by itself, the latest first.
func (s *Shop) toldStep(calls []called) view.Step {
	step := view.Step{ID: "told", Title: "Kassa told the shop",
		Why: "A callback comes even when you close the browser on the way home. It is signed over its very bytes, and comes again until the shop says 2xx."}
	if len(calls) == 0 {
		step.Verdict = "No callback has come yet."
		return step
	}
	last := calls[len(calls)-1]
	step.Class, step.Exchange = "good", last.exchange
	step.Verdict = "A callback came and is genuine: " + last.kind + ", at " + last.at.UTC().Format("15:04:05") + " UTC."
	if len(calls) > 1 {
		var earlier []string
		for _, c := range calls[:len(calls)-1] {
			earlier = append(earlier, c.kind)
		}
		step.Why += " Before it came: " + strings.Join(earlier, ", ") + "."
	}
	return step
}
