package engine

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

var errNoSession = checkout.Errorf(checkout.CodeNotFound, "no such session")

// Session gives one of a merchant's sessions as it is now: one whose time is over reads as expired
// though the sweep has not written it. A session of another merchant is CodeNotFound.
func (e *Engine) Session(ctx context.Context, merchant checkout.ID, id string) (checkout.Session, error) {
	sid, ok := checkout.ParseID(checkout.PrefixSession, id)
	if !ok {
		return checkout.Session{}, errNoSession
	}
	s, err := e.store.Session(ctx, sid)
	if err != nil || s.Merchant != merchant {
		return checkout.Session{}, notFoundOr(err)
	}
	s.State = s.StateAt(e.Now())
	return s, nil
}

func notFoundOr(err error) error {
	if err == nil || checkout.CodeOf(err) == checkout.CodeNotFound {
		return errNoSession
	}
	return err
}

// SessionQuery selects sessions; see the store.
type SessionQuery = store.SessionQuery

// Sessions lists a merchant's sessions, newest first, each as it is now. A filter for expired ones
// also finds those that the sweep has not written yet only after it has: at most seconds later.
func (e *Engine) Sessions(ctx context.Context, q SessionQuery) ([]checkout.Session, error) {
	list, err := e.store.Sessions(ctx, q)
	now := e.Now()
	for i := range list {
		list[i].State = list[i].StateAt(now)
	}
	return list, err
}

// Refunds lists the refunds of a session that was read through Session before, oldest first.
func (e *Engine) Refunds(ctx context.Context, session checkout.ID) ([]checkout.Refund, error) {
	return e.store.Refunds(ctx, session)
}

// Attempts lists the attempts of a session that was read through Session before, oldest first.
func (e *Engine) Attempts(ctx context.Context, session checkout.ID) ([]checkout.Attempt, error) {
	return e.store.Attempts(ctx, session)
}

// Events lists the events of a session that was read through Session before, in order. The first, that
// it was made, is the session's own row: it is told from there and has no id.
func (e *Engine) Events(ctx context.Context, session checkout.ID) ([]checkout.Event, error) {
	s, err := e.store.Session(ctx, session)
	if err != nil {
		return nil, err
	}
	later, err := e.store.Events(ctx, session)
	made := checkout.Event{Merchant: s.Merchant, Session: s.ID, Kind: checkout.EventSessionCreated, Version: 1, State: checkout.SessionOpen, At: s.CreatedAt}
	return append([]checkout.Event{made}, later...), err
}

// Head gives what tells whether a page about the session is still true. Anybody who knows the id may
// ask. CodeNotFound.
func (e *Engine) Head(ctx context.Context, id string) (store.Head, error) {
	sid, ok := checkout.ParseID(checkout.PrefixSession, id)
	if !ok {
		return store.Head{}, errNoSession
	}
	h, err := e.store.Head(ctx, sid)
	if err != nil {
		return h, notFoundOr(err)
	}
	h.State = h.StateAt(e.Now())
	return h, nil
}

// View is all that the shopper's page may need to know.
type View struct {
	Session  checkout.Session // State is as it is now
	Merchant checkout.Merchant
	Active   *checkout.Attempt // in flight
	PaidBy   *checkout.Attempt // whose money it is
	Last     *checkout.Attempt // the latest one that is not superseded
	Methods  []MethodChoice    // what can be chosen, best first; only while payable
	Watched  bool              // a superseded attempt may still bring money
	Released bool              // an authorization was given up before anything was taken
}

// View reads what the shopper's page shows. Anybody who knows the id may ask. CodeNotFound.
func (e *Engine) View(ctx context.Context, id string) (View, error) {
	sid, ok := checkout.ParseID(checkout.PrefixSession, id)
	if !ok {
		return View{}, errNoSession
	}
	s, err := e.store.Session(ctx, sid)
	if err != nil {
		return View{}, notFoundOr(err)
	}
	s.State = s.StateAt(e.Now())
	v := View{Session: s}
	if v.Merchant, err = e.Merchant(ctx, s.Merchant); err != nil {
		return v, err
	}
	if s.Version > 1 { // a session that nothing happened to has no attempts
		attempts, err := e.store.Attempts(ctx, sid)
		if err != nil {
			return v, err
		}
		for i := range attempts {
			a := &attempts[i]
			if a.ID == s.Active {
				v.Active = a
			}
			if a.ID == s.PaidBy {
				v.PaidBy = a
			}
			if !a.Superseded {
				v.Last = a
			}
			v.Watched = v.Watched || (a.Superseded && a.Watched())
		}
	}
	if s.State == checkout.SessionCanceled || s.State == checkout.SessionExpired {
		events, err := e.store.Events(ctx, sid)
		if err != nil {
			return v, err
		}
		for _, ev := range events {
			v.Released = v.Released || ev.Kind == checkout.EventSessionAuthorized
		}
	}
	if s.State.Payable() {
		if v.Methods, err = e.Methods(ctx, s); err != nil {
			return v, err
		}
	}
	return v, nil
}

// Leaving gives the attempt whose stored target a shopper wants to go on to. CodeNotFound.
func (e *Engine) Leaving(ctx context.Context, id string) (checkout.Attempt, error) {
	aid, ok := checkout.ParseID(checkout.PrefixAttempt, id)
	if !ok {
		return checkout.Attempt{}, checkout.Errorf(checkout.CodeNotFound, "no such payment")
	}
	return e.store.Attempt(ctx, aid)
}
