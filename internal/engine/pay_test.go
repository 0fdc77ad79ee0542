package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

func TestPayByRedirect(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	if a.State != checkout.AttemptRequiresAction || a.Action.Kind != checkout.ActionRedirect || a.PSPRef == "" {
		t.Fatalf("attempt %+v", a)
	}
	r.want(s.ID, checkout.SessionProcessing)
	r.comeBack(a)
	r.want(s.ID, checkout.SessionProcessing) // a return proves nothing
	r.decide(a, "approve")
	r.comeBack(a)
	paid := r.want(s.ID, checkout.SessionPaid)
	if paid.PaidBy != a.ID || paid.Captured != 21000 || paid.Active != "" || paid.PaidAt.IsZero() || paid.Late || paid.Review != "" {
		t.Fatalf("session %+v", paid)
	}
	want := "session.created attempt.started session.processing attempt.requires_action attempt.succeeded session.paid"
	if got := r.kinds(s.ID); got != want {
		t.Fatalf("events\n got %s\nwant %s", got, want)
	}
}

func TestPayAtOnce(t *testing.T) {
	r := newRig(t)
	s := r.open("instant")
	if a := r.pay(s.ID, "card"); a.State != checkout.AttemptSucceeded {
		t.Fatalf("attempt is %s", a.State)
	}
	r.want(s.ID, checkout.SessionPaid)
}

func TestDeclineReopens(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, "insufficient_funds")
	r.comeBack(a)
	r.want(s.ID, checkout.SessionOpen)
	if got := r.attempt(a.ID); got.State != checkout.AttemptFailed || got.Decline != checkout.DeclineInsufficientFunds {
		t.Fatalf("attempt %s %s", got.State, got.Decline)
	}
	b := r.pay(s.ID, "card")
	r.decide(b, "approve")
	r.comeBack(b)
	r.want(s.ID, checkout.SessionPaid)
}

// TestTheSameFormTwice: two quick clicks, and a form that is sent again, are one attempt.
func TestTheSameFormTwice(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	in := engine.StartAttempt{Session: string(s.ID), FormVersion: s.Version, Method: "card"}
	var wg sync.WaitGroup
	got := make([]engine.Started, 16)
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = r.StartAttempt(r.ctx, in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] || g.Attempt == "" {
			t.Fatalf("answers differ: %v", got)
		}
	}
	if all, _ := r.bank.Ledger(); len(all) != 1 {
		t.Fatalf("the bank was asked for %d payments", len(all))
	}
}

// TestTwoTabsTwoMethods: whatever two tabs do at once, the bank never holds more than the amount once
// the dust has settled.
func TestTwoTabsTwoMethods(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 8
	}
	methods := []checkout.Method{"card", "oxxo", "mpesa", "bank_transfer"}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			r := newRig(t)
			s := r.open("")
			start := make(chan struct{})
			var wg sync.WaitGroup
			for tab := range 2 {
				wg.Go(func() {
					<-start
					for try := range 3 {
						cur := r.session(s.ID)
						_, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), FormVersion: cur.Version, Method: methods[(round+tab*(1+try))%4], Phone: "0712345678"})
						if err != nil && checkout.CodeOf(err) != checkout.CodeConflict {
							t.Error(err)
						}
						attempts, _ := r.Attempts(r.ctx, s.ID)
						for _, a := range attempts {
							if a.PSPRef != "" && a.State == checkout.AttemptRequiresAction && a.Action.Kind != checkout.ActionConfirmOnPhone {
								r.tryDecide(a, "approve")
							}
						}
					}
				})
			}
			close(start)
			wg.Wait()
			r.later(3 * time.Minute)
			r.want(s.ID, checkout.SessionPaid)
			if net := r.netCaptured(s.ID); net != 21000 {
				t.Fatalf("the bank holds %d of 21000; events: %s", net, r.kinds(s.ID))
			}
		})
	}
}

func TestAPushBlocksUntilItIsKnown(t *testing.T) {
	r := newRig(t)
	s := r.open("phone")
	a := r.pay(s.ID, "mpesa")
	if a.Action.Kind != checkout.ActionConfirmOnPhone {
		t.Fatalf("action %s", a.Action.Kind)
	}
	_, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), Method: "card"})
	if checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatalf("a second payment beside a push: %v", err)
	}
	if err := r.Cancel(r.ctx, s.ID, "shopper"); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatalf("cancel beside a push: %v", err)
	}
	r.decide(a, "decline")
	r.later(10 * time.Second)
	r.want(s.ID, checkout.SessionOpen)
}

func TestAVoucherIsSupersededAndItsMoneyComesBack(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	v := r.pay(s.ID, "oxxo")
	if v.Action.Kind != checkout.ActionVoucher {
		t.Fatalf("action %s", v.Action.Kind)
	}
	c := r.pay(s.ID, "card")
	if v = r.attempt(v.ID); !v.Superseded || v.State.Final() {
		t.Fatalf("voucher: %s superseded=%v", v.State, v.Superseded)
	}
	r.decide(c, "approve")
	r.comeBack(c)
	r.want(s.ID, checkout.SessionPaid)
	r.decide(v, "approve")
	r.later(20 * time.Minute)
	if got := r.attempt(v.ID); got.State != checkout.AttemptSucceeded || !got.Excess {
		t.Fatalf("voucher: %s excess=%v", got.State, got.Excess)
	}
	if net := r.netCaptured(s.ID); net != 21000 {
		t.Fatalf("the bank holds %d", net)
	}
	after := r.want(s.ID, checkout.SessionPaid)
	if after.PaidBy != c.ID || after.Refunded != 0 || after.Captured != 21000 {
		t.Fatalf("session %+v", after)
	}
}

func TestASupersededVoucherPaysWhileAnotherIsOpen(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	v := r.pay(s.ID, "oxxo")
	c := r.pay(s.ID, "card")
	r.decide(v, "approve")
	r.later(time.Minute)
	paid := r.want(s.ID, checkout.SessionPaid)
	if paid.PaidBy != v.ID {
		t.Fatalf("paid by %s", paid.PaidBy)
	}
	r.later(time.Minute)
	if got := r.attempt(c.ID); !got.State.Lost() {
		t.Fatalf("the card payment is still %s: it could be paid as well", got.State)
	}
	if net := r.netCaptured(s.ID); net != 21000 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestAVoucherOutlivesTheSession(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	v := r.pay(s.ID, "oxxo")
	r.later(30 * time.Hour)
	r.want(s.ID, checkout.SessionProcessing)
	r.decide(v, "approve")
	r.later(30 * time.Minute)
	if paid := r.want(s.ID, checkout.SessionPaid); paid.Late {
		t.Fatal("paid in time and called late")
	}
}

func TestCancelThenPaidIsLate(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	v := r.pay(s.ID, "bank_transfer")
	if err := r.Cancel(r.ctx, s.ID, "shopper"); err != nil {
		t.Fatal(err)
	}
	r.want(s.ID, checkout.SessionCanceled)
	r.decide(r.attempt(v.ID), "approve")
	r.later(20 * time.Minute)
	paid := r.want(s.ID, checkout.SessionPaid)
	if !paid.Late || paid.Review != checkout.ReviewLatePayment {
		t.Fatalf("late=%v review=%q", paid.Late, paid.Review)
	}
	if !strings.Contains(r.kinds(s.ID), "session.paid_late session.needs_review") {
		t.Fatal(r.kinds(s.ID))
	}
}

func TestCancelEndsACardPayment(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	if err := r.Cancel(r.ctx, s.ID, "shopper"); err != nil {
		t.Fatal(err)
	}
	r.want(s.ID, checkout.SessionCanceled)
	if got := r.attempt(a.ID); got.State != checkout.AttemptCanceled {
		t.Fatalf("attempt is %s", got.State)
	}
	if err := r.Cancel(r.ctx, s.ID, "shopper"); err != nil {
		t.Fatalf("a second cancel: %v", err)
	}
}

func TestCancelFindsThatItIsPaid(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, "notify_never")
	if err := r.Cancel(r.ctx, s.ID, "shopper"); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatalf("cancel of a paid payment: %v", err)
	}
	r.want(s.ID, checkout.SessionPaid)
}

func TestANotificationAloneIsEnough(t *testing.T) {
	for _, scenario := range []string{"approve", "notify_twice", "notify_out_of_order"} {
		t.Run(scenario, func(t *testing.T) {
			r := newRig(t)
			s := r.open("")
			a := r.pay(s.ID, "card")
			r.decide(a, scenario)
			for end := time.Now().Add(5 * time.Second); r.session(s.ID).State != checkout.SessionPaid; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					r.want(s.ID, checkout.SessionPaid)
				}
			}
			if n := strings.Count(r.kinds(s.ID), "session.paid"); n != 1 {
				t.Fatalf("paid %d times", n)
			}
		})
	}
}

func TestThePollerAloneIsEnough(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, "notify_never")
	r.later(time.Minute)
	r.want(s.ID, checkout.SessionPaid)
}

func TestUnknownIsNotFailed(t *testing.T) {
	t.Run("it was made", func(t *testing.T) {
		r := newRig(t)
		s := r.open("start_ambiguous")
		if a := r.pay(s.ID, "card"); a.State != checkout.AttemptStarting {
			t.Fatalf("attempt is %s", a.State)
		}
		r.want(s.ID, checkout.SessionProcessing)
		if _, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), Method: "oxxo"}); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Fatalf("another payment beside an unknown one: %v", err)
		}
		r.later(time.Minute)
		r.want(s.ID, checkout.SessionPaid)
		if all, _ := r.bank.Ledger(); len(all) != 1 {
			t.Fatalf("the bank has %d payments", len(all))
		}
	})
	t.Run("nothing was made", func(t *testing.T) {
		r := newRig(t)
		s := r.open("start_ambiguous_lost")
		r.pay(s.ID, "card")
		r.later(20 * time.Second)
		r.want(s.ID, checkout.SessionProcessing) // the call may still be on its way
		r.later(2 * time.Minute)
		r.want(s.ID, checkout.SessionOpen)
	})
	t.Run("the provider is silent", func(t *testing.T) {
		r := newRig(t)
		s := r.open("")
		a := r.pay(s.ID, "card")
		r.decide(a, "timeout_then_success")
		r.comeBack(a)
		r.want(s.ID, checkout.SessionProcessing)
		// The shopper may have paid: nothing is offered until it is known.
		if got := r.attempt(a.ID); got.State != checkout.AttemptProcessing {
			t.Fatalf("attempt is %s", got.State)
		}
		if _, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), Method: "oxxo"}); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Fatalf("another payment beside one that may be paid: %v", err)
		}
		r.later(2 * time.Minute)
		r.want(s.ID, checkout.SessionPaid)
	})
}

func TestRefusedAtStartReopens(t *testing.T) {
	for _, tag := range []string{"start_rejected", "start_retryable"} {
		r := newRig(t)
		s := r.open(tag)
		if a := r.pay(s.ID, "card"); a.State != checkout.AttemptFailed {
			t.Fatalf("%s: attempt is %s", tag, a.State)
		}
		r.want(s.ID, checkout.SessionOpen)
	}
}

// TestTheWrongMoneyIsNeverPaid: promise 6.
func TestTheWrongMoneyIsNeverPaid(t *testing.T) {
	for scenario, why := range map[string]checkout.Review{"wrong_amount": checkout.ReviewUnderpaid, "wrong_currency": checkout.ReviewAmountMismatch} {
		r := newRig(t)
		s := r.open("")
		a := r.pay(s.ID, "card")
		r.decide(a, scenario)
		r.comeBack(a)
		r.later(time.Hour)
		got := r.want(s.ID, checkout.SessionProcessing)
		if got.Review != why || got.Captured != 0 {
			t.Fatalf("%s: %+v", scenario, got)
		}
		if n := strings.Count(r.kinds(s.ID), "session.needs_review"); n != 1 {
			t.Fatalf("%s: a person was called %d times", scenario, n)
		}
		if _, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), Method: "oxxo"}); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Fatalf("%s: a second payment beside money that a person has to look at: %v", scenario, err)
		}
	}
}

func TestAuthorizeThenCapture(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, "authorize")
	r.comeBack(a)
	r.want(s.ID, checkout.SessionAuthorized)
	if err := r.Cancel(r.ctx, s.ID, "merchant"); err != nil && checkout.CodeOf(err) != checkout.CodeConflict {
		t.Fatal(err)
	}
	r.want(s.ID, checkout.SessionCanceled)
	if net := r.netCaptured(s.ID); net != 0 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestApprovedPaymentsAreTakenByUs(t *testing.T) {
	r := newRig(t)
	s := r.open("")
	a := r.pay(s.ID, "card")
	r.decide(a, "approve_then_capture")
	r.comeBack(a)
	r.want(s.ID, checkout.SessionPaid)
	if net := r.netCaptured(s.ID); net != 21000 {
		t.Fatalf("the bank holds %d", net)
	}
}

func TestExpiry(t *testing.T) {
	t.Run("nothing happened", func(t *testing.T) {
		r := newRig(t)
		s := r.open("")
		r.clock.Advance(engine.DefaultLife)
		r.want(s.ID, checkout.SessionExpired) // by comparison
		started, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), FormVersion: s.Version, Method: "card"})
		if err != nil || started.Attempt != "" {
			t.Fatalf("an expired session was started: %v %v", started, err)
		}
		if all, _ := r.bank.Ledger(); len(all) != 0 {
			t.Fatal("the bank was called for an expired session")
		}
		r.sweep()
		if got := r.kinds(s.ID); got != "session.created session.expired" {
			t.Fatal(got)
		}
	})
	t.Run("paid at the last moment", func(t *testing.T) {
		r := newRig(t)
		r.life = 10 * time.Minute
		s := r.open("")
		a := r.pay(s.ID, "card")
		r.clock.Advance(r.life - time.Second)
		r.decide(a, "notify_never")
		r.clock.Advance(time.Minute)
		r.sweep()
		r.sweep()
		if paid := r.want(s.ID, checkout.SessionPaid); paid.Late {
			t.Fatal("paid in time and called late")
		}
	})
	t.Run("with a payment that nobody finishes", func(t *testing.T) {
		r := newRig(t)
		s := r.open("")
		a := r.pay(s.ID, "card")
		r.later(engine.DefaultLife + 2*time.Minute)
		r.want(s.ID, checkout.SessionExpired)
		if got := r.attempt(a.ID); !got.State.Lost() {
			t.Fatalf("attempt is %s", got.State)
		}
	})
	t.Run("restart", func(t *testing.T) {
		r := newRig(t)
		s := r.open("")
		if _, err := r.Restart(r.ctx, string(s.ID)); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Fatalf("restart of an open session: %v", err)
		}
		r.clock.Advance(engine.DefaultLife)
		one, err := r.Restart(r.ctx, string(s.ID))
		if err != nil {
			t.Fatal(err)
		}
		two, err := r.Restart(r.ctx, string(s.ID))
		if err != nil || one != two {
			t.Fatalf("two restarts: %s %s %v", one, two, err)
		}
		r.want(one, checkout.SessionOpen)
	})
}
