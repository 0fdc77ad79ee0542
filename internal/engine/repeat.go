package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Repeat runs a call that is safe to run again, and stores its answer under the idempotency key; nil
// is a call without one. While it runs others with the key are told to wait; a call that fails, or whose
// process dies, leaves a key that can be used again with the same body. Errors: those of do,
// CodeInFlight, CodeKeyReused, CodeUnavailable.
func (e *Engine) Repeat(ctx context.Context, merchant checkout.ID, idem *Idempotency, do func() (status int, body []byte, err error)) (Reply, error) {
	if idem == nil {
		status, body, err := do()
		return Reply{Status: status, Body: body}, err
	}
	a := store.Answer{AnswerKey: store.AnswerKey{Merchant: merchant, Call: idem.Call, Key: idem.Key}, BodyHash: idem.BodyHash}
	var old *Reply
	err := e.write(ctx, func(tx store.Tx) (err error) {
		now := e.Now()
		var running store.Answer
		if old, running, err = e.former(ctx, tx, a.AnswerKey, a.BodyHash, now); err != nil || old != nil {
			return err
		}
		a.CreatedAt, a.LeaseUntil = now, now.Add(leaseLife)
		if !running.CreatedAt.IsZero() {
			a.CreatedAt = running.CreatedAt
		}
		return tx.PutAnswer(a)
	})
	if err != nil || old != nil {
		return valueOr(old), err
	}
	status, body, failed := do()
	if failed == nil {
		a.Done, a.Status, a.Body = true, status, body
	}
	a.LeaseUntil = time.Time{}
	err = e.write(ctx, func(tx store.Tx) error { return tx.PutAnswer(a) })
	if failed != nil {
		return Reply{}, failed
	}
	return Reply{Status: status, Body: body}, err
}

// former looks up what was answered under a key: the reply to repeat; or, with neither reply nor error, the row of a
// call that did not come to its end (empty for a new key), in whose place this one goes on.
func (e *Engine) former(ctx context.Context, tx store.Tx, key store.AnswerKey, hash [32]byte, now time.Time) (*Reply, store.Answer, error) {
	old, err := tx.Answer(ctx, key)
	switch {
	case checkout.CodeOf(err) == checkout.CodeNotFound:
		return nil, store.Answer{}, nil
	case err != nil:
		return nil, store.Answer{}, err
	case old.BodyHash != hash:
		return nil, store.Answer{}, errKeyReused
	case old.Done:
		return &Reply{Status: old.Status, Body: old.Body, Replayed: true}, old, nil
	case now.Before(old.LeaseUntil):
		return nil, store.Answer{}, &checkout.Error{Code: checkout.CodeInFlight, Safe: "a call with this Idempotency-Key is still running", RetryAfter: time.Second}
	}
	return nil, old, nil
}

func valueOr(r *Reply) Reply {
	if r == nil {
		return Reply{}
	}
	return *r
}
