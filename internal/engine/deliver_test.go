package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/store"
	"kassa/internal/store/sqlite"
)

// endpoint adds one for the rig's merchant.
func (r *rig) endpoint(dialect string) checkout.Endpoint {
	r.t.Helper()
	p, err := r.AddEndpoint(r.ctx, checkout.Endpoint{Merchant: r.merchant.ID, Dialect: dialect, URL: "https://shop.example/hook"}, false)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) deliveries(q engine.DeliveryQuery) []checkout.Delivery {
	r.t.Helper()
	q.Limit = 1000
	if q.Merchant == "" {
		q.Merchant = r.merchant.ID
	}
	list, err := r.Deliveries(r.ctx, q)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// told compares the session's deliveries with its events: each that is told has exactly one for each
// of the endpoints, as it must be before anybody has tried to send it, and nothing else has any.
func (r *rig) told(session checkout.ID, endpoints ...checkout.Endpoint) {
	r.t.Helper()
	events, err := r.Events(r.ctx, session)
	if err != nil {
		r.t.Fatal(err)
	}
	var want, got []string
	for _, ev := range events {
		for _, p := range endpoints {
			if ev.Kind.Told() {
				d := checkout.Delivery{Endpoint: p.ID, Merchant: r.merchant.ID, Session: session, Event: ev.ID, Kind: ev.Kind, Version: 1,
					State: checkout.DeliveryPending, NextAt: ev.At, CreatedAt: ev.At}
				want = append(want, fmt.Sprintf("%+v", d))
			}
		}
	}
	for _, d := range r.deliveries(engine.DeliveryQuery{Session: session}) {
		if _, ok := checkout.ParseID(checkout.PrefixDelivery, string(d.ID)); !ok {
			r.t.Errorf("the delivery's id is %q", d.ID)
		}
		d.ID = ""
		got = append(got, fmt.Sprintf("%+v", d))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) || (len(want) == 0 && len(endpoints) > 0) {
		r.t.Errorf("session %s: deliveries\n%s\nwant\n%s", session, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Whatever becomes of a session, each event that merchants hear of is on its way to each endpoint that
// listens to the session's dialect: once, and to nobody else.
func TestEveryEventIsOnItsWay(t *testing.T) {
	var woken atomic.Int32
	r := newRig(t, func(o *engine.Options) { o.Deliver = func() { woken.Add(1) } })
	all, kaipay := r.endpoint(""), r.endpoint("kaipay")
	r.endpoint("kupay")
	off := r.endpoint("")
	if _, err := r.SetEndpointEnabled(r.ctx, r.merchant.ID, off.ID, false); err != nil {
		t.Fatal(err)
	}
	other, err := r.AddMerchant(r.ctx, checkout.Merchant{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddEndpoint(r.ctx, checkout.Endpoint{Merchant: other.ID, URL: "https://other.example/"}, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		run  func(s checkout.Session)
		want checkout.EventKind
	}{
		{"instant", func(s checkout.Session) { r.pay(s.ID, "card") }, checkout.EventSessionPaid},
		{"", func(s checkout.Session) {
			a := r.pay(s.ID, "card")
			r.decide(a, "insufficient_funds")
			r.comeBack(a)
		}, checkout.EventSessionReopened},
		{"", func(s checkout.Session) {
			if err := r.Cancel(r.ctx, s.ID, "merchant"); err != nil {
				t.Fatal(err)
			}
		}, checkout.EventSessionCanceled},
		{"instant", func(s checkout.Session) {
			r.pay(s.ID, "card")
			if _, err := r.refund(s.ID, 1000, ""); err != nil {
				t.Fatal(err)
			}
		}, checkout.EventSessionPartRefunded},
		{"", func(checkout.Session) { r.later(engine.DefaultLife + time.Minute) }, checkout.EventSessionExpired},
	} {
		s := r.open(c.name)
		before := woken.Load()
		r.told(s.ID) // a new session is nothing to tell
		c.run(s)
		if kinds := r.kinds(s.ID); !strings.Contains(kinds, string(c.want)) {
			t.Fatalf("no %s in %s", c.want, kinds)
		}
		r.told(s.ID, all, kaipay)
		if woken.Load() == before {
			t.Errorf("%s: nobody was woken", c.want)
		}
	}
	if list := r.deliveries(engine.DeliveryQuery{Merchant: other.ID}); len(list) != 0 {
		t.Errorf("another merchant hears of %+v", list)
	}
}

// A merchant without endpoints has no rows, and wakes nobody; one that is added, by this process or by
// another, hears of what happens from then on, and one that is switched off does not.
func TestEndpointsComeAndGo(t *testing.T) {
	var woken atomic.Int32
	r := newRig(t, func(o *engine.Options) { o.Deliver = func() { woken.Add(1) } })
	paid := func(endpoints ...checkout.Endpoint) {
		t.Helper()
		s := r.open("instant")
		r.pay(s.ID, "card")
		r.want(s.ID, checkout.SessionPaid)
		r.told(s.ID, endpoints...)
	}
	paid()
	paid()
	if n := woken.Load(); n != 0 {
		t.Errorf("woken %d times for nothing", n)
	}
	mine := r.endpoint("")
	paid(mine)
	second, err := sqlite.Open(r.ctx, r.path, sqlite.Options{Seal: r.box})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	command := engine.New(engine.Options{Store: second, Links: checkout.NewLinks("http://x"), Now: r.clock.Now})
	theirs, err := command.AddEndpoint(r.ctx, checkout.Endpoint{Merchant: r.merchant.ID, URL: "https://shop.example/2"}, false)
	if err != nil {
		t.Fatal(err)
	}
	paid(mine, theirs)
	if _, err := command.SetEndpointEnabled(r.ctx, r.merchant.ID, mine.ID, false); err != nil {
		t.Fatal(err)
	}
	paid(theirs)
}

// faulty is a store whose deliveries cannot be written while broken is set.
type faulty struct {
	store.Store
	broken *atomic.Bool
}

type faultyTx struct {
	store.Tx
	broken *atomic.Bool
}

func (f faulty) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	return f.Store.Write(ctx, func(tx store.Tx) error { return fn(faultyTx{tx, f.broken}) })
}

func (f faultyTx) InsertDelivery(d checkout.Delivery) error {
	if f.broken.Load() {
		return checkout.Wrap(checkout.CodeUnavailable, "broken", errors.New("test"))
	}
	return f.Tx.InsertDelivery(d)
}

// The event, what it is about and its deliveries are one transaction: when the outbox cannot be
// written, the payment is not recorded either, and is when it can be again.
func TestToldInTheSameTransaction(t *testing.T) {
	var woken atomic.Int32
	var broken atomic.Bool
	r := newRig(t, func(o *engine.Options) {
		o.Deliver = func() { woken.Add(1) }
		o.Store = faulty{o.Store, &broken}
	})
	p := r.endpoint("")
	s := r.open("")
	a := r.pay(s.ID, "card")
	broken.Store(true)
	r.decide(a, "approve")
	_, _ = r.Returned(r.ctx, string(a.ID), engine.Message{Method: "GET"})
	r.want(s.ID, checkout.SessionProcessing)
	if kinds := r.kinds(s.ID); strings.Contains(kinds, "paid") || strings.Contains(kinds, "succeeded") {
		t.Errorf("half of it was written: %s", kinds)
	}
	if list := r.deliveries(engine.DeliveryQuery{}); len(list) != 0 || woken.Load() != 0 {
		t.Errorf("deliveries %+v, woken %d times", list, woken.Load())
	}
	broken.Store(false)
	r.later(time.Hour)
	r.want(s.ID, checkout.SessionPaid)
	r.told(s.ID, p)
	if woken.Load() == 0 {
		t.Error("nobody was woken")
	}
}

// Recorded is not delivered: a process that ends after the commit and before anything is sent leaves
// the delivery pending, and the next one finds it by asking.
func TestRecordedIsNotDelivered(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "crashed.db")
	var once sync.Once
	var path string
	crash := func() {
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + suffix) //nolint:gosec // a test's own file
			if err == nil {
				err = os.WriteFile(copied+suffix, b, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	r := newRig(t, func(o *engine.Options) { o.Deliver = func() { once.Do(crash) } })
	path = r.path
	p := r.endpoint("")
	s := r.open("instant")
	r.pay(s.ID, "card")

	after, err := sqlite.Open(r.ctx, copied, sqlite.Options{Seal: r.box})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = after.Close() }()
	if got, err := after.Session(r.ctx, s.ID); err != nil || got.State != checkout.SessionPaid {
		t.Fatalf("the session is %s: %v", got.State, err)
	}
	var claimed []checkout.Delivery
	err = after.Write(r.ctx, func(tx store.Tx) (err error) {
		claimed, err = tx.ClaimDeliveries(r.Now(), time.Minute, 10, 10)
		return err
	})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %+v: %v", claimed, err)
	}
	if d := claimed[0]; d.State != checkout.DeliveryPending || d.Kind != checkout.EventSessionPaid || d.Endpoint != p.ID || d.Session != s.ID || d.Tries != 0 {
		t.Errorf("claimed %+v", d)
	}
}

// BenchmarkPay is a payment that the sandbox approves at once, by many shoppers at a time.
func BenchmarkPay(b *testing.B) {
	for _, endpoints := range []int{0, 1, 3} {
		b.Run(fmt.Sprint("endpoints=", endpoints), func(b *testing.B) {
			r := newRig(b)
			for range endpoints {
				r.endpoint("")
			}
			sessions := make([]checkout.Session, b.N)
			for i := range sessions {
				sessions[i] = r.open("instant")
			}
			var next atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					s := sessions[next.Add(1)-1]
					if _, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(s.ID), FormVersion: s.Version, Method: "card"}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			if n := len(r.deliveries(engine.DeliveryQuery{})); n != min(1000, b.N*endpoints) {
				b.Errorf("%d payments made %d deliveries", b.N, n)
			}
		})
	}
}
