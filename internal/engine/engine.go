package engine

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// Limits of time. A provider's call may last PSPTimeout; a shopper's request never waits longer than
// ShopperWait for it, and follows afterwards.
const (
	PSPTimeout  = 30 * time.Second
	ShopperWait = 8 * time.Second
	// DefaultLife is how long a session can be paid when its dialect sets no expiry.
	DefaultLife = 24 * time.Hour
	cacheLife   = 5 * time.Second
)

// Options is what an Engine is made of. Store, PSPs and Links are required.
type Options struct {
	Store  store.Store
	PSPs   []psp.Kind
	Links  checkout.Links
	Now    func() time.Time // default time.Now
	IDs    checkout.IDs     // default checkout.RandomID
	Log    *slog.Logger     // default: discard
	Client *http.Client     // for calls to providers
	// Deliver hears that deliveries have become due, after they were committed. It must return at once,
	// and may be called by many goroutines. It only hastens: a worker that is not told finds them by asking.
	Deliver func()
}

// Engine runs the use cases. Its methods are safe for many goroutines. Errors are *checkout.Error.
type Engine struct {
	store  store.Store
	kinds  map[string]psp.Kind
	links  checkout.Links
	now    func() time.Time
	ids    checkout.IDs
	log    *slog.Logger
	client *http.Client
	wake   func()

	merchants cache[checkout.ID, checkout.Merchant]
	channels  cache[checkout.ID, []checkout.Channel] // by merchant
	channel   cache[checkout.ID, checkout.Channel]
	keys      cache[[32]byte, checkout.Key]
	targets   cache[checkout.ID, []target] // by merchant
	opened    openedPSPs
	locks     keyedLocks
	watchers  watchers
	calls     inFlight // provider calls that outlive the request that began them
}

// New makes an Engine. It starts nothing; Run does.
func New(o Options) *Engine {
	e := &Engine{store: o.Store, links: o.Links, now: o.Now, ids: o.IDs, log: o.Log, client: o.Client, wake: o.Deliver, kinds: map[string]psp.Kind{}}
	if e.now == nil {
		e.now = time.Now
	}
	if e.ids == nil {
		e.ids = checkout.RandomID
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.client == nil {
		e.client = &http.Client{Timeout: PSPTimeout}
	}
	if e.wake == nil {
		e.wake = func() {}
	}
	for _, k := range o.PSPs {
		e.kinds[k.Name] = k
	}
	for _, c := range []interface{ init(*Engine) }{&e.merchants, &e.channels, &e.channel, &e.keys, &e.targets} {
		c.init(e)
	}
	return e
}

// Now is the engine's clock in UTC, in the microseconds that the store keeps.
func (e *Engine) Now() time.Time { return e.now().UTC().Truncate(time.Microsecond) }

// Wait returns when no provider call that began in a request is under way any more, or ctx ends.
func (e *Engine) Wait(ctx context.Context) { e.calls.wait(ctx) }

// Ping reports whether the store works.
func (e *Engine) Ping(ctx context.Context) error { return e.store.Ping(ctx) }

// Merchant gives a merchant; it may be 5 s old.
func (e *Engine) Merchant(ctx context.Context, id checkout.ID) (checkout.Merchant, error) {
	return e.merchants.get(id, func() (checkout.Merchant, error) { return e.store.Merchant(ctx, id) })
}

func (e *Engine) channelsOf(ctx context.Context, merchant checkout.ID) ([]checkout.Channel, error) {
	return e.channels.get(merchant, func() ([]checkout.Channel, error) { return e.store.Channels(ctx, merchant) })
}

func (e *Engine) channelByID(ctx context.Context, id checkout.ID) (checkout.Channel, error) {
	return e.channel.get(id, func() (checkout.Channel, error) { return e.store.Channel(ctx, id) })
}

// write runs fn in a transaction that the end of the caller's connection cannot stop; the store bounds
// the wait for it. Afterwards it wakes whoever sends what has become due.
func (e *Engine) write(ctx context.Context, fn func(tx store.Tx) error) error {
	var due bool
	err := e.store.Write(context.WithoutCancel(ctx), func(tx store.Tx) error {
		o := outbox{Tx: tx}
		err := fn(&o)
		due = o.due
		return err
	})
	if err == nil && due {
		e.wake()
	}
	return err
}

// put stores what a change decided: session, attempt and facts, in one transaction, and what follows
// from it (money to give back, an authorization to release). isNew says that the attempt has no row yet.
// It gives the change as stored.
func (e *Engine) put(tx store.Tx, c checkout.Change, isNew bool, now time.Time) (checkout.Change, error) {
	if !c.Changed {
		return c, nil
	}
	if c.Attempt.ID != "" {
		if a := &c.Attempt; a.Action.Kind.CanWait() && c.Session.Active == a.ID && a.Action.ExpiresAt.After(c.Session.ExpiresAt) {
			c.Session.ExpiresAt = a.Action.ExpiresAt // who holds a voucher may pay as long as it lasts
		}
		if c.GiveBack {
			if err := e.giveBack(tx, &c, now); err != nil {
				return c, err
			}
		}
		if c.Void {
			c.Attempt.PollAt = now // the poller releases it
		}
		c.Attempt.Version++
		var err error
		if isNew {
			err = tx.InsertAttempt(c.Attempt)
		} else {
			err = tx.UpdateAttempt(c.Attempt)
		}
		if err != nil {
			return c, err
		}
	}
	if c.Displaced != "" {
		other, err := tx.Attempt(context.Background(), c.Displaced)
		if err != nil {
			return c, err
		}
		other.Superseded = true
		other.PollAt = now // the poller ends it at its provider
		other.UpdatedAt = now
		other.Version++
		if err := tx.UpdateAttempt(other); err != nil {
			return c, err
		}
		c.Facts = append(c.Facts, checkout.Fact{Kind: checkout.EventAttemptSuperseded, Attempt: other.ID})
	}
	return c, e.putSession(tx, &c.Session, c.Facts, now)
}

// putSession stores a changed session under its next version, with the facts that led there.
func (e *Engine) putSession(tx store.Tx, s *checkout.Session, facts []checkout.Fact, now time.Time) error {
	s.Version++
	s.UpdatedAt = now
	if err := tx.UpdateSession(*s); err != nil {
		return err
	}
	return e.putFacts(tx, s, facts, now)
}

func (e *Engine) putFacts(tx store.Tx, s *checkout.Session, facts []checkout.Fact, now time.Time) error {
	for _, f := range facts {
		if f.Kind == checkout.EventNone {
			continue
		}
		ev := checkout.Event{ID: e.ids(checkout.PrefixEvent, now), Merchant: s.Merchant, Session: s.ID, Attempt: f.Attempt,
			Refund: f.Refund, Kind: f.Kind, Version: s.Version, State: s.State, Detail: f.Detail, At: now}
		if err := tx.InsertEvent(ev); err != nil {
			return err
		}
		if f.Kind.Told() {
			if err := e.tell(tx, s, &ev); err != nil {
				return err
			}
		}
	}
	return nil
}

// cache keeps values for 5 s, or until the store says that they may have changed. It holds at most
// 4,096 values; when full it starts again.
type cache[K comparable, V any] struct {
	e   *Engine
	mu  sync.RWMutex
	gen uint64
	m   map[K]cached[V]
}

type cached[V any] struct {
	v     V
	until time.Time
}

func (c *cache[K, V]) init(e *Engine) { c.e = e; c.m = map[K]cached[V]{} }

// get gives the cached value or loads it; errors are not cached. Callers must not change what they get.
func (c *cache[K, V]) get(k K, load func() (V, error)) (V, error) {
	gen := c.e.store.Generation()
	wall := time.Now() // lifetimes follow the machine, whatever the engine's clock says
	c.mu.RLock()
	hit, ok := c.m[k]
	ok = ok && c.gen == gen && wall.Before(hit.until)
	c.mu.RUnlock()
	if ok {
		return hit.v, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != gen || len(c.m) >= 4096 {
		clear(c.m)
		c.gen = gen
	}
	c.m[k] = cached[V]{v, wall.Add(cacheLife)}
	return v, nil
}

// keyedLocks gives one mutex a name, so that return, notification and poller do not capture or refund
// the same attempt at once in this process. Between processes the adapters' own idempotency holds.
type keyedLocks struct {
	mu sync.Mutex
	m  map[checkout.ID]*keyedLock
}

type keyedLock struct {
	mu   chan struct{}
	uses int
}

// lock waits for the name or for ctx; the function it gives unlocks.
func (k *keyedLocks) lock(ctx context.Context, id checkout.ID) (func(), error) {
	k.mu.Lock()
	if k.m == nil {
		k.m = map[checkout.ID]*keyedLock{}
	}
	l := k.m[id]
	if l == nil {
		l = &keyedLock{mu: make(chan struct{}, 1)}
		k.m[id] = l
	}
	l.uses++
	k.mu.Unlock()
	leave := func() {
		k.mu.Lock()
		if l.uses--; l.uses == 0 {
			delete(k.m, id)
		}
		k.mu.Unlock()
	}
	select {
	case l.mu <- struct{}{}:
		return func() { <-l.mu; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, checkout.Wrap(checkout.CodeUnavailable, "busy, please try again", ctx.Err())
	}
}

func containsMethod(list []checkout.Method, m checkout.Method) bool {
	return len(list) == 0 || slices.Contains(list, m)
}
