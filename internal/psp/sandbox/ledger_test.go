package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The journal holds everything: after kill -9, which is to open the file again without having closed
// it, the ledger is the same, and the future of its payments too.
func TestJournalSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	for _, email := range []string{"x+instant@x.y", "", "x+decline@x.y"} {
		l.start(a, l.request(checkout.MethodCard, email))
	}
	push := l.request(MethodMPesa, "")
	l.start(a, push)
	voucher := l.request(MethodOXXO, "x+refund_pending@x.y")
	l.start(a, voucher)
	l.clock.Advance(3 * time.Second)
	if _, err := a.Refund(t.Context(), voucher.Attempt, checkout.Refund{ID: "rf_1", Amount: voucher.Attempt.Amount}); err != nil {
		t.Fatal(err)
	}

	again := New(Options{JournalPath: path, Clock: l.clock, BaseURL: func() string { return testBase }})
	defer func() { _ = again.Close() }()
	for range 2 {
		before, err := l.bank.Ledger()
		after, err2 := again.Ledger()
		if err != nil || err2 != nil || len(after) != 5 || asJSON(t, before) != asJSON(t, after) {
			t.Fatalf("%v %v\n%s\n%s", err, err2, asJSON(t, before), asJSON(t, after))
		}
		l.clock.Advance(time.Minute)
	}
	if e, _ := again.Find(voucher.Attempt.ID); e[0].Refunded != 21000 {
		t.Errorf("refunded %d", e[0].Refunded)
	}
	// A payment that was made before the crash is not made again after it.
	p, err := again.Kind().Open(psp.Config{Channel: "ch_test", Test: true, Settings: map[string]string{secretField: testSecret}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Start(t.Context(), push)
	if found, _ := again.Find(push.Attempt.ID); err != nil || len(found) != 1 || s.PSPRef != found[0].ID {
		t.Errorf("%v, %+v", err, found)
	}
}

// Whatever byte a crash cut the file at, every whole line is kept, and what is written next is whole.
func TestJournalTornTail(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.jsonl")
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	for range 3 {
		l.start(a, l.request(checkout.MethodCard, "x+instant@x.y"))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 7 {
		torn := filepath.Join(dir, "torn.jsonl")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(whole[:cut], []byte("\n"))
		for reopen := range 2 {
			m := newLab(t, Options{JournalPath: torn})
			got, err := m.bank.Ledger()
			if err != nil || len(got) != lines+reopen {
				t.Fatalf("cut at %d: %d payments, %v; want %d", cut, len(got), err, lines+reopen)
			}
			if reopen == 0 {
				m.start(m.open("ch_test"), m.request(checkout.MethodCard, ""))
			}
			if err := m.bank.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Damage before the end is not a torn tail: the bank stays closed, and starts are not accepted.
func TestJournalDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(path, []byte("{\"ID\":\"sbx_1\"\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	if _, err := a.Start(t.Context(), l.request(checkout.MethodCard, "")); psp.CertaintyOf(err) != psp.Retryable || err == nil {
		t.Errorf("Start: %v", err)
	}
	if w := l.do(http.MethodGet, "/sandbox/ledger", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("ledger: %d", w.Code)
	}
}

// Nothing is opened before the first use, so a bank that nobody uses costs nothing.
func TestJournalIsLazy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("before the first payment: %v", err)
	}
	l.start(a, l.request(checkout.MethodCard, ""))
	if _, err := os.Stat(path); err != nil {
		t.Errorf("after it: %v", err)
	}
	if l.bank.sender.started {
		t.Error("the sender runs though there is nothing to tell")
	}
	if err := l.bank.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Start(t.Context(), l.request(checkout.MethodCard, "")); psp.CertaintyOf(err) != psp.Retryable || err == nil {
		t.Errorf("Start at a closed bank: %v", err)
	}
}

// Many callers at once: one payment a reference, no refund too many, and every line of the journal whole.
func TestLedgerUnderConcurrency(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	const payments, callers = 20, 8
	var wg sync.WaitGroup
	for range payments {
		r := l.request(checkout.MethodCard, "x+authorize@x.y")
		for c := range callers {
			wg.Go(func() {
				s, err := a.Start(context.Background(), r)
				if err != nil {
					t.Error(err)
					return
				}
				l.press(s.PSPRef, "authorize")
				if _, err := a.Capture(context.Background(), r.Attempt); err != nil {
					t.Error(err)
				}
				id := checkout.ID([]string{"rf_a", "rf_b", "rf_c", "rf_d"}[c%4])
				_, _ = a.Refund(context.Background(), r.Attempt, checkout.Refund{ID: id, Amount: checkout.Money{Minor: 9000, Currency: "MXN"}})
				_, _, _ = a.List(context.Background(), time.Time{}, "")
				_, _ = l.bank.Totals()
			})
		}
	}
	wg.Wait()
	check := func(b *Bank) {
		t.Helper()
		got, err := b.Totals()
		if err != nil || got.Payments != payments || got.Captured["MXN"] != payments*21000 || got.Refunded["MXN"] != payments*18000 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	check(l.bank)
	if err := l.bank.Close(); err != nil {
		t.Fatal(err)
	}
	check(newLab(t, Options{JournalPath: path}).bank)
}

// Whatever is asked in whatever order: never more back than was captured, never more captured than asked for.
func TestLedgerNeverLosesMoney(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLab(t, Options{})
		defer func() { _ = l.bank.Close() }()
		a := l.open("ch_test")
		rows := Scenarios()
		m := rapid.SampledFrom([]checkout.Method{checkout.MethodCard, MethodMPesa, MethodOXXO, MethodTransfer}).Draw(rt, "method")
		rows = slices.DeleteFunc(rows, func(s Scenario) bool { return s.AtStart == StartSlow || s.Trouble == AnswersSlow }) // they wait for a clock
		r := l.request(m, "x+"+rapid.SampledFrom(rows).Draw(rt, "tag").Name+"@x.y")
		_, _ = a.Start(t.Context(), r)
		captured := int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			switch rapid.IntRange(0, 5).Draw(rt, "call") {
			case 0:
				if e, _ := l.bank.Find(r.Attempt.ID); len(e) == 1 {
					l.press(e[0].ID, rapid.SampledFrom(rows).Draw(rt, "button").Name)
				}
			case 1:
				_, _ = a.Capture(t.Context(), r.Attempt)
			case 2:
				_, _ = a.Cancel(t.Context(), r.Attempt)
			case 3:
				_, _ = a.Refund(t.Context(), r.Attempt, checkout.Refund{ID: checkout.ID(rapid.StringMatching("rf_[a-c]").Draw(rt, "id")),
					Amount: checkout.Money{Minor: rapid.Int64Range(-5, 25000).Draw(rt, "back"), Currency: "MXN"}})
			case 4:
				l.clock.Advance(time.Duration(rapid.IntRange(0, 8000).Draw(rt, "ms")) * time.Millisecond)
			case 5:
				_, _ = a.Start(t.Context(), r)
			}
			found, err := l.bank.Find(r.Attempt.ID)
			if err != nil || len(found) > 1 {
				rt.Fatalf("%d payments, %v", len(found), err)
			}
			if len(found) == 0 {
				continue
			}
			e := found[0]
			most := e.Amount
			if e.Scenario == "overpaid" {
				most += e.Amount / 20
			}
			if e.Captured > most || e.Reserved+e.TakenBack > max(e.Captured, 0) || e.Refunded > e.Reserved || e.Captured < captured || e.TakenBack < 0 {
				rt.Fatalf("%+v", e)
			}
			captured = e.Captured
		}
	})
}

func TestListPages(t *testing.T) {
	l := newLab(t, Options{})
	a, other := l.open("ch_test"), l.open("ch_other")
	const n = listPage*2 + 7
	for range n {
		l.start(a, l.request(checkout.MethodCard, "x+instant@x.y"))
		l.clock.Advance(time.Millisecond)
	}
	l.start(other, l.request(checkout.MethodCard, "x+instant@x.y"))
	seen := map[string]bool{}
	cursor, pages := "", 0
	for {
		rows, next, err := a.List(t.Context(), time.Time{}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range rows {
			if seen[r.PSPRef] {
				t.Errorf("%s twice", r.PSPRef)
			}
			seen[r.PSPRef] = true
		}
		if next == "" {
			break
		}
		cursor = next
	}
	if len(seen) != n || pages != 3 {
		t.Errorf("%d payments on %d pages", len(seen), pages)
	}
	rows, _, err := a.List(t.Context(), l.clock.Now().Add(time.Hour), "")
	if err != nil || len(rows) != 0 {
		t.Errorf("%d from the future, %v", len(rows), err)
	}
}

func BenchmarkInstant(b *testing.B) {
	l := newLab(b, Options{JournalPath: filepath.Join(b.TempDir(), "ledger.jsonl")})
	a := l.open("ch_test")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.Start(context.Background(), l.request(checkout.MethodCard, "x+instant@x.y")); err != nil {
				b.Fatal(err)
			}
		}
	})
}
