package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Many callers change one session by compare-and-swap: every success counts once, nothing is lost.
func swapRace(t *testing.T, s store.Store) {
	const callers, each = 16, 10
	m, _ := house(t, s, "a")
	insert(t, s, aSession("1", m))
	var lost atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for done := 0; done < each; {
				se, err := s.Session(bg, "cs_1") // read outside, so that others come in between
				if err != nil {
					t.Error(err)
					return
				}
				se.Version++
				se.Captured++
				err = s.Write(bg, func(tx store.Tx) error { return tx.UpdateSession(se) })
				switch checkout.CodeOf(err) {
				case "":
					done++
				case checkout.CodeConflict:
					lost.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	se, err := s.Session(bg, "cs_1")
	if err != nil || se.Captured != callers*each || se.Version != 1+callers*each {
		t.Errorf("captured %d in version %d, want %d: %v", se.Captured, se.Version, callers*each, err)
	}
	t.Logf("%d swaps were lost and tried again", lost.Load())
}

// Many callers bring the same idempotency key: the effect happens once, and all get its answer.
func answerRace(t *testing.T, s store.Store) {
	const keys, callers = 20, 24
	m, _ := house(t, s, "a")
	var effects atomic.Int64
	var wg sync.WaitGroup
	for k := range keys {
		for c := range callers {
			wg.Go(func() {
				want := anAnswer(fmt.Sprint(k), m)
				id := fmt.Sprintf("%d-%d", k, c)
				var got store.Answer
				made := false
				err := s.Write(bg, func(tx store.Tx) (err error) {
					if got, err = tx.Answer(bg, want.AnswerKey); checkout.CodeOf(err) != checkout.CodeNotFound {
						return err
					}
					want.Done, want.Status, want.Ref, want.Body = true, 201, checkout.ID("cs_"+id), []byte(id)
					got, made = want, true
					return insertTx(tx, aSession(id, m), want)
				})
				if err != nil {
					t.Error(err)
					return
				}
				if made {
					effects.Add(1)
				}
				stored, err := s.Answer(bg, want.AnswerKey)
				if err != nil || string(stored.Body) != string(got.Body) || stored.Ref != got.Ref {
					t.Errorf("key %d: told %s, stored %s: %v", k, got.Body, stored.Body, err)
				}
			})
		}
	}
	wg.Wait()
	page, err := s.Sessions(bg, store.SessionQuery{Merchant: m, Limit: 100})
	if effects.Load() != keys || len(page) != keys || err != nil {
		t.Errorf("%d effects and %d sessions for %d keys: %v", effects.Load(), len(page), keys, err)
	}
}

// Many callers start an attempt of one session without looking: the database lets one through.
func activeRace(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	for round := range 10 {
		se := aSession(fmt.Sprint(round), m)
		insert(t, s, se)
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				a := anAttempt(fmt.Sprintf("%d-%d", round, i), se, c, int64(i))
				a.PSPRef = "ref-" + a.Token
				switch err := s.Write(bg, func(tx store.Tx) error { return tx.InsertAttempt(a) }); checkout.CodeOf(err) {
				case "":
					won.Add(1)
				case checkout.CodeConflict:
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := s.Attempts(bg, se.ID)
		if won.Load() != 1 || lost.Load() != 15 || len(list) != 1 || err != nil {
			t.Errorf("%d started, %d were refused, %d are stored: %v", won.Load(), lost.Load(), len(list), err)
		}
	}
}

// Once Write has returned, every read sees it, in whatever goroutine and on whatever connection.
func acknowledgedIsVisible(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 20 {
				se := aSession(fmt.Sprintf("%d-%d", g, i), m)
				if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(se) }); err != nil {
					t.Error(err)
					return
				}
				seen := make(chan error)
				go func() { _, err := s.Head(bg, se.ID); seen <- err }()
				if err := <-seen; err != nil {
					t.Errorf("acknowledged and not there: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func generation(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	last := s.Generation()
	moves := func(what string, fn func(tx store.Tx) error) {
		t.Helper()
		write(t, s, fn)
		if now := s.Generation(); now == last {
			t.Errorf("%s did not change the generation", what)
		} else {
			last = now
		}
	}
	k := everyKey(m)
	k.RevokedAt = time.Time{}
	moves("a new key", func(tx store.Tx) error { return tx.InsertKey(k) })
	moves("a revocation", func(tx store.Tx) error { return tx.RevokeKey(k.ID, epoch) })
	moves("a new merchant", func(tx store.Tx) error { return tx.InsertMerchant(aMerchant("b")) })
	moves("a merchant's change", func(tx store.Tx) error { b := aMerchant("b"); b.Version = 2; return tx.UpdateMerchant(b) })
	moves("a new channel", func(tx store.Tx) error { return tx.InsertChannel(aChannel("b")) })
	moves("a channel's change", func(tx store.Tx) error { b := aChannel("b"); b.Version = 2; return tx.UpdateChannel(b) })
	p := anEndpoint("1", m)
	moves("a new endpoint", func(tx store.Tx) error { return tx.InsertEndpoint(p) })
	p.Version = 2
	moves("an endpoint's change", func(tx store.Tx) error { return tx.UpdateEndpoint(p) })
	// Ordinary work must not empty every cache.
	se := aSession("1", m)
	insert(t, s, se, anAttempt("1", se, c, 1))
	se.Version = 2
	write(t, s, func(tx store.Tx) error { return tx.UpdateSession(se) })
	ev := anEvent("1", se, checkout.EventSessionPaid)
	d := aDelivery("1", p, ev)
	insert(t, s, ev, d)
	d.Version = 2
	write(t, s, func(tx store.Tx) error { return tx.UpdateDelivery(d) })
	if s.Generation() != last {
		t.Error("a session or a delivery changed the generation")
	}
}

func ping(t *testing.T, s store.Store) {
	for range 3 {
		if err := s.Ping(bg); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
}

func closed(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	var wg sync.WaitGroup
	for g := range 8 { // work that is under way while it closes ends in one of two ways
		wg.Go(func() {
			for i := range 200 {
				err := s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(aSession(fmt.Sprintf("%d-%d", g, i), m)) })
				if err == nil {
					_, err = s.Head(bg, checkout.ID(fmt.Sprintf("cs_%d-%d", g, i)))
				}
				if code := checkout.CodeOf(err); err != nil && code != checkout.CodeUnavailable {
					t.Errorf("while closing: %v", err)
				}
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
	wantCode(t, s.Write(bg, func(store.Tx) error { return nil }), checkout.CodeUnavailable)
	_, err := s.Session(bg, "cs_1")
	wantCode(t, err, checkout.CodeUnavailable)
	wantCode(t, s.Ping(bg), checkout.CodeUnavailable)
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
