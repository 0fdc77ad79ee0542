package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// Refund is a merchant's wish to give money back.
type Refund struct {
	Merchant checkout.ID
	Session  string
	Amount   int64 // minor units; 0: all that can still be refunded
	Reason   string
	// Idempotency makes the call repeatable; Render writes its answer, with the refund as it stands
	// when the provider was asked once.
	Idempotency *Idempotency
	Render      func(checkout.Session, checkout.Refund) (status int, body []byte, err error)
}

// leaseLife is how long a call holds its idempotency key before another may go on in its place.
const leaseLife = PSPTimeout + 15*time.Second

// Refund gives money back: the refund is written and its amount reserved before the provider is
// called, so that the sum can never exceed what was captured. Where the provider cannot refund by
// itself, the refund waits for a person (requires_action). Errors: CodeInvalid (amount), CodeConflict
// (nothing to refund), CodeNotFound, CodeInFlight, CodeKeyReused, CodeUnavailable.
func (e *Engine) Refund(ctx context.Context, in Refund) (Reply, error) {
	s, err := e.Session(ctx, in.Merchant, in.Session)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	var r checkout.Refund
	err = e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		if in.Idempotency != nil {
			done, running, err := e.former(ctx, tx, in.key(), in.Idempotency.BodyHash, now)
			if err != nil || done != nil {
				reply = valueOr(done)
				return err
			}
			if running.Ref != "" { // its owner is gone: go on with the refund that it wrote
				running.LeaseUntil = now.Add(leaseLife)
				if err := tx.PutAnswer(running); err != nil {
					return err
				}
				r, err = tx.Refund(ctx, running.Ref)
				return err
			}
		}
		if r, err = e.reserve(ctx, tx, s.ID, in, now); err != nil {
			return err
		}
		if in.Idempotency != nil {
			return tx.PutAnswer(store.Answer{AnswerKey: in.key(), BodyHash: in.Idempotency.BodyHash, Ref: r.ID, LeaseUntil: now.Add(leaseLife), CreatedAt: now})
		}
		return nil
	})
	if err != nil || reply.Replayed {
		return reply, err
	}
	if err := e.sendRefund(ctx, r.ID); err != nil {
		// It is written and the poller goes on with it: the caller hears how it stands.
		e.log.WarnContext(ctx, "refund not sent yet", "refund", r.ID, "err", err)
	}
	err = e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		r, err := tx.Refund(ctx, r.ID)
		if err != nil {
			return err
		}
		s, err := tx.Session(ctx, r.Session)
		if err != nil {
			return err
		}
		if reply.Status, reply.Body, err = in.Render(s, r); err != nil || in.Idempotency == nil {
			return err
		}
		return tx.PutAnswer(store.Answer{AnswerKey: in.key(), BodyHash: in.Idempotency.BodyHash, Done: true, Status: reply.Status, Body: reply.Body, Ref: r.ID, CreatedAt: now})
	})
	return reply, err
}

func (in *Refund) key() store.AnswerKey {
	return store.AnswerKey{Merchant: in.Merchant, Call: in.Idempotency.Call, Key: in.Idempotency.Key}
}

// reserve writes a pending refund if its amount is still there.
func (e *Engine) reserve(ctx context.Context, tx store.Tx, session checkout.ID, in Refund, now time.Time) (checkout.Refund, error) {
	s, err := tx.Session(ctx, session)
	if err != nil {
		return checkout.Refund{}, err
	}
	if !s.State.HasMoney() {
		return checkout.Refund{}, checkout.Errorf(checkout.CodeConflict, "the session is %s: there is nothing to refund", s.StateAt(now))
	}
	refunds, err := tx.Refunds(ctx, session)
	if err != nil {
		return checkout.Refund{}, err
	}
	left := s.Captured
	for _, r := range refunds {
		if !r.Excess && r.State.Reserves() {
			left -= r.Amount.Minor
		}
	}
	amount := in.Amount
	if amount == 0 {
		amount = left
	}
	if left <= 0 {
		return checkout.Refund{}, checkout.Errorf(checkout.CodeConflict, "everything has been refunded already")
	}
	if amount < 0 || amount > left {
		return checkout.Refund{}, checkout.Invalid("amount", "must be at most %d: that is what can still be refunded", left)
	}
	r := checkout.Refund{ID: e.ids(checkout.PrefixRefund, now), Session: s.ID, Attempt: s.PaidBy, Merchant: s.Merchant, Version: 1,
		State: checkout.RefundPending, Amount: checkout.Money{Minor: amount, Currency: s.Amount.Currency}, Reason: in.Reason,
		PollAt: now.Add(leaseLife), CreatedAt: now, UpdatedAt: now}
	if err := tx.InsertRefund(r); err != nil {
		return r, err
	}
	return r, e.putSession(tx, &s, []checkout.Fact{{Kind: checkout.EventRefundPending, Attempt: r.Attempt, Refund: r.ID}}, now)
}

// giveBack answers a second success: a refund of all of it that the poller sends at once, or, where
// the provider cannot refund by itself, a flag for a person.
func (e *Engine) giveBack(tx store.Tx, c *checkout.Change, now time.Time) error {
	ch, err := tx.Channel(context.Background(), c.Attempt.Channel)
	if err != nil {
		return err
	}
	r := checkout.Refund{ID: e.ids(checkout.PrefixRefund, now), Session: c.Session.ID, Attempt: c.Attempt.ID, Merchant: c.Session.Merchant, Version: 1,
		State: checkout.RefundPending, Amount: c.Attempt.Amount, Excess: true, Reason: "second_payment", PollAt: now, CreatedAt: now, UpdatedAt: now}
	c.Facts = append(c.Facts, checkout.Fact{Kind: checkout.EventRefundPending, Attempt: r.Attempt, Refund: r.ID, Detail: r.Reason})
	p, err := e.open(ch)
	if _, can := p.(psp.Refunder); err != nil || !can {
		if _, err := r.Apply(checkout.RefundAct, now); err != nil {
			return err
		}
		r.PollAt = time.Time{}
		c.Session.Review = checkout.ReviewSecondPayment
		c.Attempt.Review = checkout.ReviewSecondPayment
		c.Facts = append(c.Facts, checkout.Fact{Kind: checkout.EventSessionNeedsReview, Attempt: r.Attempt, Refund: r.ID, Detail: string(checkout.ReviewSecondPayment)})
	}
	return tx.InsertRefund(r)
}

// sendRefund sends a pending refund to its provider, or asks about one that was sent, and applies the
// answer. Repeating is safe: the provider knows it by the refund's id.
func (e *Engine) sendRefund(ctx context.Context, id checkout.ID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), PSPTimeout)
	defer cancel()
	unlock, err := e.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := e.store.Refund(ctx, id)
	if err != nil || r.State != checkout.RefundPending {
		return err
	}
	a, err := e.store.Attempt(ctx, r.Attempt)
	if err != nil {
		return err
	}
	p, err := e.openFor(ctx, a)
	if err != nil {
		return err
	}
	refunder, ok := p.(psp.Refunder)
	if !ok {
		return e.settleRefund(ctx, id, psp.RefundSnapshot{State: checkout.RefundRequiresAction})
	}
	var snap psp.RefundSnapshot
	if r.PSPRef == "" {
		snap, err = refunder.Refund(ctx, a, r)
	} else {
		snap, err = refunder.FetchRefund(ctx, a, r)
	}
	if err != nil {
		if psp.CertaintyOf(err) != psp.Rejected {
			return err // pending; the poller comes again
		}
		snap = psp.RefundSnapshot{State: checkout.RefundFailed, Code: codeOf(err)}
	}
	return e.settleRefund(ctx, id, snap)
}

// settleRefund applies what a provider said about a refund.
func (e *Engine) settleRefund(ctx context.Context, id checkout.ID, snap psp.RefundSnapshot) error {
	events := map[checkout.RefundState]checkout.RefundEvent{checkout.RefundSucceeded: checkout.RefundSucceed, checkout.RefundFailed: checkout.RefundFail,
		checkout.RefundCanceled: checkout.RefundCancel, checkout.RefundRequiresAction: checkout.RefundAct}
	var session checkout.ID
	err := e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		r, err := tx.Refund(ctx, id)
		if err != nil {
			return err
		}
		s, err := tx.Session(ctx, r.Session)
		if err != nil {
			return err
		}
		session = s.ID
		if snap.PSPRef != "" {
			r.PSPRef = snap.PSPRef
		}
		if snap.PSPData != nil {
			r.PSPData = snap.PSPData
		}
		if snap.Code != "" {
			r.Code = snap.Code
		}
		var facts []checkout.Fact
		if ev, ok := events[snap.State]; ok {
			all, err := tx.Refunds(ctx, s.ID)
			if err != nil {
				return err
			}
			var others int64
			for _, o := range all {
				if o.ID != r.ID && !o.Excess && o.State == checkout.RefundSucceeded {
					others += o.Amount.Minor
				}
			}
			ns, nr, f, err := checkout.SettleRefund(s, r, ev, others, now)
			if checkout.CodeOf(err) == checkout.CodeConflict {
				return nil // it has ended already
			}
			if err != nil {
				return err
			}
			s, r, facts = ns, nr, f
		}
		if r.State == checkout.RefundPending {
			wait := snap.NextPoll
			if wait == 0 {
				wait = min(time.Hour, 5*time.Second<<min(r.Polls, 10))
			}
			r.PollAt = now.Add(wait)
			r.Polls++
		} else {
			r.PollAt = time.Time{}
		}
		r.Version++
		if err := tx.UpdateRefund(r); err != nil {
			return err
		}
		if len(facts) == 0 {
			return nil
		}
		return e.putSession(tx, &s, facts, now)
	})
	if err == nil {
		e.changed(session)
	}
	return err
}
