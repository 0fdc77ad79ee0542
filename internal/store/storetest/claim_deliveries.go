package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// take claims and checks that what is given is what is stored.
func take(t *testing.T, s store.Store, now time.Time, limit, perEndpoint int) (out []checkout.Delivery) {
	t.Helper()
	write(t, s, func(tx store.Tx) (err error) {
		out, err = tx.ClaimDeliveries(now, lease, limit, perEndpoint)
		for _, d := range out {
			stored, err := tx.Delivery(bg, d.ID)
			same(t, d, err, stored)
			if !d.NextAt.Equal(now.Add(lease)) || d.State != checkout.DeliveryPending {
				t.Errorf("claimed %+v", d)
			}
		}
		return err
	})
	return out
}

func claimDeliveries(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	e, f, off := anEndpoint("e", m), anEndpoint("f", m), anEndpoint("a-off", m)
	off.Enabled = false
	insert(t, s, e, f, off)
	ev := told(t, s, "1", m, 20)
	put := func(name string, to checkout.Endpoint, n int, change func(d *checkout.Delivery)) {
		d := aDelivery(name, to, ev[n])
		change(&d)
		insert(t, s, d)
	}
	due := func(after time.Duration) func(*checkout.Delivery) {
		return func(d *checkout.Delivery) { d.NextAt = at(after) }
	}
	put("e3", e, 0, due(-3*time.Second))
	put("e9", e, 1, due(-9*time.Second))
	put("e5", e, 2, due(-5*time.Second))
	put("f4", f, 3, due(-4*time.Second))
	put("f0", f, 4, due(0))
	put("e1", e, 15, due(-time.Second))
	put("f2", f, 16, due(-2*time.Second))
	put("later", f, 5, due(time.Hour))
	put("off", off, 6, due(-time.Hour))
	put("never", e, 7, func(d *checkout.Delivery) { d.NextAt = time.Time{} })
	for i, state := range checkout.DeliveryStates() {
		if state != checkout.DeliveryPending {
			put(string(state), e, 8+i, func(d *checkout.Delivery) { d.State, d.NextAt = state, at(-time.Hour) })
		}
	}
	for i, step := range []struct {
		now                time.Duration
		limit, perEndpoint int
		want               string
	}{
		{-10 * time.Second, 9, 9, ""},
		{-4 * time.Second, 9, 1, "e9 f4"},
		{-4 * time.Second, 9, 1, "e5"},
		{-4 * time.Second, 9, 9, ""},
		{0, 1, 9, "e3"},
		{0, 9, 0, ""},
		{0, 0, 9, ""},
		{0, 9, 9, "f2 e1 f0"},
		{0, 9, 9, ""},
		{lease - 4*time.Second - time.Microsecond, 9, 9, ""},
		{lease - 4*time.Second, 9, 9, "e9 e5 f4"},
		{lease, 9, 1, "e3 f0"},
		{time.Hour, 9, 9, "e9 e5 e3 e1 f4 f2 f0 later"},
	} {
		claimed := take(t, s, at(step.now), step.limit, step.perEndpoint)
		// The last steps find several that are due since one moment: these have no order.
		if got := deliveryNames(claimed); len(got) != len(step.want) || i < 9 && got != step.want {
			t.Errorf("step %d: claimed %q, want %q", i, got, step.want)
		}
		for _, d := range claimed {
			if d.Version != 1 {
				t.Errorf("claiming %s changed its version to %d", d.ID, d.Version)
			}
		}
	}
	// Once it is enabled, what waited goes; once disabled, it stays.
	off.Enabled, off.Version = true, 2
	e.Enabled, e.Version = false, 2
	f.Enabled, f.Version = false, 2
	write(t, s, func(tx store.Tx) error {
		if err := tx.UpdateEndpoint(off); err != nil {
			return err
		}
		if err := tx.UpdateEndpoint(e); err != nil {
			return err
		}
		return tx.UpdateEndpoint(f)
	})
	if got := deliveryNames(take(t, s, at(3*time.Hour), 9, 9)); got != "off" {
		t.Errorf("claimed %q, want what waited for the endpoint that is enabled now", got)
	}
	if d, err := s.Delivery(bg, "dl_later"); err != nil || d.State != checkout.DeliveryPending || !d.NextAt.Equal(at(time.Hour+lease)) {
		t.Errorf("a disabled endpoint's delivery is %+v: %v", d, err)
	}
	// What was done in the meantime is not claimed again.
	f.Enabled, f.Version = true, 3
	write(t, s, func(tx store.Tx) error {
		d, err := tx.Delivery(bg, "dl_f4")
		if err != nil {
			return err
		}
		d.State, d.NextAt, d.Version = checkout.DeliveryDelivered, time.Time{}, d.Version+1
		if err := tx.UpdateDelivery(d); err != nil {
			return err
		}
		return tx.UpdateEndpoint(f)
	})
	if got := deliveryNames(take(t, s, at(3*time.Hour), 9, 9)); len(got) != len("f0 f2 later") {
		t.Errorf("claimed %q", got)
	}
}

// One endpoint's long queue, however old, must not keep another's single delivery waiting: not by the
// bound on one endpoint, and not by the bound on a claim.
func claimDeliveriesFairly(t *testing.T, s store.Store) {
	const queue = 1000
	m, _ := house(t, s, "a")
	other, _ := house(t, s, "b")
	long, dead := anEndpoint("m-long", m), anEndpoint("a-dead", m)
	quick := []checkout.Endpoint{anEndpoint("b-before", other), anEndpoint("z-behind", other)}
	ev, theirs := told(t, s, "1", m, queue), told(t, s, "2", other, 1)
	dead.Enabled = false
	insert(t, s, long, dead, quick[0], quick[1])
	write(t, s, func(tx store.Tx) error {
		for i := range ev {
			for _, e := range []checkout.Endpoint{long, dead} {
				d := aDelivery(fmt.Sprint(e.ID, "-", i), e, ev[i])
				d.NextAt = at(-time.Hour + time.Duration(i)*time.Millisecond)
				if err := tx.InsertDelivery(d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	insert(t, s, aDelivery("before", quick[0], theirs[0]), aDelivery("behind", quick[1], theirs[0]))
	next := 0 // of the long queue
	for _, c := range []struct{ limit, perEndpoint int }{{64, 4}, {3, 4}, {3, 3}, {64, 900}} {
		byEndpoint := map[checkout.ID]int{}
		got := take(t, s, epoch, c.limit, c.perEndpoint)
		for _, d := range got {
			byEndpoint[d.Endpoint]++
			if d.Endpoint == long.ID {
				if want := fmt.Sprint("dl_", long.ID, "-", next); string(d.ID) != want {
					t.Errorf("%+v: claimed %s, want %s: the oldest first", c, d.ID, want)
				}
				next++
			}
		}
		if want := min(c.perEndpoint, c.limit-2); byEndpoint[long.ID] != want || byEndpoint[dead.ID] != 0 || byEndpoint[quick[0].ID] != 1 || byEndpoint[quick[1].ID] != 1 {
			t.Errorf("%+v: claimed %v", c, byEndpoint)
		}
		for _, d := range got {
			if d.Endpoint != long.ID { // the quick ones come again, as if they were new
				d.Version, d.NextAt = d.Version+1, epoch
				write(t, s, func(tx store.Tx) error { return tx.UpdateDelivery(d) })
			}
		}
	}
}

// Whatever the number of workers, each delivery is taken once in each lease, and again after it.
func claimDeliveriesByManyWorkers(t *testing.T, s store.Store) {
	const rows, workers, perEndpoint = 40, 12, 2
	m, _ := house(t, s, "a")
	ev := told(t, s, "1", m, rows)
	write(t, s, func(tx store.Tx) error {
		for i := range 3 {
			e := anEndpoint(fmt.Sprint(i), m)
			if err := tx.InsertEndpoint(e); err != nil {
				return err
			}
			for j := range ev {
				if err := tx.InsertDelivery(aDelivery(fmt.Sprint(i, "-", j), e, ev[j])); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for round := range 2 {
		now := at(time.Duration(round) * lease)
		var mu sync.Mutex
		taken := map[checkout.ID]int{}
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range 3 * rows { // never endless, whatever a claim does
					var got []checkout.Delivery
					err := s.Write(bg, func(tx store.Tx) (err error) {
						got, err = tx.ClaimDeliveries(now, lease, 5, perEndpoint)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					of := map[checkout.ID]int{}
					mu.Lock()
					for _, d := range got {
						taken[d.ID]++
						of[d.Endpoint]++
					}
					mu.Unlock()
					for id, n := range of {
						if n > perEndpoint || len(got) > 5 {
							t.Errorf("one claim took %d of %s, %d in all", n, id, len(got))
						}
					}
					if len(got) == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		if len(taken) != 3*rows {
			t.Errorf("round %d: %d deliveries were claimed, want %d", round, len(taken), 3*rows)
		}
		for id, n := range taken {
			if n != 1 {
				t.Errorf("round %d: %s was claimed %d times", round, id, n)
			}
		}
	}
}
