package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// StartAttempt is the shopper's decision to pay.
type StartAttempt struct {
	Session     string
	FormVersion int64 // the session's version on the form; 0: whatever it is now
	Method      checkout.Method
	Phone       string // as typed, for methods that need it
	Locale      string // the language the shopper reads
}

// Started says which attempt the shopper should follow; empty when the page of the session's present
// state says everything (it is paid, canceled, expired, or the form was stale).
type Started struct {
	Attempt checkout.ID
}

// startGrace is how long a starting attempt is left to the goroutine that began it before the poller
// asks about it.
const startGrace = PSPTimeout + 5*time.Second

// StartAttempt pays. A second post of one form gets the first one's result. The provider is called
// outside of any transaction, at most once per attempt; when it takes longer than ShopperWait the call
// goes on and the page follows. Errors: CodeInvalid names the field (method, phone); CodeConflict when
// a payment is under way that cannot be ended yet; CodeNotFound; CodeUnavailable. An expired session
// makes no call.
func (e *Engine) StartAttempt(ctx context.Context, in StartAttempt) (Started, error) {
	sid, ok := checkout.ParseID(checkout.PrefixSession, in.Session)
	if !ok {
		return Started{}, errNoSession
	}
	s, err := e.store.Session(ctx, sid)
	if err != nil {
		return Started{}, notFoundOr(err)
	}
	if in.FormVersion != 0 && in.FormVersion != s.Version {
		return e.firstResult(ctx, s, in.FormVersion)
	}
	if s.StateAt(e.Now()) == checkout.SessionExpired && s.State == checkout.SessionOpen {
		return Started{}, e.expire(ctx, s.ID)
	}
	if !s.State.Payable() {
		return Started{}, nil
	}
	choice, reason, err := e.route(ctx, s, in.Method)
	if err != nil {
		return Started{}, err
	}
	phone := ""
	if choice.NeedsPhone {
		typed := in.Phone
		if typed == "" {
			typed = s.Customer.Phone
		}
		if typed == "" {
			return Started{}, checkout.Invalid("phone", "is required")
		}
		if phone, err = checkout.ParsePhone(typed, phoneCountry(s, choice)); err != nil {
			return Started{}, checkout.Invalid("phone", "%s", checkout.AsError(err).Safe)
		}
	}
	if s.Active != "" {
		if a, err := e.store.Attempt(ctx, s.Active); err != nil {
			return Started{}, err
		} else if a.Review != checkout.ReviewNone {
			return Started{}, errUnderWay // money may have moved: a person decides, not a second payment
		}
		if err := e.clearActive(ctx, s.Active); err != nil {
			return Started{}, err
		}
		if s, err = e.store.Session(ctx, sid); err != nil {
			return Started{}, err
		}
		if s.State != checkout.SessionOpen {
			return Started{}, nil
		}
	}
	p, err := e.open(choice.channel)
	if err != nil {
		return Started{}, err
	}
	merchant, err := e.Merchant(ctx, s.Merchant)
	if err != nil {
		return Started{}, err
	}
	now := e.Now()
	formVersion := in.FormVersion
	if formVersion == 0 {
		formVersion = s.Version
	}
	a := checkout.Attempt{ID: e.ids(checkout.PrefixAttempt, now), Session: s.ID, Merchant: s.Merchant, Channel: choice.channel.ID, PSP: choice.channel.PSP,
		Method: in.Method, FormVersion: formVersion, State: checkout.AttemptStarting, Amount: s.Amount, Token: checkout.RandomToken(),
		Action: checkout.NextAction{Kind: checkout.ActionNone}, Phone: phone, Why: reason, PollAt: now.Add(startGrace), CreatedAt: now, UpdatedAt: now}
	var begun checkout.Change
	err = e.write(ctx, func(tx store.Tx) error {
		cur, err := tx.Session(ctx, s.ID)
		if err != nil {
			return err
		}
		if cur.Version != s.Version || cur.StateAt(now) != checkout.SessionOpen {
			return errStale // the last look: somebody was faster
		}
		c, err := checkout.Begin(cur, a, now)
		if err != nil {
			return err
		}
		begun, err = e.put(tx, c, true, now)
		return err
	})
	if err != nil {
		if checkout.CodeOf(err) == checkout.CodeConflict {
			return e.firstResult(ctx, s, formVersion)
		}
		return Started{}, err
	}
	a = begun.Attempt
	// No waiting page sees "starting" unless the provider is slow: watchers hear of the answer.
	req := psp.StartRequest{Attempt: a, Session: begun.Session, Merchant: merchant, ReturnURL: e.links.Return(&a), NotifyURL: e.links.Notify(&a), Locale: in.Locale}
	done := make(chan error, 1)
	e.calls.add()
	go func() {
		defer e.calls.done()
		done <- e.callStart(context.WithoutCancel(ctx), p, req)
	}()
	wait := time.NewTimer(ShopperWait)
	defer wait.Stop()
	select {
	case err = <-done:
	case <-wait.C:
		e.changed(s.ID)
	}
	return Started{Attempt: a.ID}, err
}

var errStale = checkout.Errorf(checkout.CodeConflict, "the page was out of date")

// firstResult is the answer to a form that was posted before, or that is out of date.
func (e *Engine) firstResult(ctx context.Context, s checkout.Session, formVersion int64) (Started, error) {
	attempts, err := e.store.Attempts(ctx, s.ID)
	if err != nil {
		return Started{}, err
	}
	for _, a := range attempts {
		if a.FormVersion == formVersion {
			return Started{Attempt: a.ID}, nil
		}
	}
	return Started{}, nil
}

// phoneCountry is the country whose national spelling a phone number is read in: the method's home
// where it has just one, then the order's.
func phoneCountry(s checkout.Session, c MethodChoice) checkout.Country {
	if len(c.spec.Countries) == 1 {
		return c.spec.Countries[0]
	}
	return s.Order.Country
}

// callStart calls the provider and applies what it says. It outlives the request.
func (e *Engine) callStart(ctx context.Context, p psp.PSP, req psp.StartRequest) error {
	cctx, cancel := context.WithTimeout(ctx, PSPTimeout)
	snap, err := p.Start(cctx, req)
	cancel()
	if err != nil {
		a := req.Attempt
		e.log.WarnContext(ctx, "start failed", "attempt", a.ID, "psp", a.PSP, "err", err)
		if psp.CertaintyOf(err) == psp.Ambiguous {
			// Something may have been made: stay starting, and ask soon.
			return e.pollSoon(ctx, a.ID, time.Second)
		}
		snap = psp.Snapshot{Observation: checkout.Observation{State: checkout.AttemptFailed, Decline: declineOf(err), Code: codeOf(err)}}
	}
	return e.settle(ctx, req.Attempt.ID, snap)
}
