package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// unknownAfter is how long a provider may be unable to say what became of an attempt before a person
// is asked to look. It goes on being asked.
const unknownAfter = 15 * time.Minute

// Ask asks the provider what became of an attempt, captures where that is ours to do, and applies the
// answer. hint is what made us ask, if it was a notification. It is the one way in which news from
// outside reaches a state: returns, notifications and the poller all end here.
func (e *Engine) Ask(ctx context.Context, id checkout.ID, hint *psp.Hint) error {
	return e.ask(ctx, id, hint, false)
}

// ask is Ask; returned says that the shopper has come back from the provider's page, perhaps having
// paid: should the provider be silent, the page must not offer to pay again.
func (e *Engine) ask(ctx context.Context, id checkout.ID, hint *psp.Hint, returned bool) error {
	unlock, err := e.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	a, err := e.store.Attempt(ctx, id)
	if err != nil {
		return err
	}
	p, err := e.openFor(ctx, a)
	if err != nil {
		return err
	}
	if hint != nil && a.PSPRef == "" && hint.PSPRef != "" {
		a.PSPRef = hint.PSPRef // the push's answer was lost; the callback brings the name
	}
	snap, err := e.fetch(ctx, p, a, hint)
	if err != nil {
		e.log.WarnContext(ctx, "fetch failed", "attempt", a.ID, "psp", a.PSP, "err", err)
		if returned && a.State == checkout.AttemptRequiresAction {
			return e.settle(ctx, a.ID, psp.Snapshot{Observation: checkout.Observation{State: checkout.AttemptProcessing}})
		}
		return e.undecided(ctx, a)
	}
	if snap.NotFound {
		return e.notFound(ctx, a)
	}
	if snap.NeedsCapture {
		if snap, err = e.capture(ctx, p, a, snap); err != nil {
			e.log.WarnContext(ctx, "capture failed", "attempt", a.ID, "psp", a.PSP, "err", err)
			return e.undecided(ctx, a)
		}
	}
	if snap.PSPRef == "" {
		snap.PSPRef = a.PSPRef
	}
	if err := e.settle(ctx, a.ID, snap); err != nil {
		return err
	}
	return e.endUnwanted(ctx, p, a.ID, snap.State == checkout.AttemptAuthorized)
}

func (e *Engine) fetch(ctx context.Context, p psp.PSP, a checkout.Attempt, hint *psp.Hint) (psp.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, PSPTimeout)
	defer cancel()
	return p.Fetch(ctx, psp.FetchRequest{Attempt: a, Hint: hint})
}

// capture takes an approved payment. It must not take one for a session that no longer wants it.
func (e *Engine) capture(ctx context.Context, p psp.PSP, a checkout.Attempt, snap psp.Snapshot) (psp.Snapshot, error) {
	c, ok := p.(psp.Capturer)
	if !ok {
		return snap, checkout.Errorf(checkout.CodeInternal, "%s wants a capture and cannot capture", a.PSP)
	}
	s, err := e.store.Session(ctx, a.Session)
	if err != nil {
		return snap, err
	}
	if s.Active != a.ID {
		// Approved, not taken, not wanted: no money moves unless we take it.
		snap.NeedsCapture = false
		return snap, nil
	}
	ctx, cancel := context.WithTimeout(ctx, PSPTimeout)
	defer cancel()
	return c.Capture(ctx, a)
}

// endUnwanted ends at its provider what an attempt still holds although its session does not want it
// any more: one that was displaced by another's success, or an authorization (holds) of an ended
// session or of an attempt that we had given up.
func (e *Engine) endUnwanted(ctx context.Context, p psp.PSP, id checkout.ID, holds bool) error {
	a, err := e.store.Attempt(ctx, id)
	if err != nil || (a.State.Final() && !(holds && a.State.Lost())) {
		return err
	}
	s, err := e.store.Session(ctx, a.Session)
	if err != nil {
		return err
	}
	if s.Active == a.ID || (s.State == checkout.SessionOpen && a.Superseded && a.State != checkout.AttemptAuthorized) {
		return nil
	}
	c, ok := p.(psp.Canceller)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, PSPTimeout)
	defer cancel()
	snap, err := c.Cancel(ctx, a)
	if err != nil {
		e.log.WarnContext(ctx, "cancel failed", "attempt", a.ID, "psp", a.PSP, "err", err)
		return nil // the poller comes again
	}
	return e.settle(ctx, a.ID, snap)
}

// notFound is the answer of a provider that has no such payment. For an attempt whose start was never
// answered that is good news once the call can no longer be on its way: nothing was made.
func (e *Engine) notFound(ctx context.Context, a checkout.Attempt) error {
	if a.State == checkout.AttemptStarting && e.Now().Sub(a.CreatedAt) >= startGrace {
		return e.settle(ctx, a.ID, psp.Snapshot{Observation: checkout.Observation{State: checkout.AttemptFailed, Decline: checkout.DeclineUnavailable, Code: "not_found"}})
	}
	return e.undecided(ctx, a)
}

// undecided plans the next question, and asks a person after a while.
func (e *Engine) undecided(ctx context.Context, a checkout.Attempt) error {
	o := checkout.Observation{State: a.State}
	if a.InFlight() && e.Now().Sub(a.UpdatedAt) >= unknownAfter && a.State != checkout.AttemptRequiresAction {
		o.Review = checkout.ReviewUnknownOutcome
	}
	return e.settle(ctx, a.ID, psp.Snapshot{Observation: o})
}

// Returned is a browser that comes back from a provider: a reason to ask, and proof of nothing. It
// waits at most ShopperWait and gives the session to show. CodeNotFound.
func (e *Engine) Returned(ctx context.Context, attempt string, m store.Message) (checkout.ID, error) {
	id, ok := checkout.ParseID(checkout.PrefixAttempt, attempt)
	if !ok {
		return "", checkout.Errorf(checkout.CodeNotFound, "no such payment")
	}
	a, err := e.store.Attempt(ctx, id)
	if err != nil {
		return "", err
	}
	m.Source, m.Channel, m.Attempt = "return", a.Channel, a.ID
	if err := e.keep(ctx, m); err != nil {
		return a.Session, err
	}
	if a.State.Final() {
		return a.Session, nil
	}
	return a.Session, e.within(ctx, func(ctx context.Context) error { return e.ask(ctx, id, nil, true) })
}

// within runs a call that may outlive the request, and waits at most ShopperWait for it.
func (e *Engine) within(ctx context.Context, fn func(context.Context) error) error {
	done := make(chan error, 1)
	e.calls.add()
	go func() {
		defer e.calls.done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*PSPTimeout)
		defer cancel()
		done <- fn(ctx)
	}()
	wait := time.NewTimer(ShopperWait)
	defer wait.Stop()
	select {
	case err := <-done:
		return err
	case <-wait.C:
		return nil
	}
}

// keep stores what came in, as it came.
func (e *Engine) keep(ctx context.Context, m store.Message) error {
	m.At = e.Now()
	m.ID = e.ids(checkout.PrefixMessage, m.At)
	return e.write(ctx, func(tx store.Tx) error { return tx.InsertMessage(m) })
}

// Message is what a provider or a browser sent us, as it came; see the store.
type Message = store.Message
