package engine_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

func (r *rig) refund(id checkout.ID, amount int64, key string) (engine.Reply, error) {
	in := engine.Refund{Merchant: r.merchant.ID, Session: string(id), Amount: amount,
		Render: func(s checkout.Session, f checkout.Refund) (int, []byte, error) {
			return 201, fmt.Appendf(nil, "%s %s %d", f.ID, f.State, f.Amount.Minor), nil
		}}
	if key != "" {
		in.Idempotency = &engine.Idempotency{Call: "refund", Key: key, BodyHash: sha256.Sum256(fmt.Append(nil, amount))}
	}
	return r.Engine.Refund(r.ctx, in)
}

func (r *rig) paid(tag string) checkout.Session {
	r.t.Helper()
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, tag)
	r.comeBack(a)
	return r.want(s.ID, checkout.SessionPaid)
}

func TestRefund(t *testing.T) {
	r := newRig(t)
	s := r.paid("approve")
	if _, err := r.refund(s.ID, 21001, ""); checkout.CodeOf(err) != checkout.CodeInvalid {
		t.Fatalf("more than was captured: %v", err)
	}
	if _, err := r.refund(s.ID, 1000, ""); err != nil {
		t.Fatal(err)
	}
	if got := r.want(s.ID, checkout.SessionPartiallyRefunded); got.Refunded != 1000 {
		t.Fatalf("refunded %d", got.Refunded)
	}
	if _, err := r.refund(s.ID, 0, ""); err != nil { // the rest
		t.Fatal(err)
	}
	if got := r.want(s.ID, checkout.SessionRefunded); got.Refunded != 21000 {
		t.Fatalf("refunded %d", got.Refunded)
	}
	if _, err := r.refund(s.ID, 0, ""); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatalf("a refund of nothing: %v", err)
	}
	if net := r.netCaptured(s.ID); net != 0 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestRefundBeforeThereIsMoney(t *testing.T) {
	r := newRig(t)
	if _, err := r.refund(r.open("").ID, 100, ""); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatalf("refund of an open session: %v", err)
	}
}

// TestRefundsInParallelNeverExceedTheMoney: pending amounts are reserved.
func TestRefundsInParallelNeverExceedTheMoney(t *testing.T) {
	r := newRig(t)
	s := r.paid("refund_pending")
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := r.refund(s.ID, 4000, ""); err != nil && checkout.CodeOf(err) != checkout.CodeInvalid {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.later(5 * time.Minute)
	if got := r.want(s.ID, checkout.SessionPartiallyRefunded); got.Refunded != 20000 {
		t.Fatalf("refunded %d, want five times 4000", got.Refunded)
	}
	if net := r.netCaptured(s.ID); net != 1000 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestRefundIsIdempotent(t *testing.T) {
	r := newRig(t)
	s := r.paid("approve")
	first, err := r.refund(s.ID, 500, "k1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.refund(s.ID, 500, "k1")
	if err != nil || string(again.Body) != string(first.Body) || !again.Replayed {
		t.Fatalf("%q then %q (%v)", first.Body, again.Body, err)
	}
	if _, err := r.refund(s.ID, 600, "k1"); checkout.CodeOf(err) != checkout.CodeKeyReused {
		t.Fatalf("another body: %v", err)
	}
	if net := r.netCaptured(s.ID); net != 20500 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestARefundThatFailsIsUndone(t *testing.T) {
	r := newRig(t)
	s := r.paid("refund_failed")
	if _, err := r.refund(s.ID, 0, ""); err != nil {
		t.Fatal(err)
	}
	r.later(5 * time.Minute)
	got := r.want(s.ID, checkout.SessionPaid)
	if got.Refunded != 0 || got.Review != checkout.ReviewRefundFailed {
		t.Fatalf("refunded %d review %q", got.Refunded, got.Review)
	}
}

func TestARefundWhoseAnswerIsLostIsDoneOnce(t *testing.T) {
	r := newRig(t)
	s := r.paid("refund_ambiguous")
	if _, err := r.refund(s.ID, 700, ""); err != nil {
		t.Fatal(err)
	}
	r.later(5 * time.Minute)
	if got := r.want(s.ID, checkout.SessionPartiallyRefunded); got.Refunded != 700 {
		t.Fatalf("refunded %d", got.Refunded)
	}
	if net := r.netCaptured(s.ID); net != 20300 {
		t.Fatalf("the bank holds %d", net)
	}
}
