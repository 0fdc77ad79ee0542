package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A kill takes a second or two, much of it waiting for the sweep; so several databases suffer side by side. Each
// kill moves a database's clock on by a minute, and a card's payment waits for half an hour at the bank; so
// a database is done after 20.
const (
	chaosRounds   = 50
	chaosLanes    = 2
	killsPerStore = 20
)

func envInt(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestKillUnderLoad holds promise 1 against kill -9: what was acknowledged is there, no key is stuck, and our
// books are the bank's, after every kill of a demo under load. KASSA_CHAOS_ROUNDS sets the number of
// kills, KASSA_CHAOS_SEED repeats a run's choices (not its timing).
func TestKillUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a minute")
	}
	rounds := envInt(t, "KASSA_CHAOS_ROUNDS", chaosRounds)
	seed := uint64(envInt(t, "KASSA_CHAOS_SEED", time.Now().UnixNano()))
	t.Logf("%d kills; KASSA_CHAOS_SEED=%d repeats their choices", rounds, seed)
	bin := buildKassa(t)
	var left, acked, inFlight atomic.Int64
	left.Store(rounds)
	began := time.Now()
	t.Run("lanes", func(t *testing.T) {
		for n := range min(chaosLanes, int(rounds)) {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				var l *lane
				for r := 0; left.Add(-1) >= 0; r++ {
					if r%killsPerStore == 0 {
						if l != nil {
							l.end(t)
						}
						l = newLane(t, bin, seed+uint64(n)<<32+uint64(r))
					}
					a, f := l.round(t, r)
					acked.Add(int64(a))
					inFlight.Add(int64(f))
				}
				if l != nil {
					l.end(t)
				}
			})
		}
	})
	t.Logf("%d kills in %.0f s: %d calls acknowledged, %d in flight when killed", rounds, time.Since(began).Seconds(), acked.Load(), inFlight.Load())
	if !t.Failed() && rounds >= 10 && (acked.Load() < 5*rounds || inFlight.Load() < rounds) {
		t.Errorf("there was hardly any load: this run proves nothing")
	}
}

// lane is one database with its driver's log.
type lane struct {
	bin, dir string
	rng      *rand.Rand
	log      *ackLog
	p        *process
	fresh    int           // operations before the present round
	clock    time.Duration // how far the demo's clock was moved on
}

func newLane(t *testing.T, bin string, seed uint64) *lane {
	t.Helper()
	l := &lane{bin: bin, dir: t.TempDir(), rng: rand.New(rand.NewPCG(seed, 0))}
	var err error
	if l.log, err = newAckLog(filepath.Join(l.dir, "acks.jsonl")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if l.p != nil {
			l.p.kill()
		}
		_ = l.log.file.Close()
	})
	l.start(t)
	return l
}

func (l *lane) start(t *testing.T) {
	t.Helper()
	var err error
	if l.p, err = startDemo(l.bin, filepath.Join(l.dir, "kassa.db"), filepath.Join(l.dir, "server.log")); err != nil {
		t.Fatal(err)
	}
	l.advance(t, 0)
}

// advance moves the demo's clock on. It is lost when the process ends, and a clock must not go back.
func (l *lane) advance(t *testing.T, d time.Duration) {
	t.Helper()
	if l.clock += d; l.clock == 0 {
		return
	}
	by := d
	if d == 0 {
		by = l.clock
	}
	if a, err := l.p.browse("POST", "/sandbox/clock", "advance="+by.String()); err != nil || a.status != http.StatusOK {
		t.Fatalf("the clock: %d %v", a.status, err)
	}
}

// round loads the server, kills it, starts it again and checks. The server that was checked is the one
// that the next round kills. It gives how many calls were acknowledged, and how many were in flight.
func (l *lane) round(t *testing.T, r int) (acked, inFlight int) {
	t.Helper()
	d := &driver{p: l.p, log: l.log, name: fmt.Sprintf("round-%d", r)}
	ctx, cancel := context.WithCancel(context.Background())
	after := 50*time.Millisecond + time.Duration(l.rng.Int64N(int64(450*time.Millisecond)))
	seed := l.rng.Uint64()
	done := make(chan struct{})
	go func() { defer close(done); d.load(ctx, seed) }()
	time.Sleep(after)
	l.p.kill()
	cancel()
	<-done
	if len(d.wrong) > 0 {
		l.fail(t, r, after, d.wrong)
	}
	ops, err := l.log.ops()
	if err != nil {
		t.Fatal(err)
	}
	l.start(t)
	for _, o := range ops[l.fresh:] {
		if o.Acked {
			acked++
		} else {
			inFlight++
		}
	}
	c := &checker{p: l.p, patience: 20 * time.Second, later: func() { l.advance(t, time.Minute) }}
	if differences := c.check(ops, l.fresh); len(differences) > 0 {
		l.fail(t, r, after, differences)
	}
	// What was completed by the check counts as acknowledged from now on.
	for _, o := range ops[l.fresh:] {
		if !o.Acked && o.Kind != "pay" {
			if _, err := l.log.ack(o, o.Session, o.Answer); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.fresh = len(ops)
	return acked, inFlight
}

func (l *lane) fail(t *testing.T, r int, after time.Duration, differences []string) {
	t.Helper()
	log, _ := os.ReadFile(filepath.Join(l.dir, "server.log"))
	var lines []string
	for line := range strings.Lines(string(log)) {
		if !strings.Contains(line, "notification not delivered") { // to a process that was killed
			lines = append(lines, line)
		}
	}
	t.Fatalf("round %d, killed after %v: %d differences\n%s\nthe end of the server's log:\n%s", r, after, len(differences),
		strings.Join(differences[:min(len(differences), 10)], "\n"), strings.Join(lines[max(0, len(lines)-20):], ""))
}

// end stops the last server, which must be well after all that.
func (l *lane) end(t *testing.T) {
	t.Helper()
	if err := l.p.stop(); err != nil {
		t.Errorf("the last server did not stop cleanly: %v", err)
	}
	l.p = nil
}

// TestTheKillCheckCanFail plants one loss after the other and wants each of them found.
func TestTheKillCheckCanFail(t *testing.T) {
	if testing.Short() {
		t.Skip("belongs to TestKillUnderLoad")
	}
	l := newLane(t, buildKassa(t), 1)
	d := &driver{p: l.p, log: l.log, name: "control"}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go func() {
		for ; l.log.count() < 150 && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		}
		cancel()
	}()
	d.load(ctx, 1)
	ops, err := l.log.ops()
	if err != nil {
		t.Fatal(err)
	}
	exam := func(ops []op) []string {
		return (&checker{p: l.p, patience: 300 * time.Millisecond, later: func() {}}).check(ops, 0)
	}
	if differences := append(d.wrong, exam(ops)...); len(differences) > 0 {
		t.Fatalf("with no kill and nothing planted there are differences:\n%s", strings.Join(differences, "\n"))
	}
	find := func(kind string, fits func(op) bool) op {
		for _, o := range ops {
			if o.Kind == kind && o.Acked && fits(o) {
				return o
			}
		}
		t.Fatalf("the load has no %s to plant a loss in", kind)
		return op{}
	}
	paid, refunded := map[string]bool{}, map[string]bool{}
	for _, o := range ops {
		paid[o.Session] = paid[o.Session] || o.Kind == "pay"
		refunded[o.Session] = refunded[o.Session] || o.Kind == "refund"
	}
	open := find("create", func(o op) bool { return !paid[o.Session] })
	created := find("create", func(op) bool { return true })
	whole := find("pay", func(o op) bool { return !refunded[o.Session] })
	refund := find("refund", func(op) bool { return true })
	never := "cs_" + strings.Repeat("0", 36)
	planted := map[string]struct {
		o    op
		says string
	}{
		"a session that was never sent":   {op{Kind: "create", Key: "never", Sent: created.Sent, Session: never, Acked: true, Answer: `{"id":"` + never + `"}`}, "session " + never + " answers 404"},
		"a payment that was never made":   {op{Kind: "pay", Session: open.Session, Acked: true}, "is open"},
		"a refund that was never made":    {op{Kind: "refund", Key: "never", Session: whole.Session, Sent: `{"amount":1}`, Acked: true, Answer: `{"refund":{"id":"rf_never"}}`}, "the session's refunds are"},
		"an answer of other bytes":        {op{Kind: "create", Key: created.Key, Sent: created.Sent, Session: created.Session, Acked: true, Answer: created.Answer + " "}, "repeated: 201"},
		"a key with another body":         {op{Kind: "create", Key: created.Key, Sent: strings.Replace(created.Sent, "Juan", "Ana", 1), Session: created.Session}, "is stuck: 422"},
		"a refund that the bank lacks":    {op{Kind: "refund", Key: refund.Key, Session: refund.Session, Sent: refund.Sent, Acked: true, Answer: refund.Answer}, "refunds of"},
		"a form for a session not there":  {op{Kind: "pay", Session: never}, "posted again: 404"},
		"a refund of a session not there": {op{Kind: "refund", Key: "never", Session: never, Sent: `{}`}, "is stuck: 404"},
	}
	for _, name := range slices.Sorted(maps.Keys(planted)) {
		t.Run(name, func(t *testing.T) {
			plant := planted[name]
			plant.o.N = len(ops)
			found := strings.Join(exam(append(slices.Clone(ops), plant.o)), "\n")
			if !strings.Contains(found, plant.says) {
				t.Errorf("not found (%q); the check said: %q", plant.says, found)
			}
		})
	}
	t.Run("a session that no call made", func(t *testing.T) {
		if a, err := l.p.api("POST", "", "", created.Sent); err != nil || a.status != 201 {
			t.Fatal(a, err)
		}
		if found := strings.Join(exam(ops), "\n"); !strings.Contains(found, "a key made two") {
			t.Errorf("not found; the check said: %q", found)
		}
	})
}

// TestReconcileCanFail bends one side of the books at a time.
func TestReconcileCanFail(t *testing.T) {
	ops := []op{{Kind: "create", Session: "a", Acked: true}, {Kind: "pay", Session: "a", Acked: true}, {Kind: "refund", Session: "a", Sent: `{"amount":1000}`, Acked: true}}
	ours := kept{ID: "a", Status: "partially_refunded", Amount: chaosAmount, Refunded: 1000}
	bank := booked{Session: "a", Status: "paid", Captured: chaosAmount, Refunded: 1000, Reserved: 1000}
	for _, c := range []struct {
		name string
		says string
		bend func(*kept, *[]booked)
	}{
		{"as it should be", "", func(*kept, *[]booked) {}},
		{"captured twice", "captured 2 times", func(_ *kept, b *[]booked) { *b = append(*b, bank) }},
		{"a second payment waits", "one form made 2 payments", func(_ *kept, b *[]booked) { *b = append(*b, booked{Session: "a", Status: "waiting"}) }},
		{"captured too much", "captured 1 times", func(_ *kept, b *[]booked) { (*b)[0].Captured++ }},
		{"captured nothing", "the bank captured 0", func(_ *kept, b *[]booked) { *b = nil }},
		{"refunded twice", "the bank did 2000", func(_ *kept, b *[]booked) { (*b)[0].Refunded, (*b)[0].Reserved = 2000, 2000 }},
		{"a refund is stuck", "reserved 2000", func(_ *kept, b *[]booked) { (*b)[0].Reserved = 2000 }},
		{"our state is behind", "ours is", func(k *kept, _ *[]booked) { k.Status = "processing" }},
		{"our refund is missing", "ours is", func(k *kept, _ *[]booked) { k.Refunded = 0 }},
		{"a person is asked", "ours is", func(k *kept, _ *[]booked) { k.Review = true }},
		{"a payment of a stranger", "which we do not have", func(_ *kept, b *[]booked) { *b = append(*b, booked{Session: "b"}) }},
	} {
		k, b := ours, []booked{bank}
		c.bend(&k, &b)
		found := strings.Join(reconcile(ops, map[string]kept{"a": k}, b), "\n")
		if (c.says == "") != (found == "") || !strings.Contains(found, c.says) {
			t.Errorf("%s: want %q, found %q", c.name, c.says, found)
		}
	}
}
