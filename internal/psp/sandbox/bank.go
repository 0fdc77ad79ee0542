package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"kassa/internal/checkout"
)

// Options are what a Bank needs. The zero value is a bank in memory, in real time, without an address.
type Options struct {
	// JournalPath is the ledger's file; empty: in memory only.
	JournalPath string
	// Clock, if given, is the bank's time, and opens what only a test may touch: POST /sandbox/clock,
	// GET /sandbox/ledger, and the list of payments on the bank's front page.
	Clock *Clock
	// Now is the bank's time where no Clock is given; nil: the real time.
	Now func() time.Time
	// Token makes the random part of a payment's id; nil: checkout.RandomToken. Everything else that has an
	// id follows from it, so that with a seeded Token and a clock of the caller's own the same calls make
	// the same journal, byte for byte. Only the order of what notifications leave in it depends on the network.
	Token func() string
	// BaseURL gives the public address without a final slash; the bank's pages are below /sandbox/.
	BaseURL func() string
	// Client sends the notifications; nil: one that waits 5 s.
	Client *http.Client
	Log    *slog.Logger
}

// Bank is the pretend provider: its ledger, its pages and its notifications. Nothing is read, opened
// or started before the first payment or page.
type Bank struct {
	opts  Options
	now   func() time.Time
	log   *slog.Logger
	token func() string
	table *table
	pages func() *pages

	mu      sync.Mutex
	ready   bool
	closed  bool
	journal *journal
	byID    map[string]*Payment // values are never changed, only replaced
	byRef   map[refKey]string
	byOffer map[string]string
	secrets map[checkout.ID]string // by account; never written down
	// busyUntil is by session (StartTooMany); a bank that starts anew has forgotten it.
	busyUntil map[checkout.ID]time.Time

	sender *sender
}

type refKey struct{ account, reference checkout.ID }

// New makes a bank. Close it when done.
func New(o Options) *Bank {
	b := &Bank{opts: o, now: o.Now, log: o.Log, table: newTable(), byID: map[string]*Payment{}, byRef: map[refKey]string{},
		byOffer: map[string]string{}, secrets: map[checkout.ID]string{}, busyUntil: map[checkout.ID]time.Time{}, token: o.Token}
	switch {
	case o.Clock != nil:
		b.now = o.Clock.Now
		o.Clock.OnAdvance(b.Wake)
	case b.now == nil:
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if b.token == nil {
		b.token = checkout.RandomToken
	}
	b.pages = sync.OnceValue(loadPages)
	b.sender = newSender(b, o.Client)
	return b
}

// Wake makes the bank look at its clock again. Advance does it by itself; a test whose own Now jumps
// calls it.
func (b *Bank) Wake() { b.sender.clockMoved() }

// Close stops the notifications and closes the ledger. What was not delivered is tried again when
// the same journal is opened.
func (b *Bank) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.sender.stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.journal == nil {
		return nil
	}
	err := b.journal.close()
	b.journal = nil
	return err
}

// url makes an address below /sandbox/.
func (b *Bank) url(path string) string { return b.base() + "/sandbox/" + path }

func (b *Bank) base() string {
	if b.opts.BaseURL == nil {
		return ""
	}
	return strings.TrimRight(b.opts.BaseURL(), "/")
}

// origin is the scheme and host of the bank's address.
func (b *Bank) origin() string {
	u, err := url.Parse(b.base())
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// register tells the bank an account's secret, with which it signs what it sends to that account.
func (b *Bank) register(account checkout.ID, secret string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.secrets[account] = secret
}

func (b *Bank) secret(account checkout.ID) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.secrets[account]
}

// The ways in which the bank refuses its clients.
var (
	errBusy     = errors.New("sandbox: the bank is busy")
	errLost     = errors.New("sandbox: the answer was lost")
	errServer   = errors.New("sandbox: error 500")
	errTooMany  = errors.New("sandbox: error 429: too many requests")
	errNotFound = errors.New("sandbox: no such payment")
	errClosed   = errors.New("sandbox: the bank is closed")
)

// refusal is a request that the bank will not carry out; the code says why.
type refusal string

func (r refusal) Error() string { return "sandbox: refused: " + string(r) }

const (
	refusedScenario refusal = "request_refused"
	refusedAmount   refusal = "amount_invalid"
	refusedPhone    refusal = "phone_missing"
	refusedReused   refusal = "reference_reused"
	refusedNotHeld  refusal = "not_authorised"
	refusedNotPaid  refusal = "not_paid"
	refusedTooMuch  refusal = "refund_too_large"
	refusedCurrency refusal = "currency_differs"
	refusedForeign  refusal = "reference_differs"
)

// open reads the journal, once. The caller holds mu.
func (b *Bank) open() error {
	if b.closed {
		return errClosed
	}
	if b.ready {
		return nil
	}
	if b.opts.JournalPath != "" {
		j, err := openJournal(b.opts.JournalPath, b.index)
		if err != nil {
			clear(b.byID)
			return err
		}
		b.journal = j
		for _, p := range b.byID {
			b.sender.plan(p)
		}
	}
	b.ready = true
	return nil
}

func (b *Bank) index(p *Payment) {
	b.byID[p.ID] = p
	b.byRef[refKey{p.Account, p.Reference}] = p.ID
	if p.Offer != "" {
		b.byOffer[p.Offer] = p.ID
	}
}

// put makes a payment durable and visible, in this order. The caller holds mu.
func (b *Bank) put(p *Payment) error {
	if b.journal != nil {
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := b.journal.write(append(line, '\n')); err != nil {
			return err
		}
	}
	b.index(p)
	b.sender.plan(p)
	return nil
}

// change gives f a copy of a payment and keeps what it made of it. When f reports false, or fails,
// nothing is kept.
func (b *Bank) change(id string, f func(p *Payment, now time.Time) (bool, error)) (*Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.open(); err != nil {
		return nil, err
	}
	old := b.byID[id]
	if old == nil {
		return nil, errNotFound
	}
	p := old.clone()
	keep, err := f(p, b.now())
	if err != nil || !keep {
		return old, err
	}
	if err := b.put(p); err != nil {
		return old, err
	}
	return p, nil
}

// payment finds a payment by the bank's id.
func (b *Bank) payment(id string) (*Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.open(); err != nil {
		return nil, err
	}
	if p := b.byID[id]; p != nil {
		return p, nil
	}
	return nil, errNotFound
}

// ask answers an account about a payment, by the bank's id or, where that is not known, by the
// account's own reference. It answers badly where the scenario says so.
func (b *Bank) ask(ctx context.Context, account checkout.ID, id string, reference checkout.ID) (*Payment, error) {
	p, err := b.look(ctx, account, id, reference)
	if err != nil {
		return nil, err
	}
	s, now := b.table.byName[p.Scenario], b.now()
	if s == nil || !now.Before(p.SilentUntil) || p.open(now) {
		return p, nil
	}
	switch s.Trouble {
	case AnswersError:
		return nil, errServer
	case AnswersBusy:
		return nil, errTooMany
	case AnswersSlow:
		if b.sleep(ctx, slowAnswer) != nil {
			return nil, errLost
		}
		return b.look(ctx, account, id, reference)
	}
	return nil, errLost
}

func (b *Bank) look(ctx context.Context, account checkout.ID, id string, reference checkout.ID) (*Payment, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.open(); err != nil {
		return nil, err
	}
	if id == "" {
		id = b.byRef[refKey{account, reference}]
	}
	p := b.byID[id]
	if p == nil || p.Account != account {
		return nil, errNotFound
	}
	return p, nil
}
