package webhook

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"kassa/internal/checkout"
)

// bubble runs a test in virtual time: its receivers live on pipes, its worker asks each hour by itself and is
// otherwise woken by its own knowledge of what comes next.
func bubble(t *testing.T, fn func(t *testing.T, r *rig, net *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		r := newRig(t, func(o *Options) { o.dial, o.noRecycle, o.every = net.dial, true, time.Hour })
		fn(t, r, net)
		r.halt()
		net.close()
	})
}

// onSchedule holds that tries came when the schedule says: never early, and late by no more than the
// jitter, a second, and wait: a receiver that keeps one retry waiting keeps the next one waiting, too.
func onSchedule(t *testing.T, what string, tries []checkout.Try, wait time.Duration) {
	t.Helper()
	for i := 1; i < len(tries); i++ {
		pause := tries[i].At.Sub(tries[i-1].At.Add(tries[i-1].Duration))
		most := pauses[i] + min(pauses[i]/jitterFraction, maxJitter) + time.Second + wait
		if pause < pauses[i]-time.Millisecond || pause > most {
			t.Errorf("%s: try %d came %s after the one before, want %s to %s", what, i+1, pause, pauses[i], most)
		}
	}
}

// TestDeadFor72Hours is the main promise: a receiver is dead for 72 hours, its neighbours notice nothing, and
// when it is back everything arrives, each id with the bytes and in the schedule that it was promised.
func TestDeadFor72Hours(t *testing.T) {
	for _, silent := range []bool{false, true} { // refuses at once, or swallows everything until the deadline
		t.Run(map[bool]string{false: "refusing", true: "silent"}[silent], func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig, net *pipes) {
				dead, well := &receiver{}, &receiver{}
				deadHost := net.serve("127.0.0.2", dead)
				net.serve("127.0.0.3", well)
				net.set("127.0.0.2", !silent, silent)
				toDead, toWell := r.endpoint("http://127.0.0.2/"), r.endpoint("http://127.0.0.3/")
				r.run()
				began := time.Now()
				var ids, wellIDs []checkout.ID
				var commits []time.Time
				for range 36 {
					time.Sleep(2 * time.Hour)
					commits = append(commits, time.Now())
					made := r.tell(checkout.EventSessionPaid, toDead, toWell)
					ids, wellIDs = append(ids, made[0]), append(wellIDs, made[1])
				}
				net.set("127.0.0.2", false, false)
				back := time.Now()
				time.Sleep(30 * time.Hour) // the longest pause, its jitter, and some
				synctest.Wait()

				seen := map[string]int{}
				for _, a := range dead.arrivals() {
					seen[a.id]++
				}
				for i, id := range ids {
					d, tries := r.delivery(id), r.tries(id)
					if d.State != checkout.DeliveryDelivered || seen[string(id)] != 1 {
						t.Errorf("event %d: %s, arrived %d times, tries %d", i, d.State, seen[string(id)], d.Tries)
					}
					wait := time.Duration(0)
					if silent {
						wait = 2 * tryTimeout
					}
					onSchedule(t, fmt.Sprintf("event %d", i), tries, wait)
					if first := tries[0].At.Sub(commits[i]); first > time.Second {
						t.Errorf("event %d was first tried %s after its commit", i, first)
					}
					want := ReasonRefused
					if silent {
						want = ReasonTimeout
					}
					for n, tr := range tries[:len(tries)-1] {
						if Reason(tr.Reason) != want || tr.Status != 0 || tr.Number != n+1 {
							t.Errorf("event %d: try %+v, want number %d and reason %s", i, tr, n+1, want)
						}
						if tr.Duration > 16*time.Second {
							t.Errorf("event %d: a try lasted %s", i, tr.Duration)
						}
					}
				}
				for _, a := range dead.arrivals() {
					stamp := time.Unix(atoi(t, a.stamp), 0)
					if a.at.Sub(stamp) > 2*time.Second || stamp.Before(back.Add(-time.Second)) {
						t.Errorf("%s arrived at %s with the timestamp %s: not this try's", a.id, a.at, stamp)
					}
				}
				arrivals := well.arrivals()
				if len(arrivals) != len(wellIDs) {
					t.Fatalf("the neighbour got %d of %d", len(arrivals), len(wellIDs))
				}
				for i, a := range arrivals {
					if late := a.at.Sub(commits[i]); a.id != string(wellIDs[i]) || late > 2*time.Second {
						t.Errorf("the neighbour's event %d came %s late as %s", i, late, a.id)
					}
				}
				// Ten tries of each at most: a dead receiver is not hammered.
				if n := len(deadHost.dialled); n > 10*len(ids) {
					t.Errorf("%d connections for %d events", n, len(ids))
				}
				t.Logf("%d events, %d connections, %s of virtual time", len(ids), len(deadHost.dialled), time.Since(began))
			})
		})
	}
}

// TestParkedAfterTenTries: dead for 30 days. What was given up is kept with its bytes.
func TestParkedAfterTenTries(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		net.serve("127.0.0.2", nil)
		net.set("127.0.0.2", true, false)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		d, tries := r.delivery(id), r.tries(id)
		if d.State != checkout.DeliveryParked || d.Tries != 10 || len(tries) != 10 || d.Reason != "refused" || len(d.Body) == 0 || !d.NextAt.IsZero() || d.DoneAt.IsZero() {
			t.Fatalf("%+v with %d tries", d, len(tries))
		}
		onSchedule(t, "parked", tries, 0)
		total := tries[9].At.Sub(tries[0].At)
		if total < 75*time.Hour || total > 78*time.Hour {
			t.Errorf("ten tries took %s", total)
		}
	})
}

// TestFlapping: a receiver that is up every other hour gets everything, once each.
func TestFlapping(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		var ids []checkout.ID
		for hour := range 24 {
			net.set("127.0.0.2", hour%2 == 1, hour%4 == 3)
			for range 3 {
				time.Sleep(20 * time.Minute)
				ids = append(ids, r.tell(checkout.EventSessionPaid, e)...)
			}
		}
		net.set("127.0.0.2", false, false)
		time.Sleep(80 * time.Hour)
		synctest.Wait()
		seen := map[string]int{}
		for _, a := range shop.arrivals() {
			seen[a.id]++
		}
		for _, id := range ids {
			if d := r.delivery(id); d.State != checkout.DeliveryDelivered || seen[string(id)] != 1 {
				t.Errorf("%s: %s after %d tries, arrived %d times", id, d.State, d.Tries, seen[string(id)])
			}
			onSchedule(t, string(id), r.tries(id), 0)
		}
	})
}

// TestSameBytesEachTry: ten tries of one delivery have one id and one body, and a timestamp and signature each.
func TestSameBytesEachTry(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: status(http.StatusInternalServerError)}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(80 * time.Hour)
		got := shop.arrivals()
		if len(got) != 10 {
			t.Fatalf("%d arrivals", len(got))
		}
		stamps, sigs := map[string]bool{}, map[string]bool{}
		for _, a := range got {
			if a.id != string(id) || a.body != got[0].body {
				t.Errorf("arrived %s %s", a.id, a.body)
			}
			if off := a.at.Unix() - atoi(t, a.stamp); off < 0 || off > 2 {
				t.Errorf("the timestamp is %d s off", off)
			}
			stamps[a.stamp], sigs[a.sigs] = true, true
		}
		if len(stamps) != 10 || len(sigs) != 10 || r.encoder.asked.Load() != 1 {
			t.Errorf("%d timestamps, %d signatures, encoded %d times", len(stamps), len(sigs), r.encoder.asked.Load())
		}
	})
}

// TestBytesSurviveARestart: a worker that starts anew sends what the former one stored.
func TestBytesSurviveARestart(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: func(n int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader([]int{500, 200}[n]) }}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(time.Second)
		r.halt()
		r.worker = NewWorker(r.worker.Options)
		time.Sleep(time.Hour)
		r.run()
		time.Sleep(time.Minute)
		got := shop.arrivals()
		if len(got) != 2 || got[0].body != got[1].body || r.delivery(id).State != checkout.DeliveryDelivered {
			t.Fatalf("%d arrivals: %+v", len(got), got)
		}
	})
}

// TestStoppedInTheMiddle: a try that is under way when the server stops has 5 s, and is then as if it had
// not been made: it comes again at once, and does not count.
func TestStoppedInTheMiddle(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{}
		net.serve("127.0.0.2", shop)
		net.set("127.0.0.2", false, true)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(time.Second)
		before := time.Now()
		r.halt()
		if took := time.Since(before); took > 6*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if d := r.delivery(id); d.Tries != 0 || d.State != checkout.DeliveryPending || d.NextAt.After(time.Now()) {
			t.Fatalf("%+v", d)
		}
		net.set("127.0.0.2", false, false)
		r.worker = NewWorker(r.worker.Options)
		r.run()
		time.Sleep(time.Second)
		if d := r.delivery(id); d.State != checkout.DeliveryDelivered || len(shop.arrivals()) != 1 {
			t.Errorf("%+v", d)
		}
	})
}

// TestGone: 410 ends an endpoint, parks what got it, and leaves the rest waiting.
func TestGone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: status(http.StatusGone)}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(time.Minute)
		later := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(100 * time.Hour)
		p, err := r.store.Endpoint(r.ctx, e.ID)
		if err != nil || p.Enabled || p.Reason != "gone" {
			t.Errorf("%+v, %v", p, err)
		}
		if d := r.delivery(id); d.State != checkout.DeliveryParked || d.Reason != "gone" || d.Status != 410 || len(r.tries(id)) != 1 {
			t.Errorf("%+v", d)
		}
		if d := r.delivery(later); d.State != checkout.DeliveryPending || d.Tries != 0 || len(shop.arrivals()) != 1 {
			t.Errorf("%+v, %d arrivals", d, len(shop.arrivals()))
		}
	})
}

// TestBusy: 429 with Retry-After is waited for.
func TestBusy(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		shop := &receiver{answer: func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 0 {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}}
		net.serve("127.0.0.2", shop)
		e := r.endpoint("http://127.0.0.2/")
		r.run()
		id := r.tell(checkout.EventSessionPaid, e)[0]
		time.Sleep(3599 * time.Second)
		if n := len(shop.arrivals()); n != 1 {
			t.Fatalf("%d arrivals before the hour is over", n)
		}
		time.Sleep(5 * time.Minute)
		if d := r.delivery(id); d.State != checkout.DeliveryDelivered || len(shop.arrivals()) != 2 {
			t.Errorf("%+v", d)
		}
	})
}

// TestOneOfAHundredDead: the others' p99 stays below 2 s (R08), however much waits for the dead one; and when it
// is back, what waited does not come as a flood.
func TestOneOfAHundredDead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig, net *pipes) {
		all := make([]*receiver, 100)
		var to []checkout.Endpoint
		for i := range all {
			all[i] = &receiver{}
			host := fmt.Sprintf("127.0.1.%d", i+1)
			net.serve(host, all[i])
			to = append(to, r.endpoint("http://"+host+"/"))
		}
		net.set("127.0.1.1", false, true)
		r.run()
		commits := map[string]time.Time{}
		var toDead []checkout.ID
		for range 60 {
			time.Sleep(time.Second)
			at := time.Now()
			for i, id := range r.tell(checkout.EventSessionPaid, to...) {
				commits[string(id)] = at
				if i == 0 {
					toDead = append(toDead, id)
				}
			}
		}
		time.Sleep(10 * time.Second)
		var lag []time.Duration
		for _, v := range all[1:] {
			for _, a := range v.arrivals() {
				lag = append(lag, a.at.Sub(commits[a.id]))
			}
		}
		slices.Sort(lag)
		if len(lag) != 99*60 {
			t.Fatalf("%d of %d arrived at the living", len(lag), 99*60)
		}
		if p99 := lag[len(lag)*99/100]; p99 > 2*time.Second {
			t.Errorf("the others' p99 is %s", p99)
		}
		if n := len(all[0].arrivals()); n != 0 {
			t.Fatalf("%d arrived at the dead one", n)
		}
		time.Sleep(2 * time.Hour)
		net.set("127.0.1.1", false, false)
		time.Sleep(80 * time.Hour)
		perSecond := map[int64]int{}
		seen := map[string]int{}
		for _, a := range all[0].arrivals() {
			seen[a.id]++
			perSecond[a.at.Unix()]++
		}
		for _, id := range toDead {
			if d := r.delivery(id); d.State != checkout.DeliveryDelivered || seen[string(id)] != 1 {
				t.Errorf("%s: %s, arrived %d times", id, d.State, seen[string(id)])
			}
		}
		for at, n := range perSecond {
			if n > 10 {
				t.Errorf("%d arrived in the second %d", n, at)
			}
		}
	})
}

func atoi(t *testing.T, s string) int64 {
	t.Helper()
	var n int64
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatalf("%q is no timestamp", s)
	}
	return n
}
