package engine_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/psp/sandbox"
)

// play is one payment that goes by one row of the bank's table, chosen in one way.
type play struct {
	row     sandbox.Scenario
	method  checkout.Method
	way     string // tag, amount, phone, button, or a card's number
	session checkout.ID
	amount  int64
	due     time.Time // when everything in the row has happened, ours included
	stage   int       // 0: played; 1: tried again or refunded; 2: looked at for the last time
}

// TestScenarios plays every row of the bank's table with every method that it applies to, in every way
// in which it can be chosen, through the engine and the real store, and holds the end that the table
// promises. Time is virtual; the payments of one method share a bank and go on side by side.
func TestScenarios(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range []checkout.Method{checkout.MethodCard, sandbox.MethodMPesa, sandbox.MethodOXXO, sandbox.MethodTransfer} {
		var plays []*play
		for _, row := range sandbox.Scenarios() {
			if !row.Applies(m) {
				continue
			}
			seen[row.Name] = true
			ways := []string{"tag", "amount"}
			if m == sandbox.MethodMPesa {
				ways = append(ways, "phone")
			}
			if row.Button {
				ways = append(ways, "button")
			}
			if m == checkout.MethodCard {
				ways = append(ways, row.Cards...)
			}
			for _, way := range ways {
				plays = append(plays, &play{row: row, method: m, way: way, amount: 21000})
			}
		}
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			frozen := r.clock.Now()
			r.clock.Real = func() time.Time { return frozen } // on a busy machine too
			(&theatre{rig: r}).run(t, plays)
		})
	}
	if len(seen) != len(sandbox.Scenarios()) {
		t.Errorf("%d rows were played of %d", len(seen), len(sandbox.Scenarios()))
	}
}

// theatre plays many scenarios at one bank.
type theatre struct{ *rig }

func (r *theatre) run(t *testing.T, plays []*play) {
	slow := func(p *play) bool { return p.row.AtStart == sandbox.StartSlow || p.row.Trouble == sandbox.AnswersSlow }
	r.beginAll(t, slices.DeleteFunc(slices.Clone(plays), slow))
	r.during(func() { // last, because time goes by
		r.beginAll(t, slices.DeleteFunc(slices.Clone(plays), func(p *play) bool { return !slow(p) }))
	})
	left := slices.Clone(plays)
	for steps := 0; len(left) > 0 && !t.Failed(); steps++ {
		step := 5 * time.Second
		switch { // as fast as what is left allows
		case steps > 120:
			step = 6 * time.Hour
		case steps > 60:
			step = time.Minute
		}
		r.tell()
		r.clock.Advance(step)
		r.during(r.sweepAll)
		r.tell()
		left = slices.DeleteFunc(left, func(p *play) bool {
			if p.stage < 2 && !r.Now().Before(p.due) {
				r.look(t, p)
			}
			return p.stage == 2
		})
		if steps > 400 {
			t.Fatalf("%s by %s never ends", left[0].row.Name, left[0].way)
		}
	}
}

func (r *theatre) beginAll(t *testing.T, plays []*play) {
	queue := make(chan *play)
	var players sync.WaitGroup
	for range 8 {
		players.Go(func() {
			for p := range queue {
				r.begin(t, p)
			}
		})
	}
	for _, p := range plays {
		queue <- p
	}
	close(queue)
	players.Wait()
}

// during runs fn, and lets time go by where fn waits for it.
func (r *theatre) during(fn func()) {
	done := make(chan struct{})
	go func() { defer close(done); fn() }()
	patience := 100 * time.Millisecond
	for {
		select {
		case <-done:
			return
		case <-time.After(patience):
			r.clock.Advance(500 * time.Millisecond)
			patience = 20 * time.Millisecond
		}
	}
}

func (r *theatre) sweepAll() {
	for n := 1; n > 0; {
		var err error
		if n, err = r.Sweep(r.ctx); err != nil {
			r.t.Error(err)
			return
		}
	}
}

// tell waits until the bank has nothing more to tell at this time.
func (r *theatre) tell() {
	for end := time.Now().Add(20 * time.Second); !r.bank.Idle(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Error("the bank does not stop telling")
			return
		}
	}
}

// begin is the merchant, the shopper and the payer, up to the decision.
func (r *theatre) begin(t *testing.T, p *play) {
	email := "ada@example.com"
	switch p.way {
	case "tag":
		email = p.row.Email()
	case "amount":
		p.amount = 20000 + p.row.Amount
	}
	now := r.Now()
	in := checkout.Session{Merchant: r.merchant.ID, Dialect: "kaipay", Test: true, Amount: checkout.Money{Minor: p.amount, Currency: "MXN"},
		Order: checkout.Order{Country: "MX"}, Customer: checkout.Customer{Name: "Ada", Email: email}}
	if p.row.Never && len(p.row.Steps) == 0 {
		in.ExpiresAt = now.Add(30 * 24 * time.Hour) // what runs out is the offer, not the session
	}
	_, err := r.CreateSession(r.ctx, in, nil, func(s checkout.Session) (int, []byte, error) { p.session = s.ID; return 201, []byte("{}"), nil })
	if err != nil {
		t.Error(err)
		return
	}
	r.pay(t, p)
	p.due = r.Now().Add(p.row.Lasts(p.method) + time.Minute)
	if len(p.row.Steps) == 0 && p.row.Never || p.method == sandbox.MethodOXXO || p.method == sandbox.MethodTransfer {
		p.due = p.due.Add(10 * time.Minute) // whoever has days is asked about less often
	}
}

func (r *theatre) pay(t *testing.T, p *play) {
	phone := "0712345678"
	if p.way == "phone" {
		phone = p.row.Phone
	}
	started, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(p.session), Method: p.method, Phone: phone, Locale: "en"})
	if err != nil {
		t.Errorf("%s by %s: %v", p.row.Name, p.way, err)
		return
	}
	a := r.attempt(started.Attempt)
	redirected := a.State == checkout.AttemptRequiresAction && !a.Action.Kind.CanWait()
	switch {
	case a.PSPRef == "" || a.State.Final() || (p.row.Never && p.way != "button" && len(p.row.Steps) == 0):
	case p.way == "button":
		r.press(t, a, "scenario", p.row.Name)
	case strings.Trim(p.way, "0123456789") == "":
		code := "123"
		if len(p.way) == 15 {
			code = "1234"
		}
		r.press(t, a, "card_number", p.way, "card_name", "Ada", "card_expiry", r.Now().AddDate(1, 0, 0).Format("01/06"), "card_code", code)
	case redirected || len(p.row.Steps) == 0: // the payer's choice, or whatever was preset
		r.press(t, a, "scenario", "approve")
	}
	if p.row.Ask && !p.row.Never {
		r.press(t, a, "scenario", "approve")
	}
	if redirected {
		if _, err := r.Returned(r.ctx, string(a.ID), engine.Message{Method: "GET"}); err != nil {
			t.Error(err)
		}
	}
}

func (r *theatre) press(t *testing.T, a checkout.Attempt, pairs ...string) {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req := httptest.NewRequest(http.MethodPost, "/sandbox/pay/"+a.PSPRef, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, req)
	if w.Code >= 400 {
		t.Errorf("the bank refuses %v: %d", pairs, w.Code)
	}
}

// look compares a play with its row, and goes on to what comes after: a second try, or a refund.
func (r *theatre) look(t *testing.T, p *play) {
	end := p.row.Ends(p.method)
	if p.stage == 1 || (!end.Again && end.Refund == "") {
		p.stage = 2
		if end.Refund == checkout.RefundSucceeded {
			end.Session = checkout.SessionRefunded
		}
		if end.Refund == checkout.RefundFailed {
			end.Review = checkout.ReviewRefundFailed
		}
		r.hold(t, p, end)
		return
	}
	p.stage = 1
	p.due = r.Now().Add(2 * time.Minute)
	if end.Again {
		r.hold(t, p, sandbox.End{Session: checkout.SessionOpen, Decline: end.Decline})
		r.pay(t, p)
		if p.method != checkout.MethodCard {
			p.due = p.due.Add(10 * time.Minute)
		}
		return
	}
	r.hold(t, p, sandbox.End{Session: checkout.SessionPaid})
	_, err := r.Refund(r.ctx, engine.Refund{Merchant: r.merchant.ID, Session: string(p.session),
		Render: func(checkout.Session, checkout.Refund) (int, []byte, error) { return 201, []byte("{}"), nil }})
	if err != nil {
		t.Errorf("%s by %s: refund: %v", p.row.Name, p.way, err)
	}
}

// hold asserts where a session stands, and that its books and the bank's are the same.
func (r *theatre) hold(t *testing.T, p *play, want sandbox.End) {
	s := r.session(p.session)
	attempts, err := r.Attempts(r.ctx, p.session)
	if err != nil || len(attempts) == 0 {
		t.Errorf("%v, %d attempts", err, len(attempts))
		return
	}
	a := attempts[0]
	var captured, refunded int64
	for _, x := range attempts {
		entries, err := r.bank.Find(x.ID)
		if err != nil {
			t.Error(err)
		}
		for _, e := range entries {
			captured, refunded = captured+e.Captured, refunded+e.Refunded
		}
	}
	wrong := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s with %s by %s: %s is %v, want %v\n\t%s", p.row.Name, p.method, p.way, what, got, want, r.kinds(p.session))
		}
	}
	if want.Review == checkout.ReviewLatePayment && !strings.Contains(r.kinds(p.session), string(checkout.EventAttemptExpired)) {
		// On a slow machine time can pass over the offer's end before anybody asks: the money is then found by
		// the first question, and nothing was late for us.
		want.Review, want.Late = checkout.ReviewNone, false
	}
	wrong("the session", s.State, want.Session)
	wrong("the decline", a.Decline, want.Decline)
	wrong("the review", s.Review, want.Review)
	wrong("late", s.Late, want.Late)
	calls := 0
	if want.Review != checkout.ReviewNone {
		calls = 1
	}
	wrong("how often a person was called", strings.Count(r.kinds(p.session), "session.needs_review"), calls)
	// The books. Money that does not fit the order is at the bank, and never ours.
	wrong("refunded at the bank", refunded, s.Refunded)
	switch s.Review {
	case checkout.ReviewUnderpaid, checkout.ReviewOverpaid:
		wrong("what is ours", s.Captured, 0)
		wrong("too much money", captured > p.amount, s.Review == checkout.ReviewOverpaid)
		wrong("what a person reads", a.Code, fmt.Sprintf("received %s MXN", checkout.Money{Minor: captured, Currency: "MXN"}.Decimal()))
	case checkout.ReviewAmountMismatch:
		wrong("what is ours", s.Captured, 0)
	default:
		wrong("captured at the bank", captured, s.Captured)
		if s.State.HasMoney() {
			wrong("captured", s.Captured, p.amount)
		}
	}
}
