package engine_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/psp"
	"kassa/internal/psp/sandbox"
	"kassa/internal/seal"
	"kassa/internal/store"
	"kassa/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an engine on a real store and the sandbox, whose bank is driven as a shopper would and whose
// ledger is the oracle. Time stands still until it is advanced.
type rig struct {
	*engine.Engine
	t        testing.TB
	ctx      context.Context
	path     string // of the database
	box      *seal.Box
	store    store.Store
	bank     *sandbox.Bank
	pages    http.Handler
	clock    *sandbox.Clock
	merchant checkout.Merchant
	channel  checkout.Channel
	notify   *httptest.Server
	life     time.Duration // of the sessions it makes; 0: the default
}

// newRig lets its caller change what the engine is made of.
func newRig(t testing.TB, change ...func(*engine.Options)) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), clock: &sandbox.Clock{}}
	box, err := seal.New(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	r.box = box
	r.path = filepath.Join(t.TempDir(), "engine.db")
	st, err := sqlite.Open(r.ctx, r.path, sqlite.Options{Seal: box, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	r.store = st
	r.notify = httptest.NewServer(http.HandlerFunc(r.takeNotification))
	links := checkout.NewLinks(r.notify.URL)
	r.bank = sandbox.New(sandbox.Options{Clock: r.clock, BaseURL: links.Base, Client: r.notify.Client()})
	r.pages = r.bank.Handler()
	o := engine.Options{Store: st, PSPs: []psp.Kind{r.bank.Kind()}, Links: links, Now: r.clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range change {
		c(&o)
	}
	r.Engine = engine.New(o)
	t.Cleanup(func() {
		r.Wait(r.ctx)
		if err := r.bank.Close(); err != nil {
			t.Error(err)
		}
		r.notify.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if r.merchant, err = r.AddMerchant(r.ctx, checkout.Merchant{Name: "Café Luna", Country: "MX"}); err != nil {
		t.Fatal(err)
	}
	if r.channel, err = r.AddChannel(r.ctx, checkout.Channel{Merchant: r.merchant.ID, PSP: "sandbox", Test: true}, map[string]string{"webhook_secret": "s3cret"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// takeNotification is the part of web/notify that the bank needs.
func (r *rig) takeNotification(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, "/notify/"), "/", 2)
	ack, err := r.Notify(req.Context(), parts[0], psp.Notification{Method: req.Method, Rest: parts[1], Header: req.Header, Body: body})
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if ack.Status != 0 {
		w.WriteHeader(ack.Status)
	}
}

// open makes a session of MXN 210.00; tag is the sandbox's scenario, or empty.
func (r *rig) open(tag string) checkout.Session {
	r.t.Helper()
	email := "ada@example.com"
	if tag != "" {
		email = "ada+" + tag + "@example.com"
	}
	var made checkout.Session
	var expires time.Time
	if r.life > 0 {
		expires = r.Now().Add(r.life)
	}
	_, err := r.CreateSession(r.ctx, checkout.Session{Merchant: r.merchant.ID, Dialect: "kaipay", Test: true, Amount: checkout.Money{Minor: 21000, Currency: "MXN"},
		Order: checkout.Order{Country: "MX"}, Customer: checkout.Customer{Name: "Ada", Email: email}, ExpiresAt: expires}, nil,
		func(s checkout.Session) (int, []byte, error) { made = s; return 201, []byte("{}"), nil })
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

func (r *rig) session(id checkout.ID) checkout.Session {
	r.t.Helper()
	s, err := r.Session(r.ctx, r.merchant.ID, string(id))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// pay starts an attempt from a fresh form and gives it.
func (r *rig) pay(id checkout.ID, m checkout.Method) checkout.Attempt {
	r.t.Helper()
	started, err := r.StartAttempt(r.ctx, engine.StartAttempt{Session: string(id), FormVersion: r.session(id).Version, Method: m, Phone: "0712345678", Locale: "en"})
	if err != nil {
		r.t.Fatal(err)
	}
	if started.Attempt == "" {
		return checkout.Attempt{}
	}
	return r.attempt(started.Attempt)
}

func (r *rig) attempt(id checkout.ID) checkout.Attempt {
	r.t.Helper()
	a, err := r.store.Attempt(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// decide is the shopper on the bank's page.
func (r *rig) decide(a checkout.Attempt, scenario string) {
	r.t.Helper()
	if code := r.tryDecide(a, scenario); code >= 400 {
		r.t.Fatalf("the bank refused %s: %d", scenario, code)
	}
}

func (r *rig) tryDecide(a checkout.Attempt, scenario string) int {
	path := "/sandbox/pay/"
	if a.Action.Kind == checkout.ActionConfirmOnPhone {
		path = "/sandbox/phone/"
	}
	req := httptest.NewRequest(http.MethodPost, path+a.PSPRef, strings.NewReader(url.Values{"scenario": {scenario}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, req)
	return w.Code
}

// comeBack is the browser that returns.
func (r *rig) comeBack(a checkout.Attempt) {
	r.t.Helper()
	if _, err := r.Returned(r.ctx, string(a.ID), engine.Message{Method: "GET"}); err != nil {
		r.t.Fatal(err)
	}
}

// later moves time in small steps, and lets the sweep do what has become due.
func (r *rig) later(d time.Duration) {
	r.t.Helper()
	for step := min(d, 10*time.Second); d > 0; d -= step {
		step = min(max(step, d/20), d)
		r.clock.Advance(step)
		r.sweep()
	}
}

func (r *rig) sweep() {
	r.t.Helper()
	if _, err := r.Sweep(r.ctx); err != nil {
		r.t.Fatal(err)
	}
}

// want asserts where a session stands.
func (r *rig) want(id checkout.ID, state checkout.SessionState) checkout.Session {
	r.t.Helper()
	s := r.session(id)
	if s.State != state {
		attempts, _ := r.Attempts(r.ctx, id)
		for _, a := range attempts {
			r.t.Logf("attempt %s %s %s %s superseded=%v", a.ID, a.Method, a.State, a.Decline, a.Superseded)
		}
		r.t.Fatalf("session is %s, want %s", s.State, state)
	}
	return s
}

// kinds lists the session's events.
func (r *rig) kinds(id checkout.ID) string {
	r.t.Helper()
	events, err := r.Events(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	var b []string
	for _, e := range events {
		b = append(b, string(e.Kind))
	}
	return strings.Join(b, " ")
}

// netCaptured is what the bank holds of a session: the oracle.
func (r *rig) netCaptured(id checkout.ID) int64 {
	r.t.Helper()
	all, err := r.bank.Ledger()
	if err != nil {
		r.t.Fatal(err)
	}
	var sum int64
	for _, e := range all {
		if e.Session == id {
			sum += e.Captured - e.Refunded
		}
	}
	return sum
}
