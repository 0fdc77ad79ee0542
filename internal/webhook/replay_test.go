package webhook

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// again makes deliveries due now, as the engine's replay does.
func (r *rig) again(ids ...checkout.ID) {
	r.t.Helper()
	r.write(func(tx store.Tx) error {
		for _, id := range ids {
			d, err := tx.Delivery(r.ctx, id)
			if err != nil {
				return err
			}
			d.State, d.NextAt, d.DoneAt = checkout.DeliveryPending, time.Now(), time.Time{}
			d.Version++
			if err := tx.UpdateDelivery(d); err != nil {
				return err
			}
		}
		return nil
	})
	r.worker.Wake()
}

// TestReplayIsNotAFlood: three hundred deliveries that were parked or delivered are due in one moment. They come
// with the ids and the bytes that they had, no more than ten a second, and news does not wait behind them.
func TestReplayIsNotAFlood(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		var ids []checkout.ID
		for range 300 {
			ids = append(ids, r.tell(checkout.EventSessionPaid, e)...)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		first := map[string]string{}
		for _, a := range shop.arrivals() {
			first[a.id] = a.body
		}
		if len(first) != 300 {
			t.Fatalf("%d arrived", len(first))
		}
		r.again(ids...)
		began := time.Now()
		time.Sleep(10 * time.Second)
		told := time.Now()
		news := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		perSecond, again := map[time.Duration]int{}, map[string]int{}
		for _, a := range shop.arrivals()[300:] {
			if a.id == string(news) {
				if late := a.at.Sub(told); late > time.Second {
					t.Errorf("news came %s late", late)
				}
				continue
			}
			again[a.id]++
			perSecond[a.at.Sub(began)/time.Second]++
			if a.body != first[a.id] {
				t.Errorf("%s came with other bytes", a.id)
			}
		}
		for second, n := range perSecond {
			if n > 10 {
				t.Errorf("%d in second %d", n, second)
			}
		}
		for _, id := range ids {
			if d := r.delivery(id); again[string(id)] != 1 || d.State != checkout.DeliveryDelivered || d.Tries != 2 {
				t.Errorf("%s came %d times more, %+v", id, again[string(id)], d)
			}
		}
	})
}

// TestReplayDuringATry: a replay that is asked for while a try is under way, and has to wait for a place, is
// still owed when that try ends well.
func TestReplayDuringATry(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: func(int, http.ResponseWriter, *http.Request) { time.Sleep(4 * time.Second) }}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		r.tell(checkout.EventSessionPaid, e) // the other place
		time.Sleep(2 * time.Second)
		r.again(id)
		time.Sleep(2 * time.Minute)
		came := 0
		for _, a := range shop.arrivals() {
			if a.id == string(id) {
				came++
			}
		}
		if d := r.delivery(id); d.State != checkout.DeliveryDelivered || came != 2 || len(r.tries(id)) != 2 {
			t.Errorf("it came %d times, %+v", came, d)
		}
	})
}

// TestRecordLosesToAReplay: the end of a try that began before a replay notes the try, and does not take the replay
// back.
func TestRecordLosesToAReplay(t *testing.T) {
	r := newRig(t, nil)
	e := r.endpoint("http://127.0.0.1:1/")
	id := r.tell(checkout.EventSessionPaid, e)[0]
	before := r.delivery(id)
	r.again(id)
	r.worker.record(r.ctx, before, checkout.Try{Delivery: id, At: time.Now(), Status: 200}, 0)
	if d := r.delivery(id); d.State != checkout.DeliveryPending || d.NextAt.IsZero() || len(r.tries(id)) != 1 {
		t.Errorf("%+v, tries %d", d, len(r.tries(id)))
	}
	r.worker.record(r.ctx, r.delivery(id), checkout.Try{Delivery: id, At: time.Now(), Status: 200}, 0)
	if d := r.delivery(id); d.State != checkout.DeliveryDelivered || len(r.tries(id)) != 2 || r.tries(id)[1].Number != 2 {
		t.Errorf("%+v, tries %+v", d, r.tries(id))
	}
}

// TestParkedAndReplayed: one more try, and when that fails it is parked again.
func TestParkedAndReplayed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: status(http.StatusInternalServerError)}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(100 * time.Hour)
		r.again(id)
		time.Sleep(100 * time.Hour)
		if d := r.delivery(id); d.State != checkout.DeliveryParked || len(shop.arrivals()) != 11 || d.Status != 500 || d.Reason != "status" {
			t.Errorf("%d arrivals, %+v", len(shop.arrivals()), d)
		}
		shop.answer = nil
		r.again(id)
		time.Sleep(time.Minute)
		if d := r.delivery(id); d.State != checkout.DeliveryDelivered || len(shop.arrivals()) != 12 || d.Reason != "" {
			t.Errorf("%d arrivals, %+v", len(shop.arrivals()), d)
		}
	})
}
