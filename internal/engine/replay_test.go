package engine_test

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/store"
)

// finish stores what a worker would: the delivery's bytes and how it ended.
func (r *rig) finish(d checkout.Delivery, state checkout.DeliveryState) checkout.Delivery {
	r.t.Helper()
	d.State, d.Body, d.ContentType = state, []byte("{ \"a\": 1.50 }\n"), "application/json"
	d.Tries, d.Status, d.Reason, d.NextAt, d.DoneAt = 10, 503, "status", time.Time{}, r.Now()
	if state == checkout.DeliveryPending {
		d.NextAt, d.DoneAt = r.Now().Add(24*time.Hour), time.Time{}
	}
	d.Version++
	if err := r.store.Write(r.ctx, func(tx store.Tx) error { return tx.UpdateDelivery(d) }); err != nil {
		r.t.Fatal(err)
	}
	return d
}

func TestReplay(t *testing.T) {
	var woken atomic.Int32
	var clock still
	r := newRig(t, clock.use, func(o *engine.Options) { o.Deliver = func() { woken.Add(1) } })
	p := r.endpoint("")
	for _, state := range checkout.DeliveryStates() {
		s := r.open("instant")
		r.pay(s.ID, "card")
		d := r.finish(r.deliveries(engine.DeliveryQuery{Session: s.ID})[0], state)
		clock.advance(time.Hour)
		before := woken.Load()
		got, err := r.Replay(r.ctx, r.merchant.ID, d.ID)
		if state == checkout.DeliverySkipped {
			if checkout.CodeOf(err) != checkout.CodeConflict || woken.Load() != before {
				t.Errorf("one that is not told was replayed: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if woken.Load() == before {
			t.Errorf("%s: nobody was woken", state)
		}
		want := d
		want.State, want.NextAt, want.DoneAt, want.Version = checkout.DeliveryPending, r.Now(), time.Time{}, d.Version+1
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: replayed as\n%+v, want\n%+v", state, got, want)
		}
		stored, _, err := r.Delivery(r.ctx, r.merchant.ID, d.ID)
		if err != nil || !reflect.DeepEqual(stored, want) {
			t.Errorf("%s: stored as\n%+v, want\n%+v: %v", state, stored, want, err)
		}
		// A worker that had taken it before cannot end it any more.
		late := d
		late.State, late.Version = checkout.DeliveryParked, d.Version+1
		if err := r.store.Write(r.ctx, func(tx store.Tx) error { return tx.UpdateDelivery(late) }); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Errorf("%s: an old worker's result: %v", state, err)
		}
		if _, err := r.SetEndpointEnabled(r.ctx, r.merchant.ID, p.ID, false); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Replay(r.ctx, r.merchant.ID, d.ID); checkout.CodeOf(err) != checkout.CodeConflict {
			t.Errorf("%s: replayed to a disabled endpoint: %v", state, err)
		}
		if _, err := r.SetEndpointEnabled(r.ctx, r.merchant.ID, p.ID, true); err != nil {
			t.Fatal(err)
		}
	}
}

// many stores n deliveries that were delivered, a second apart, and gives the moment of the first.
func (r *rig) many(p checkout.Endpoint, n int) (first time.Time) {
	r.t.Helper()
	s := r.open("")
	first = r.Now()
	err := r.store.Write(r.ctx, func(tx store.Tx) error {
		for i := range n {
			at := first.Add(time.Duration(i) * time.Second)
			ev := checkout.Event{ID: checkout.RandomID(checkout.PrefixEvent, at), Merchant: r.merchant.ID, Session: s.ID, Kind: checkout.EventSessionPaid, Version: 1, State: s.State, At: at}
			if err := tx.InsertEvent(ev); err != nil {
				return err
			}
			err := tx.InsertDelivery(checkout.Delivery{ID: checkout.RandomID(checkout.PrefixDelivery, at), Endpoint: p.ID, Merchant: r.merchant.ID, Session: s.ID, Event: ev.ID,
				Kind: ev.Kind, Version: 1, State: checkout.DeliveryDelivered, Body: []byte(fmt.Sprint(i)), Tries: 1, Status: 200, CreatedAt: at, DoneAt: at})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return first
}

func TestReplayRange(t *testing.T) {
	var woken atomic.Int32
	var clock still
	r := newRig(t, clock.use, func(o *engine.Options) { o.Deliver = func() { woken.Add(1) } })
	a, b := r.endpoint(""), r.endpoint("")
	const n = 230
	first := r.many(a, n)
	r.many(b, n)
	off := r.endpoint("")
	r.many(off, 3)
	if _, err := r.SetEndpointEnabled(r.ctx, r.merchant.ID, off.ID, false); err != nil {
		t.Fatal(err)
	}
	waits, skipped := r.deliveries(engine.DeliveryQuery{Endpoint: a.ID})[n-30], r.deliveries(engine.DeliveryQuery{Endpoint: a.ID})[n-31]
	r.finish(waits, checkout.DeliveryPending)
	r.finish(skipped, checkout.DeliverySkipped)
	clock.advance(12 * time.Hour)
	at := func(i int) time.Time { return first.Add(time.Duration(i) * time.Second) }
	pending := func(p checkout.Endpoint) int {
		list := r.deliveries(engine.DeliveryQuery{Endpoint: p.ID, States: []checkout.DeliveryState{checkout.DeliveryPending}})
		due := 0
		for _, d := range list {
			if d.NextAt.Equal(r.Now()) {
				due++
			}
		}
		return due
	}
	for _, c := range []struct {
		from, to time.Time
		endpoint checkout.ID
		want     int
		a, b     int // due afterwards
	}{
		{at(500), at(600), "", 0, 0, 0},
		{at(10), at(20), a.ID, 10, 10, 0},
		{at(10), at(20), a.ID, 0, 10, 0}, // due already
		{at(15), at(40), a.ID, 19, 29, 0},
		{time.Time{}, time.Time{}, b.ID, n, 29, n},
		{at(0), time.Time{}, "", n - 30, n - 1, n},
	} {
		before := woken.Load()
		got, err := r.ReplayRange(r.ctx, r.merchant.ID, c.from, c.to, c.endpoint)
		if err != nil || got != c.want || pending(a) != c.a || pending(b) != c.b {
			t.Errorf("%v to %v: replayed %d (due now: %d and %d), want %d (%d and %d): %v", c.from.Sub(first), c.to.Sub(first), got, pending(a), pending(b), c.want, c.a, c.b, err)
		}
		if (woken.Load() > before) != (c.want > 0) {
			t.Errorf("woken %d times for %d", woken.Load()-before, c.want)
		}
	}
	if _, err := r.ReplayRange(r.ctx, r.merchant.ID, time.Time{}, time.Time{}, off.ID); checkout.CodeOf(err) != checkout.CodeConflict || pending(off) != 0 {
		t.Errorf("replayed %d to a disabled endpoint: %v", pending(off), err)
	}
	for _, d := range r.deliveries(engine.DeliveryQuery{Endpoint: b.ID}) {
		if d.Tries != 1 || len(d.Body) == 0 || d.Version != 2 {
			t.Errorf("replayed as %+v", d)
		}
	}
}
