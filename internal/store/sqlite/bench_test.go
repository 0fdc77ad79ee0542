package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

const benchMerchant, benchChannel = checkout.ID("mr_bench"), checkout.ID("ch_bench")

func benchStore(b *testing.B) *Store {
	s := openAt(b, filepath.Join(b.TempDir(), "kassa.db"), Options{Seal: newBox(b)})
	if err := furnish(s); err != nil {
		b.Fatal(err)
	}
	return s
}

// furnish stores what create and pay need.
func furnish(s *Store) error {
	return s.Write(bg, func(tx store.Tx) error {
		now := time.Now()
		if err := tx.InsertMerchant(checkout.Merchant{ID: benchMerchant, Name: "Bench", Version: 1, CreatedAt: now}); err != nil {
			return err
		}
		return tx.InsertChannel(checkout.Channel{ID: benchChannel, Merchant: benchMerchant, PSP: "sandbox", Version: 1, CreatedAt: now})
	})
}

func benchSession(id checkout.ID, now time.Time) checkout.Session {
	home := &checkout.Address{Name: "Zoë Ñandú", Line1: "Av. Insurgentes Sur 1234", Interior: "4", Exterior: "12-A", City: "Ciudad de México", State: "CDMX", PostalCode: "06000", Country: "MX"}
	return checkout.Session{ID: id, Merchant: benchMerchant, Dialect: "kaipay", Version: 1, State: checkout.SessionOpen,
		Amount: checkout.Money{Minor: 21000, Currency: "MXN"},
		Order: checkout.Order{Number: "A-1001", Country: "MX", Shipping: 500, Items: []checkout.Item{{Ref: "sku1", Description: "Café de olla", Amount: 20000, Quantity: 1},
			{Ref: "sku2", Description: "Pan dulce", Amount: 500, Quantity: 1}}},
		Customer:  checkout.Customer{Name: "Zoë Ñandú", Email: "zoe@example.com", Phone: "+525512345678", Shipping: home},
		URLs:      checkout.URLs{Success: "https://shop.example/ok", Failure: "https://shop.example/failed", Callback: "https://shop.example/hook"},
		Metadata:  []byte(`{"order":"A-1001"}`),
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

// create is what POST of a session writes: the session, its first event, the answer under its key.
func create(s *Store, body []byte) (checkout.Session, error) {
	now := time.Now()
	se := benchSession(checkout.RandomID(checkout.PrefixSession, now), now)
	a := store.Answer{AnswerKey: store.AnswerKey{Merchant: benchMerchant, Call: "kaipay POST /v1/client-session", Key: checkout.RandomToken()},
		Done: true, Status: 201, Body: body, Ref: se.ID, CreatedAt: now}
	return se, s.Write(bg, func(tx store.Tx) error {
		if _, err := tx.Answer(bg, a.AnswerKey); checkout.CodeOf(err) != checkout.CodeNotFound {
			return err
		}
		if err := tx.InsertSession(se); err != nil {
			return err
		}
		if err := tx.InsertEvent(benchEvent(se, "", checkout.EventSessionCreated, now)); err != nil {
			return err
		}
		return tx.PutAnswer(a)
	})
}

func benchEvent(s checkout.Session, a checkout.ID, k checkout.EventKind, now time.Time) checkout.Event {
	return checkout.Event{ID: checkout.RandomID(checkout.PrefixEvent, now), Merchant: s.Merchant, Session: s.ID, Attempt: a, Kind: k, Version: s.Version, State: s.State, At: now}
}

// pay is what an approved payment writes, in its two commits: the attempt before the provider is
// asked, and its result.
func pay(s *Store, se checkout.Session) error {
	now := time.Now()
	a := checkout.Attempt{ID: checkout.RandomID(checkout.PrefixAttempt, now), Session: se.ID, Merchant: se.Merchant, Channel: benchChannel, PSP: "sandbox", Method: "card",
		Version: 1, FormVersion: 1, State: checkout.AttemptStarting, Amount: se.Amount, Token: checkout.RandomToken(), Why: []byte(`{"rule":0}`),
		PollAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now}
	se.Version, se.State, se.Active = 2, checkout.SessionProcessing, a.ID
	err := s.Write(bg, func(tx store.Tx) error {
		if _, err := tx.Session(bg, se.ID); err != nil {
			return err
		}
		if err := tx.InsertAttempt(a); err != nil {
			return err
		}
		if err := tx.UpdateSession(se); err != nil {
			return err
		}
		if err := tx.InsertEvent(benchEvent(se, a.ID, checkout.EventAttemptStarted, now)); err != nil {
			return err
		}
		return tx.InsertEvent(benchEvent(se, a.ID, checkout.EventSessionProcessing, now))
	})
	if err != nil {
		return err
	}
	return s.Write(bg, func(tx store.Tx) error {
		se, err := tx.Session(bg, se.ID)
		if err != nil {
			return err
		}
		a, err := tx.Attempt(bg, a.ID)
		if err != nil {
			return err
		}
		se.Version, se.State, se.Active, se.PaidBy, se.Captured, se.PaidAt = 3, checkout.SessionPaid, "", a.ID, se.Amount.Minor, now
		a.Version, a.State, a.PSPRef, a.PollAt, a.DoneAt = 2, checkout.AttemptSucceeded, "pi_"+a.Token, time.Time{}, now
		if err := tx.UpdateAttempt(a); err != nil {
			return err
		}
		if err := tx.UpdateSession(se); err != nil {
			return err
		}
		if err := tx.InsertEvent(benchEvent(se, a.ID, checkout.EventAttemptSucceeded, now)); err != nil {
			return err
		}
		return tx.InsertEvent(benchEvent(se, a.ID, checkout.EventSessionPaid, now))
	})
}

// callers runs fn b.N times in n goroutines.
func callers(b *testing.B, n int, fn func(i int) error) {
	var next atomic.Int64
	done := make(chan error, n)
	b.ResetTimer()
	b.StartTimer()
	for range n {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					done <- nil
					return
				}
				if err := fn(i); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range n {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

// BenchmarkGroupCommit measures durable transactions: create is one, pay is two.
func BenchmarkGroupCommit(b *testing.B) {
	body := []byte(strings.Repeat(`{"id":"cs_"}`, 50))
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("create/%d", n), func(b *testing.B) {
			s := benchStore(b)
			callers(b, n, func(int) error { _, err := create(s, body); return err })
		})
	}
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("pay/%d", n), func(b *testing.B) {
			s := benchStore(b)
			open := make([]checkout.Session, b.N)
			callers(b, 64, func(i int) (err error) { open[i], err = create(s, body); return err })
			callers(b, n, func(i int) error { return pay(s, open[i]) })
		})
	}
}

func benchReads(b *testing.B, fn func(s *Store, id checkout.ID) error) {
	s := benchStore(b)
	const stored = 1000
	var ids [stored]checkout.ID
	for i := range ids {
		se, err := create(s, nil)
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = se.ID
	}
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			callers(b, n, func(i int) error { return fn(s, ids[i%stored]) })
		})
	}
}

// BenchmarkHead is the one read of a page that is served from the cache.
func BenchmarkHead(b *testing.B) {
	benchReads(b, func(s *Store, id checkout.ID) error { _, err := s.Head(bg, id); return err })
}

// BenchmarkSession is the read behind a page, and behind GET of a session.
func BenchmarkSession(b *testing.B) {
	benchReads(b, func(s *Store, id checkout.ID) error { _, err := s.Session(bg, id); return err })
}

// BenchmarkSessions is a list of twenty.
func BenchmarkSessions(b *testing.B) {
	benchReads(b, func(s *Store, id checkout.ID) error {
		_, err := s.Sessions(bg, store.SessionQuery{Merchant: benchMerchant, Limit: 20})
		return err
	})
}
