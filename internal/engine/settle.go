package engine

import (
	"context"
	"errors"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// settle applies what a provider said about an attempt: attempt, session, events and follow-ups in one
// transaction, decided by checkout.Settle on the stored values.
func (e *Engine) settle(ctx context.Context, id checkout.ID, snap psp.Snapshot) error {
	var session checkout.ID
	var changed bool
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
		c := checkout.Settle(s, a, snap.Observation, now)
		next := e.nextPoll(&c.Attempt, snap, now)
		if !c.Changed {
			changed = false
			if next.Equal(a.PollAt) {
				return nil
			}
			a.PollAt, a.Polls = next, a.Polls+1
			a.Version++
			return tx.UpdateAttempt(a)
		}
		changed = true
		c.Attempt.PollAt = next
		c.Attempt.Polls++
		if c.Attempt.State != a.State {
			c.Attempt.Polls = 0
		}
		_, err = e.put(tx, c, false, now)
		return err
	})
	if err == nil && changed {
		e.changed(session)
	}
	return err
}

// pollSoon makes the poller ask about an attempt after a delay.
func (e *Engine) pollSoon(ctx context.Context, id checkout.ID, after time.Duration) error {
	return e.write(ctx, func(tx store.Tx) error {
		a, err := tx.Attempt(ctx, id)
		if err != nil || a.State.Final() {
			return err
		}
		a.PollAt = e.Now().Add(after)
		a.Version++
		return tx.UpdateAttempt(a)
	})
}

// nextPoll is when to ask about an attempt again; zero when it is final. The provider's own plan
// counts first; otherwise it depends on what the shopper has to do, and grows.
func (e *Engine) nextPoll(a *checkout.Attempt, snap psp.Snapshot, now time.Time) time.Time {
	if a.State.Final() {
		return time.Time{}
	}
	if snap.NextPoll > 0 {
		return now.Add(snap.NextPoll)
	}
	var plan []time.Duration
	switch {
	case a.State == checkout.AttemptAuthorized:
		plan = []time.Duration{time.Hour}
	case a.State == checkout.AttemptStarting:
		plan = []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	case a.Action.Kind.CanWait():
		plan = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	case a.Action.Kind == checkout.ActionConfirmOnPhone || a.State == checkout.AttemptProcessing:
		plan = []time.Duration{3 * time.Second, 5 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}
	default:
		plan = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	return now.Add(plan[min(a.Polls, len(plan)-1)])
}

func declineOf(err error) checkout.Decline {
	var e *psp.Error
	if errors.As(err, &e) {
		if e.Decline != checkout.DeclineNone && e.Decline.Known() {
			return e.Decline
		}
		if e.Certainty == psp.Rejected {
			return checkout.DeclineRejected
		}
	}
	return checkout.DeclineUnavailable
}

func codeOf(err error) string {
	var e *psp.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
