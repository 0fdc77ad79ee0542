package psptest

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// Run examines an adapter.
func Run(t *testing.T, r Rig) {
	t.Run("kind", func(t *testing.T) { examKind(t, &r) })
	t.Run("open", func(t *testing.T) { examOpen(t, &r) })
	for _, m := range r.methods() {
		t.Run("payments/"+string(m), func(t *testing.T) { examPayments(t, &r, m) })
	}
	first := r.methods()[0]
	t.Run("errors", func(t *testing.T) { examErrors(t, &r, first) })
	t.Run("capture", func(t *testing.T) { examCapture(t, &r, first) })
	for _, m := range r.methods() {
		t.Run("cancel/"+string(m), func(t *testing.T) { examCancel(t, &r, m) })
	}
	t.Run("refund", func(t *testing.T) { examRefund(t, &r, first) })
	t.Run("list", func(t *testing.T) { examList(t, &r, first) })
	t.Run("notifications", func(t *testing.T) { examNotifications(t, &r, first) })
}

var word = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func examKind(t *testing.T, r *Rig) {
	k := r.Kind
	if !word.MatchString(k.Name) || strings.TrimSpace(k.Title) == "" || k.Open == nil {
		t.Errorf("name %q, title %q, Open %t", k.Name, k.Title, k.Open != nil)
	}
	seen := map[string]bool{}
	for _, f := range k.Fields {
		if !word.MatchString(f.Name) || seen[f.Name] || strings.TrimSpace(f.Title) == "" {
			t.Errorf("field %q, title %q", f.Name, f.Title)
		}
		seen[f.Name] = true
	}
	if len(k.Methods) == 0 {
		t.Error("no method")
	}
	codes := map[checkout.Method]bool{}
	for _, m := range k.Methods {
		if !word.MatchString(string(m.Code)) || codes[m.Code] {
			t.Errorf("method %q", m.Code)
		}
		codes[m.Code] = true
		for _, c := range m.Countries {
			if got, err := checkout.ParseCountry(string(c)); err != nil || got != c {
				t.Errorf("method %s: country %q", m.Code, c)
			}
		}
		for _, c := range m.Currencies {
			if got, err := checkout.ParseCurrency(string(c)); err != nil || got != c {
				t.Errorf("method %s: currency %q", m.Code, c)
			}
		}
	}
	for name := range r.Settings() {
		if !seen[name] {
			t.Errorf("the rig's setting %q is no field of the kind", name)
		}
	}
}

// examOpen holds threat T02: a channel without its secret never opens.
func examOpen(t *testing.T, r *Rig) {
	channel := checkout.RandomID(checkout.PrefixChannel, r.now())
	open(t, r, channel)
	for _, f := range r.Kind.Fields {
		if !f.Required {
			continue
		}
		for name, value := range map[string]string{"missing": "", "empty": "", "blank": " ", "white space": "\t\n \u00a0"} {
			t.Run(f.Name+" "+name, func(t *testing.T) {
				settings := r.Settings()
				settings[f.Name] = value
				if name == "missing" {
					delete(settings, f.Name)
				}
				p, err := r.Kind.Open(r.config(channel, settings))
				if err == nil || p != nil {
					t.Fatalf("opened without %s", f.Name)
				}
				e := checkout.AsError(err)
				if e.Code != checkout.CodeInvalid || !slices.ContainsFunc(e.Fields, func(x checkout.FieldError) bool { return x.Field == f.Name }) {
					t.Errorf("the error does not name %s: %v", f.Name, err)
				}
				if v := r.Settings()[f.Name]; f.Secret && len(v) > 3 && strings.Contains(err.Error(), v) {
					t.Error("the error holds the secret")
				}
			})
		}
	}
	t.Run("no settings", func(t *testing.T) {
		if !slices.ContainsFunc(r.Kind.Fields, func(f psp.Field) bool { return f.Required }) {
			t.Skip("no setting is required")
		}
		if _, err := r.Kind.Open(r.config(channel, nil)); err == nil {
			t.Error("opened without settings")
		}
	})
	t.Run("test only", func(t *testing.T) {
		if !r.Kind.TestOnly {
			t.Skip("it serves live channels")
		}
		c := r.config(channel, r.Settings())
		c.Test = false
		if _, err := r.Kind.Open(c); err == nil {
			t.Error("a live channel opened at a provider that moves no money")
		}
	})
}

func examPayments(t *testing.T, r *Rig, m checkout.Method) {
	t.Run("success", func(t *testing.T) {
		p := paid(t, r, m, Approve)
		if p.att.PSPRef == "" {
			t.Error("no PSPRef")
		}
		p.made(1)
		// Asked again, and asked by our own reference alone, it says the same.
		for _, ref := range []string{p.att.PSPRef, ""} {
			if ref == "" && r.NoReference {
				continue
			}
			q := *p
			q.att.PSPRef = ref
			s, err := q.fetch()
			if err != nil || s.State != checkout.AttemptSucceeded || s.PSPRef != p.att.PSPRef {
				t.Errorf("Fetch with PSPRef %q: %s %q %v", ref, s.State, s.PSPRef, err)
			}
		}
	})
	t.Run("decline", func(t *testing.T) {
		p := begin(t, r, m, Decline)
		p.play(Decline)
		p.follow(checkout.AttemptState.Final)
		if !p.att.State.Lost() || p.ses.State != checkout.SessionOpen || p.att.Decline == checkout.DeclineNone {
			t.Errorf("attempt %s, session %s, decline %q", p.att.State, p.ses.State, p.att.Decline)
		}
	})
	t.Run("pending then success", func(t *testing.T) {
		p := begin(t, r, m, PendingThenOK)
		p.play(PendingThenOK)
		if s, err := p.fetch(); err == nil && s.State.Final() {
			t.Errorf("a pending payment is %s at once", s.State)
		}
		p.follow(checkout.AttemptState.Final)
		p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	})
	t.Run("answer lost, then success", func(t *testing.T) { examLost(t, r, m) })
	t.Run("late success", func(t *testing.T) {
		p := begin(t, r, m, Late)
		p.play(Late)
		p.follow(checkout.AttemptState.Final)
		if !p.att.State.Lost() {
			t.Fatalf("the attempt is %s, and should have ended without money first", p.att.State)
		}
		p.follow(func(s checkout.AttemptState) bool { return s == checkout.AttemptSucceeded })
		p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
		if p.ses.Review != checkout.ReviewLatePayment {
			t.Errorf("nobody is told of the late money: review %q", p.ses.Review)
		}
	})
	for _, o := range []Outcome{WrongAmount, WrongCurrency} {
		t.Run(string(o), func(t *testing.T) { // threat T05
			p := begin(t, r, m, o)
			p.play(o)
			p.follow(checkout.AttemptState.Final)
			if p.ses.State.HasMoney() || p.ses.State == checkout.SessionAuthorized || p.att.State == checkout.AttemptSucceeded {
				t.Errorf("paid: attempt %s, session %s", p.att.State, p.ses.State)
			}
			if p.att.Review == checkout.ReviewNone && !p.att.State.Lost() {
				t.Error("nobody is told that another amount was paid")
			}
		})
	}
	t.Run("charged back", func(t *testing.T) {
		if !r.Disputes {
			t.Skip("the provider does not say so when asked")
		}
		p := paid(t, r, m, ChargedBack)
		for range 60 {
			if _, err := p.fetch(); err == nil && p.att.Review != checkout.ReviewNone {
				break
			}
			r.wait(2 * time.Second)
		}
		if p.att.Review != checkout.ReviewDisputed || p.ses.Review != checkout.ReviewDisputed {
			t.Errorf("nobody is told of the dispute: review %q, %q", p.att.Review, p.ses.Review)
		}
		p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	})
	t.Run("start twice", func(t *testing.T) {
		if r.NoIdempotency {
			t.Skip("the provider knows no idempotency")
		}
		p := begin(t, r, m, Approve)
		ref := p.att.PSPRef
		if s, err := p.psp.Start(t.Context(), p.req); err != nil {
			p.classified("Start", err)
		} else if s.PSPRef != ref {
			t.Errorf("the second Start made %q beside %q", s.PSPRef, ref)
		}
		p.made(1)
	})
}

// examLost: an attempt whose Start is unknown is found again by our reference.
func examLost(t *testing.T, r *Rig, m checkout.Method) {
	p := fresh(t, r, m, LostThenOK)
	err := p.start()
	if err == nil {
		t.Fatal("Start worked; its answer should have been lost")
	}
	if psp.CertaintyOf(err) != psp.Ambiguous {
		t.Fatalf("a lost answer is not ambiguous: %v", err)
	}
	if p.att.PSPRef != "" {
		t.Fatal("the attempt has a PSPRef")
	}
	p.made(1)
	if r.NoReference {
		if s, err := p.fetch(); err == nil && (s.NotFound || s.State.Lost()) {
			t.Errorf("what cannot be found counts as not there: %+v", s)
		}
		return
	}
	if s, err := p.fetch(); err == nil && (s.NotFound || s.State.Lost()) {
		t.Fatalf("a payment that was made is %s, not found %t", s.State, s.NotFound)
	}
	p.play(LostThenOK)
	p.follow(checkout.AttemptState.Final)
	p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	p.made(1)
}

func examErrors(t *testing.T, r *Rig, m checkout.Method) {
	t.Run("answer lost, nothing made", func(t *testing.T) {
		p := fresh(t, r, m, LostForGood)
		if err := p.start(); err == nil || psp.CertaintyOf(err) != psp.Ambiguous {
			t.Fatalf("Start: %v, want ambiguous", err)
		}
		s, err := p.fetch()
		if r.NoReference {
			if err == nil && s.NotFound {
				t.Error("a provider that cannot look cannot know that there is nothing")
			}
			return
		}
		if err != nil || !s.NotFound {
			t.Errorf("Fetch: %+v, %v; want NotFound", s, err)
		}
		p.made(0)
	})
	t.Run("refused", func(t *testing.T) {
		p := fresh(t, r, m, Refuse)
		if err := p.start(); err == nil || psp.CertaintyOf(err) != psp.Rejected {
			t.Fatalf("Start: %v, want rejected", err)
		}
		p.made(0)
	})
	t.Run("unknown reference", func(t *testing.T) {
		if r.NoReference {
			t.Skip("the provider cannot look")
		}
		p := fresh(t, r, m, Approve)
		if s, err := p.fetch(); err != nil || !s.NotFound {
			t.Errorf("Fetch: %+v, %v; want NotFound", s, err)
		}
	})
	t.Run("context ended before Start", func(t *testing.T) {
		p := fresh(t, r, m, Approve)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.psp.Start(ctx, p.req)
		if err == nil || psp.CertaintyOf(err) == psp.Rejected {
			t.Fatalf("Start: %v, want retryable or ambiguous", err)
		}
		p.classified("Start", err)
		if psp.CertaintyOf(err) == psp.Retryable {
			p.made(0)
		}
	})
	t.Run("context ended before Fetch", func(t *testing.T) {
		p := begin(t, r, m, Approve)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err := p.psp.Fetch(ctx, psp.FetchRequest{Attempt: p.att})
		if err == nil || psp.CertaintyOf(err) == psp.Rejected {
			t.Fatalf("Fetch: %v, want retryable or ambiguous", err)
		}
		p.classified("Fetch", err)
	})
	for name, same := range map[string]bool{"payment of another attempt": true, "payment of another channel": false} {
		t.Run(name, func(t *testing.T) { // threat T06
			if r.NoReference {
				t.Skip("the provider does not keep our reference")
			}
			p, q := paid(t, r, m, Approve), fresh(t, r, m, Approve)
			if same {
				q.psp = p.psp
			}
			q.att.PSPRef = p.att.PSPRef
			if s, err := q.fetch(); err == nil && !s.NotFound && q.att.Review == checkout.ReviewNone {
				t.Error("nobody is told of the mix-up")
			}
			if q.ses.State.HasMoney() || q.att.State.Final() {
				t.Errorf("one payment settled two attempts: %s", q.att.State)
			}
			if f, ok := q.psp.(psp.Refunder); ok {
				if s, err := f.Refund(t.Context(), q.att, (refunds{payment: q}).row(q.att.Amount.Minor)); err == nil && s.State != checkout.RefundFailed {
					t.Errorf("the money of another attempt was given back: %s", s.State)
				}
			}
		})
	}
}

func examCapture(t *testing.T, r *Rig, m checkout.Method) {
	hold := func(t *testing.T) (*payment, psp.Capturer) {
		p := begin(t, r, m, Hold)
		capturer, ok := p.psp.(psp.Capturer)
		if !ok {
			t.Skip("the adapter does not capture")
		}
		p.play(Hold)
		p.follow(func(s checkout.AttemptState) bool { return s == checkout.AttemptAuthorized || s.Final() })
		p.want(checkout.AttemptAuthorized, checkout.SessionAuthorized)
		return p, capturer
	}
	t.Run("twice", func(t *testing.T) {
		p, c := hold(t)
		for range 2 {
			s, err := c.Capture(t.Context(), p.att)
			if err != nil {
				t.Fatalf("Capture: %v", err)
			}
			p.observe(s)
		}
		p.follow(checkout.AttemptState.Final)
		p.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	})
	t.Run("released", func(t *testing.T) {
		p, c := hold(t)
		canceller, ok := p.psp.(psp.Canceller)
		if !ok {
			t.Skip("the adapter does not cancel")
		}
		s, err := canceller.Cancel(t.Context(), p.att)
		if err != nil || !s.State.Lost() {
			t.Fatalf("Cancel of a hold: %s, %v", s.State, err)
		}
		p.observe(s)
		p.want(checkout.AttemptCanceled, checkout.SessionCanceled)
		if s, err := c.Capture(t.Context(), p.att); err == nil && s.State == checkout.AttemptSucceeded {
			t.Error("a hold that was released was captured")
		}
	})
	t.Run("of nothing", func(t *testing.T) {
		p := begin(t, r, m, Abandon)
		c, ok := p.psp.(psp.Capturer)
		if !ok {
			t.Skip("the adapter does not capture")
		}
		s, err := c.Capture(t.Context(), p.att)
		if err != nil {
			p.classified("Capture", err)
		} else if s.State == checkout.AttemptSucceeded || s.State == checkout.AttemptAuthorized {
			t.Errorf("a payment that nobody approved was captured: %s", s.State)
		}
	})
}

// examCancel: after a cancel that says "ended", no money comes.
func examCancel(t *testing.T, r *Rig, m checkout.Method) {
	t.Run("open", func(t *testing.T) {
		p := begin(t, r, m, Approve)
		c, ok := p.psp.(psp.Canceller)
		if !ok {
			t.Skip("the adapter does not cancel")
		}
		for range 2 {
			s, err := c.Cancel(t.Context(), p.att)
			if err != nil {
				p.classified("Cancel", err)
				return
			}
			p.observe(s)
		}
		if !p.att.State.Lost() {
			return // it cannot be ended, and says so
		}
		r.wait(time.Minute)
		if s, err := p.fetch(); err != nil || !s.State.Final() || s.State == checkout.AttemptSucceeded {
			t.Errorf("after its cancel the payment is %s, %v", s.State, err)
		}
		p.want(checkout.AttemptCanceled, checkout.SessionOpen)
	})
	t.Run("paid", func(t *testing.T) {
		p := begin(t, r, m, Approve)
		c, ok := p.psp.(psp.Canceller)
		if !ok {
			t.Skip("the adapter does not cancel")
		}
		p.play(Approve)
		q := *p // another view of it, which does not know yet
		p.follow(checkout.AttemptState.Final)
		s, err := c.Cancel(t.Context(), q.att)
		if err != nil {
			q.classified("Cancel", err)
			return
		}
		if s.State.Lost() {
			t.Fatalf("Cancel of a paid payment says %s", s.State)
		}
		q.observe(s)
		q.follow(checkout.AttemptState.Final)
		q.want(checkout.AttemptSucceeded, checkout.SessionPaid)
	})
	t.Run("unknown", func(t *testing.T) {
		p := fresh(t, r, m, Approve)
		c, ok := p.psp.(psp.Canceller)
		if !ok {
			t.Skip("the adapter does not cancel")
		}
		if s, err := c.Cancel(t.Context(), p.att); err == nil && s.State == checkout.AttemptSucceeded {
			t.Errorf("%+v", s)
		} else if err != nil {
			p.classified("Cancel", err)
		}
	})
}

func examList(t *testing.T, r *Rig, m checkout.Method) {
	since := r.now().Add(-time.Second)
	p := paid(t, r, m, Approve)
	l, ok := p.psp.(psp.Lister)
	if !ok {
		t.Skip("the adapter does not list")
	}
	found, cursor, last := 0, "", time.Time{}
	for range 1000 {
		rows, next, err := l.List(t.Context(), since, cursor)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		for _, row := range rows {
			if row.At.Before(since.Add(-time.Second)) || row.At.Before(last) {
				t.Errorf("out of order: %s after %s, since %s", row.At, last, since)
			}
			last = row.At
			if row.PSPRef == p.att.PSPRef {
				found++
				if row.State != checkout.AttemptSucceeded || row.Amount != p.att.Amount || (row.Reference != "" && row.Reference != string(p.att.ID)) {
					t.Errorf("listed as %+v", row)
				}
			}
		}
		if next == "" {
			break
		}
		if next == cursor {
			t.Fatal("the cursor does not move")
		}
		cursor = next
	}
	if found != 1 {
		t.Errorf("the payment is listed %d times", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.List(ctx, since, ""); err == nil {
		t.Error("List with an ended context gave an answer")
	} else if e := (*psp.Error)(nil); errors.As(err, &e) && e.Certainty == psp.Rejected {
		t.Error("List with an ended context was rejected")
	}
}
