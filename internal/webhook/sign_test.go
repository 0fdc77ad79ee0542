package webhook

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

func signed(t testing.TB, e checkout.Endpoint, body string, at time.Time) Request {
	t.Helper()
	try := Try{Delivery: checkout.Delivery{ID: checkout.RandomID(checkout.PrefixDelivery, at), Body: []byte(body), ContentType: "application/json"}, Endpoint: e, At: at}
	r := newRequest(try)
	if err := SignStandard(try, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func verify(t testing.TB, secret checkout.Secret, body []byte, h http.Header) error {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return wh.Verify(body, h)
}

// TestVector is the specification's own example (Standard Webhooks 1.0.0, and its reference libraries' tests).
func TestVector(t *testing.T) {
	e := checkout.Endpoint{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	list, err := signatures(&e, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || list != want {
		t.Errorf("%s, %v, want %s", list, err, want)
	}
}

// TestReferenceLibrary: what arrives verifies with the reference library for Go, through the real worker; after a
// rotation with both secrets, and when the overlap is over with the new one only. No delivery fails.
func TestReferenceLibrary(t *testing.T) {
	r := newRig(t, nil)
	var secret checkout.Secret
	shop := &receiver{}
	srv := httptest.NewServer(shop)
	defer srv.Close()
	e := r.endpoint(srv.URL)
	r.run()
	first := e.Secret
	arrive := func() arrival {
		t.Helper()
		r.until(r.tell(checkout.EventSessionPaid, e)[0], checkout.DeliveryDelivered, 5*time.Second)
		all := shop.arrivals()
		return all[len(all)-1]
	}
	change := func(former checkout.Secret, until time.Time) {
		t.Helper()
		e.Secret, e.Former, e.FormerUntil = NewSecret(), former, until
		e.Version++
		secret = e.Secret
		r.write(func(tx store.Tx) error { return tx.UpdateEndpoint(e) })
	}
	a := arrive()
	if err := verify(t, first, []byte(a.body), a.header); err != nil {
		t.Error(err)
	}
	change(first, time.Now().Add(time.Hour))
	a = arrive()
	for _, s := range []checkout.Secret{first, secret} {
		if err := verify(t, s, []byte(a.body), a.header); err != nil {
			t.Errorf("during the overlap: %v (%s)", err, a.sigs)
		}
	}
	former := secret
	change(former, time.Now().Add(-time.Second))
	a = arrive()
	if verify(t, secret, []byte(a.body), a.header) != nil || verify(t, former, []byte(a.body), a.header) == nil || strings.Contains(a.sigs, " ") {
		t.Errorf("after the overlap: %s", a.sigs)
	}
}

// TestMutationsAreRefused: 10,000 changes of one bit or one character, of the body, the id, the timestamp and the
// signature, and not one verifies (R09).
func TestMutationsAreRefused(t *testing.T) {
	e := checkout.Endpoint{Secret: NewSecret()}
	body := `{"id":"ev_1","type":"client_session.paid","data":{"amount":21000,"currency":"MXN"}}`
	good := signed(t, e, body, time.Now())
	if err := verify(t, e.Secret, good.Body, good.Header); err != nil {
		t.Fatal(err)
	}
	if verify(t, NewSecret(), good.Body, good.Header) == nil {
		t.Error("verifies with another secret")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	flip := func(s string) string {
		b := []byte(s)
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(7)
		return string(b)
	}
	for n := range 10_000 {
		h, b := good.Header.Clone(), string(good.Body)
		where := []string{"body", HeaderID, HeaderTimestamp, HeaderSignature, "cut", "grown"}[n%6]
		switch where {
		case "body":
			b = flip(b)
		case "cut":
			b = b[:rng.IntN(len(b))]
		case "grown":
			b += string(rune('a' + rng.IntN(26)))
		default:
			h.Set(where, flip(h.Get(where)))
		}
		if verify(t, e.Secret, []byte(b), h) == nil {
			t.Fatalf("mutation %d of %s verifies: %q %v", n, where, b, h)
		}
	}
	old := signed(t, e, body, time.Now().Add(-6*time.Minute))
	if verify(t, e.Secret, old.Body, old.Header) == nil {
		t.Error("a timestamp of six minutes ago verifies")
	}
}

// TestOpenSSL verifies with nothing but a shell and openssl, as the README shows it.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl")
	}
	e := checkout.Endpoint{Secret: NewSecret()}
	body := "{\"a\":\"ñ\\n\",\"b\":1}\n"
	r := signed(t, e, body, time.Now())
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, r.Body, 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `KEY=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
{ printf '%s.%s.' "$ID" "$TIMESTAMP"; cat "$BODY"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A`
	for _, tamper := range []bool{false, true} {
		id := r.Header.Get(HeaderID)
		if tamper {
			id += "x"
		}
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = append(os.Environ(), "SECRET="+e.Secret.Reveal(), "ID="+id, "TIMESTAMP="+r.Header.Get(HeaderTimestamp), "BODY="+file)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := "v1," + string(out); (got == r.Header.Get(HeaderSignature)) == tamper {
			t.Errorf("openssl says %s, the header %s (tampered with: %v)", got, r.Header.Get(HeaderSignature), tamper)
		}
	}
}

// TestSecrets: a secret that is none is refused, and not shown.
func TestSecrets(t *testing.T) {
	for _, s := range []checkout.Secret{"", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", checkout.Secret("whsec_" + strings.Repeat("QUFB", 40))} {
		_, err := SecretBytes(s)
		if err == nil {
			t.Errorf("%q is taken", s.Reveal())
		} else if s != "" && strings.Contains(fmt.Sprint(err), strings.TrimPrefix(s.Reveal(), secretPrefix)) && len(s) > len(secretPrefix) {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
	seen := map[checkout.Secret]bool{}
	for range 100 {
		s := NewSecret()
		if b, err := SecretBytes(s); err != nil || len(b) != 32 || seen[s] {
			t.Errorf("%v %d", err, len(b))
		}
		seen[s] = true
	}
}
