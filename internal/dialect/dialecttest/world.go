package dialecttest

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
	"kassa/internal/psp"
	"kassa/internal/psp/sandbox"
	"kassa/internal/seal"
	"kassa/internal/store"
	"kassa/internal/store/sqlite"
)

// Start is when a World begins.
var Start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// World is one dialect over a real engine, with two merchants that know nothing of each other.
type World struct {
	Engine   *engine.Engine
	Store    store.Store
	Dialect  dialect.Dialect
	Handler  http.Handler
	Merchant checkout.Merchant // has a sandbox channel
	Other    checkout.Merchant

	Key, OtherKey string // test keys with all scopes
	clock         *clock
	bank          *sandbox.Bank
	kind          dialect.Kind
	numbers       atomic.Int64
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves time.
func (w *World) Advance(d time.Duration) {
	w.clock.mu.Lock()
	w.clock.now = w.clock.now.Add(d)
	w.clock.mu.Unlock()
	w.bank.Wake()
}

// NewWorld makes one. Equal runs give equal ids and times.
func NewWorld(tb testing.TB, kind dialect.Kind) *World {
	tb.Helper()
	ctx := context.Background()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	c := &clock{now: Start}
	links := checkout.NewLinks("https://kassa.test")
	box, err := seal.New(seal.NewKey())
	must(err)
	db, err := sqlite.Open(ctx, filepath.Join(tb.TempDir(), "kassa.db"), sqlite.Options{Migrate: true, Seal: box, Now: c.Now})
	must(err)
	bank := sandbox.New(sandbox.Options{Now: c.Now, BaseURL: links.Base})
	w := &World{Store: db, clock: c, bank: bank, kind: kind}
	w.Engine = engine.New(engine.Options{Store: db, PSPs: []psp.Kind{bank.Kind()}, Links: links, Now: c.Now, IDs: countedIDs()})
	tb.Cleanup(func() {
		w.Engine.Wait(ctx)
		must(bank.Close())
		must(db.Close())
	})
	w.Merchant, err = w.Engine.AddMerchant(ctx, checkout.Merchant{Name: "Tienda Luz", Country: "MX"})
	must(err)
	w.Other, err = w.Engine.AddMerchant(ctx, checkout.Merchant{Name: "Another shop"})
	must(err)
	_, err = w.Engine.AddChannel(ctx, checkout.Channel{Merchant: w.Merchant.ID, PSP: "sandbox", Test: true}, map[string]string{"webhook_secret": "whsec_exam"})
	must(err)
	w.Key = w.AddKey(tb, engine.NewKey{Merchant: w.Merchant.ID, Test: true, Secret: "sk_test_exam_key_of_the_first_shop"})
	w.OtherKey = w.AddKey(tb, engine.NewKey{Merchant: w.Other.ID, Test: true, Secret: "sk_test_exam_key_of_the_other_shop"})
	w.Dialect = kind.New(dialect.Deps{Engine: w.Engine, Links: links, Now: c.Now})
	w.Handler = w.Dialect.Handler()
	return w
}

// AddKey makes a key of this dialect, if no other is named, and gives its secret.
func (w *World) AddKey(tb testing.TB, k engine.NewKey) string {
	tb.Helper()
	if k.Dialect == "" {
		k.Dialect = w.kind.Name
	}
	_, secret, err := w.Engine.AddKey(context.Background(), k)
	if err != nil {
		tb.Fatal(err)
	}
	return secret.Reveal()
}

// Revoke ends a key.
func (w *World) Revoke(tb testing.TB, secret string) {
	tb.Helper()
	k, err := w.Store.KeyByHash(context.Background(), sha256.Sum256([]byte(secret)))
	if err == nil {
		err = w.Store.Write(context.Background(), func(tx store.Tx) error { return tx.RevokeKey(k.ID, w.clock.Now()) })
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// Pay starts an attempt at a session, as the shopper's page does.
func (w *World) Pay(tb testing.TB, session string, method checkout.Method) {
	tb.Helper()
	if _, err := w.Engine.StartAttempt(context.Background(), engine.StartAttempt{Session: session, Method: method, Locale: "en"}); err != nil {
		tb.Fatal(err)
	}
	w.Engine.Wait(context.Background())
}

var lower32 = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// countedIDs makes ids in the core's form, of the time and a number.
func countedIDs() checkout.IDs {
	var n atomic.Uint64
	return func(prefix string, now time.Time) checkout.ID {
		var b [22]byte
		ms := uint64(now.UnixMilli())
		for i := range 6 {
			b[i] = byte(ms >> (40 - 8*i))
		}
		c := n.Add(1)
		for i := range 8 {
			b[21-i] = byte(c >> (8 * i))
		}
		return checkout.ID(prefix + "_" + lower32.EncodeToString(b[:]))
	}
}
