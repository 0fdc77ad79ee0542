package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// expectation says, independently of the table, what a row promises: the answer to Start and what
// the payment is right after the payer's decision and a quarter of a minute later.
type expectation struct {
	start   psp.Certainty // 0: it works
	soon    checkout.AttemptState
	later   checkout.AttemptState
	decline checkout.Decline // with later
	money   int64            // captured, MXN 210.00 being 21000
	silent  bool             // right after the decision the bank does not answer
}

var expectations = map[string]expectation{
	"approve":              {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"decline":              {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineGeneric},
	"insufficient_funds":   {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineInsufficientFunds},
	"expired_card":         {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineExpiredCard},
	"lost_card":            {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineFraud},
	"fraud":                {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineFraud},
	"wrong_code":           {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineWrongDetails},
	"limit":                {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineLimit},
	"unavailable":          {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineUnavailable},
	"unknown_reason":       {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineUnknown},
	"challenge":            {soon: checkout.AttemptRequiresAction, later: checkout.AttemptRequiresAction},
	"challenge_failed":     {soon: checkout.AttemptFailed, later: checkout.AttemptFailed, decline: checkout.DeclineAuthentication},
	"cancel":               {soon: checkout.AttemptCanceled, later: checkout.AttemptCanceled, decline: checkout.DeclinePayerCancelled},
	"authorize":            {soon: checkout.AttemptAuthorized, later: checkout.AttemptAuthorized},
	"approve_then_capture": {soon: checkout.AttemptProcessing, later: checkout.AttemptProcessing},
	"pending_then_success": {soon: checkout.AttemptProcessing, later: checkout.AttemptSucceeded, money: 21000},
	"pending_then_decline": {soon: checkout.AttemptProcessing, later: checkout.AttemptFailed, decline: checkout.DeclineGeneric},
	"timeout_then_success": {silent: true, later: checkout.AttemptSucceeded, money: 21000},
	"timeout_then_decline": {silent: true, later: checkout.AttemptFailed, decline: checkout.DeclineGeneric},
	"late_success":         {soon: checkout.AttemptExpired, later: checkout.AttemptSucceeded, money: 21000},
	"server_error":         {silent: true, later: checkout.AttemptSucceeded, money: 21000},
	"too_many_requests":    {silent: true, later: checkout.AttemptSucceeded, money: 21000},
	"very_late_success":    {soon: checkout.AttemptExpired, later: checkout.AttemptExpired, decline: checkout.DeclineExpired},
	"challenge_abandoned":  {soon: checkout.AttemptRequiresAction, later: checkout.AttemptRequiresAction},
	"partial":              {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 19950},
	"overpaid":             {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 22050},
	"chargeback":           {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"start_server_error":   {start: psp.Ambiguous, silent: true, later: checkout.AttemptSucceeded, money: 21000},
	"notify_before_return": {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"notify_never":         {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"notify_twice":         {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"notify_out_of_order":  {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"wrong_amount":         {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 1},
	"wrong_currency":       {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"refund_pending":       {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"refund_failed":        {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"refund_ambiguous":     {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"instant":              {soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"start_rejected":       {start: psp.Rejected},
	"start_retryable":      {start: psp.Retryable},
	"start_ambiguous":      {start: psp.Ambiguous, soon: checkout.AttemptSucceeded, later: checkout.AttemptSucceeded, money: 21000},
	"start_ambiguous_lost": {start: psp.Ambiguous},
}

// undecided rows have a payer who does nothing, or one who still has to choose.
var undecided = map[string]checkout.ActionKind{
	"abandon": "", "start_slow": "", "slow": "", "start_too_many_requests": "", "redirect_post": checkout.ActionRedirectPost, "fields": checkout.ActionFields,
	"phone": checkout.ActionConfirmOnPhone, "voucher": checkout.ActionVoucher, "instructions": checkout.ActionInstructions,
	"crypto": checkout.ActionCrypto,
}

var methods = []checkout.Method{checkout.MethodCard, MethodMPesa, MethodOXXO, MethodTransfer}

func TestEveryScenarioDoesWhatItSays(t *testing.T) {
	for _, s := range Scenarios() {
		want, ok := expectations[s.Name]
		if !ok {
			if _, ok := undecided[s.Name]; !ok {
				t.Errorf("%s: the test does not know this row", s.Name)
			}
			continue
		}
		for _, m := range methods {
			if !s.Applies(m) {
				continue
			}
			way := func(name string, change func(*psp.StartRequest), decide func(l *lab, id string)) {
				t.Run(s.Name+"/"+string(m)+"/"+name, func(t *testing.T) {
					l := newLab(t, Options{})
					r := l.request(m, "")
					change(&r)
					follow(t, l, r, want, func(id string) { decide(l, id) })
				})
			}
			nothing := func(*psp.StartRequest) {}
			press := func(l *lab, id string) {
				if m == checkout.MethodCard && id != "" {
					l.press(id, "approve") // whatever is posted, the preset is played
				} else {
					l.clock.Advance(PayerPause)
				}
			}
			way("tag", func(r *psp.StartRequest) { r.Session.Customer.Email = s.Email() }, press)
			if s.Phone != "" && m == MethodMPesa {
				way("phone", func(r *psp.StartRequest) { r.Attempt.Phone = s.Phone }, press)
			}
			if s.Amount != 0 {
				scaled := want
				switch {
				case want.money == 21000:
					scaled.money = 20000 + s.Amount
				case s.Lie == LieLess:
					scaled.money = 20000 + s.Amount - (20000+s.Amount)/20
				case s.Lie == LieMore:
					scaled.money = 20000 + s.Amount + (20000+s.Amount)/20
				}
				want := scaled
				t.Run(s.Name+"/"+string(m)+"/amount", func(t *testing.T) {
					l := newLab(t, Options{})
					r := l.request(m, "")
					r.Attempt.Amount.Minor = 20000 + s.Amount
					follow(t, l, r, want, func(id string) { press(l, id) })
				})
			}
			if s.Button {
				way("button", nothing, func(l *lab, id string) { l.press(id, s.Name) })
			}
			if m == checkout.MethodCard {
				for _, number := range s.Cards {
					way("card "+number, nothing, func(l *lab, id string) {
						code := "123"
						if len(number) == 15 {
							code = "1234"
						}
						l.do(http.MethodPost, "/sandbox/pay/"+id, url.Values{fieldNumber: {grouped(number)}, fieldName: {"Ana Pérez"},
							fieldExpiry: {"12/" + l.clock.Now().AddDate(1, 0, 0).Format("06")}, fieldCode: {code}})
					})
				}
			}
		}
	}
}

func follow(t *testing.T, l *lab, r psp.StartRequest, want expectation, decide func(id string)) {
	a := l.open("ch_test")
	snap, err := a.Start(t.Context(), r)
	if (err != nil) != (want.start != 0) || (err != nil && psp.CertaintyOf(err) != want.start) {
		t.Fatalf("Start: %v, want certainty %d", err, want.start)
	}
	ask := func() (psp.Snapshot, error) { return a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}) }
	if want.soon == "" && !want.silent { // nothing was made
		if s, err := ask(); err != nil || !s.NotFound {
			t.Errorf("Fetch: %+v, %v; want NotFound", s, err)
		}
		return
	}
	id := snap.PSPRef
	if err != nil && !want.silent {
		if s, err := ask(); err != nil || s.State != checkout.AttemptProcessing {
			t.Errorf("Fetch: %s, %v; want processing", s.State, err)
		}
	}
	if !snap.State.Final() {
		decide(id)
	}
	s, err := ask()
	if want.silent && (err == nil || psp.CertaintyOf(err) == psp.Rejected) {
		t.Errorf("the bank answers %s, %v; want silence", s.State, err)
	}
	if !want.silent && (err != nil || s.State != want.soon) {
		t.Errorf("soon: %s, %v; want %s", s.State, err, want.soon)
	}
	l.clock.Advance(15 * time.Second)
	s, err = ask()
	if err != nil || s.State != want.later || s.Decline != want.decline {
		t.Errorf("later: %s %q, %v; want %s %q", s.State, s.Decline, err, want.later, want.decline)
	}
	found, err := l.bank.Find(r.Attempt.ID)
	if err != nil || len(found) != 1 || found[0].Captured != want.money {
		t.Errorf("ledger: %+v, %v; want %d captured", found, err, want.money)
	}
}

func TestUndecidedScenarios(t *testing.T) {
	for name, kind := range undecided {
		if kind == "" {
			continue
		}
		for _, m := range []checkout.Method{checkout.MethodCard, MethodOXXO} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				l := newLab(t, Options{})
				a := l.open("ch_test")
				r := l.request(m, "x+"+name+"@example.com")
				r.Attempt.Phone = ""
				s := l.start(a, r)
				if s.Action == nil || s.Action.Kind != kind {
					t.Fatalf("action %+v, want %s", s.Action, kind)
				}
				l.clock.Advance(30 * time.Second) // nothing happens by itself
				l.press(s.PSPRef, "approve")
				if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != checkout.AttemptSucceeded {
					t.Errorf("after approve: %s, %v", s.State, err)
				}
			})
		}
	}
	t.Run("abandon", func(t *testing.T) {
		for m, life := range map[checkout.Method]time.Duration{checkout.MethodCard: cardLife, MethodMPesa: phoneLife, MethodOXXO: voucherLife, MethodTransfer: transferLife} {
			l := newLab(t, Options{})
			a := l.open("ch_test")
			r := l.request(m, "x+abandon@example.com")
			l.start(a, r)
			l.clock.Advance(life - time.Second)
			if s, _ := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); s.State.Final() {
				t.Errorf("%s: %s before its time", m, s.State)
			}
			l.clock.Advance(2 * time.Second)
			s, _ := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt})
			want := checkout.DeclineExpired
			if m == MethodMPesa {
				want = checkout.DeclinePayerTimeout
			}
			if s.State != checkout.AttemptExpired || s.Decline != want {
				t.Errorf("%s: %s %q", m, s.State, s.Decline)
			}
		}
	})
}

func TestChallenge(t *testing.T) {
	for button, want := range map[string]checkout.AttemptState{"approve": checkout.AttemptSucceeded, "challenge_failed": checkout.AttemptFailed} {
		for _, email := range []string{"", "x+challenge@example.com"} {
			l := newLab(t, Options{})
			a := l.open("ch_test")
			r := l.request(checkout.MethodCard, email)
			id := l.start(a, r).PSPRef
			l.press(id, "challenge")
			l.press(id, "challenge") // again: nothing moves
			l.press(id, button)
			if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.State != want {
				t.Errorf("%q %q: %s, %v; want %s", email, button, s.State, err, want)
			}
		}
	}
}

func TestSlowStartEndsWithItsContext(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "x+start_slow@example.com")
	ctx, cancel := contextWithTimeout(t, 20*time.Millisecond)
	defer cancel()
	if _, err := a.Start(ctx, r); psp.CertaintyOf(err) != psp.Ambiguous || err == nil {
		t.Fatalf("Start: %v", err)
	}
	if s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || s.Action == nil {
		t.Errorf("Fetch gives no action to go on with: %+v, %v", s, err)
	}
}

// The same request made again is the same payment; a reference used for something else is refused.
func TestStartIsIdempotentByReference(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "x+instant@example.com")
	first := l.start(a, r)
	if again := l.start(a, r); again.PSPRef != first.PSPRef {
		t.Errorf("%q, then %q", first.PSPRef, again.PSPRef)
	}
	r.Attempt.Amount.Minor++
	if _, err := a.Start(t.Context(), r); psp.CertaintyOf(err) != psp.Rejected {
		t.Errorf("another amount: %v", err)
	}
	r.Attempt.Amount.Minor--
	r.Attempt.PSPRef = first.PSPRef
	if s, err := l.open("ch_other").Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt}); err != nil || !s.NotFound {
		t.Errorf("another account sees it: %+v, %v", s, err)
	}
	r.Attempt.PSPRef = ""
	if other := l.start(l.open("ch_other"), l.request(checkout.MethodCard, "")); other.PSPRef == first.PSPRef {
		t.Error("two channels share a payment")
	}
}

func TestRefundAmbiguous(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(MethodMPesa, "x+refund_ambiguous@example.com")
	l.start(a, r)
	l.clock.Advance(PayerPause)
	row := checkout.Refund{ID: "rf_1", Amount: r.Attempt.Amount}
	if _, err := a.Refund(t.Context(), r.Attempt, row); psp.CertaintyOf(err) != psp.Ambiguous || err == nil {
		t.Fatalf("Refund: %v", err)
	}
	if s, err := a.FetchRefund(t.Context(), r.Attempt, row); err != nil || s.State != checkout.RefundSucceeded {
		t.Errorf("FetchRefund: %s, %v", s.State, err)
	}
	if s, err := a.Refund(t.Context(), r.Attempt, row); err != nil || s.State != checkout.RefundSucceeded {
		t.Errorf("Refund again: %s, %v", s.State, err)
	}
	row.Amount.Minor--
	if _, err := a.Refund(t.Context(), r.Attempt, row); psp.CertaintyOf(err) != psp.Rejected {
		t.Errorf("the same id for another amount: %v", err)
	}
	if e, _ := l.bank.Find(r.Attempt.ID); e[0].Refunded != r.Attempt.Amount.Minor {
		t.Errorf("ledger: %d refunded", e[0].Refunded)
	}
}

// published are test numbers that card schemes and processors print in their documentation; the others
// begin with 400000, which no bank issues.
var published = []string{"4111111111111111", "5555555555554444", "378282246310005", "4100000000000019"}

func TestTableIsWellFormed(t *testing.T) {
	triggers := map[string]string{}
	only := func(row, what string) {
		if other, taken := triggers[what]; taken {
			t.Errorf("%s means %s and %s", what, other, row)
		}
		triggers[what] = row
	}
	declines := map[checkout.Decline]bool{}
	rows := Scenarios()
	if len(rows) < 45 {
		t.Errorf("%d rows", len(rows))
	}
	for i, s := range rows {
		if !regexp.MustCompile(`^[a-z_]+$`).MatchString(s.Name) || s.Title == "" || s.Group == "" {
			t.Errorf("row %+v", s)
		}
		if i > 0 && s.Group != rows[i-1].Group && slices.ContainsFunc(rows[:i-1], func(o Scenario) bool { return o.Group == s.Group }) {
			t.Errorf("%s: group %q is in two pieces", s.Name, s.Group)
		}
		only(s.Name, s.Name)
		if checkout.CheckEmail(s.Email()) != nil || tag(s.Email()) != s.Name {
			t.Errorf("%s: e-mail %q", s.Name, s.Email())
		}
		if s.Amount < 900 || s.Amount > 989 || s.Amount%10 == 0 || s.Amount%10 == 5 || s.Amount%10 == 9 {
			t.Errorf("%s: amount %d is one that prices end in", s.Name, s.Amount)
		}
		only(s.Name, fmt.Sprint("amount ", s.Amount))
		if (s.Phone != "") != s.Applies(MethodMPesa) || (s.Phone != "" && !regexp.MustCompile(`^\+254700000\d{3}$`).MatchString(s.Phone)) {
			t.Errorf("%s: phone %q", s.Name, s.Phone)
		}
		if s.Phone != "" {
			only(s.Name, s.Phone)
		}
		if (len(s.Cards) > 0) != (s.Button && s.Applies(checkout.MethodCard)) {
			t.Errorf("%s: cards %v", s.Name, s.Cards)
		}
		for _, c := range s.Cards {
			if !luhn(c) || brandOf(c) == "" || !brandLength(brandOf(c), len(c)) || !(strings.HasPrefix(c, "400000") || slices.Contains(published, c)) {
				t.Errorf("%s: %q is no test card", s.Name, c)
			}
			only(s.Name, c)
		}
		if s.Button != (len(s.Steps) > 0 && s.AtStart == StartWell && s.Kind == "") {
			t.Errorf("%s: a button that does nothing, or a scenario without one", s.Name)
		}
		if (s.Trouble != AnswersWell) != (s.For > 0) {
			t.Errorf("%s: trouble %d for %s", s.Name, s.Trouble, s.For)
		}
		for i, e := range s.Steps {
			if i > 0 && e.After <= s.Steps[i-1].After {
				t.Errorf("%s: steps out of order", s.Name)
			}
		}
		for _, m := range methods {
			if s.Applies(m) {
				declines[s.Ends(m).Decline] = true
			}
		}
	}
	table := newTable()
	for _, minor := range []int64{21000, 12990, 1000, 100, 9900, 50000, 937, 941, 1250000, 99, 1999, 4995, 19900, 29899, 100000, 1, 999999, 1998, 2997, 1995} {
		for _, m := range methods {
			if s := table.preset(m, "ana@example.com", "+254712345678", minor); s != nil {
				t.Errorf("the ordinary amount %d means %s", minor, s.Name)
			}
		}
	}
	for _, d := range checkout.Declines() {
		if !declines[d] && d != checkout.DeclineMisconfigured {
			t.Errorf("no scenario ends in %s", d)
		}
	}
}

func TestTag(t *testing.T) {
	for email, want := range map[string]string{"a+instant@x.y": "instant", "a+b+Instant@x.y": "instant", "instant@x.y": "", "a+@x.y": "", "+": "", "": "", "a@b+c": ""} {
		if got := tag(email); got != want {
			t.Errorf("%q: %q, want %q", email, got, want)
		}
	}
}

// What can be called back is, and what cannot says so and can still be paid.
func TestCancel(t *testing.T) {
	for _, c := range []struct {
		method checkout.Method
		email  string
		want   checkout.AttemptState
	}{
		{checkout.MethodCard, "", checkout.AttemptCanceled},
		{checkout.MethodCard, "x+redirect_post@x.y", checkout.AttemptCanceled},
		{checkout.MethodCard, "x+fields@x.y", checkout.AttemptCanceled},
		{checkout.MethodCard, "x+decline@x.y", checkout.AttemptCanceled},
		{checkout.MethodCard, "x+crypto@x.y", checkout.AttemptRequiresAction},
		{MethodMPesa, "", checkout.AttemptProcessing},
		{MethodOXXO, "", checkout.AttemptRequiresAction},
		{MethodTransfer, "", checkout.AttemptRequiresAction},
		{checkout.MethodCard, "x+instant@x.y", checkout.AttemptSucceeded},
	} {
		l := newLab(t, Options{})
		a := l.open("ch_test")
		r := l.request(c.method, c.email)
		id := l.start(a, r).PSPRef
		s, err := a.Cancel(t.Context(), r.Attempt)
		if err != nil || s.State != c.want {
			t.Errorf("%s %q: %s, %v; want %s", c.method, c.email, s.State, err, c.want)
		}
		l.press(id, "approve")
		e, _ := l.bank.Find(r.Attempt.ID)
		if (e[0].Captured != 0) != (c.want != checkout.AttemptCanceled) {
			t.Errorf("%s %q: %s, %d captured", c.method, c.email, e[0].Status, e[0].Captured)
		}
	}
}
