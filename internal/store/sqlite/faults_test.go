package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// meddle does to the file what another process could.
func meddle(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", writeDSN(path, durable))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, text := range statements {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func TestGenerationSeesOtherProcesses(t *testing.T) {
	path := tempPath(t)
	s, other := openAt(t, path, Options{}), openAt(t, path, Options{})
	nothing := func(store.Tx) error { return nil }
	if err := s.Write(bg, nothing); err != nil {
		t.Fatal(err)
	}
	before := s.Generation()
	if err := s.Write(bg, nothing); err != nil || s.Generation() != before {
		t.Errorf("the generation moved from %d to %d without a reason: %v", before, s.Generation(), err)
	}
	if err := addMerchant(other, "mr_1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(bg, nothing); err != nil || s.Generation() == before {
		t.Errorf("another connection has committed and the generation is still %d: %v", before, err)
	}
}

// A batch may meet a lock that another process keeps: everybody is told to come again, and can.
func TestLockedByAnotherProcess(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{})
	db, err := sql.Open("sqlite", writeDSN(path, durable))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tx, err := db.Begin() // immediate, by the DSN
	if err != nil {
		t.Fatal(err)
	}
	err = addMerchant(s, "mr_1")
	if e := checkout.AsError(err); e.Code != checkout.CodeUnavailable || e.RetryAfter < time.Second {
		t.Errorf("while locked: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// When the disk is full, callers are told so (CodeUnavailable); what was acknowledged is there and
// nothing else is; and once there is room again, the same store goes on.
func TestFull(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{})
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	limit := func(pages string) {
		t.Helper()
		err := s.Write(bg, func(x store.Tx) error {
			return x.(*tx).c.query(`PRAGMA max_page_count = `+pages, func(*row) error { return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("150")
	var mu sync.Mutex
	told := map[checkout.ID]bool{}
	var refusals atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 20 {
				now := time.Now()
				se := checkout.Session{ID: checkout.ID(fmt.Sprintf("cs_%d_%d", g, i)), Merchant: "mr_1", Version: 1, State: checkout.SessionOpen,
					Amount: checkout.Money{Minor: 1, Currency: "EUR"}, Metadata: make([]byte, 2000), CreatedAt: now, UpdatedAt: now}
				err := s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(se) })
				if e := checkout.AsError(err); err != nil && (e.Code != checkout.CodeUnavailable || e.RetryAfter < time.Second) {
					t.Errorf("full: %v", err)
				}
				if err != nil {
					refusals.Add(1)
				}
				mu.Lock()
				told[se.ID] = err == nil
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if refusals.Load() == 0 || refusals.Load() == int64(len(told)) {
		t.Fatalf("%d of %d were refused; the test wants some", refusals.Load(), len(told))
	}
	check := func(s *Store) {
		t.Helper()
		for id, acknowledged := range told {
			if _, err := s.Head(bg, id); (err == nil) != acknowledged {
				t.Errorf("%s: acknowledged %v, and reading says %v", id, acknowledged, err)
			}
		}
	}
	check(s)
	limit("1000000")
	if err := addMerchant(s, "mr_2"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	check(openAt(t, path, Options{}))
}

// A function that swallows an error which ended the whole transaction is not told that it succeeded,
// and what it writes afterwards is not committed behind everybody's back.
func TestSwallowedFatalErrorEndsTheBatch(t *testing.T) {
	s := openAt(t, tempPath(t), Options{})
	err := s.Write(bg, func(x store.Tx) error {
		m := checkout.Merchant{Name: strings.Repeat("x", 9000), Version: 1, CreatedAt: time.Now()}
		limit := func(pages string) {
			_ = x.(*tx).c.query(`PRAGMA max_page_count = `+pages, func(*row) error { return nil })
		}
		limit("1")
		for i := range 100 {
			m.ID = checkout.ID(fmt.Sprint("mr_x", i))
			_ = x.InsertMerchant(m)
		}
		limit("1000000")
		m.ID, m.Name = "mr_small", "A"
		_ = x.InsertMerchant(m)
		return nil
	})
	if checkout.CodeOf(err) != checkout.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	if all, err := s.Merchants(bg); err != nil || len(all) != 0 {
		t.Errorf("%d merchants are stored: %v", len(all), err)
	}
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// When a batch cannot be committed, or meets an error that ends it, nobody in it is acknowledged and
// nothing of it is stored; whoever had failed alone keeps that reason; and the next batch works.
func TestBatchThatFailsForAll(t *testing.T) {
	for name, spoil := range map[string]func(w *writer){
		"at commit": func(w *writer) {
			first := true
			w.c.raw.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
				if first {
					first = false
					return 1
				}
				return 0
			})
		},
		"in a statement": func(w *writer) { w.c.failed = errors.New("disk I/O error") },
	} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, tempPath(t), Options{})
			inside, release := make(chan struct{}), make(chan struct{})
			var errs [9]error
			var wg sync.WaitGroup
			wg.Go(func() { _ = s.Write(bg, func(store.Tx) error { close(inside); <-release; return nil }) })
			<-inside
			mine := errors.New("mine")
			for i := range errs {
				wg.Go(func() {
					errs[i] = s.Write(bg, func(x store.Tx) error {
						if i == 0 {
							return mine
						}
						if i == len(errs)-1 {
							spoil(s.writer)
						}
						return x.InsertMerchant(checkout.Merchant{ID: checkout.ID(fmt.Sprint("mr_", i)), Name: "A", Version: 1, CreatedAt: time.Now()})
					})
				})
				time.Sleep(5 * time.Millisecond) // they stand in the queue in this order
			}
			close(release)
			wg.Wait()
			for i, err := range errs {
				if e := checkout.AsError(err); i == 0 && err != mine || i > 0 && (err == nil || e.Code != checkout.CodeUnavailable || e.RetryAfter < time.Second) {
					t.Errorf("caller %d: %v", i, err)
				}
			}
			if all, err := s.Merchants(bg); err != nil || len(all) != 0 {
				t.Errorf("%d merchants are stored: %v", len(all), err)
			}
			if err := addMerchant(s, "mr_after"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if all, err := s.Merchants(bg); err != nil || len(all) != 1 {
				t.Errorf("afterwards %d merchants are stored: %v", len(all), err)
			}
		})
	}
}
