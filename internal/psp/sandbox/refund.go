package sandbox

import (
	"context"
	"errors"
	"sort"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// Capture takes the money of a hold. Taking it again changes nothing.
func (a *adapter) Capture(ctx context.Context, at checkout.Attempt) (psp.Snapshot, error) {
	return a.move(ctx, at, func(p *Payment, now time.Time) (bool, error) {
		switch p.now(now).Status {
		case Paid:
			return false, nil
		case Held:
			p.follow(now, NotifyOnce, Step{now, Paid, ""})
			return true, nil
		}
		return false, refusedNotHeld
	})
}

// Cancel ends a payment that its payer has not begun, or releases a hold. A prompt on a phone, a
// voucher, a transfer and a coin cannot be called back; then, and where money has moved, the answer
// says what the payment is.
func (a *adapter) Cancel(ctx context.Context, at checkout.Attempt) (psp.Snapshot, error) {
	return a.move(ctx, at, func(p *Payment, now time.Time) (bool, error) {
		switch p.now(now).Status {
		case Held:
		case Waiting:
			switch p.Kind {
			case checkout.ActionRedirect, checkout.ActionRedirectPost, checkout.ActionFields:
			default:
				return false, nil
			}
		default:
			return false, nil
		}
		p.follow(now, NotifyOnce, Step{now, Cancelled, codeMerchantEnded})
		return true, nil
	})
}

// move changes a payment and answers what it is afterwards.
func (a *adapter) move(ctx context.Context, at checkout.Attempt, f func(*Payment, time.Time) (bool, error)) (psp.Snapshot, error) {
	p, err := a.find(ctx, at)
	if errors.Is(err, errNotFound) {
		return psp.Snapshot{NotFound: true}, nil
	}
	if err == nil {
		p, err = a.bank.change(p.ID, func(p *Payment, now time.Time) (bool, error) {
			now = now.UTC().Truncate(time.Microsecond)
			p.ChangedAt = now
			return f(p, now)
		})
	}
	if err != nil {
		return psp.Snapshot{}, classify(err)
	}
	return a.snapshot(p), nil
}

// Refund gives money back, whole or in part, once for each refund id.
func (a *adapter) Refund(ctx context.Context, at checkout.Attempt, r checkout.Refund) (psp.RefundSnapshot, error) {
	p, err := a.find(ctx, at)
	if err != nil {
		return psp.RefundSnapshot{}, classify(err)
	}
	mode := RefundAtOnce
	if s := a.bank.table.byName[p.Scenario]; s != nil {
		mode = s.Refund
	}
	made := false
	p, err = a.bank.change(p.ID, func(p *Payment, now time.Time) (bool, error) {
		now = now.UTC().Truncate(time.Microsecond)
		if old := p.refund(r.ID); old != nil {
			if old.Amount != r.Amount {
				return false, refusedReused
			}
			return false, nil
		}
		_, reserved := p.refunded(now)
		switch {
		case p.now(now).Status != Paid:
			return false, refusedNotPaid
		case !r.Amount.IsPositive():
			return false, refusedAmount
		case r.Amount.Currency != p.Moved.Currency:
			return false, refusedCurrency
		case r.Amount.Minor > p.Moved.Minor-reserved:
			return false, refusedTooMuch
		}
		steps := []Step{{now, Paid, ""}}
		switch mode {
		case RefundSlow:
			steps = []Step{{now, Pending, ""}, {now.Add(Delay), Paid, ""}}
		case RefundRefused:
			steps = []Step{{now, Pending, ""}, {now.Add(Delay), Refused, codeAccountClosed}}
		}
		p.Refunds = append(p.Refunds, Refund{ID: derived("sbr_", p.ID, string(r.ID)), Reference: r.ID, Amount: r.Amount, Steps: steps})
		p.ChangedAt = now
		for _, s := range steps {
			p.tell("refund.", s, NotifyOnce)
		}
		made = true
		return true, nil
	})
	if err == nil && made && mode == RefundAmbiguous {
		err = errLost
	}
	if err != nil {
		return psp.RefundSnapshot{}, classify(err)
	}
	return a.refundSnapshot(p, r.ID), nil
}

// FetchRefund says what became of a refund. One that the bank has never seen is Retryable: it was
// certainly not carried out.
func (a *adapter) FetchRefund(ctx context.Context, at checkout.Attempt, r checkout.Refund) (psp.RefundSnapshot, error) {
	p, err := a.find(ctx, at)
	if err != nil {
		return psp.RefundSnapshot{}, classify(err)
	}
	if p.refund(r.ID) == nil {
		return psp.RefundSnapshot{}, &psp.Error{Certainty: psp.Retryable, Code: "no_such_refund", Err: errNotFound}
	}
	return a.refundSnapshot(p, r.ID), nil
}

func (p *Payment) refund(id checkout.ID) *Refund {
	for i := range p.Refunds {
		if p.Refunds[i].Reference == id {
			return &p.Refunds[i]
		}
	}
	return nil
}

func (a *adapter) refundSnapshot(p *Payment, id checkout.ID) psp.RefundSnapshot {
	r := p.refund(id)
	now := a.bank.now()
	step := stepAt(r.Steps, now)
	s := psp.RefundSnapshot{PSPRef: r.ID, Code: step.Code, State: checkout.RefundPending}
	switch step.Status {
	case Paid:
		s.State = checkout.RefundSucceeded
	case Refused:
		s.State = checkout.RefundFailed
	case Pending:
		if last := r.Steps[len(r.Steps)-1]; last.At.After(now) {
			s.NextPoll = last.At.Sub(now) // the bank says when it will know
		}
	}
	return s
}

const listPage = 100

// List gives the channel's payments that changed since a moment, oldest change first.
func (a *adapter) List(ctx context.Context, since time.Time, cursor string) ([]psp.Listed, string, error) {
	if ctx.Err() != nil {
		return nil, "", &psp.Error{Certainty: psp.Retryable, Code: "no_answer", Err: ctx.Err()}
	}
	type row struct {
		at time.Time
		p  *Payment
	}
	var rows []row
	now := a.bank.now()
	afterAt, afterID, _ := strings.Cut(cursor, ".")
	micro, _ := strconv.ParseInt(afterAt, 10, 64)
	all, err := a.bank.all()
	if err != nil {
		return nil, "", &psp.Error{Certainty: psp.Retryable, Code: "busy", Err: err}
	}
	for _, p := range all {
		at := p.changed(now)
		if p.Account != a.channel || at.Before(since) {
			continue
		}
		if m := at.UnixMicro(); cursor != "" && (m < micro || (m == micro && p.ID <= afterID)) {
			continue
		}
		rows = append(rows, row{at, p})
	}
	sort.Slice(rows, func(i, j int) bool {
		if !rows[i].at.Equal(rows[j].at) {
			return rows[i].at.Before(rows[j].at)
		}
		return rows[i].p.ID < rows[j].p.ID
	})
	next := ""
	if len(rows) > listPage {
		rows = rows[:listPage]
		last := rows[listPage-1]
		next = strconv.FormatInt(last.at.UnixMicro(), 10) + "." + last.p.ID
	}
	out := make([]psp.Listed, len(rows))
	for i, r := range rows {
		s := a.snapshot(r.p)
		done, _ := r.p.refunded(now)
		amount := r.p.Amount
		if s.Amount.Currency != "" {
			amount = s.Amount
		}
		out[i] = psp.Listed{PSPRef: r.p.ID, Reference: string(r.p.Reference), State: s.State, Amount: amount, Refunded: done, At: r.at}
	}
	return out, next, nil
}
