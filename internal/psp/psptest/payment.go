package psptest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// payment is a session and its attempt, followed as the engine would.
type payment struct {
	t   *testing.T
	rig *Rig
	psp psp.PSP
	req psp.StartRequest
	ses checkout.Session
	att checkout.Attempt
}

// open gives a channel of good settings.
func open(t *testing.T, r *Rig, channel checkout.ID) psp.PSP {
	t.Helper()
	p, err := r.Kind.Open(r.config(channel, r.Settings()))
	if err != nil {
		t.Fatalf("Open with good settings: %v", err)
	}
	return p
}

// fresh is a payment that is not started.
func fresh(t *testing.T, r *Rig, m checkout.Method, o Outcome) *payment {
	t.Helper()
	r.knows(t, o)
	now := r.now()
	amount := r.Amount
	if amount == (checkout.Money{}) {
		amount = checkout.Money{Minor: 21000, Currency: "MXN"}
	}
	phone := r.Phone
	if phone == "" {
		phone = "+254712345678"
	}
	p := &payment{t: t, rig: r}
	p.ses = checkout.Session{ID: checkout.RandomID(checkout.PrefixSession, now), Merchant: checkout.RandomID(checkout.PrefixMerchant, now),
		Version: 1, State: checkout.SessionOpen, Test: !r.Live, Amount: amount, Order: checkout.Order{Number: "1042"},
		Customer: checkout.Customer{Name: "Ana Pérez", Email: "ana@example.com", Phone: phone}, CreatedAt: now, UpdatedAt: now,
		ExpiresAt: now.Add(365 * 24 * time.Hour)}
	p.att = checkout.Attempt{ID: checkout.RandomID(checkout.PrefixAttempt, now), Session: p.ses.ID, Merchant: p.ses.Merchant,
		Channel: checkout.RandomID(checkout.PrefixChannel, now), PSP: r.Kind.Name, Method: m, Version: 1, State: checkout.AttemptStarting,
		Amount: amount, Token: checkout.RandomToken(), Phone: phone, CreatedAt: now, UpdatedAt: now}
	c, err := checkout.Begin(p.ses, p.att, now)
	if err != nil {
		t.Fatal(err)
	}
	p.ses, p.att = c.Session, c.Attempt
	p.psp = open(t, r, p.att.Channel)
	p.req = psp.StartRequest{Attempt: p.att, Session: p.ses, Locale: "en",
		Merchant:  checkout.Merchant{ID: p.ses.Merchant, Name: "Café Luna", Country: "MX"},
		ReturnURL: "https://kassa.example/return/" + string(p.att.ID)}
	if r.NotifyBase != "" {
		p.req.NotifyURL = checkout.NewLinks(r.NotifyBase).Notify(&p.att)
	}
	if r.Prepare != nil {
		r.Prepare(t, &p.req, o)
		p.ses.Customer, p.ses.Amount = p.req.Session.Customer, p.req.Attempt.Amount
		p.att.Amount, p.att.Phone = p.req.Attempt.Amount, p.req.Attempt.Phone
	}
	return p
}

// start calls Start once and applies its answer.
func (p *payment) start() error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	snap, err := p.psp.Start(ctx, p.req)
	if err != nil {
		p.classified("Start", err)
		return err
	}
	if snap.PSPRef == "" && !snap.NotFound {
		p.t.Log("Start gave no PSPRef")
	}
	p.observe(snap)
	return nil
}

// begin is a payment whose Start must work.
func begin(t *testing.T, r *Rig, m checkout.Method, o Outcome) *payment {
	t.Helper()
	p := fresh(t, r, m, o)
	if err := p.start(); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return p
}

func (p *payment) play(o Outcome) {
	p.t.Helper()
	if p.rig.Play != nil {
		p.rig.Play(p.t, p.att, o)
	}
}

// observe checks that an answer keeps to the contract, and lets checkout.Settle act on it.
func (p *payment) observe(s psp.Snapshot) {
	p.t.Helper()
	if s.NotFound {
		if s.State != "" {
			p.t.Errorf("NotFound with the state %q", s.State)
		}
		return
	}
	if !slices.Contains(checkout.AttemptStates(), s.State) || s.State == checkout.AttemptStarting {
		p.t.Errorf("state %q is not one that a provider may report", s.State)
	}
	if !s.Decline.Known() {
		p.t.Errorf("decline %q is not of the closed set", s.Decline)
	}
	if s.State == checkout.AttemptFailed && s.Decline == checkout.DeclineNone {
		p.t.Error("failed without a reason")
	}
	if (s.State == checkout.AttemptSucceeded || s.State == checkout.AttemptAuthorized) && (s.Amount.Currency == "" || s.Amount.Minor == 0) {
		p.t.Errorf("%s without an amount", s.State)
	}
	if s.State == checkout.AttemptRequiresAction && s.Action == nil && p.att.Action.Kind == "" {
		p.t.Error("requires_action without an action")
	}
	if s.Action != nil {
		p.action(*s.Action)
	}
	if _, ok := p.psp.(psp.Capturer); s.NeedsCapture && !ok {
		p.t.Error("NeedsCapture of an adapter that cannot capture")
	}
	c := checkout.Settle(p.ses, p.att, s.Observation, p.rig.now())
	p.ses, p.att = c.Session, c.Attempt
}

// action checks that an action has what its kind needs.
func (p *payment) action(n checkout.NextAction) {
	p.t.Helper()
	if !slices.Contains(checkout.ActionKinds(), n.Kind) {
		p.t.Errorf("action %q is not of the closed set", n.Kind)
	}
	need := func(ok bool, what string) {
		p.t.Helper()
		if !ok {
			p.t.Errorf("action %s without %s", n.Kind, what)
		}
	}
	switch n.Kind {
	case checkout.ActionRedirect:
		need(n.URL != "", "a URL")
	case checkout.ActionRedirectPost:
		need(n.URL != "" && len(n.Fields) > 0, "a URL and fields")
	case checkout.ActionConfirmOnPhone:
		need(n.Phone != "", "a phone number")
	case checkout.ActionVoucher:
		need(n.Reference != "", "a reference")
	case checkout.ActionInstructions:
		need(len(n.Lines) > 0, "lines")
		for _, l := range n.Lines {
			need(slices.Contains(checkout.LineLabels(), l.Label) && l.Value != "", "a known label and a value")
		}
	case checkout.ActionFields:
		need(n.Frame != "" || n.Script != "", "a frame or a script")
	case checkout.ActionCrypto:
		need(n.Address != "" && n.Amount != "" && n.Symbol != "" && n.Network != "", "address, amount, symbol and network")
	}
	if n.URL != "" || n.Frame != "" {
		for _, u := range []string{n.URL, n.Frame} {
			if u != "" && checkout.CheckURL(u, nil, true) != nil {
				p.t.Errorf("action %s leads to %q", n.Kind, u)
			}
		}
	}
}

// fetch asks once and applies the answer. An error is returned, and must be classified.
func (p *payment) fetch() (psp.Snapshot, error) {
	p.t.Helper()
	s, err := p.psp.Fetch(p.t.Context(), psp.FetchRequest{Attempt: p.att})
	if err != nil {
		p.classified("Fetch", err)
		if psp.CertaintyOf(err) == psp.Rejected {
			p.t.Errorf("Fetch was rejected: %v; an attempt must never end by a failed question", err)
		}
		return s, err
	}
	p.observe(s)
	if s.NeedsCapture {
		s, err = p.psp.(psp.Capturer).Capture(p.t.Context(), p.att)
		if err != nil {
			p.classified("Capture", err)
			return s, err
		}
		p.observe(s)
	}
	return s, nil
}

// follow asks until the attempt has come to rest, letting time pass in between.
func (p *payment) follow(rest func(checkout.AttemptState) bool) {
	p.t.Helper()
	for range 60 {
		if rest(p.att.State) || p.att.Review != checkout.ReviewNone {
			return
		}
		if _, err := p.fetch(); err == nil && (rest(p.att.State) || p.att.Review != checkout.ReviewNone) {
			return
		}
		p.rig.wait(2 * time.Second)
	}
	p.t.Fatalf("the attempt did not come to rest: it is %s", p.att.State)
}

// classified checks that an error says what it leaves known.
func (p *payment) classified(call string, err error) {
	p.t.Helper()
	var e *psp.Error
	if !errors.As(err, &e) || e.Certainty < psp.Rejected || e.Certainty > psp.Ambiguous {
		p.t.Errorf("%s failed without saying what that leaves known: %v", call, err)
		return
	}
	if !e.Decline.Known() {
		p.t.Errorf("%s: decline %q is not of the closed set", call, e.Decline)
	}
	if e.Certainty == psp.Rejected && e.Decline == checkout.DeclineNone && call == "Start" {
		p.t.Errorf("%s was rejected without a reason", call)
	}
}

// want checks where attempt and session stand.
func (p *payment) want(a checkout.AttemptState, s checkout.SessionState) {
	p.t.Helper()
	if p.att.State != a || p.ses.State != s {
		p.t.Errorf("attempt %s, session %s; want %s, %s (decline %q, code %q, review %q)", p.att.State, p.ses.State, a, s, p.att.Decline, p.att.Code, p.att.Review)
	}
}

// made checks how many payments the provider holds for the attempt.
func (p *payment) made(want int) {
	p.t.Helper()
	if p.rig.Made == nil {
		return
	}
	if got := p.rig.Made(p.t, p.att); got != want {
		p.t.Errorf("the provider holds %d payments for the attempt, want %d", got, want)
	}
}

// paid is a payment that went through.
func paid(t *testing.T, r *Rig, m checkout.Method, o Outcome) *payment {
	t.Helper()
	p := begin(t, r, m, o)
	p.play(o)
	p.follow(checkout.AttemptState.Final)
	p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	if t.Failed() {
		t.FailNow()
	}
	return p
}
