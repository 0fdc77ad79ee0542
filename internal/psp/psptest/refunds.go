package psptest

import (
	"slices"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// refunds is a paid payment and its way back.
type refunds struct {
	*payment
	psp.Refunder
}

func refundable(t *testing.T, r *Rig, m checkout.Method, o Outcome) refunds {
	t.Helper()
	r.knows(t, o)
	probe := open(t, r, checkout.RandomID(checkout.PrefixChannel, r.now()))
	if _, ok := probe.(psp.Refunder); !ok {
		t.Skip("the adapter does not refund")
	}
	p := paid(t, r, m, o)
	return refunds{p, p.psp.(psp.Refunder)}
}

func (p refunds) row(minor int64) checkout.Refund {
	now := p.rig.now()
	return checkout.Refund{ID: checkout.RandomID(checkout.PrefixRefund, now), Session: p.ses.ID, Attempt: p.att.ID, Merchant: p.ses.Merchant,
		Version: 1, State: checkout.RefundPending, Amount: checkout.Money{Minor: minor, Currency: p.att.Amount.Currency}, CreatedAt: now}
}

// give sends a refund and follows it to its end.
func (p refunds) give(r checkout.Refund) (checkout.RefundState, error) {
	p.t.Helper()
	s, err := p.Refund(p.t.Context(), p.att, r)
	if err != nil {
		p.classified("Refund", err)
		if psp.CertaintyOf(err) == psp.Rejected {
			return "", err
		}
	}
	for range 60 {
		if err == nil {
			if !slices.Contains(checkout.RefundStates(), s.State) {
				p.t.Fatalf("refund state %q is not of the closed set", s.State)
			}
			if s.State != checkout.RefundPending {
				return s.State, nil
			}
			if s.PSPRef != "" {
				r.PSPRef = s.PSPRef
			}
		}
		p.rig.wait(2 * time.Second)
		if s, err = p.FetchRefund(p.t.Context(), p.att, r); err != nil {
			p.classified("FetchRefund", err)
		}
	}
	p.t.Fatal("the refund did not come to rest")
	return "", nil
}

// must gives back an amount that has to arrive.
func (p refunds) must(minor int64) checkout.Refund {
	p.t.Helper()
	r := p.row(minor)
	if s, err := p.give(r); err != nil || s != checkout.RefundSucceeded {
		p.t.Fatalf("refund of %d: %s, %v", minor, s, err)
	}
	return r
}

// mustNot is an amount that has to be refused: for certain, and without money going back.
func (p refunds) mustNot(minor int64, why string) {
	p.t.Helper()
	s, err := p.give(p.row(minor))
	if err == nil && (s == checkout.RefundSucceeded || s == checkout.RefundRequiresAction) {
		p.t.Errorf("%s: refunded %d (%s)", why, minor, s)
	}
}

func examRefund(t *testing.T, r *Rig, m checkout.Method) {
	t.Run("full", func(t *testing.T) {
		p := refundable(t, r, m, Approve)
		p.must(p.att.Amount.Minor)
		p.mustNot(1, "after a full refund")
	})
	t.Run("partial", func(t *testing.T) {
		if r.NoPartialRefund {
			t.Skip("only the whole amount goes back")
		}
		p := refundable(t, r, m, Approve)
		all := p.att.Amount.Minor
		unit := int64(1)
		for range p.att.Amount.Currency.Exponent() {
			unit *= 10
		}
		part := max(all/3/unit*unit, 1) // whole units: some providers take nothing smaller
		p.must(part)
		p.mustNot(all-part+unit, "more than is left")
		p.must(all - part)
		p.mustNot(unit, "after everything went back in parts")
	})
	t.Run("repeated", func(t *testing.T) {
		p := refundable(t, r, m, Approve)
		row := p.must(p.att.Amount.Minor)
		for range 2 {
			if s, err := p.give(row); err != nil || s != checkout.RefundSucceeded {
				t.Errorf("the same refund again: %s, %v", s, err)
			}
		}
		if s, err := p.FetchRefund(t.Context(), p.att, row); err != nil || s.State != checkout.RefundSucceeded {
			t.Errorf("FetchRefund: %s, %v", s.State, err)
		}
	})
	t.Run("too much", func(t *testing.T) {
		p := refundable(t, r, m, Approve)
		p.mustNot(p.att.Amount.Minor+100, "more than was paid")
		p.must(p.att.Amount.Minor)
	})
	t.Run("not paid", func(t *testing.T) {
		p := begin(t, r, m, Abandon)
		if _, ok := p.psp.(psp.Refunder); !ok {
			t.Skip("the adapter does not refund")
		}
		refunds{p, p.psp.(psp.Refunder)}.mustNot(p.att.Amount.Minor, "nothing was paid")
	})
	t.Run("unknown refund", func(t *testing.T) {
		p := refundable(t, r, m, Approve)
		s, err := p.FetchRefund(t.Context(), p.att, p.row(p.att.Amount.Minor))
		if err != nil {
			p.classified("FetchRefund", err)
		} else if s.State == checkout.RefundSucceeded {
			t.Error("a refund that was never sent succeeded")
		}
	})
	t.Run("pending", func(t *testing.T) {
		p := refundable(t, r, m, RefundPending)
		s, err := p.Refund(t.Context(), p.att, p.row(p.att.Amount.Minor))
		if err != nil || s.State != checkout.RefundPending {
			t.Fatalf("Refund: %s, %v; want pending", s.State, err)
		}
		p.mustNot(p.att.Amount.Minor, "while a full refund is under way")
	})
	t.Run("pending, then done", func(t *testing.T) {
		p := refundable(t, r, m, RefundPending)
		p.must(p.att.Amount.Minor)
	})
	t.Run("failed", func(t *testing.T) {
		p := refundable(t, r, m, RefundFails)
		if s, err := p.give(p.row(p.att.Amount.Minor)); err == nil && s != checkout.RefundFailed && s != checkout.RefundCanceled {
			t.Errorf("refund: %s, want failed", s)
		}
	})
}
