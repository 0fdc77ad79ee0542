package dialecttest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"kassa/internal/checkout"
	"kassa/internal/webhook"
)

// Events is what the exam must know of a dialect that tells of events.
type Events struct {
	Rig Rig
	// Skips are the told kinds that the dialect has no word for.
	Skips []checkout.EventKind
	// Schema names the body's schema in the OpenAPI document; empty: there is none.
	Schema string
	// Max is what a body's bytes must stay below.
	Max int
}

// kinds is every kind of event that the core can emit, of the tables and beside them.
func kinds() []checkout.EventKind {
	all := []checkout.EventKind{checkout.EventSessionCreated, checkout.EventSessionNeedsReview, checkout.EventAttemptStarted, checkout.EventAttemptSuperseded, checkout.EventRefundPending}
	for _, r := range checkout.SessionTable() {
		all = append(all, r.Emits)
	}
	for _, r := range checkout.AttemptTable() {
		all = append(all, r.Emits)
	}
	for _, r := range checkout.RefundTable() {
		all = append(all, r.Emits)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// RunEvents is the exam of a dialect's encoder.
func RunEvents(t *testing.T, ev Events) {
	w := NewWorld(t, ev.Rig.Kind)
	enc, ok := w.Dialect.(webhook.Encoder)
	if !ok {
		t.Fatal("the dialect does not tell of events")
	}
	ctx := context.Background()
	if ev.Rig.CreatedStatus == 0 {
		ev.Rig.CreatedStatus = 201
	}
	id := ev.Rig.make(t, w, w.Key)
	s, err := w.Engine.Session(ctx, w.Merchant.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	at := Start.Add(time.Minute)
	event := func(k checkout.EventKind) (checkout.Event, *checkout.Attempt, *checkout.Refund) {
		e := checkout.Event{ID: checkout.RandomID(checkout.PrefixEvent, at), Merchant: s.Merchant, Session: s.ID, Kind: k, Version: s.Version, State: s.State, At: at}
		a := &checkout.Attempt{ID: checkout.RandomID(checkout.PrefixAttempt, at), Session: s.ID, Merchant: s.Merchant, Amount: s.Amount, Method: "card", PSP: "sandbox", PSPRef: "ref-1",
			State: checkout.AttemptSucceeded, Token: "the-token-of-the-notification-url", PSPData: []byte("what only the adapter reads"), CreatedAt: at, UpdatedAt: at}
		var r *checkout.Refund
		switch {
		case k == checkout.EventSessionReopened:
			e.Detail = string(checkout.DeclineInsufficientFunds)
			a.State, a.Decline = checkout.AttemptFailed, checkout.DeclineInsufficientFunds
		case k == checkout.EventSessionNeedsReview:
			e.Detail = string(checkout.ReviewLatePayment)
		case strings.Contains(string(k), "refund"):
			r = &checkout.Refund{ID: checkout.RandomID(checkout.PrefixRefund, at), Session: s.ID, Attempt: a.ID, Merchant: s.Merchant, State: checkout.RefundSucceeded,
				Amount: s.Amount, PSPData: []byte("what only the adapter reads"), CreatedAt: at, UpdatedAt: at}
			e.Refund = r.ID
		}
		e.Attempt = a.ID
		return e, a, r
	}
	for _, k := range kinds() {
		t.Run(string(k), func(t *testing.T) {
			e, a, r := event(k)
			body, contentType, tell, err := enc.Encode(ctx, e, s, a, r)
			if err != nil {
				t.Fatal(err)
			}
			if want := k.Told() && !slices.Contains(ev.Skips, k); tell != want {
				t.Fatalf("told: %v, want %v", tell, want)
			}
			if !tell {
				return
			}
			ev.body(t, body, contentType)
			for _, secret := range []string{a.Token, string(a.PSPData), "whsec_", w.Key} {
				if bytes.Contains(body, []byte(secret)) {
					t.Errorf("the body holds %q", secret)
				}
			}
			again, _, _, _ := enc.Encode(ctx, e, s, a, r)
			if !bytes.Equal(body, again) {
				t.Error("the same event is encoded in two ways")
			}
			ev.signature(t, enc, s, body, contentType)
		})
	}
	t.Run("the largest session", func(t *testing.T) {
		e, a, r := event(checkout.EventSessionRefunded)
		body, contentType, _, err := enc.Encode(ctx, e, largest(s), a, r)
		if err != nil {
			t.Fatal(err)
		}
		ev.body(t, body, contentType)
	})
}

// body holds a body's size and shape.
func (ev *Events) body(t *testing.T, body []byte, contentType string) {
	t.Helper()
	if len(body) >= ev.Max {
		t.Errorf("%d bytes, want less than %d", len(body), ev.Max)
	}
	if contentType == "" {
		t.Error("no content type")
	}
	if ev.Schema == "" {
		return
	}
	doc, err := openapi3.NewLoader().LoadFromData(ev.Rig.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	schema := doc.Components.Schemas[ev.Schema]
	if schema == nil {
		t.Fatalf("the document has no schema %s", ev.Schema)
	}
	if err := schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
		t.Errorf("not what the document says: %v\n%s", err, body)
	}
}

// signature holds that a try is signed for its moment, and that signing changes no stored byte.
func (ev *Events) signature(t *testing.T, enc webhook.Encoder, s checkout.Session, body []byte, contentType string) {
	t.Helper()
	p := checkout.Endpoint{ID: "ep_1", Merchant: s.Merchant, URL: "https://shop.test/hook", Secret: webhook.NewSecret(), Enabled: true}
	stored := bytes.Clone(body)
	try := webhook.Try{Delivery: checkout.Delivery{ID: "dl_1", Session: s.ID, Body: body, ContentType: contentType}, Endpoint: p, Session: s, At: Start}
	sign := func(try webhook.Try) webhook.Request {
		out, reason, err := webhook.Sign(context.Background(), map[string]webhook.Encoder{s.Dialect: enc}, try)
		if err != nil || reason != webhook.ReasonNone {
			t.Fatalf("%s, %v", reason, err)
		}
		return out
	}
	out := sign(try)
	if out.Method == "" || out.URL == "" || !bytes.Equal(body, stored) {
		t.Errorf("signing gave %s %s, and changed the body: %v", out.Method, out.URL, !bytes.Equal(body, stored))
	}
	try.Endpoint.Secret = "whsec_!"
	if sig := out.Header.Get(webhook.HeaderSignature); sig != "" {
		if _, reason, err := webhook.Sign(context.Background(), map[string]webhook.Encoder{s.Dialect: enc}, try); reason != webhook.ReasonSecret || err == nil {
			t.Error("a secret that is none is used")
		}
	}
}

// largest is a session with as much in it as anybody can put there.
func largest(s checkout.Session) checkout.Session {
	long := strings.Repeat("漢", 200)
	address := checkout.Address{Name: long, Line1: long, Line2: long, Interior: long[:150], Exterior: long[:150], City: long[:300], State: long[:300], PostalCode: long[:150], Country: "MX", Reference: long[:75]}
	s.Customer.Name, s.Customer.Shipping, s.Customer.Billing = long, &address, &address
	s.Order.Items = nil
	for range 200 {
		s.Order.Items = append(s.Order.Items, checkout.Item{Ref: long[:300], Description: long + long, Amount: 99_999_999, Quantity: 999_999})
	}
	s.Order.Fees = nil
	for range 50 {
		s.Order.Fees = append(s.Order.Fees, checkout.Fee{Name: long[:300], Amount: 1})
	}
	s.Metadata = []byte(`{"m":"` + strings.Repeat("x", 16<<10) + `"}`)
	url := "https://shop.test/" + strings.Repeat("u", 2000)
	s.URLs.Success, s.URLs.Failure, s.URLs.Cancel = url, url, url
	return s
}
