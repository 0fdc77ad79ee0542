package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Idempotency is what makes a call repeatable. Call names it ("kaipay POST /v1/client-session"); Key
// is the caller's own word, at most 255 characters; BodyHash is the SHA-256 of what was sent.
type Idempotency struct {
	Call     string
	Key      string
	BodyHash [32]byte
}

// answersKept is how long an answer is kept. 24 h are promised.
const answersKept = 7 * 24 * time.Hour

// Reply is the answer of an idempotent call, ready to send.
type Reply struct {
	Status   int
	Body     []byte
	Replayed bool // it is a former call's answer
}

// Render writes a dialect's answer about a session. It must be pure and quick: it runs inside the
// transaction that makes the session.
type Render func(checkout.Session) (status int, body []byte, err error)

// CreateSession is the merchant's order. The dialect has filled and checked the session's Merchant,
// Dialect, Test, Amount, Order, Customer, URLs, Metadata, Locale, Methods, Channel, DialectData and perhaps
// ExpiresAt; the rest is set here. The session and, with an idempotency key, the answer are one transaction, so no key is ever stuck. Errors: CodeInvalid, CodeKeyReused, CodeUnavailable.
func (e *Engine) CreateSession(ctx context.Context, s checkout.Session, idem *Idempotency, render Render) (Reply, error) {
	now := e.Now()
	if !s.Amount.IsPositive() {
		return Reply{}, checkout.Invalid("amount", "must be positive")
	}
	if s.ExpiresAt.IsZero() {
		s.ExpiresAt = now.Add(DefaultLife)
	}
	s.ID = e.ids(checkout.PrefixSession, now)
	s.Version, s.State = 1, checkout.SessionOpen
	s.CreatedAt, s.UpdatedAt = now, now
	var reply Reply
	err := e.write(ctx, func(tx store.Tx) error {
		var key store.AnswerKey
		if idem != nil {
			key = store.AnswerKey{Merchant: s.Merchant, Call: idem.Call, Key: idem.Key}
			done, _, err := e.former(ctx, tx, key, idem.BodyHash, now)
			if err != nil || done != nil {
				reply = valueOr(done)
				return err
			}
		}
		status, body, err := render(s)
		if err != nil {
			return err
		}
		reply = Reply{Status: status, Body: body}
		if err := tx.InsertSession(s); err != nil {
			return err
		}
		if idem == nil {
			return nil
		}
		return tx.PutAnswer(store.Answer{AnswerKey: key, BodyHash: idem.BodyHash, Done: true, Status: status, Body: body, Ref: s.ID, CreatedAt: now})
	})
	if err != nil {
		return Reply{}, err
	}
	return reply, nil
}

var errKeyReused = checkout.Errorf(checkout.CodeKeyReused, "this Idempotency-Key was used before with another body")
