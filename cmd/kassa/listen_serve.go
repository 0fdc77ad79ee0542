package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
	"kassa/internal/webhook"
)

// listenPath is where "kassa listen" connects to. GET with an API key of the merchant, scope sessions:read;
// the answer is one JSON object a line (listenLine), for as long as the connection lasts.
const listenPath = "/listen/events"

const (
	listenEvery  = 300 * time.Millisecond // how often the merchant's deliveries are looked at
	listenBack   = time.Minute            // how long a delivery may wait for its body, and is still seen
	listenPing   = 15 * time.Second       // a line to keep the connection open
	listenWrite  = 10 * time.Second       // a reader that takes nothing for so long is let go
	listenBuffer = 200                    // deliveries a look
)

// listenLine is one line of the stream: "ready" first, then "delivery" and, when nothing happens, "ping".
type listenLine struct {
	Type      string      `json:"type"`
	Merchant  checkout.ID `json:"merchant,omitempty"`
	Endpoints int         `json:"endpoints,omitempty"` // ready: how many are enabled

	// delivery: the try as the endpoint would get it, signed with the endpoint's secret at this moment.
	ID       checkout.ID        `json:"id,omitempty"`
	Endpoint checkout.ID        `json:"endpoint,omitempty"`
	Session  checkout.ID        `json:"session,omitempty"`
	Kind     checkout.EventKind `json:"kind,omitempty"`
	Method   string             `json:"method,omitempty"`
	URL      string             `json:"url,omitempty"` // the endpoint's, with what its dialect adds
	Header   http.Header        `json:"header,omitempty"`
	Body     []byte             `json:"body,omitempty"` // base64
}

// listenRoute streams a merchant's deliveries, of the key's mode. It changes nothing: the endpoints get theirs
// as ever. Only what is made while it is connected is seen.
func listenRoute(e *engine.Engine, encoders map[string]webhook.Encoder) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, text string) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
		}
		if r.URL.Path != listenPath || r.Method != http.MethodGet {
			refuse(http.StatusNotFound, "GET "+listenPath)
			return
		}
		key, err := listener(r.Context(), e, dialect.Bearer(r.Header))
		switch checkout.CodeOf(err) {
		case "":
		case checkout.CodeUnauthenticated:
			w.Header().Set("WWW-Authenticate", `Bearer realm="kassa"`)
			refuse(http.StatusUnauthorized, checkout.AsError(err).Safe)
			return
		case checkout.CodeForbidden:
			refuse(http.StatusForbidden, checkout.AsError(err).Safe)
			return
		default:
			refuse(http.StatusServiceUnavailable, "please try again")
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no")
		s := &listenStream{engine: e, encoders: encoders, key: key, w: w, out: http.NewResponseController(w), sent: map[checkout.ID]time.Time{}}
		s.run(r.Context())
	})
}

// listener finds the key in whatever dialect it belongs to.
func listener(ctx context.Context, e *engine.Engine, secret string) (key checkout.Key, err error) {
	for _, k := range dialects() {
		if key, err = e.Authenticate(ctx, k.Name, secret); err == nil {
			return key, engine.Require(key, checkout.ScopeSessionsRead)
		}
		if checkout.CodeOf(err) != checkout.CodeUnauthenticated {
			break
		}
	}
	return key, err
}

// listenStream is one connection.
type listenStream struct {
	engine   *engine.Engine
	encoders map[string]webhook.Encoder
	key      checkout.Key
	w        http.ResponseWriter
	out      *http.ResponseController
	sent     map[checkout.ID]time.Time
}

func (s *listenStream) run(ctx context.Context) {
	_ = s.out.SetReadDeadline(time.Time{})
	enabled := 0
	endpoints, err := s.engine.Endpoints(ctx, s.key.Merchant)
	if err != nil {
		return
	}
	for _, p := range endpoints {
		if p.Enabled {
			enabled++
		}
	}
	start := s.engine.Now()
	if s.line(listenLine{Type: "ready", Merchant: s.key.Merchant, Endpoints: enabled}) != nil {
		return
	}
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	quiet := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := s.look(ctx, start)
		if err != nil {
			return // the laptop connects again
		}
		if n > 0 {
			quiet = time.Now()
		} else if time.Since(quiet) > listenPing {
			if s.line(listenLine{Type: "ping"}) != nil {
				return
			}
			quiet = time.Now()
		}
	}
}

// look sends the deliveries that have got their body since the last look, oldest first.
func (s *listenStream) look(ctx context.Context, start time.Time) (n int, err error) {
	now := s.engine.Now()
	from := now.Add(-listenBack)
	if from.Before(start) {
		from = start
	}
	list, err := s.engine.Deliveries(ctx, engine.DeliveryQuery{Merchant: s.key.Merchant, From: from, Limit: listenBuffer})
	if err != nil {
		return 0, err
	}
	var endpoints []checkout.Endpoint
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i]
		if _, done := s.sent[d.ID]; done || (len(d.Body) == 0 && d.ContentType == "") {
			continue
		}
		session, err := s.engine.Session(ctx, s.key.Merchant, string(d.Session))
		if err != nil {
			return n, err
		}
		s.sent[d.ID] = d.CreatedAt
		if session.Test != s.key.Test {
			continue
		}
		if endpoints == nil {
			if endpoints, err = s.engine.Endpoints(ctx, s.key.Merchant); err != nil {
				return n, err
			}
		}
		for _, p := range endpoints {
			if p.ID != d.Endpoint {
				continue
			}
			out, reason, _ := webhook.Sign(ctx, s.encoders, webhook.Try{Delivery: d, Endpoint: webhook.SecretsAt(p, now), Session: session, At: time.Now()})
			if reason != webhook.ReasonNone {
				continue
			}
			if err := s.line(listenLine{Type: "delivery", ID: d.ID, Endpoint: p.ID, Session: d.Session, Kind: d.Kind, Method: out.Method, URL: out.URL,
				Header: out.Header, Body: out.Body}); err != nil {
				return n, err
			}
			n++
		}
	}
	for id, at := range s.sent {
		if at.Before(from) {
			delete(s.sent, id)
		}
	}
	return n, nil
}

func (s *listenStream) line(l listenLine) error {
	_ = s.out.SetWriteDeadline(time.Now().Add(listenWrite))
	if err := json.NewEncoder(s.w).Encode(l); err != nil {
		return err
	}
	return s.out.Flush()
}
