package checkout_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

// model is the settlement of one session told in the words of the promises: who brought money, in
// which order, and who was waited for. It knows no table and no event.
type model struct {
	active, hold, paidBy checkout.ID // the attempt waited for, the one that holds the money, the one that brought it
	ended                checkout.SessionState
	late, flagged        bool
	over, held, money    map[checkout.ID]bool // attempts that ended, were approved, brought money
	excess               map[checkout.ID]bool
	refunded             int64
}

func newModel() *model {
	return &model{over: map[checkout.ID]bool{}, held: map[checkout.ID]bool{}, money: map[checkout.ID]bool{}, excess: map[checkout.ID]bool{}}
}

func (m *model) state(amount int64) checkout.SessionState {
	switch {
	case m.paidBy != "" && m.refunded >= amount:
		return checkout.SessionRefunded
	case m.paidBy != "" && m.refunded > 0:
		return checkout.SessionPartiallyRefunded
	case m.paidBy != "":
		return checkout.SessionPaid
	case m.ended != "":
		return m.ended
	case m.hold != "":
		return checkout.SessionAuthorized
	case m.active != "":
		return checkout.SessionProcessing
	}
	return checkout.SessionOpen
}

// observe is one answer about attempt id that may be believed; timeOver is the clock's word.
func (m *model) observe(id checkout.ID, state checkout.AttemptState, timeOver bool) {
	switch state {
	case checkout.AttemptSucceeded:
		if m.money[id] {
			return
		}
		if m.paidBy != "" || (m.hold != "" && m.hold != id) {
			m.excess[id] = true
		} else {
			m.late = m.ended != "" || (m.active == "" && timeOver)
			m.flagged = m.flagged || m.late || m.over[id]
			m.paidBy, m.active, m.hold = id, "", ""
		}
		m.money[id], m.over[id] = true, true
	case checkout.AttemptAuthorized:
		if !m.over[id] && !m.held[id] && m.active == id {
			m.hold = id
		}
		m.held[id] = m.held[id] || !m.over[id]
	case checkout.AttemptFailed, checkout.AttemptCanceled, checkout.AttemptExpired:
		if m.over[id] {
			return
		}
		m.over[id] = true
		if m.hold == id {
			m.hold, m.ended, m.flagged = "", checkout.SessionCanceled, true
			if state == checkout.AttemptExpired {
				m.ended = checkout.SessionExpired
			}
		}
		if m.active == id {
			m.active = ""
		}
	}
}

// world is the code under test with what a store would keep for it.
type world struct {
	m        *model
	now      time.Time
	s        checkout.Session
	attempts []checkout.Attempt
	refunds  []checkout.Refund
	gaveBack map[checkout.ID]int
	last     *checkout.Observation // and whom it was about
	lastOf   int
}

func newWorld() *world {
	now := time.Unix(1_000_000, 0).UTC()
	return &world{
		m: newModel(), now: now, gaveBack: map[checkout.ID]int{},
		s: checkout.Session{ID: "cs_1", State: checkout.SessionOpen, Version: 1, Amount: checkout.Money{Minor: 21000, Currency: "MXN"}, ExpiresAt: now.Add(40 * time.Minute)},
	}
}

func (w *world) timeOver() bool { return !w.now.Before(w.s.ExpiresAt) }

// store takes over a change, and does what the engine does with its demands.
func (w *world) store(t *rapid.T, c checkout.Change) {
	if !c.Changed {
		if len(c.Facts) > 0 || c.GiveBack || c.Void || c.Displaced != "" || !reflect.DeepEqual(c.Session, w.s) {
			t.Fatalf("unchanged, and yet: %+v", c)
		}
		return
	}
	if c.Session.State != w.s.State && !strings.Contains(fmt.Sprint(c.Facts), "session.") {
		t.Fatalf("from %s to %s without a fact: %+v", w.s.State, c.Session.State, c.Facts)
	}
	w.s = c.Session
	for i := range w.attempts {
		switch a := &w.attempts[i]; a.ID {
		case c.Attempt.ID:
			*a = c.Attempt
		case c.Displaced:
			if !a.InFlight() {
				t.Fatalf("%s is displaced, and is %s", a.ID, a.State)
			}
			a.Superseded = true
		}
	}
	if c.GiveBack {
		w.gaveBack[c.Attempt.ID]++
		w.refunds = append(w.refunds, checkout.Refund{ID: "rf_x", State: checkout.RefundPending, Amount: c.Attempt.Amount, Excess: true, Attempt: c.Attempt.ID})
	}
}

// pure runs fn twice and demands one result and untouched arguments.
func pure[R any](t *rapid.T, w *world, fn func() R) R {
	before := fmt.Sprintf("%+v", *w)
	first, second := fn(), fn()
	if !reflect.DeepEqual(first, second) {
		t.Fatalf("once %+v, then %+v", first, second)
	}
	if after := fmt.Sprintf("%+v", *w); after != before {
		t.Fatalf("its input was changed: %s, before %s", after, before)
	}
	return first
}

type outcome struct {
	c   checkout.Change
	err error
}

func (w *world) begin(t *rapid.T) {
	a := checkout.Attempt{ID: checkout.ID(fmt.Sprintf("at_%d", len(w.attempts))), Session: w.s.ID, State: checkout.AttemptStarting, Amount: w.s.Amount, Method: "card", PSPRef: rapid.SampledFrom([]string{"", "ref"}).Draw(t, "known ref")}
	want := w.m.state(w.s.Amount.Minor) == checkout.SessionOpen && !w.timeOver()
	got := pure(t, w, func() outcome { c, err := checkout.Begin(w.s, a, w.now); return outcome{c, err} })
	if (got.err == nil) != want {
		t.Fatalf("Begin on %s: %v", w.s.State, got.err)
	}
	if want {
		w.attempts = append(w.attempts, a)
		w.m.active = a.ID
		w.store(t, got.c)
	}
}

func (w *world) supersede(t *rapid.T) {
	if len(w.attempts) == 0 {
		t.Skip("no attempt")
	}
	a := rapid.SampledFrom(w.attempts).Draw(t, "attempt")
	want := w.m.active == a.ID && w.m.hold == ""
	got := pure(t, w, func() outcome { c, err := checkout.Supersede(w.s, a, w.now); return outcome{c, err} })
	if (got.err == nil) != want || (!want && checkout.CodeOf(got.err) != checkout.CodeConflict) {
		t.Fatalf("Supersede %s: %v", a.State, got.err)
	}
	if want {
		w.m.active = ""
		w.store(t, got.c)
	}
}

func (w *world) end(t *rapid.T) {
	ev := rapid.SampledFrom([]checkout.SessionEvent{checkout.SessionCancel, checkout.SessionExpire}).Draw(t, "event")
	want := w.m.state(w.s.Amount.Minor) == checkout.SessionOpen
	got := pure(t, w, func() outcome { c, err := checkout.End(w.s, ev, "test", w.now); return outcome{c, err} })
	if (got.err == nil) != want || (!want && checkout.CodeOf(got.err) != checkout.CodeConflict) {
		t.Fatalf("End on %s: %v", w.s.State, got.err)
	}
	if want {
		w.m.ended = map[checkout.SessionEvent]checkout.SessionState{checkout.SessionCancel: checkout.SessionCanceled, checkout.SessionExpire: checkout.SessionExpired}[ev]
		w.store(t, got.c)
	}
}

// observe lets the provider say anything about any attempt, old ones included.
func (w *world) observe(t *rapid.T) {
	if len(w.attempts) == 0 {
		t.Skip("no attempt")
	}
	i := rapid.IntRange(0, len(w.attempts)-1).Draw(t, "attempt")
	right := w.attempts[i].Amount
	o := checkout.Observation{
		State: rapid.SampledFrom(append(checkout.AttemptStates(), checkout.AttemptSucceeded, checkout.AttemptAuthorized)).Draw(t, "state"),
		Amount: rapid.SampledFrom([]checkout.Money{right, right, right, {Minor: right.Minor + 1, Currency: right.Currency}, {Minor: right.Minor - 1, Currency: right.Currency}, {Minor: 1, Currency: right.Currency},
			{Minor: right.Minor * 100, Currency: right.Currency}, {Minor: -right.Minor, Currency: right.Currency}, {Minor: right.Minor, Currency: "USD"}, {Minor: right.Minor, Currency: "mxn"}, {}}).Draw(t, "amount"),
		PSPRef: rapid.SampledFrom([]string{"", "ref", "ref", "other"}).Draw(t, "ref"),
		Review: rapid.SampledFrom([]checkout.Review{"", "", "", "", checkout.ReviewUnknownOutcome, checkout.ReviewReferenceMismatch, checkout.ReviewDisputed}).Draw(t, "review"),
	}
	w.settle(t, i, o)
}

func (w *world) again(t *rapid.T) {
	if w.last == nil {
		t.Skip("nothing was said yet")
	}
	w.settle(t, w.lastOf, *w.last)
}

func (w *world) settle(t *rapid.T, i int, o checkout.Observation) {
	a := w.attempts[i]
	w.last, w.lastOf = &o, i
	c := pure(t, w, func() checkout.Change { return checkout.Settle(w.s, a, o, w.now) })
	money := o.State == checkout.AttemptSucceeded || o.State == checkout.AttemptAuthorized
	repeated := o.State == a.State && o.Amount == (checkout.Money{})
	switch {
	case o.PSPRef != "" && a.PSPRef != "" && o.PSPRef != a.PSPRef, o.Review != "" && o.Review != checkout.ReviewDisputed, money && o.Amount != a.Amount && !repeated:
		w.m.flagged = true
		if c.Session.State != w.s.State || c.Attempt.State != a.State || c.GiveBack || c.Void {
			t.Fatalf("%+v is not to be believed, and changes %s to %s, %s to %s", o, w.s.State, c.Session.State, a.State, c.Attempt.State)
		}
	default:
		unwanted := o.State == checkout.AttemptAuthorized && !w.m.over[a.ID] && !w.m.held[a.ID] && w.m.active != a.ID
		w.m.observe(a.ID, o.State, w.timeOver())
		w.m.flagged = w.m.flagged || o.Review == checkout.ReviewDisputed
		if c.Void != unwanted {
			t.Fatalf("Void is %v after %+v", c.Void, o)
		}
	}
	w.store(t, c)
}

func (w *world) refund(t *rapid.T) {
	if w.m.paidBy == "" || len(w.refunds) > 6 {
		t.Skip("nothing to refund")
	}
	amount := rapid.SampledFrom([]int64{1, 1000, 10500, 21000}).Draw(t, "amount") // more than all of it together: a provider may say so
	w.refunds = append(w.refunds, checkout.Refund{ID: checkout.ID(fmt.Sprintf("rf_%d", len(w.refunds))), State: checkout.RefundPending, Attempt: w.m.paidBy, Amount: checkout.Money{Minor: amount, Currency: "MXN"}})
}

func (w *world) settleRefund(t *rapid.T) {
	if len(w.refunds) == 0 {
		t.Skip("no refund")
	}
	i := rapid.IntRange(0, len(w.refunds)-1).Draw(t, "refund")
	ev := rapid.SampledFrom(checkout.RefundEvents()).Draw(t, "event")
	var others, sum int64
	for j, r := range w.refunds {
		if i != j && !r.Excess && r.State == checkout.RefundSucceeded {
			others += r.Amount.Minor
		}
	}
	type settled struct {
		s   checkout.Session
		r   checkout.Refund
		f   []checkout.Fact
		err error
	}
	r := w.refunds[i]
	got := pure(t, w, func() settled {
		s, r, f, err := checkout.SettleRefund(w.s, r, ev, others, w.now)
		return settled{s, r, f, err}
	})
	legal := r.State == checkout.RefundPending || (r.State == checkout.RefundRequiresAction && ev != checkout.RefundAct) || (r.State == checkout.RefundSucceeded && ev == checkout.RefundFail)
	if (got.err == nil) != legal {
		t.Fatalf("%s of a refund that is %s: %v", ev, r.State, got.err)
	}
	if got.err != nil && (!reflect.DeepEqual(got.s, w.s) || !reflect.DeepEqual(got.r, r) || got.f != nil) {
		t.Fatalf("refused, and changed: %+v", got)
	}
	w.s, w.refunds[i] = got.s, got.r
	for _, r := range w.refunds {
		if !r.Excess && r.State == checkout.RefundSucceeded {
			sum += r.Amount.Minor
		}
	}
	if undone := strings.Contains(fmt.Sprint(got.f), "refund_undone"); undone != (sum < w.m.refunded && sum < w.s.Captured) {
		t.Fatalf("from %d to %d, told as %v", w.m.refunded, sum, got.f)
	}
	w.m.refunded = sum
	w.m.flagged = w.m.flagged || (legal && (ev == checkout.RefundFail || ev == checkout.RefundAct))
}

func (w *world) tick(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
}

// look is a person who has looked, and takes every flag down.
func (w *world) look(*rapid.T) {
	w.s.Review, w.m.flagged = checkout.ReviewNone, false
	for i := range w.attempts {
		w.attempts[i].Review = checkout.ReviewNone
	}
}

func (w *world) check(t *rapid.T) {
	s := w.s
	if want := w.m.state(s.Amount.Minor); s.State != want {
		t.Fatalf("the session is %s, want %s", s.State, want)
	}
	if s.Active != w.m.active || s.PaidBy != w.m.paidBy || s.Late != w.m.late || s.Refunded != w.m.refunded {
		t.Fatalf("active %q, paid by %q, late %v, refunded %d; want %q, %q, %v, %d", s.Active, s.PaidBy, s.Late, s.Refunded, w.m.active, w.m.paidBy, w.m.late, w.m.refunded)
	}
	if s.Captured > s.Amount.Minor || (s.Captured == s.Amount.Minor) != (s.PaidBy != "") || (s.PaidBy == "" && s.Captured != 0) || s.PaidAt.IsZero() != (s.PaidBy == "") {
		t.Fatalf("captured %d of %d, paid by %q at %v", s.Captured, s.Amount.Minor, s.PaidBy, s.PaidAt)
	}
	if (s.Review != checkout.ReviewNone) != w.m.flagged {
		t.Fatalf("review is %q; somebody has to look: %v", s.Review, w.m.flagged)
	}
	inFlight := 0
	for _, a := range w.attempts {
		if a.InFlight() {
			inFlight++
		}
		if (s.Active == a.ID) != a.InFlight() {
			t.Fatalf("active is %q, and %s is %s, superseded %v", s.Active, a.ID, a.State, a.Superseded)
		}
		if w.m.money[a.ID] != (a.State == checkout.AttemptSucceeded) || a.Excess != w.m.excess[a.ID] {
			t.Fatalf("%s is %s, excess %v; it brought money: %v, one too many: %v", a.ID, a.State, a.Excess, w.m.money[a.ID], w.m.excess[a.ID])
		}
		if a.State == checkout.AttemptSucceeded && (s.PaidBy == a.ID) == a.Excess {
			t.Fatalf("the money of %s is forgotten, or counted twice", a.ID)
		}
		if want := map[bool]int{true: 1}[a.Excess]; w.gaveBack[a.ID] != want {
			t.Fatalf("%s gave back %d times, want %d", a.ID, w.gaveBack[a.ID], want)
		}
		if a.Review != checkout.ReviewNone && s.Review == checkout.ReviewNone {
			t.Fatalf("%s needs review (%s), and the session does not say so", a.ID, a.Review)
		}
	}
	if inFlight > 1 {
		t.Fatalf("%d attempts in flight", inFlight)
	}
}

// TestSettlementModel runs random histories of shoppers, providers, merchants and the clock against
// the model: 20,000 steps. For the nightly million: -rapid.checks=5000.
func TestSettlementModel(t *testing.T) {
	for range 7 {
		rapid.Check(t, func(t *rapid.T) {
			w := newWorld()
			t.Repeat(map[string]func(*rapid.T){
				"": w.check, "begin": w.begin, "supersede": w.supersede, "end": w.end, "observe": w.observe, "observe more": w.observe, "again": w.again,
				"refund": w.refund, "settle refund": w.settleRefund, "tick": w.tick, "look": w.look,
			})
		})
	}
}
