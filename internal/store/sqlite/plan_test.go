package sqlite

import (
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// No statement of a running shop may read a whole table, or sort more than one session's few rows,
// or the endpoints that wait for something.
func TestPlans(t *testing.T) {
	s := openAt(t, tempPath(t), Options{Seal: newBox(t)})
	now := time.Now()
	err := s.Write(bg, func(x store.Tx) error {
		if err := x.InsertMerchant(checkout.Merchant{ID: "mr_1", Name: "A", Version: 1, CreatedAt: now}); err != nil {
			return err
		}
		// Each of these leaves its statement behind, prepared.
		_, _ = x.Session(bg, "cs_1")
		_, _ = x.Head(bg, "cs_1")
		_, _ = x.Sessions(bg, store.SessionQuery{Merchant: "mr_1", Limit: 20})
		_, _ = x.Sessions(bg, store.SessionQuery{Merchant: "mr_1", Limit: 20, Email: "a@b.example", Currency: "EUR", From: now, To: now})
		_, _ = x.Attempt(bg, "at_1")
		_, _ = x.AttemptByToken(bg, "t")
		_, _ = x.AttemptByPSPRef(bg, "ch_1", "r")
		_, _ = x.Attempts(bg, "cs_1")
		_, _ = x.Refund(bg, "rf_1")
		_, _ = x.Refunds(bg, "cs_1")
		_, _ = x.Events(bg, "cs_1")
		_, _ = x.Answer(bg, store.AnswerKey{})
		_, _ = x.KeyByHash(bg, [32]byte{})
		_, _ = x.Channel(bg, "ch_1")
		_, _ = x.Channels(bg, "mr_1")
		_, _ = x.ClaimAttempts(now, time.Minute, 5)
		_, _ = x.ClaimRefunds(now, time.Minute, 5)
		_, _ = x.ClaimExpired(now, time.Minute, 5)
		_, _ = x.DropAnswers(now)
		_ = x.UpdateSession(checkout.Session{ID: "cs_1", Version: 2})
		_ = x.UpdateSession(checkout.Session{ID: "cs_1", Version: 2, State: checkout.SessionOpen, ExpiresAt: now})
		_ = x.UpdateAttempt(checkout.Attempt{ID: "at_1", Version: 2})
		_ = x.UpdateRefund(checkout.Refund{ID: "rf_1", Version: 2})
		_ = x.RevokeKey("ky_1", now)
		_, _ = x.Endpoint(bg, "ep_1")
		_, _ = x.Endpoints(bg, "mr_1")
		_, _ = x.Event(bg, "ev_1")
		_, _ = x.Delivery(bg, "dl_1")
		_, _ = x.Deliveries(bg, store.DeliveryQuery{Merchant: "mr_1", Limit: 20})
		_, _ = x.Deliveries(bg, store.DeliveryQuery{Merchant: "mr_1", Limit: 20, Session: "cs_1"})
		_, _ = x.Deliveries(bg, store.DeliveryQuery{Merchant: "mr_1", Limit: 20, Session: "cs_1", Endpoint: "ep_1", From: now, To: now, States: []checkout.DeliveryState{checkout.DeliveryParked}})
		_, _ = x.Deliveries(bg, store.DeliveryQuery{Merchant: "mr_1", Limit: 20, Endpoint: "ep_1", From: now, To: now, States: []checkout.DeliveryState{checkout.DeliveryParked}})
		_, _ = x.Tries(bg, "dl_1")
		_, _ = x.ClaimDeliveries(now, time.Minute, 5, 2)
		_ = x.UpdateDelivery(checkout.Delivery{ID: "dl_1", Version: 2})
		_ = x.UpdateEndpoint(checkout.Endpoint{ID: "ep_1", Version: 2})

		c := x.(*tx).c
		var texts []string
		for text := range c.stmts {
			if strings.HasPrefix(text, "SELECT") || strings.HasPrefix(text, "UPDATE") || strings.HasPrefix(text, "DELETE") || strings.HasPrefix(text, "WITH") {
				texts = append(texts, text)
			}
		}
		if len(texts) < 25 {
			t.Errorf("only %d statements were looked at", len(texts))
		}
		for _, text := range texts {
			var args []driver.Value
			for range strings.Count(text, "?") {
				args = append(args, nil)
			}
			err := c.query(`EXPLAIN QUERY PLAN `+text, func(r *row) error {
				_, _, _ = r.take(), r.take(), r.take()
				step := r.text()
				sorts := strings.Contains(step, "TEMP B-TREE") && !strings.Contains(text, "WHERE session = ?") && !strings.Contains(text, "FROM channels")
				scans := strings.HasPrefix(step, "SCAN") && step != "SCAN waiting" && step != "SCAN due"
				// A search for the least value without an index is a scan by another name.
				scans = scans || strings.HasPrefix(step, "SEARCH") && !strings.Contains(step, "INDEX") && !strings.Contains(step, "PRIMARY KEY")
				ofSession := strings.Contains(text, "FROM events WHERE session = ?") && strings.Contains(step, "deliveries_list")
				if scans || sorts && text != dueEndpoints || ofSession {
					t.Errorf("%s\n%s", step, text)
				}
				return nil
			}, args...)
			if err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
