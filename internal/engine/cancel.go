package engine

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

var errUnderWay = checkout.Errorf(checkout.CodeConflict, "a payment is under way and its outcome is not known yet")

// Cancel ends a session before it is paid. by is "merchant" or "shopper", for the record. An attempt
// in flight is ended at its provider first; where that cannot be it is superseded and watched; a push to a
// phone or an unknown outcome refuses with CodeConflict until it is known. A session that has ended
// already is left as it is, without an error, when it is canceled; otherwise CodeConflict.
func (e *Engine) Cancel(ctx context.Context, id checkout.ID, by string) error {
	return e.end(ctx, id, checkout.SessionCancel, by)
}

func (e *Engine) end(ctx context.Context, id checkout.ID, ev checkout.SessionEvent, reason string) error {
	s, err := e.store.Session(ctx, id)
	if err != nil {
		return notFoundOr(err)
	}
	if s.Active != "" {
		if err := e.clearActive(ctx, s.Active); err != nil {
			return err
		}
	}
	err = e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		cur, err := tx.Session(ctx, id)
		if err != nil {
			return err
		}
		if (ev == checkout.SessionCancel && cur.State == checkout.SessionCanceled) || cur.State == checkout.SessionExpired {
			return nil
		}
		if ev == checkout.SessionCancel && cur.StateAt(now) == checkout.SessionExpired {
			ev, reason = checkout.SessionExpire, "time"
		}
		c, err := checkout.End(cur, ev, reason, now)
		if err != nil {
			return err
		}
		return e.putSession(tx, &c.Session, c.Facts, now)
	})
	if err == nil {
		e.changed(id)
	}
	return err
}

// clearActive frees a session from its attempt in flight: canceled at the provider, or found to be over,
// or superseded where it cannot be ended. CodeConflict when only waiting helps.
func (e *Engine) clearActive(ctx context.Context, id checkout.ID) error {
	unlock, err := e.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	a, err := e.store.Attempt(ctx, id)
	if err != nil {
		return err
	}
	if !a.InFlight() {
		return nil
	}
	if a.State == checkout.AttemptStarting {
		return errUnderWay
	}
	p, err := e.openFor(ctx, a)
	if err != nil {
		return err
	}
	if c, ok := p.(psp.Canceller); ok {
		cctx, cancel := context.WithTimeout(ctx, ShopperWait)
		snap, err := c.Cancel(cctx, a)
		cancel()
		if err != nil {
			e.log.WarnContext(ctx, "cancel failed", "attempt", a.ID, "psp", a.PSP, "err", err)
			if psp.CertaintyOf(err) != psp.Rejected {
				return errUnderWay
			}
		} else if err := e.settle(ctx, a.ID, snap); err != nil {
			return err
		}
		if a, err = e.store.Attempt(ctx, id); err != nil || !a.InFlight() {
			return err
		}
	}
	if a.State != checkout.AttemptRequiresAction || a.Action.Kind == checkout.ActionConfirmOnPhone {
		return errUnderWay
	}
	return e.supersede(ctx, a.ID)
}

func (e *Engine) supersede(ctx context.Context, id checkout.ID) error {
	var session checkout.ID
	err := e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		a, err := tx.Attempt(ctx, id)
		if err != nil {
			return err
		}
		s, err := tx.Session(ctx, a.Session)
		if err != nil {
			return err
		}
		session = s.ID
		if s.Active != a.ID {
			return nil
		}
		c, err := checkout.Supersede(s, a, now)
		if err != nil {
			return err
		}
		_, err = e.put(tx, c, false, now)
		return err
	})
	if err == nil {
		e.changed(session)
	}
	return err
}
