package store

import (
	"context"
	"time"

	"kassa/internal/checkout"
)

// Store keeps everything that must survive. Its guarantees:
//
//   - When Write returns nil, what its function wrote survives kill -9 and a power cut.
//   - A Write that returns an error has written nothing, with one exception: CodeUnavailable after a
//     failed commit may mean either; the idempotency key, or reading again, resolves it.
//   - Writes are serialised: a function sees everything that was acknowledged before it.
//   - Outside of Write, a read sees some state no older than the last acknowledged write.
//
// Errors are *checkout.Error: CodeNotFound for a missing row, CodeConflict for a lost compare-and-swap
// or a broken uniqueness, CodeUnavailable when the database cannot answer now (busy, full,
// read-only), CodeInternal for the rest.
type Store interface {
	Reader

	// Write runs fn in one transaction, together with those of other callers (group commit); each
	// caller succeeds or fails alone. fn must not do I/O, start goroutines with tx, or call Write.
	// ctx bounds the waiting for a place in a batch; once fn has begun, it is carried through.
	Write(ctx context.Context, fn func(tx Tx) error) error

	// Generation changes whenever merchants, keys, channels or endpoints may have changed, by this
	// process or by another one. Caches of those compare it, and live no longer than 5 s all the same.
	Generation() uint64

	// Ping reports whether reads and writes work; it writes nothing that stays.
	Ping(ctx context.Context) error

	// Close ends all work, flushes and releases the files.
	Close() error
}

// Reader is what can be read inside and outside of a transaction. Nothing it returns is shared:
// callers may change it.
type Reader interface {
	DeliveryReader

	Merchant(ctx context.Context, id checkout.ID) (checkout.Merchant, error)
	Merchants(ctx context.Context) ([]checkout.Merchant, error)
	// KeyByHash finds a key by the SHA-256 of its secret. Revoked keys are found too.
	KeyByHash(ctx context.Context, hash [32]byte) (checkout.Key, error)
	Channel(ctx context.Context, id checkout.ID) (checkout.Channel, error)
	// Channels lists a merchant's channels by priority, then by age.
	Channels(ctx context.Context, merchant checkout.ID) ([]checkout.Channel, error)

	Session(ctx context.Context, id checkout.ID) (checkout.Session, error)
	// Head is the little of a session that tells whether a rendered page is still true. It is the
	// one read of a page served from the cache.
	Head(ctx context.Context, id checkout.ID) (Head, error)
	// Sessions lists a merchant's sessions, newest first.
	Sessions(ctx context.Context, q SessionQuery) ([]checkout.Session, error)
	Attempt(ctx context.Context, id checkout.ID) (checkout.Attempt, error)
	// AttemptByToken finds an attempt by the unguessable part of its URLs.
	AttemptByToken(ctx context.Context, token string) (checkout.Attempt, error)
	// AttemptByPSPRef finds an attempt by the provider's reference within one channel.
	AttemptByPSPRef(ctx context.Context, channel checkout.ID, ref string) (checkout.Attempt, error)
	// Attempts lists a session's attempts, oldest first.
	Attempts(ctx context.Context, session checkout.ID) ([]checkout.Attempt, error)
	Refund(ctx context.Context, id checkout.ID) (checkout.Refund, error)
	// Refunds lists a session's refunds, oldest first.
	Refunds(ctx context.Context, session checkout.ID) ([]checkout.Refund, error)
	// Events lists a session's events in the order in which they were written.
	Events(ctx context.Context, session checkout.ID) ([]checkout.Event, error)
	// Answer finds what was stored under an idempotency key.
	Answer(ctx context.Context, key AnswerKey) (Answer, error)
}

// Tx is a transaction being written. It is dead when the function it was given to returns.
// Its reads see its own writes; their contexts are ignored.
type Tx interface {
	Reader
	DeliveryWriter

	InsertMerchant(m checkout.Merchant) error
	// UpdateMerchant stores m if the stored version is m.Version-1, else CodeConflict.
	UpdateMerchant(m checkout.Merchant) error
	InsertKey(k checkout.Key) error
	// RevokeKey sets the moment of revocation, once; a second call changes nothing.
	RevokeKey(id checkout.ID, at time.Time) error
	InsertChannel(c checkout.Channel) error
	// UpdateChannel stores c if the stored version is c.Version-1, else CodeConflict.
	UpdateChannel(c checkout.Channel) error

	// InsertSession stores a new session; its Version must be 1.
	InsertSession(s checkout.Session) error
	// UpdateSession stores s if the stored version is s.Version-1, else CodeConflict.
	UpdateSession(s checkout.Session) error
	// InsertAttempt stores a new attempt. CodeConflict when the session has another in flight, or
	// one from the same form version.
	InsertAttempt(a checkout.Attempt) error
	// UpdateAttempt stores a if the stored version is a.Version-1, else CodeConflict; also when
	// another attempt of the channel has the same PSPRef.
	UpdateAttempt(a checkout.Attempt) error
	InsertRefund(r checkout.Refund) error
	// UpdateRefund stores r if the stored version is r.Version-1, else CodeConflict.
	UpdateRefund(r checkout.Refund) error
	InsertEvent(e checkout.Event) error
	InsertMessage(m Message) error

	// ClaimAttempts takes up to limit attempts whose PollAt has come, and moves it by lease, so that
	// no other worker takes them before then. Versions do not change.
	ClaimAttempts(now time.Time, lease time.Duration, limit int) ([]checkout.Attempt, error)
	// ClaimRefunds does the same for refunds.
	ClaimRefunds(now time.Time, lease time.Duration, limit int) ([]checkout.Refund, error)
	// ClaimExpired takes up to limit sessions that are open, processing or authorized and whose
	// time is over, and hides them from other claims for lease.
	ClaimExpired(now time.Time, lease time.Duration, limit int) ([]checkout.Session, error)

	// PutAnswer inserts or replaces.
	PutAnswer(a Answer) error
	// DropAnswers forgets answers made before a moment and gives their number.
	DropAnswers(before time.Time) (int, error)
}

// Head is a session without its order.
type Head struct {
	Merchant  checkout.ID
	Version   int64
	State     checkout.SessionState
	ExpiresAt time.Time
	Locale    string // the language that the merchant forces, or empty
}

// StateAt is checkout.Session.StateAt.
func (h Head) StateAt(now time.Time) checkout.SessionState {
	s := checkout.Session{State: h.State, ExpiresAt: h.ExpiresAt}
	return s.StateAt(now)
}

// SessionQuery selects sessions of one merchant. Empty fields do not select.
type SessionQuery struct {
	Merchant checkout.ID // required
	States   []checkout.SessionState
	Currency checkout.Currency
	Email    string // exact, any case
	From, To time.Time
	Test     *bool
	After    checkout.ID // continue behind this one
	Limit    int         // 1 to 101: a page of 100, and one more that tells whether there is more
}

// AnswerKey names an idempotent call: the merchant, the call ("kaipay POST /v1/client-session") and
// the caller's key.
type AnswerKey struct {
	Merchant checkout.ID
	Call     string
	Key      string
}

// Answer is what an idempotent call said, or the lease of one that is still running.
type Answer struct {
	AnswerKey
	BodyHash   [32]byte
	Done       bool
	Status     int
	Body       []byte
	Ref        checkout.ID // the object that the call made, known before the call is done
	LeaseUntil time.Time   // not done: until then others are told to wait; after it they go on with Ref
	CreatedAt  time.Time
}

// Message is what a provider or a browser sent us, as it came.
type Message struct {
	ID       checkout.ID
	Channel  checkout.ID
	Attempt  checkout.ID // if known
	Source   string      // "notification" or "return"
	Verified bool
	Method   string
	Path     string
	Query    string
	Header   string // the headers as JSON
	Body     []byte
	At       time.Time
}
