package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

var errStop = errors.New("storetest: stop")

type caller struct {
	ctx context.Context
	fn  func(tx store.Tx) error
}

// together starts every function while another transaction holds the writer up, so that a database
// that commits in batches has all of them in one. It gives their errors in order.
func together(t *testing.T, s store.Store, callers ...caller) []error {
	t.Helper()
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Write(bg, func(store.Tx) error {
			close(inside)
			<-release
			return nil
		})
		if err != nil {
			t.Errorf("the first transaction: %v", err)
		}
	})
	<-inside
	errs := make([]error, len(callers))
	for i, c := range callers {
		wg.Go(func() { errs[i] = s.Write(c.ctx, c.fn) })
	}
	time.Sleep(20 * time.Millisecond) // for all of them to stand in the queue
	close(release)
	wg.Wait()
	return errs
}

// failsAlone puts callers who fail in every way between callers who do not.
func failsAlone(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	insert(t, s, aSession("taken", m))
	add := func(tx store.Tx, name string) error {
		return insertTx(tx, aSession(name, m), anEvent(name, aSession(name, m), checkout.EventSessionCreated), anAnswer(name, m))
	}
	bad := []struct {
		name string
		want checkout.Code
		fn   func(tx store.Tx, name string) error
	}{
		{"error", "", func(tx store.Tx, name string) error { _ = add(tx, name); return errStop }},
		{"unique", checkout.CodeConflict, func(tx store.Tx, name string) error {
			_ = add(tx, name)
			return tx.InsertSession(aSession("taken", m))
		}},
		{"check", checkout.CodeInternal, func(tx store.Tx, name string) error {
			_ = add(tx, name)
			wrong := aSession("wrong", m)
			wrong.Amount.Currency = "eur"
			return tx.InsertSession(wrong)
		}},
		{"parent", checkout.CodeInternal, func(tx store.Tx, name string) error {
			_ = add(tx, name)
			return tx.InsertAttempt(anAttempt("orphan", aSession("nowhere", m), c, 1))
		}},
		{"panic", checkout.CodeInternal, func(tx store.Tx, name string) error { _ = add(tx, name); panic("storetest") }},
		{"goexit", checkout.CodeInternal, func(tx store.Tx, name string) error { _ = add(tx, name); runtime.Goexit(); return nil }},
		{"stale", checkout.CodeConflict, func(tx store.Tx, name string) error {
			_ = add(tx, name)
			se := aSession("taken", m)
			se.Version = 7
			return tx.UpdateSession(se)
		}},
	}
	for round := range 3 {
		var callers []caller
		for i, b := range bad {
			good, name := fmt.Sprintf("good-%d-%d", round, i), fmt.Sprintf("bad-%d-%d", round, i)
			callers = append(callers, caller{bg, func(tx store.Tx) error { return add(tx, good) }}, caller{bg, func(tx store.Tx) error { return b.fn(tx, name) }})
		}
		// One who leaves while in the batch is carried through.
		gone, cancel := context.WithCancel(bg)
		callers = append(callers, caller{gone, func(tx store.Tx) error { cancel(); return add(tx, fmt.Sprintf("good-%d-%d", round, len(bad))) }})
		errs := together(t, s, callers...)
		cancel()
		if err := errs[len(errs)-1]; err != nil {
			t.Errorf("the caller who left failed: %v", err)
		}
		for i, b := range bad {
			if errs[2*i] != nil {
				t.Errorf("the caller before %q failed: %v", b.name, errs[2*i])
			}
			err := errs[2*i+1]
			if b.want == "" && err != errStop || b.want != "" && (err == nil || checkout.CodeOf(err) != b.want) {
				t.Errorf("%s: %v, want %s", b.name, err, b.want)
			}
		}
		for i := range len(bad) + 1 {
			id := fmt.Sprintf("good-%d-%d", round, i)
			if _, err := s.Session(bg, checkout.ID("cs_"+id)); err != nil {
				t.Errorf("%s is not stored: %v", id, err)
			}
			if ev, err := s.Events(bg, checkout.ID("cs_"+id)); err != nil || len(ev) != 1 {
				t.Errorf("%s has %d events: %v", id, len(ev), err)
			}
			if i == len(bad) {
				continue
			}
			id = fmt.Sprintf("bad-%d-%d", round, i)
			_, err := s.Session(bg, checkout.ID("cs_"+id))
			wantCode(t, err, checkout.CodeNotFound)
			_, err = s.Answer(bg, anAnswer(id, m).AnswerKey)
			wantCode(t, err, checkout.CodeNotFound)
		}
	}
	// Whoever meets a conflict and goes on regardless keeps what else it wrote.
	write(t, s, func(tx store.Tx) error {
		wantCode(t, tx.InsertSession(aSession("taken", m)), checkout.CodeConflict)
		return tx.InsertSession(aSession("after", m))
	})
	if _, err := s.Session(bg, "cs_after"); err != nil {
		t.Error(err)
	}
}

func errorIsTheCallers(t *testing.T, s store.Store) {
	ours := checkout.Errorf(checkout.CodeKeyReused, "mine")
	if err := s.Write(bg, func(store.Tx) error { return ours }); err != error(ours) {
		t.Errorf("got %v", err)
	}
	if err := s.Write(bg, func(store.Tx) error { return fmt.Errorf("around: %w", errStop) }); !errors.Is(err, errStop) {
		t.Errorf("got %v", err)
	}
}

// Once a function has begun, its caller's leaving changes nothing: the work is stored, and Write says so.
func carriedThrough(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	ctx, cancel := context.WithCancel(bg)
	err := s.Write(ctx, func(tx store.Tx) error {
		if err := tx.InsertSession(aSession("1", m)); err != nil {
			return err
		}
		cancel()
		if _, err := tx.Session(ctx, "cs_1"); err != nil {
			return err
		}
		return tx.InsertEvent(anEvent("1", aSession("1", m), checkout.EventSessionCreated))
	})
	if err != nil {
		t.Errorf("write: %v", err)
	}
	if ev, err := s.Events(bg, "cs_1"); err != nil || len(ev) != 1 {
		t.Errorf("stored %d events: %v", len(ev), err)
	}
}

// A caller who leaves while it waits is told so, and its function never runs.
func cancelledWhileWaiting(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	dead, cancel := context.WithCancel(bg)
	cancel()
	wantCode(t, s.Write(dead, func(store.Tx) error { t.Error("ran for a caller who had left"); return nil }), checkout.CodeUnavailable)
	_, err := s.Session(dead, "cs_1")
	wantCode(t, err, checkout.CodeUnavailable)

	// One who leaves while others are at work: a function never runs after its caller was told so.
	inside, release := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.Write(bg, func(store.Tx) error { close(inside); <-release; return nil })
	}()
	<-inside
	ctx, leave := context.WithTimeout(bg, 20*time.Millisecond)
	defer leave()
	err = s.Write(ctx, func(tx store.Tx) error { return tx.InsertSession(aSession("left", m)) })
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	write(t, s, func(store.Tx) error { return nil }) // whatever waited has had its turn
	if _, found := s.Session(bg, "cs_left"); (err == nil) != (found == nil) {
		t.Errorf("told %v, and reading says %v", err, found)
	}

	// Leaving and being taken race; the answer and the database must agree every time.
	for i := range 200 {
		ctx, cancel := context.WithCancel(bg)
		id := fmt.Sprint("race-", i)
		go cancel()
		err := s.Write(ctx, func(tx store.Tx) error { return tx.InsertSession(aSession(id, m)) })
		_, found := s.Session(bg, checkout.ID("cs_"+id))
		if (err == nil) != (found == nil) {
			t.Fatalf("told %v, and reading says %v", err, found)
		}
	}
}

func deadTx(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	var kept []store.Tx
	write(t, s, func(tx store.Tx) error { kept = append(kept, tx); return nil })
	_ = s.Write(bg, func(tx store.Tx) error { kept = append(kept, tx); return errStop })
	_ = s.Write(bg, func(tx store.Tx) error { kept = append(kept, tx); panic("storetest") })
	for _, tx := range kept {
		wantCode(t, tx.InsertSession(aSession("ghost", m)), checkout.CodeInternal)
		_, err := tx.Merchant(bg, m)
		wantCode(t, err, checkout.CodeInternal)
		_, err = tx.DropAnswers(epoch)
		wantCode(t, err, checkout.CodeInternal)
		// Nor can it write into a stranger's transaction.
		write(t, s, func(store.Tx) error {
			wantCode(t, tx.InsertSession(aSession("ghost", m)), checkout.CodeInternal)
			return nil
		})
	}
	_, err := s.Session(bg, "cs_ghost")
	wantCode(t, err, checkout.CodeNotFound)
}

// A Write inside of a Write would wait for itself; it is refused instead, and the outer one goes on.
func nested(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	write(t, s, func(tx store.Tx) error {
		if err := tx.InsertSession(aSession("outer", m)); err != nil {
			return err
		}
		wantCode(t, s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(aSession("inner", m)) }), checkout.CodeInternal)
		return nil
	})
	if _, err := s.Session(bg, "cs_outer"); err != nil {
		t.Error(err)
	}
	_, err := s.Session(bg, "cs_inner")
	wantCode(t, err, checkout.CodeNotFound)
}

func readsItsOwnWrites(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	se := aSession("1", m)
	a := anAttempt("1", se, c, 1)
	r, ev, an := aRefund("1", a), anEvent("1", se, checkout.EventSessionCreated), anAnswer("1", m)
	k := everyKey(m)
	err := s.Write(bg, func(tx store.Tx) error {
		if err := tx.InsertKey(k); err != nil {
			return err
		}
		if err := insertTx(tx, se, a, r, ev, an); err != nil {
			return err
		}
		got, err := tx.Session(bg, se.ID)
		same(t, got, err, se)
		head, err := tx.Head(bg, se.ID)
		same(t, head, err, store.Head{Merchant: m, Version: 1, State: se.State, ExpiresAt: se.ExpiresAt, Locale: se.Locale})
		page, err := tx.Sessions(bg, store.SessionQuery{Merchant: m, Limit: 5})
		same(t, page, err, []checkout.Session{se})
		gotA, err := tx.AttemptByToken(bg, a.Token)
		same(t, gotA, err, a)
		gotAs, err := tx.Attempts(bg, se.ID)
		same(t, gotAs, err, []checkout.Attempt{a})
		gotR, err := tx.Refund(bg, r.ID)
		same(t, gotR, err, r)
		gotRs, err := tx.Refunds(bg, se.ID)
		same(t, gotRs, err, []checkout.Refund{r})
		gotE, err := tx.Events(bg, se.ID)
		same(t, gotE, err, []checkout.Event{ev})
		gotAn, err := tx.Answer(bg, an.AnswerKey)
		same(t, gotAn, err, an)
		gotK, err := tx.KeyByHash(bg, k.Hash)
		same(t, gotK, err, k)
		gotC, err := tx.Channel(bg, c)
		same(t, gotC, err, aChannel("a"))
		gotCs, err := tx.Channels(bg, m)
		same(t, gotCs, err, []checkout.Channel{aChannel("a")})
		gotM, err := tx.Merchant(bg, m)
		same(t, gotM, err, aMerchant("a"))
		gotMs, err := tx.Merchants(bg)
		same(t, gotMs, err, []checkout.Merchant{aMerchant("a")})
		// Nobody else sees any of it yet.
		_, err = s.Session(bg, se.ID)
		wantCode(t, err, checkout.CodeNotFound)
		return errStop
	})
	if err != errStop {
		t.Fatal(err)
	}
	_, err = s.Session(bg, se.ID)
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.KeyByHash(bg, k.Hash)
	wantCode(t, err, checkout.CodeNotFound)
}
