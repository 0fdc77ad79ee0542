package kaipay

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"kassa/internal/dialect/dialecttest"
	"kassa/internal/engine"
	"kassa/internal/webhook"
)

func TestEvents(t *testing.T) {
	dialecttest.RunEvents(t, dialecttest.Events{Rig: rig(), Schema: "Event", Max: maxEvent})
}

type told struct {
	ID, Type string
	Data     struct {
		ID, Status     string
		Late           bool
		DeclineReason  *string `json:"decline_reason"`
		ReviewReason   *string `json:"review_reason"`
		NeedsReview    bool    `json:"needs_review"`
		AmountRefunded int64   `json:"amount_refunded"`
		Truncated      bool
		Refund         *struct{ Status string }
		Order          struct {
			Items []any `json:"line_items"`
		}
		Metadata any
	}
}

func encode(t *testing.T, e checkout.Event, s checkout.Session, r *checkout.Refund) (told, bool) {
	t.Helper()
	w := dialecttest.NewWorld(t, Kind)
	body, _, tell, err := w.Dialect.(webhook.Encoder).Encode(context.Background(), e, s, nil, r)
	if err != nil {
		t.Fatal(err)
	}
	var v told
	if tell {
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
	}
	return v, tell
}

// TestEventDetails: what each event adds, and where it says nothing.
func TestEventDetails(t *testing.T) {
	s := checkout.Session{ID: "cs_1", Merchant: "mr_1", Dialect: name, State: checkout.SessionOpen, Amount: checkout.Money{Minor: 100, Currency: "MXN"}}
	paid := s
	paid.State, paid.Late, paid.Captured = checkout.SessionPaid, true, 100
	if v, _ := encode(t, checkout.Event{Kind: checkout.EventSessionPaidLate}, paid, nil); v.Type != "client_session.paid" || !v.Data.Late || v.Data.Status != "paid" {
		t.Errorf("paid late: %+v", v)
	}
	v, _ := encode(t, checkout.Event{Kind: checkout.EventSessionReopened, Detail: "insufficient_funds"}, s, nil)
	if v.Type != "client_session.failed" || v.Data.DeclineReason == nil || *v.Data.DeclineReason != "insufficient_funds" {
		t.Errorf("failed: %+v", v)
	}
	for _, detail := range []string{"superseded", ""} {
		if v, tell := encode(t, checkout.Event{Kind: checkout.EventSessionReopened, Detail: detail}, s, nil); tell {
			t.Errorf("a shopper who chose another method is told as %+v", v)
		}
	}
	flagged := s
	flagged.Review = checkout.ReviewRefundFailed
	v, _ = encode(t, checkout.Event{Kind: checkout.EventSessionNeedsReview, Detail: "late_payment"}, flagged, nil)
	if !v.Data.NeedsReview || v.Data.ReviewReason == nil || *v.Data.ReviewReason != "late_payment" {
		t.Errorf("needs review: %+v", v)
	}
	paid.Refunded = 40
	v, _ = encode(t, checkout.Event{Kind: checkout.EventSessionPartRefunded}, paid, &checkout.Refund{State: checkout.RefundSucceeded, Amount: checkout.Money{Minor: 40, Currency: "MXN"}})
	if v.Type != "client_session.refunded" || v.Data.Refund == nil || v.Data.Refund.Status != "succeeded" || v.Data.AmountRefunded != 40 {
		t.Errorf("refunded: %+v", v)
	}
}

// TestEventIsCutInOrder: a body that is too large loses no more than it must.
func TestEventIsCutInOrder(t *testing.T) {
	s := checkout.Session{ID: "cs_1", Merchant: "mr_1", Dialect: name, State: checkout.SessionPaid, Amount: checkout.Money{Minor: 100, Currency: "MXN"}, Metadata: []byte(`{"a":1}`)}
	item := checkout.Item{Description: strings.Repeat("x", 400), Amount: 1, Quantity: 1}
	s.Order.Items = []checkout.Item{item}
	e := checkout.Event{Kind: checkout.EventSessionPaid}
	if v, _ := encode(t, e, s, nil); v.Data.Truncated || len(v.Data.Order.Items) != 1 || v.Data.Metadata == nil {
		t.Errorf("small: %+v", v)
	}
	for range 60 {
		s.Order.Items = append(s.Order.Items, item)
	}
	if v, _ := encode(t, e, s, nil); !v.Data.Truncated || len(v.Data.Order.Items) != 0 || v.Data.Metadata == nil {
		t.Errorf("many items: %+v", v)
	}
	s.Metadata = []byte(`"` + strings.Repeat("m", 19_900) + `"`)
	if v, _ := encode(t, e, s, nil); !v.Data.Truncated || v.Data.Metadata != nil || v.Data.ID != "cs_1" {
		t.Errorf("large metadata: truncated %v", v.Data.Truncated)
	}
}

// TestToldByTheEngine: a session that the API makes and ends is told to the merchant's endpoint, in these words.
func TestToldByTheEngine(t *testing.T) {
	w := dialecttest.NewWorld(t, Kind)
	ctx := t.Context()
	p, err := w.Engine.AddEndpoint(ctx, checkout.Endpoint{Merchant: w.Merchant.ID, URL: "https://shop.test/hook"}, false)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	_, err = w.Engine.CreateSession(ctx, checkout.Session{Merchant: w.Merchant.ID, Dialect: name, Test: true, Amount: checkout.Money{Minor: 21000, Currency: "MXN"},
		Order: checkout.Order{Country: "MX"}, Customer: checkout.Customer{Name: "Ada", Email: "ada@example.com"}}, nil,
		func(s checkout.Session) (int, []byte, error) { id = string(s.ID); return 201, []byte("{}"), nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Expire(ctx, w.Merchant.ID, id); err != nil {
		t.Fatal(err)
	}
	list, err := w.Engine.Deliveries(ctx, engine.DeliveryQuery{Merchant: w.Merchant.ID, Limit: 10})
	if err != nil || len(list) != 1 || list[0].Endpoint != p.ID {
		t.Fatalf("%+v, %v", list, err)
	}
	e, err := w.Store.Event(ctx, list[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	body, contentType, tell, reason, err := webhook.Encode(ctx, w.Store, map[string]webhook.Encoder{name: w.Dialect.(webhook.Encoder)}, e)
	if err != nil || reason != "" || !tell || contentType != "application/json" || !strings.Contains(string(body), `"type":"client_session.expired"`) ||
		!strings.Contains(string(body), `"status":"expired"`) {
		t.Errorf("%s %s %v %q %v", body, contentType, tell, reason, err)
	}
}
