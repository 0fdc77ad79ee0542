package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/psp/psptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret = "whsec_of_the_test_channel"
	testBase   = "http://127.0.0.1:8080"
)

// lab is a bank whose clock the test moves.
type lab struct {
	t     testing.TB
	clock *Clock
	bank  *Bank
}

func newLab(t testing.TB, o Options) *lab {
	l := &lab{t: t, clock: &Clock{}}
	o.Clock = l.clock
	if o.BaseURL == nil {
		o.BaseURL = func() string { return testBase }
	}
	l.bank = New(o)
	t.Cleanup(func() { _ = l.bank.Close() })
	return l
}

// open gives a channel.
func (l *lab) open(channel checkout.ID) *adapter {
	l.t.Helper()
	p, err := l.bank.Kind().Open(psp.Config{Channel: channel, Test: true, Settings: map[string]string{secretField: testSecret}, Now: l.clock.Now})
	if err != nil {
		l.t.Fatal(err)
	}
	return p.(*adapter)
}

// request is a payment of MXN 210.00 whose shopper has an address.
func (l *lab) request(m checkout.Method, email string) psp.StartRequest {
	now := l.clock.Now()
	amount := checkout.Money{Minor: 21000, Currency: "MXN"}
	s := checkout.Session{ID: checkout.RandomID(checkout.PrefixSession, now), State: checkout.SessionOpen, Test: true, Amount: amount,
		Order: checkout.Order{Number: "1042"}, Customer: checkout.Customer{Email: email}, ExpiresAt: now.Add(365 * 24 * time.Hour)}
	a := checkout.Attempt{ID: checkout.RandomID(checkout.PrefixAttempt, now), Session: s.ID, Channel: "ch_test", PSP: "sandbox", Method: m,
		State: checkout.AttemptStarting, Amount: amount, Token: checkout.RandomToken(), Phone: "+254712345678"}
	c, err := checkout.Begin(s, a, now)
	if err != nil {
		l.t.Fatal(err)
	}
	return psp.StartRequest{Attempt: c.Attempt, Session: c.Session, Merchant: checkout.Merchant{Name: "Café Luna"},
		ReturnURL: testBase + "/return/" + string(a.ID), Locale: "en"}
}

// do sends a request to the bank's pages.
func (l *lab) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	l.bank.Handler().ServeHTTP(w, r)
	return w
}

// press pushes the button of a scenario.
func (l *lab) press(id, scenario string) *httptest.ResponseRecorder {
	l.t.Helper()
	return l.do(http.MethodPost, "/sandbox/pay/"+id, url.Values{"scenario": {scenario}})
}

var scenarioOf = map[psptest.Outcome]string{
	psptest.Approve: "approve", psptest.Decline: "decline", psptest.PendingThenOK: "pending_then_success", psptest.LostThenOK: "start_ambiguous",
	psptest.LostForGood: "start_ambiguous_lost", psptest.Refuse: "start_rejected", psptest.Late: "late_success", psptest.Hold: "authorize",
	psptest.WrongAmount: "wrong_amount", psptest.WrongCurrency: "wrong_currency", psptest.Abandon: "abandon",
	psptest.RefundPending: "refund_pending", psptest.RefundFails: "refund_failed", psptest.ChargedBack: "chargeback",
}

func TestExam(t *testing.T) {
	l := newLab(t, Options{})
	psptest.Run(t, psptest.Rig{
		Kind:     l.bank.Kind(),
		Settings: func() map[string]string { return map[string]string{secretField: testSecret} },
		Now:      l.clock.Now,
		Wait:     l.clock.Advance,
		Prepare: func(t testing.TB, r *psp.StartRequest, o psptest.Outcome) {
			r.Session.Customer.Email = "ana+" + scenarioOf[o] + "@example.com"
		},
		Play: func(t testing.TB, a checkout.Attempt, o psptest.Outcome) {
			if a.Action.Kind != checkout.ActionRedirect || o == psptest.Abandon {
				return
			}
			if w := l.press(a.PSPRef, scenarioOf[o]); w.Code != http.StatusOK { // the return URL is of another origin
				t.Fatalf("the bank answered %d", w.Code)
			}
		},
		Letter: l.letter,
		Made: func(t testing.TB, a checkout.Attempt) int {
			found, err := l.bank.Find(a.ID)
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		},
		SignatureHeader: SignatureHeader,
		HexCase:         true,
		Disputes:        true,
	})
}

func (l *lab) letter(t testing.TB, a checkout.Attempt, kind psptest.Letter) psp.Notification {
	t.Helper()
	e := event{ID: "sbe_1", Type: "payment.paid", Mode: "test", Account: string(a.Channel), Payment: a.PSPRef, Reference: string(a.ID), Status: Paid,
		Amount: a.Amount.Minor, Currency: string(a.Amount.Currency), Made: l.clock.Now().Format(time.RFC3339)}
	at, secret := l.clock.Now(), testSecret
	switch kind {
	case psptest.Older:
		e.Type, e.Status = "payment.pending", Pending
	case psptest.TooOld:
		at = at.Add(-tolerance - 2*time.Second)
	case psptest.OtherMode:
		e.Mode = "live"
	case psptest.OtherAccount:
		e.Account = string(checkout.RandomID(checkout.PrefixChannel, at))
	case psptest.OtherSecret:
		secret = "whsec_of_another_channel"
	case psptest.EmptySecret:
		secret = ""
	case psptest.NotOurs:
		e.Payment, e.Reference = "sbx_of_somebody_else", string(checkout.RandomID(checkout.PrefixAttempt, at))
	case psptest.NotOurPayment:
		e.Payment, e.Reference, e.Type = "", "", "payout.paid"
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return psp.Notification{Method: http.MethodPost, Rest: a.Token, Header: http.Header{SignatureHeader: {Sign(secret, at, body)}}, Body: body}
}

func TestSignatureTime(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "")
	for age, good := range map[time.Duration]bool{0: true, 299 * time.Second: true, -299 * time.Second: true, 302 * time.Second: false, -302 * time.Second: false} {
		n := l.letter(t, r.Attempt, psptest.Genuine)
		n.Header.Set(SignatureHeader, Sign(testSecret, l.clock.Now().Add(-age), n.Body))
		if _, _, err := a.ParseNotification(t.Context(), n); (err == nil) != good {
			t.Errorf("age %s: %v", age, err)
		}
	}
	n := l.letter(t, r.Attempt, psptest.Genuine)
	n.Method = http.MethodGet
	if _, ack, err := a.ParseNotification(t.Context(), n); err == nil || ack.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, %v", ack.Status, err)
	}
}

// A channel's secret in the settings may carry white space around it; the bank signs with the same.
func TestSecretIsTrimmed(t *testing.T) {
	l := newLab(t, Options{})
	p, err := l.bank.Kind().Open(psp.Config{Channel: "ch_test", Test: true, Settings: map[string]string{secretField: " " + testSecret + "\n"}})
	if err != nil || p.(*adapter).secret != testSecret || l.bank.secret("ch_test") != testSecret {
		t.Errorf("%v", err)
	}
}

func (l *lab) start(a *adapter, r psp.StartRequest) psp.Snapshot {
	l.t.Helper()
	s, err := a.Start(context.Background(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}
