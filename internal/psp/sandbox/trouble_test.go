package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// What is asked during the trouble fails as a provider's own trouble would, and changes nothing; what is
// asked afterwards is answered.
func TestTrouble(t *testing.T) {
	for scenario, want := range map[string]struct {
		code    string
		capture psp.Certainty // of a call that would change something
	}{
		"timeout_then_success": {"no_answer", psp.Ambiguous},
		"server_error":         {"http_500", psp.Ambiguous},
		"too_many_requests":    {"http_429", psp.Retryable},
	} {
		l := newLab(t, Options{})
		a := l.open("ch_test")
		r := l.request(checkout.MethodCard, "")
		l.press(l.start(a, r).PSPRef, scenario)
		_, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt})
		if e, ok := err.(*psp.Error); !ok || e.Certainty != psp.Retryable || e.Code != want.code {
			t.Errorf("%s: Fetch: %v", scenario, err)
		}
		if _, err := a.Cancel(t.Context(), r.Attempt); err == nil || psp.CertaintyOf(err) != want.capture {
			t.Errorf("%s: Cancel: %v", scenario, err)
		}
		l.clock.Advance(Delay)
		if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != checkout.AttemptSucceeded {
			t.Errorf("%s, later: %s, %v", scenario, s.State, err)
		}
	}
}

// A slow answer takes its time on the bank's clock, ends with its context, and comes in the end.
func TestSlowAnswers(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "")
	l.press(l.start(a, r).PSPRef, "slow")
	ctx, cancel := contextWithTimeout(t, 20*time.Millisecond)
	defer cancel()
	if _, err := a.Fetch(ctx, psp.FetchRequest{Attempt: r.Attempt}); psp.CertaintyOf(err) != psp.Retryable || err == nil {
		t.Errorf("Fetch: %v", err)
	}
	answered := make(chan psp.Snapshot)
	go func() {
		s, _ := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt})
		answered <- s
	}()
	for done := false; !done; {
		select {
		case s := <-answered:
			if done = true; s.State != checkout.AttemptSucceeded {
				t.Errorf("the answer is %s", s.State)
			}
		case <-time.After(time.Millisecond):
			l.clock.Advance(slowAnswer / 4)
		}
	}
	l.clock.Advance(time.Minute)
	start := time.Now()
	if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != checkout.AttemptSucceeded || time.Since(start) > time.Second {
		t.Errorf("after a minute: %s, %v, in %s", s.State, err, time.Since(start))
	}
}

func TestTooManyRequestsAtStart(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "x+start_too_many_requests@x.y")
	for range 2 {
		if _, err := a.Start(t.Context(), r); err == nil || psp.CertaintyOf(err) != psp.Retryable {
			t.Fatalf("Start: %v", err)
		}
		l.clock.Advance(Delay / 2)
	}
	if e, _ := l.bank.Find(r.Attempt.ID); len(e) != 0 {
		t.Error("a payment was made")
	}
	l.press(l.start(a, r).PSPRef, "")
	if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != checkout.AttemptSucceeded {
		t.Errorf("tried again: %s, %v", s.State, err)
	}
	if _, err := a.Start(t.Context(), l.request(checkout.MethodCard, "x+start_too_many_requests@x.y")); err == nil {
		t.Error("another session is not told to wait")
	}
}

// A payer who walks away is sent back undecided; the question stands for five minutes and can be answered.
func TestChallengeAbandoned(t *testing.T) {
	for _, email := range []string{"", "x+challenge_abandoned@x.y"} {
		for _, back := range []string{"", "approve", "challenge_failed"} {
			l := newLab(t, Options{})
			a := l.open("ch_test")
			r := l.request(checkout.MethodCard, email)
			id := l.start(a, r).PSPRef
			if w := l.press(id, "challenge_abandoned"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != r.ReturnURL {
				t.Fatalf("%d to %q", w.Code, w.Header().Get("Location"))
			}
			l.clock.Advance(ChallengeLife - time.Second)
			want, decline := checkout.AttemptFailed, checkout.DeclineAuthentication
			if back != "" {
				l.press(id, back)
			}
			if back == "approve" {
				want, decline = checkout.AttemptSucceeded, checkout.DeclineNone
			}
			if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State.Final() != (back != "") {
				t.Errorf("%q, before its time: %s, %v", back, s.State, err)
			}
			l.clock.Advance(time.Second)
			if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != want || s.Decline != decline {
				t.Errorf("%q: %s %s, %v", back, s.State, s.Decline, err)
			}
		}
	}
}

// Taken back is what was not refunded before; afterwards nothing can be refunded, and the payment says
// that it is disputed, in its notification too.
func TestChargeback(t *testing.T) {
	to := listen(t, 0)
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(MethodMPesa, "x+chargeback@x.y")
	r.NotifyURL = to.URL
	l.start(a, r)
	l.clock.Advance(PayerPause)
	to.wait(t, 1)
	part := checkout.Refund{ID: "rf_1", Amount: checkout.Money{Minor: 1000, Currency: "MXN"}}
	if _, err := a.Refund(t.Context(), r.Attempt, part); err != nil {
		t.Fatal(err)
	}
	l.clock.Advance(ChargebackDelay)
	if events := to.wait(t, 3); events[2].Type != "payment.charged_back" || events[2].Code != codeDisputed {
		t.Errorf("%+v", events)
	}
	s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt})
	if err != nil || s.State != checkout.AttemptSucceeded || s.Review != checkout.ReviewDisputed || s.Amount != r.Attempt.Amount {
		t.Errorf("%+v, %v", s, err)
	}
	part.ID = "rf_2"
	if _, err := a.Refund(t.Context(), r.Attempt, part); psp.CertaintyOf(err) != psp.Rejected || err == nil {
		t.Errorf("a refund of what was taken back: %v", err)
	}
	e, _ := l.bank.Find(r.Attempt.ID)
	if e[0].Captured != 21000 || e[0].Refunded != 1000 || e[0].TakenBack != 20000 {
		t.Errorf("%+v", e[0])
	}
	if sum, _ := l.bank.Totals(); sum.TakenBack["MXN"] != 20000 {
		t.Errorf("%+v", sum)
	}
}

// A choice that was never played leaves nothing behind: what moves is what the last one says.
func TestTheLastChoiceCounts(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	for _, first := range []string{"overpaid", "partial", "wrong_currency"} {
		r := l.request(MethodTransfer, "x+"+first+"@x.y")
		l.press(l.start(a, r).PSPRef, "approve") // before the preset is played
		if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.Amount != r.Attempt.Amount {
			t.Errorf("%s, then approve: %s, %v", first, s.Amount, err)
		}
	}
}

// Amounts at the edges: nothing is ever paid with nothing, and nothing overflows.
func TestTwentieth(t *testing.T) {
	table := newTable()
	for _, minor := range []int64{1, 2, 19, 20, 21, 1<<63 - 1} {
		p := &Payment{Amount: checkout.Money{Minor: minor, Currency: "JPY"}, Steps: []Step{{}}}
		play(p, table.byName["partial"], time.Time{})
		if p.Moved.Minor < 1 || (minor > 1 && p.Moved.Minor >= minor) {
			t.Errorf("partial of %d is %d", minor, p.Moved.Minor)
		}
		play(p, table.byName["overpaid"], time.Time{})
		if p.Moved.Minor < minor || (minor < 1<<62 && p.Moved.Minor == minor) {
			t.Errorf("overpaid of %d is %d", minor, p.Moved.Minor)
		}
	}
}

// With a seeded source of ids and a clock of its own, the same calls leave the same bytes.
func TestSameSeedSameBytes(t *testing.T) {
	play := func(seed int) string {
		path := filepath.Join(t.TempDir(), "ledger.jsonl")
		now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		clock := &Clock{Real: func() time.Time { return now }}
		n := 0
		b := New(Options{JournalPath: path, Clock: clock, BaseURL: func() string { return testBase },
			Token: func() string { n++; return fmt.Sprintf("seed-%d-%d", seed, n) }})
		defer b.Close()
		l := &lab{t: t, clock: clock, bank: b}
		a := l.open("ch_test")
		for i, s := range Scenarios() {
			if s.AtStart == StartSlow || s.Trouble == AnswersSlow { // they wait for a clock that somebody moves
				continue
			}
			for _, m := range methods {
				r := l.request(m, s.Email())
				r.Attempt.ID = checkout.ID(fmt.Sprintf("at_%s_%d", m, i))
				r.Session.ID, r.ReturnURL = "cs_1", testBase
				snap, err := a.Start(t.Context(), r)
				if err == nil {
					l.do(http.MethodPost, "/sandbox/pay/"+snap.PSPRef, url.Values{"scenario": {"approve"}})
					clock.Advance(Delay)
					_, _ = a.Refund(t.Context(), r.Attempt, checkout.Refund{ID: "rf_1", Amount: checkout.Money{Minor: 100, Currency: "MXN"}})
				}
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(kept)
	}
	first := play(1)
	if first != play(1) {
		t.Error("the same seed made other bytes")
	}
	if first == play(2) || bytes.Count([]byte(first), []byte("\n")) < 300 {
		t.Error("the seed does not matter, or little was written")
	}
}
