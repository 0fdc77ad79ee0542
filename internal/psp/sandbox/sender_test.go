package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// listener is a merchant's system that keeps every notification, and refuses the first few.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	refuse int
	got    []psp.Notification
	came   chan struct{}
}

func listen(t *testing.T, refuse int) *listener {
	l := &listener{refuse: refuse, came: make(chan struct{}, 100)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, psp.Notification{Method: r.Method, Rest: r.URL.Path, Header: r.Header, Body: body})
		if l.refuse != 0 {
			l.refuse--
			w.WriteHeader(http.StatusInternalServerError)
		}
		l.came <- struct{}{}
	}))
	t.Cleanup(l.Close)
	return l
}

// wait gives the events that arrived once there are n.
func (l *listener) wait(t *testing.T, n int) []event {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		l.mu.Lock()
		if len(l.got) >= n {
			out := make([]event, len(l.got))
			for i, g := range l.got {
				if err := json.Unmarshal(g.Body, &out[i]); err != nil {
					t.Error(err)
				}
			}
			l.mu.Unlock()
			return out
		}
		l.mu.Unlock()
		select {
		case <-l.came:
		case <-deadline:
			t.Fatalf("fewer than %d notifications", n)
		}
	}
}

// settled waits until nothing is left to tell of an attempt at this time.
func (l *lab) settled(t *testing.T, reference checkout.ID) Entry {
	t.Helper()
	for range 1000 {
		e, err := l.bank.Find(reference)
		if err != nil || len(e) != 1 {
			t.Fatalf("%+v, %v", e, err)
		}
		p, err := l.bank.payment(e[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, due := p.dueNotice(l.clock.Now()); !due {
			return e[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("notifications are still due")
	return Entry{}
}

func statuses(events []event) []Status {
	var out []Status
	for _, e := range events {
		out = append(out, e.Status)
	}
	return out
}

func TestNotificationsAreSignedAndFollowTheClock(t *testing.T) {
	to := listen(t, 0)
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(MethodMPesa, "")
	r.NotifyURL = to.URL + "/notify/ch_test/token"
	l.start(a, r)
	time.Sleep(20 * time.Millisecond)
	if len(to.got) != 0 {
		t.Error("told before it happened")
	}
	start := time.Now()
	l.clock.Advance(PayerPause)
	events := to.wait(t, 1)
	if d := time.Since(start); d > time.Second {
		t.Errorf("the sender did not hear of the clock for %s", d)
	}
	if e := events[0]; e.Status != Paid || e.Type != "payment.paid" || e.Reference != string(r.Attempt.ID) || e.Amount != 21000 || e.Currency != "MXN" ||
		e.Mode != "test" || e.Account != "ch_test" {
		t.Errorf("%+v", e)
	}
	hints, _, err := a.ParseNotification(t.Context(), to.got[0])
	if err != nil || len(hints) != 1 || hints[0].Reference != r.Attempt.ID {
		t.Errorf("%+v, %v", hints, err)
	}
	l.clock.Advance(time.Hour) // the end of the offer, which is no news any more
	if e := l.settled(t, r.Attempt.ID); e.Notices != 1 || e.Delivered != 1 {
		t.Errorf("%d notices, %d delivered", e.Notices, e.Delivered)
	}
}

func TestNotifyModes(t *testing.T) {
	for scenario, want := range map[string][]Status{
		"approve":              {Paid},
		"notify_never":         nil,
		"notify_twice":         {Paid, Paid},
		"notify_out_of_order":  {Paid, Pending},
		"pending_then_decline": {Pending, Refused},
		"late_success":         {Expired, Paid},
		"instant":              nil,
		"abandon":              {Expired},
	} {
		t.Run(scenario, func(t *testing.T) {
			to := listen(t, 0)
			l := newLab(t, Options{})
			a := l.open("ch_test")
			r := l.request(MethodMPesa, "x+"+scenario+"@x.y")
			r.NotifyURL = to.URL
			l.start(a, r)
			for range 80 {
				l.clock.Advance(time.Second)
			}
			l.settled(t, r.Attempt.ID)
			time.Sleep(10 * time.Millisecond)
			events := to.wait(t, len(want))
			if !slices.Equal(statuses(events), want) {
				t.Errorf("%v, want %v", statuses(events), want)
			}
			if scenario == "notify_twice" && events[0].ID != events[1].ID {
				t.Error("two events; want one, sent twice")
			}
			if scenario == "notify_out_of_order" && (events[0].ID == events[1].ID || events[1].Made >= events[0].Made) {
				t.Error("the second event is not an older one")
			}
		})
	}
}

func TestNotificationRetries(t *testing.T) {
	for refusals, tries := range map[int]int{2: 3, 4: 5, 100: 5} {
		to := listen(t, refusals)
		l := newLab(t, Options{})
		a := l.open("ch_test")
		r := l.request(MethodMPesa, "")
		r.NotifyURL = to.URL
		l.start(a, r)
		l.clock.Advance(PayerPause)
		for n := range tries + 2 {
			if n < tries {
				to.wait(t, n+1)
			}
			l.settled(t, r.Attempt.ID)
			l.clock.Advance(5 * time.Second)
		}
		if n := len(to.wait(t, tries)); n != tries {
			t.Errorf("refused %d times: %d tries, want %d", refusals, n, tries)
		}
	}
}

// Start answers though the merchant's system hangs.
func TestNotificationNeverHoldsUp(t *testing.T) {
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hang.Close()
	defer close(release)
	l := newLab(t, Options{})
	a := l.open("ch_test")
	start := time.Now()
	for range 40 { // more than there are slots
		r := l.request(MethodMPesa, "")
		r.NotifyURL = hang.URL
		l.start(a, r)
		l.clock.Advance(PayerPause)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("40 starts took %s", d)
	}
}

func TestNotifyBeforeReturn(t *testing.T) {
	to := listen(t, 0)
	l := newLab(t, Options{})
	a := l.open("ch_test")
	for range 10 {
		r := l.request(checkout.MethodCard, "")
		r.NotifyURL = to.URL
		before := len(to.wait(t, 0))
		l.press(l.start(a, r).PSPRef, "notify_before_return")
		if got := len(to.wait(t, 0)); got != before+1 {
			t.Fatalf("%d notifications when the shopper returned, want %d", got, before+1)
		}
	}
}

// What was not delivered before a crash is delivered after it, once the account is open again.
func TestNotificationsSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	to := listen(t, 0)
	l := newLab(t, Options{JournalPath: path})
	r := l.request(MethodMPesa, "")
	r.NotifyURL = to.URL
	l.start(l.open("ch_test"), r)
	if err := l.bank.Close(); err != nil {
		t.Fatal(err)
	}
	l.clock.Advance(time.Hour)

	m := newLab(t, Options{JournalPath: path})
	m.clock.Advance(time.Hour)
	if _, err := m.bank.Ledger(); err != nil { // the first use
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if len(to.wait(t, 0)) != 0 {
		t.Error("signed without the account's secret")
	}
	a := m.open("ch_test")
	m.clock.Advance(2 * time.Second)
	if e := to.wait(t, 1); e[0].Status != Paid {
		t.Errorf("%+v", e)
	}
	if _, _, err := a.ParseNotification(t.Context(), to.got[0]); err != nil {
		t.Error(err)
	}
}

func TestRefundsAreTold(t *testing.T) {
	to := listen(t, 0)
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(MethodMPesa, "x+refund_failed@x.y")
	r.NotifyURL = to.URL
	l.start(a, r)
	l.clock.Advance(PayerPause)
	to.wait(t, 1)
	if _, err := a.Refund(t.Context(), r.Attempt, checkout.Refund{ID: "rf_1", Amount: r.Attempt.Amount}); err != nil {
		t.Fatal(err)
	}
	to.wait(t, 2)
	l.clock.Advance(Delay)
	if events := to.wait(t, 3); events[1].Type != "refund.pending" || events[2].Type != "refund.refused" {
		t.Errorf("%+v", events)
	}
}

func TestClock(t *testing.T) {
	var c Clock
	before := c.Now()
	c.Advance(time.Hour)
	c.Advance(-2 * time.Hour)
	if d := c.Now().Sub(before); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("moved by %s", d)
	}
}
