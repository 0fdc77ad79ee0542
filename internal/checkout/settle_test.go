package checkout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

var (
	t0    = time.Unix(1_000_000, 0).UTC()
	price = checkout.Money{Minor: 21000, Currency: "MXN"}
)

// under gives a session with one attempt in flight, both in the given states.
func under(session checkout.SessionState, attempt checkout.AttemptState) (checkout.Session, checkout.Attempt) {
	s := checkout.Session{ID: "cs_1", State: session, Amount: price, ExpiresAt: t0.Add(time.Hour), Active: "at_1"}
	a := checkout.Attempt{ID: "at_1", Session: "cs_1", State: attempt, Amount: price, PSPRef: "ref"}
	if session == checkout.SessionOpen || session == checkout.SessionCanceled || session == checkout.SessionExpired {
		s.Active = ""
	}
	return s, a
}

func succeeded() checkout.Observation {
	return checkout.Observation{State: checkout.AttemptSucceeded, Amount: price}
}

// facts writes what is told as one line: "attempt.succeeded session.paid(detail)".
func facts(fs []checkout.Fact) string {
	var out []string
	for _, f := range fs {
		text := string(f.Kind)
		if f.Detail != "" {
			text += "(" + f.Detail + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func wantFacts(t *testing.T, got []checkout.Fact, want string) {
	t.Helper()
	if facts(got) != want {
		t.Errorf("facts are %q, want %q", facts(got), want)
	}
}

func TestSettlePays(t *testing.T) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
	c := checkout.Settle(s, a, succeeded(), t0)
	if c.Session.State != checkout.SessionPaid || c.Session.Captured != 21000 || c.Session.PaidBy != "at_1" || c.Session.Active != "" || c.Session.Late || !c.Session.PaidAt.Equal(t0) {
		t.Errorf("%+v", c.Session)
	}
	wantFacts(t, c.Facts, "attempt.succeeded session.paid")
}

func TestSettleTellsTheDecline(t *testing.T) {
	for _, c := range []struct {
		state checkout.AttemptState
		said  checkout.Decline
		want  checkout.Decline
		facts string
	}{
		{checkout.AttemptFailed, checkout.DeclineInsufficientFunds, checkout.DeclineInsufficientFunds, "attempt.failed(insufficient_funds) session.reopened(insufficient_funds)"},
		{checkout.AttemptFailed, "", checkout.DeclineGeneric, "attempt.failed(declined) session.reopened(declined)"},
		{checkout.AttemptFailed, "do_not_honor", checkout.DeclineUnknown, "attempt.failed(unknown) session.reopened(unknown)"},
		{checkout.AttemptCanceled, "", checkout.DeclinePayerCancelled, "attempt.canceled(payer_cancelled) session.reopened(payer_cancelled)"},
		{checkout.AttemptExpired, "", checkout.DeclineExpired, "attempt.expired(expired) session.reopened(expired)"},
	} {
		s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
		got := checkout.Settle(s, a, checkout.Observation{State: c.state, Decline: c.said}, t0)
		if got.Attempt.Decline != c.want || got.Session.State != checkout.SessionOpen || got.Session.Active != "" {
			t.Errorf("%s %q: %+v", c.state, c.said, got)
		}
		wantFacts(t, got.Facts, c.facts)
	}
}

func TestSettleLate(t *testing.T) {
	for what, c := range map[string]struct {
		session checkout.SessionState
		attempt checkout.AttemptState
		now     time.Time
		late    bool
		review  checkout.Review
		facts   string
	}{
		"superseded, in time":            {checkout.SessionOpen, checkout.AttemptRequiresAction, t0, false, "", "attempt.succeeded session.processing session.paid"},
		"just before the end":            {checkout.SessionOpen, checkout.AttemptRequiresAction, t0.Add(time.Hour - time.Microsecond), false, "", "attempt.succeeded session.processing session.paid"},
		"at the end, not swept yet":      {checkout.SessionOpen, checkout.AttemptRequiresAction, t0.Add(time.Hour), true, checkout.ReviewLatePayment, "attempt.succeeded session.expired(time) session.paid_late session.needs_review(late_payment)"},
		"in flight over the end":         {checkout.SessionProcessing, checkout.AttemptProcessing, t0.Add(2 * time.Hour), false, "", "attempt.succeeded session.paid"},
		"after cancel":                   {checkout.SessionCanceled, checkout.AttemptRequiresAction, t0, true, checkout.ReviewLatePayment, "attempt.succeeded session.paid_late session.needs_review(late_payment)"},
		"after expiry":                   {checkout.SessionExpired, checkout.AttemptRequiresAction, t0, true, checkout.ReviewLatePayment, "attempt.succeeded session.paid_late session.needs_review(late_payment)"},
		"after cancel, failed before":    {checkout.SessionCanceled, checkout.AttemptFailed, t0, true, checkout.ReviewLatePayment, "attempt.succeeded_late session.paid_late session.needs_review(late_payment)"},
		"failed before, session open":    {checkout.SessionOpen, checkout.AttemptFailed, t0, false, checkout.ReviewLatePayment, "attempt.succeeded_late session.processing session.paid session.needs_review(late_payment)"},
		"an authorization is taken late": {checkout.SessionExpired, checkout.AttemptAuthorized, t0, true, checkout.ReviewLatePayment, "attempt.succeeded session.paid_late session.needs_review(late_payment)"},
	} {
		t.Run(what, func(t *testing.T) {
			s, a := under(c.session, c.attempt)
			got := checkout.Settle(s, a, succeeded(), c.now)
			if got.Session.State != checkout.SessionPaid || got.Session.PaidBy != "at_1" || got.Session.Late != c.late || got.Session.Review != c.review || got.Attempt.Review != c.review {
				t.Errorf("%+v", got.Session)
			}
			wantFacts(t, got.Facts, c.facts)
		})
	}
}

func TestSettleDisplaces(t *testing.T) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptRequiresAction)
	s.Active, a.Superseded = "at_2", true
	c := checkout.Settle(s, a, succeeded(), t0)
	if c.Session.State != checkout.SessionPaid || c.Session.PaidBy != "at_1" || c.Displaced != "at_2" || c.Session.Active != "" || c.Attempt.Superseded {
		t.Errorf("%+v", c)
	}
}

func TestSettleGivesASecondSuccessBack(t *testing.T) {
	for _, state := range []checkout.SessionState{checkout.SessionPaid, checkout.SessionPartiallyRefunded, checkout.SessionRefunded, checkout.SessionAuthorized} {
		s, a := under(state, checkout.AttemptProcessing)
		s.Active = map[bool]checkout.ID{true: "at_2"}[state == checkout.SessionAuthorized]
		c := checkout.Settle(s, a, succeeded(), t0)
		if !c.GiveBack || !c.Attempt.Excess || !reflect.DeepEqual(c.Session, s) || c.Attempt.State != checkout.AttemptSucceeded {
			t.Errorf("%s: %+v", state, c)
		}
		if again := checkout.Settle(c.Session, c.Attempt, succeeded(), t0); again.Changed || again.GiveBack {
			t.Errorf("%s: told twice, given back twice: %+v", state, again)
		}
	}
}

func TestSettleAuthorized(t *testing.T) {
	o := checkout.Observation{State: checkout.AttemptAuthorized, Amount: price}
	s, a := under(checkout.SessionProcessing, checkout.AttemptRequiresAction)
	c := checkout.Settle(s, a, o, t0)
	if c.Session.State != checkout.SessionAuthorized || c.Session.Active != "at_1" || c.Void {
		t.Errorf("%+v", c)
	}
	for _, state := range []checkout.SessionState{checkout.SessionOpen, checkout.SessionCanceled, checkout.SessionExpired} {
		s, a := under(state, checkout.AttemptRequiresAction)
		if c := checkout.Settle(s, a, o, t0); !c.Void || c.Session.State != state || c.Attempt.State != checkout.AttemptAuthorized {
			t.Errorf("%s: %+v", state, c)
		}
	}
}

// TestSettleLosesASupersededAttempt: its end is nothing to the one that took its place.
func TestSettleLosesASupersededAttempt(t *testing.T) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptRequiresAction)
	s.Active, a.Superseded = "at_2", true
	c := checkout.Settle(s, a, checkout.Observation{State: checkout.AttemptExpired}, t0)
	if !reflect.DeepEqual(c.Session, s) || c.Attempt.State != checkout.AttemptExpired {
		t.Errorf("%+v", c)
	}
}

func TestSettleLosesAnAuthorization(t *testing.T) {
	for state, want := range map[checkout.AttemptState]checkout.SessionState{
		checkout.AttemptFailed: checkout.SessionCanceled, checkout.AttemptCanceled: checkout.SessionCanceled, checkout.AttemptExpired: checkout.SessionExpired,
	} {
		s, a := under(checkout.SessionAuthorized, checkout.AttemptAuthorized)
		c := checkout.Settle(s, a, checkout.Observation{State: state}, t0)
		if c.Session.State != want || c.Session.Review != checkout.ReviewLostAuthorization || c.Session.Active != "" {
			t.Errorf("%s: %+v", state, c.Session)
		}
	}
}

// TestSettleDoubts: what cannot be believed flags both and moves neither, whatever state it claims.
func TestSettleDoubts(t *testing.T) {
	for what, c := range map[string]struct {
		o    checkout.Observation
		want checkout.Review
	}{
		"one less":                   {checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: 20999, Currency: "MXN"}}, checkout.ReviewUnderpaid},
		"one more":                   {checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: 21001, Currency: "MXN"}}, checkout.ReviewOverpaid},
		"another currency":           {checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: 21000, Currency: "USD"}}, checkout.ReviewAmountMismatch},
		"no amount":                  {checkout.Observation{State: checkout.AttemptSucceeded}, checkout.ReviewAmountMismatch},
		"less than nothing":          {checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: -1, Currency: "MXN"}}, checkout.ReviewAmountMismatch},
		"disputed, another amount":   {checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: 1, Currency: "MXN"}, Review: checkout.ReviewDisputed}, checkout.ReviewUnderpaid},
		"authorized for less":        {checkout.Observation{State: checkout.AttemptAuthorized, Amount: checkout.Money{Minor: 1, Currency: "MXN"}}, checkout.ReviewAmountMismatch},
		"another payment":            {checkout.Observation{State: checkout.AttemptSucceeded, Amount: price, PSPRef: "other"}, checkout.ReviewReferenceMismatch},
		"another payment has failed": {checkout.Observation{State: checkout.AttemptFailed, PSPRef: "other"}, checkout.ReviewReferenceMismatch},
		"the adapter's own doubt":    {checkout.Observation{State: checkout.AttemptSucceeded, Amount: price, Review: checkout.ReviewReferenceMismatch}, checkout.ReviewReferenceMismatch},
		"nobody knows":               {checkout.Observation{State: checkout.AttemptFailed, Review: checkout.ReviewUnknownOutcome}, checkout.ReviewUnknownOutcome},
	} {
		s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
		got := checkout.Settle(s, a, c.o, t0)
		if got.Session.State != s.State || got.Attempt.State != a.State || got.Session.Captured != 0 || got.Session.Review != c.want || got.Attempt.Review != c.want || got.Attempt.PSPRef != "ref" {
			t.Errorf("%s: %+v", what, got)
		}
		wantFacts(t, got.Facts, "session.needs_review("+string(c.want)+")")
		if again := checkout.Settle(got.Session, got.Attempt, c.o, t0.Add(time.Minute)); again.Changed {
			t.Errorf("%s: told twice, flagged twice", what)
		}
	}
}

// TestSettleRepeatedState: an authorization that is merely still there is no mismatch.
func TestSettleRepeatedState(t *testing.T) {
	for _, state := range checkout.AttemptStates() {
		s, a := under(checkout.SessionAuthorized, state)
		if c := checkout.Settle(s, a, checkout.Observation{State: state}, t0); c.Changed || len(c.Facts) > 0 {
			t.Errorf("%s: %+v", state, c)
		}
	}
}

// TestSettleSaysWhatArrived: the person who looks reads the amount, and what came later replaces it.
func TestSettleSaysWhatArrived(t *testing.T) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
	for _, step := range []struct {
		minor  int64
		review checkout.Review
		code   string
		facts  string
	}{
		{20500, checkout.ReviewUnderpaid, "received 205.00 MXN", "session.needs_review(underpaid)"},
		{20500, checkout.ReviewUnderpaid, "received 205.00 MXN", ""},
		{20600, checkout.ReviewUnderpaid, "received 206.00 MXN", ""},
		{21500, checkout.ReviewOverpaid, "received 215.00 MXN", "session.needs_review(overpaid)"},
	} {
		c := checkout.Settle(s, a, checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: step.minor, Currency: "MXN"}, Code: "settled"}, t0)
		s, a = c.Session, c.Attempt
		if s.State != checkout.SessionProcessing || s.Captured != 0 || s.Review != step.review || a.Review != step.review || a.Code != step.code {
			t.Errorf("%d: %+v %+v", step.minor, s, a)
		}
		wantFacts(t, c.Facts, step.facts)
	}
}

// TestSettleDisputed: what was paid stays paid, and a person hears of it once; money whose first news is
// the dispute was money too.
func TestSettleDisputed(t *testing.T) {
	o := succeeded()
	o.Review = checkout.ReviewDisputed
	for state, facts := range map[checkout.AttemptState]string{
		checkout.AttemptSucceeded:  "session.needs_review(disputed)",
		checkout.AttemptProcessing: "attempt.succeeded session.paid session.needs_review(disputed)",
		checkout.AttemptExpired:    "attempt.succeeded_late session.processing session.paid session.needs_review(late_payment) session.needs_review(disputed)",
	} {
		s, a := under(checkout.SessionProcessing, state)
		switch state {
		case checkout.AttemptSucceeded:
			s.State, s.Active, s.PaidBy, s.Captured = checkout.SessionPaid, "", a.ID, a.Amount.Minor
		case checkout.AttemptExpired:
			s.State, s.Active = checkout.SessionOpen, ""
		}
		c := checkout.Settle(s, a, o, t0)
		if c.Session.State != checkout.SessionPaid || c.Session.PaidBy != a.ID || c.Session.Captured != a.Amount.Minor || c.Session.Review != checkout.ReviewDisputed || c.Attempt.Review != checkout.ReviewDisputed || c.GiveBack {
			t.Errorf("%s: %+v", state, c)
		}
		wantFacts(t, c.Facts, facts)
		if again := checkout.Settle(c.Session, c.Attempt, o, t0.Add(time.Minute)); again.Changed {
			t.Errorf("%s: told twice, flagged twice", state)
		}
	}
}

// TestReviewKeepsTheGraverReason: not knowing must not cover up a reason that is there already.
func TestReviewKeepsTheGraverReason(t *testing.T) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
	c := checkout.Settle(s, a, checkout.Observation{State: checkout.AttemptSucceeded, Amount: checkout.Money{Minor: 1, Currency: "MXN"}}, t0)
	unknown := checkout.Observation{State: checkout.AttemptProcessing, Review: checkout.ReviewUnknownOutcome}
	if c = checkout.Settle(c.Session, c.Attempt, unknown, t0); c.Changed || c.Session.Review != checkout.ReviewUnderpaid {
		t.Errorf("%+v", c)
	}
	other := checkout.Attempt{ID: "at_2", Session: "cs_1", State: checkout.AttemptProcessing, Amount: price, Superseded: true}
	if c = checkout.Settle(c.Session, other, unknown, t0); c.Session.Review != checkout.ReviewUnderpaid || c.Attempt.Review != checkout.ReviewUnknownOutcome {
		t.Errorf("%+v", c)
	}
	if c = checkout.Settle(c.Session, c.Attempt, succeeded(), t0); c.Session.State != checkout.SessionPaid || c.Session.Review == checkout.ReviewNone {
		t.Errorf("%+v", c)
	}
}

// TestSettleLearns: each part of an answer is stored when it is new, and only then.
func TestSettleLearns(t *testing.T) {
	full := checkout.NextAction{
		Kind: checkout.ActionInstructions, URL: "u", Fields: []checkout.Pair{{Name: "n", Value: "v"}}, Phone: "p", Reference: "r", Barcode: "b",
		Lines: []checkout.Line{{Label: checkout.LineIBAN, Value: "v"}}, ExpiresAt: t0, Frame: "f", Script: "s",
		Sources: checkout.Sources{Script: []string{"s"}, Frame: []string{"f"}, Connect: []string{"c"}}, Network: "n", Symbol: "s", Address: "a", Amount: "1", PayURI: "u",
	}
	s, a := under(checkout.SessionProcessing, checkout.AttemptRequiresAction)
	a.Action = full
	say := func(o checkout.Observation) checkout.Change {
		o.State = a.State
		return checkout.Settle(s, a, o, t0)
	}
	same := full
	same.ExpiresAt = t0.In(time.FixedZone("", 3600))
	if c := say(checkout.Observation{Action: &same}); c.Changed {
		t.Error("an equal action is stored again")
	}
	// Whichever field of the action changes, the shopper must see the new one: an account, above all.
	v := reflect.ValueOf(full)
	for i := range v.NumField() {
		changed := full
		reflect.ValueOf(&changed).Elem().Field(i).SetZero()
		if c := say(checkout.Observation{Action: &changed}); !c.Changed || !reflect.DeepEqual(c.Attempt.Action, changed) {
			t.Errorf("a new %s is not stored", v.Type().Field(i).Name)
		}
	}
	for what, o := range map[string]checkout.Observation{"data": {PSPData: []byte("{}")}, "code": {Code: "05"}, "fee": {Fee: 30}} {
		c := say(o)
		if !c.Changed || len(c.Facts) > 0 || c.Attempt.State != a.State {
			t.Errorf("%s: %+v", what, c)
		}
		if again := checkout.Settle(c.Session, c.Attempt, checkout.Observation{State: a.State, PSPData: o.PSPData, Code: o.Code, Fee: o.Fee}, t0); again.Changed {
			t.Errorf("%s is stored twice", what)
		}
	}
	a.PSPRef = ""
	if c := say(checkout.Observation{PSPRef: "new"}); c.Attempt.PSPRef != "new" {
		t.Errorf("%+v", c.Attempt)
	}
	a.State = checkout.AttemptFailed
	if c := say(checkout.Observation{Action: &checkout.NextAction{Kind: checkout.ActionRedirect}}); c.Changed {
		t.Error("an ended attempt gets something to do")
	}
}

func TestBegin(t *testing.T) {
	s, a := under(checkout.SessionOpen, checkout.AttemptStarting)
	a.Method = checkout.MethodCard
	c, err := checkout.Begin(s, a, t0)
	if err != nil || c.Session.State != checkout.SessionProcessing || c.Session.Active != "at_1" || !c.Changed {
		t.Errorf("%+v, %v", c, err)
	}
	wantFacts(t, c.Facts, "attempt.started(card) session.processing")
	for what, change := range map[string]func(*checkout.Session, *checkout.Attempt){
		"another amount":    func(_ *checkout.Session, a *checkout.Attempt) { a.Amount.Minor++ },
		"another currency":  func(_ *checkout.Session, a *checkout.Attempt) { a.Amount.Currency = "USD" },
		"not new":           func(_ *checkout.Session, a *checkout.Attempt) { a.State = checkout.AttemptSucceeded },
		"superseded":        func(_ *checkout.Session, a *checkout.Attempt) { a.Superseded = true },
		"excess":            func(_ *checkout.Session, a *checkout.Attempt) { a.Excess = true },
		"another session's": func(_ *checkout.Session, a *checkout.Attempt) { a.Session = "cs_2" },
	} {
		s, a := s, a
		change(&s, &a)
		if c, err := checkout.Begin(s, a, t0); checkout.CodeOf(err) != checkout.CodeInternal || c.Changed {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, state := range checkout.SessionStates()[1:] {
		s := s
		s.State = state
		if c, err := checkout.Begin(s, a, t0); checkout.CodeOf(err) != checkout.CodeConflict || c.Changed {
			t.Errorf("%s: %v", state, err)
		}
	}
	if _, err := checkout.Begin(s, a, s.ExpiresAt); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Errorf("its time is over: %v", err)
	}
	if _, err := checkout.Begin(s, a, s.ExpiresAt.Add(-time.Microsecond)); err != nil {
		t.Errorf("its time is not over: %v", err)
	}
}

func TestEndTakesOnlyEnds(t *testing.T) {
	for _, ev := range checkout.SessionEvents() {
		for _, state := range checkout.SessionStates() {
			s, _ := under(state, "")
			s.Active = ""
			c, err := checkout.End(s, ev, "why", t0)
			ends := ev == checkout.SessionCancel || ev == checkout.SessionExpire
			switch {
			case !ends && (checkout.CodeOf(err) != checkout.CodeInternal || c.Changed):
				t.Errorf("End with %s on %s: %v", ev, state, err)
			case ends && err == nil && facts(c.Facts) != "session."+string(c.Session.State)+"(why)":
				t.Errorf("End with %s on %s: %+v", ev, state, c)
			}
		}
	}
	s, _ := under(checkout.SessionProcessing, "")
	if _, err := checkout.End(s, checkout.SessionCancel, "", t0); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Errorf("a payment is under way: %v", err)
	}
}

func TestSettleRefundFollowsTheSum(t *testing.T) {
	s := checkout.Session{ID: "cs_1", State: checkout.SessionPaid, Amount: price, Captured: 21000, PaidBy: "at_1"}
	refund := func(state checkout.RefundState, amount int64) checkout.Refund {
		return checkout.Refund{ID: "rf_1", Attempt: "at_1", State: state, Amount: checkout.Money{Minor: amount, Currency: "MXN"}}
	}
	for _, step := range []struct {
		state  checkout.RefundState
		amount int64
		ev     checkout.RefundEvent
		others int64
		sum    int64
		want   checkout.SessionState
		facts  string
	}{
		{"pending", 1000, checkout.RefundSucceed, 0, 1000, checkout.SessionPartiallyRefunded, "refund.succeeded session.partially_refunded"},
		{"pending", 5000, checkout.RefundSucceed, 1000, 6000, checkout.SessionPartiallyRefunded, "refund.succeeded session.partially_refunded"},
		{"pending", 5000, checkout.RefundCancel, 6000, 6000, checkout.SessionPartiallyRefunded, "refund.canceled"},
		{"succeeded", 5000, checkout.RefundFail, 1000, 1000, checkout.SessionPartiallyRefunded, "refund.failed session.needs_review(refund_failed) session.refund_undone"},
		{"requires_action", 20000, checkout.RefundSucceed, 1000, 21000, checkout.SessionRefunded, "refund.succeeded session.refunded"},
		{"pending", 1, checkout.RefundSucceed, 21000, 21001, checkout.SessionRefunded, "refund.succeeded"},
		{"succeeded", 20001, checkout.RefundFail, 1000, 1000, checkout.SessionPartiallyRefunded, "refund.failed session.needs_review(refund_failed) session.refund_undone"},
		{"succeeded", 1000, checkout.RefundFail, 0, 0, checkout.SessionPaid, "refund.failed session.needs_review(refund_failed) session.refund_undone"},
		{"pending", 1000, checkout.RefundAct, 0, 0, checkout.SessionPaid, "refund.requires_action session.needs_review(refund_failed)"},
	} {
		ns, _, fs, err := checkout.SettleRefund(s, refund(step.state, step.amount), step.ev, step.others, t0)
		if err != nil || ns.State != step.want || ns.Refunded != step.sum {
			t.Errorf("%+v: %s, %d, %v", step, ns.State, ns.Refunded, err)
		}
		wantFacts(t, fs, step.facts)
		s = ns
	}
	r := refund("pending", 21000)
	r.Excess = true
	if ns, nr, _, err := checkout.SettleRefund(s, r, checkout.RefundSucceed, 0, t0); err != nil || !reflect.DeepEqual(ns, s) || nr.State != checkout.RefundSucceeded {
		t.Errorf("a second payment's refund counts: %+v, %v", ns, err)
	}
	s.State = checkout.SessionOpen
	if ns, nr, fs, err := checkout.SettleRefund(s, refund("pending", 1), checkout.RefundSucceed, 0, t0); checkout.CodeOf(err) != checkout.CodeConflict || !reflect.DeepEqual(ns, s) || nr.State != "pending" || fs != nil {
		t.Errorf("refused, and changed: %+v %+v %v, %v", ns, nr, fs, err)
	}
}

func BenchmarkSettle(b *testing.B) {
	s, a := under(checkout.SessionProcessing, checkout.AttemptProcessing)
	for name, o := range map[string]checkout.Observation{"no news": {State: checkout.AttemptProcessing}, "paid": succeeded()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = checkout.Settle(s, a, o, t0)
			}
		})
	}
}
