package psptest

import (
	"net/http"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

func examNotifications(t *testing.T, r *Rig, m checkout.Method) {
	p := paid(t, r, m, Approve)
	genuine := func(t *testing.T) psp.Notification { return r.Letter(t, p.att, Genuine) }

	t.Run("genuine, twice", func(t *testing.T) {
		n := genuine(t)
		for range 2 {
			hints, ack, err := p.psp.ParseNotification(t.Context(), n)
			if err != nil || !names(hints, p.att) {
				t.Fatalf("hints %+v, %v", hints, err)
			}
			success(t, ack)
			if r.SignatureHeader == "" {
				for _, h := range hints {
					if h.Reference != "" || h.Token != p.att.Token {
						t.Errorf("a hint from a notification that nobody signed: %+v", h)
					}
				}
			}
			q := *p
			s, err := q.psp.Fetch(t.Context(), psp.FetchRequest{Attempt: q.att, Hint: &hints[0]})
			if err != nil {
				t.Fatal(err)
			}
			q.observe(s)
			q.want(checkout.AttemptSucceeded, checkout.SessionPaid)
		}
	})
	t.Run("out of order", func(t *testing.T) {
		r.writes(t, Older)
		hints, ack, err := p.psp.ParseNotification(t.Context(), r.Letter(t, p.att, Older))
		if err != nil {
			t.Fatal(err)
		}
		success(t, ack)
		for _, h := range hints { // whatever it says, asking gives the truth
			q := *p
			s, err := q.psp.Fetch(t.Context(), psp.FetchRequest{Attempt: q.att, Hint: &h})
			if err != nil {
				t.Fatal(err)
			}
			q.observe(s)
			q.want(checkout.AttemptSucceeded, checkout.SessionPaid)
		}
	})
	for _, l := range []Letter{NotOurs, NotOurPayment} {
		t.Run(string(l), func(t *testing.T) {
			r.writes(t, l)
			hints, _, err := p.psp.ParseNotification(t.Context(), r.Letter(t, p.att, l))
			if err == nil && names(hints, p.att) {
				t.Errorf("it was taken to be about our payment: %+v", hints)
			}
		})
	}
	if r.SignatureHeader == "" {
		examToken(t, r, p, genuine)
		return
	}

	refused := func(name string, n func(*testing.T) psp.Notification) {
		t.Run("forged/"+name, func(t *testing.T) { refuse(t, p.psp, n(t)) })
	}
	for _, l := range []Letter{TooOld, OtherMode, OtherAccount, OtherSecret, EmptySecret} {
		refused(string(l), func(t *testing.T) psp.Notification { r.writes(t, l); return r.Letter(t, p.att, l) })
	}
	header := func(f func(http.Header, string)) func(*testing.T) psp.Notification {
		return func(t *testing.T) psp.Notification {
			n := genuine(t)
			n.Header = n.Header.Clone()
			value := n.Header.Get(r.SignatureHeader)
			if value == "" {
				t.Fatalf("the genuine notification has no %s", r.SignatureHeader)
			}
			f(n.Header, value)
			return n
		}
	}
	refused("no signature", header(func(h http.Header, _ string) { h.Del(r.SignatureHeader) }))
	refused("empty signature", header(func(h http.Header, _ string) { h.Set(r.SignatureHeader, "") }))
	refused("blank signature", header(func(h http.Header, _ string) { h.Set(r.SignatureHeader, " ") }))
	refused("truncated signature", header(func(h http.Header, v string) { h.Set(r.SignatureHeader, v[:len(v)-1]) }))
	refused("half a signature", header(func(h http.Header, v string) { h.Set(r.SignatureHeader, v[:len(v)/2]) }))
	refused("longer signature", header(func(h http.Header, v string) { h.Set(r.SignatureHeader, v+"0") }))
	refused("wrong last character", header(func(h http.Header, v string) {
		other := "0"
		if strings.HasSuffix(v, "0") {
			other = "1"
		}
		h.Set(r.SignatureHeader, v[:len(v)-1]+other)
	}))
	refused("two signatures", header(func(h http.Header, v string) { h.Add(r.SignatureHeader, v) }))
	refused("a good signature behind a bad one", header(func(h http.Header, v string) {
		h.Set(r.SignatureHeader, v[:len(v)-1])
		h.Add(r.SignatureHeader, v)
	}))
	refused("good addresses instead of a signature", header(func(h http.Header, _ string) { // threat T03
		h.Del(r.SignatureHeader)
		h.Set("X-Forwarded-For", "127.0.0.1")
		h.Set("X-Real-Ip", "127.0.0.1")
	}))
	if r.HexCase {
		refused("other letter case", header(func(h http.Header, v string) {
			i := strings.LastIndexByte(v, '=') + 1 // the name of a part keeps its case
			up := v[:i] + strings.ToUpper(v[i:])
			if up == v {
				up = v[:i] + strings.ToLower(v[i:])
			}
			h.Set(r.SignatureHeader, up)
		}))
	}
	if !r.BodyUnsigned {
		body := func(f func([]byte) []byte) func(*testing.T) psp.Notification {
			return func(t *testing.T) psp.Notification {
				n := genuine(t)
				n.Body = f(append([]byte(nil), n.Body...))
				return n
			}
		}
		refused("another body", body(func(b []byte) []byte { return append(b, ' ') }))
		refused("one bit", body(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
		refused("no body", body(func([]byte) []byte { return nil }))
		refused("half a body", body(func(b []byte) []byte { return b[:len(b)/2] }))
	}
	t.Run("forged/every secret changed", func(t *testing.T) {
		settings := r.Settings()
		for _, f := range r.Kind.Fields {
			if f.Secret {
				settings[f.Name] += "x"
			}
		}
		other, err := r.Kind.Open(r.config(p.att.Channel, settings))
		if err != nil {
			t.Skipf("such a channel does not open: %v", err)
		}
		n := genuine(t)
		refuse(t, other, n)
		if _, err := r.Kind.Open(r.config(p.att.Channel, r.Settings())); err != nil { // an emulator may know only the last secret
			t.Fatal(err)
		}
	})
	t.Run("forged/optional secret missing", func(t *testing.T) { // threat T02 where a channel opens without it
		for _, f := range r.Kind.Fields {
			if !f.Secret || f.Required {
				continue
			}
			settings := r.Settings()
			delete(settings, f.Name)
			if other, err := r.Kind.Open(r.config(p.att.Channel, settings)); err == nil {
				refuse(t, other, genuine(t))
				refuse(t, other, r.Letter(t, p.att, EmptySecret))
			}
		}
	})
}

// examToken: where nobody signs, only the unguessable part of the URL counts.
func examToken(t *testing.T, r *Rig, p *payment, genuine func(*testing.T) psp.Notification) {
	for name, rest := range map[string]string{"no token": "", "a slash": "/", "our reference": string(p.att.ID), "another token": checkout.RandomToken()} {
		t.Run("forged/"+name, func(t *testing.T) {
			n := genuine(t)
			n.Rest = rest
			hints, _, err := p.psp.ParseNotification(t.Context(), n)
			if err == nil && names(hints, p.att) {
				t.Errorf("it was believed: %+v", hints)
			}
		})
	}
}

// names reports whether a hint leads to the attempt, by the rule of the contract: the first that is set counts.
func names(hints []psp.Hint, a checkout.Attempt) bool {
	for _, h := range hints {
		switch {
		case h.Reference != "":
			if h.Reference == a.ID {
				return true
			}
		case h.Token != "":
			if h.Token == a.Token {
				return true
			}
		case h.PSPRef != "" && h.PSPRef == a.PSPRef:
			return true
		}
	}
	return false
}

// refuse checks that a notification is not believed, and that the sender is not told that it was.
func refuse(t *testing.T, p psp.PSP, n psp.Notification) {
	t.Helper()
	hints, ack, err := p.ParseNotification(t.Context(), n)
	if err == nil || len(hints) != 0 {
		t.Fatalf("it was believed: %+v, %v", hints, err)
	}
	if ack.Status < 400 || ack.Status > 599 {
		t.Errorf("the sender is answered %d", ack.Status)
	}
}

func success(t *testing.T, a psp.Ack) {
	t.Helper()
	if a.Status != 0 && (a.Status < 200 || a.Status > 299) {
		t.Errorf("a genuine notification is answered %d", a.Status)
	}
}
