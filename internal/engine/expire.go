package engine

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Expire ends a session's time now, by the merchant's wish. As Cancel.
func (e *Engine) Expire(ctx context.Context, merchant checkout.ID, id string) (checkout.Session, error) {
	s, err := e.Session(ctx, merchant, id)
	if err != nil {
		return s, err
	}
	if s.State != checkout.SessionExpired {
		if err := e.end(ctx, s.ID, checkout.SessionExpire, "merchant"); err != nil {
			return s, err
		}
	}
	return e.Session(ctx, merchant, id)
}

// expire writes what time has already decided. With an attempt in flight the provider is asked first:
// what it says about the money comes before the clock; only then is the attempt ended and the
// session with it. While the outcome is unknown the session waits.
func (e *Engine) expire(ctx context.Context, id checkout.ID) error {
	s, err := e.store.Session(ctx, id)
	if err != nil {
		return err
	}
	if s.Active != "" {
		if err := e.Ask(ctx, s.Active, nil); err != nil {
			return err
		}
		if s, err = e.store.Session(ctx, id); err != nil {
			return err
		}
	}
	if e.Now().Before(s.ExpiresAt) || !(s.State.Payable() || s.State == checkout.SessionAuthorized) {
		return nil // paid meanwhile, or given more time
	}
	err = e.end(ctx, id, checkout.SessionExpire, "time")
	if checkout.CodeOf(err) == checkout.CodeConflict {
		return nil // still unknown: the sweep comes again
	}
	return err
}

// Restart makes a new open session with the same order from one that was canceled or has expired, in
// the dialect and for the merchant of the old one. CodeConflict for any other.
func (e *Engine) Restart(ctx context.Context, id string) (checkout.ID, error) {
	sid, ok := checkout.ParseID(checkout.PrefixSession, id)
	if !ok {
		return "", errNoSession
	}
	old, err := e.store.Session(ctx, sid)
	if err != nil {
		return "", notFoundOr(err)
	}
	now := e.Now()
	if st := old.StateAt(now); st != checkout.SessionExpired {
		return "", checkout.Errorf(checkout.CodeConflict, "the session is %s", st)
	}
	if old.State == checkout.SessionOpen {
		if err := e.expire(ctx, sid); err != nil {
			return "", err
		}
	}
	return e.restarted(ctx, old)
}

// restarted gives the one session that follows an expired one: asking twice gives the same.
func (e *Engine) restarted(ctx context.Context, old checkout.Session) (checkout.ID, error) {
	key := store.AnswerKey{Merchant: old.Merchant, Call: "restart", Key: string(old.ID)}
	var next checkout.ID
	err := e.write(ctx, func(tx store.Tx) error {
		now := e.Now()
		if done, err := tx.Answer(ctx, key); err == nil {
			next = done.Ref
			return nil
		} else if checkout.CodeOf(err) != checkout.CodeNotFound {
			return err
		}
		s := old
		s.ID = e.ids(checkout.PrefixSession, now)
		s.Version, s.State, s.Late, s.Review = 1, checkout.SessionOpen, false, checkout.ReviewNone
		s.Captured, s.Refunded, s.Active, s.PaidBy = 0, 0, "", ""
		s.CreatedAt, s.UpdatedAt = now, now
		s.ExpiresAt = now.Add(min(old.ExpiresAt.Sub(old.CreatedAt), DefaultLife))
		next = s.ID
		if err := tx.InsertSession(s); err != nil {
			return err
		}
		return tx.PutAnswer(store.Answer{AnswerKey: key, Done: true, Ref: s.ID, CreatedAt: now})
	})
	return next, err
}
