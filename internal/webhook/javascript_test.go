package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// scripts makes the folder of JavaScript ready, as .ci/tools does, and returns it.
func scripts(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "web", "e2e")
	lock, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("%v: run make tools first", err)
	}
	installed, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err == nil && !lock.ModTime().After(installed.ModTime()) {
		return dir
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatalf("%v: run make tools first", err)
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// verifyJS says what the reference library for JavaScript says: "ok", or why it refuses.
func verifyJS(t *testing.T, dir string, secret checkout.Secret, body string, h http.Header) string {
	t.Helper()
	headers := map[string]string{}
	for name := range h {
		headers[name] = h.Get(name)
	}
	in, err := json.Marshal(map[string]any{"secret": secret.Reveal(), "headers": headers, "body": body})
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command("node", "verify-webhook.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	said := strings.TrimSpace(string(out))
	if said == "" || (err == nil) != (said == "ok") {
		t.Fatalf("verify-webhook.mjs: %v, %q\n%s", err, said, stderr.String())
	}
	return said
}

// TestReferenceLibraryJS: what the worker sends verifies with the reference library for JavaScript, with one
// signature, and after a rotation with either secret.
func TestReferenceLibraryJS(t *testing.T) {
	dir := scripts(t)
	r := newRig(t, nil)
	shop := &receiver{}
	srv := httptest.NewServer(shop)
	defer srv.Close()
	e := r.endpoint(srv.URL)
	r.run()
	arrives := func(signatures int, secrets ...checkout.Secret) {
		t.Helper()
		r.until(r.tell(checkout.EventSessionPaid, e)[0], checkout.DeliveryDelivered, 5*time.Second)
		all := shop.arrivals()
		a := all[len(all)-1]
		if got := len(strings.Fields(a.sigs)); got != signatures {
			t.Errorf("%d signatures, want %d: %s", got, signatures, a.sigs)
		}
		for n, s := range secrets {
			if said := verifyJS(t, dir, s, a.body, a.header); said != "ok" {
				t.Errorf("secret %d: %s (%s)", n, said, a.sigs)
			}
		}
		if said := verifyJS(t, dir, NewSecret(), a.body, a.header); said != "No matching signature found" {
			t.Errorf("with another secret: %s", said)
		}
	}
	arrives(1, e.Secret)
	e.Former, e.Secret, e.FormerUntil = e.Secret, NewSecret(), time.Now().Add(time.Hour)
	e.Version++
	r.write(func(tx store.Tx) error { return tx.UpdateEndpoint(e) })
	arrives(2, e.Secret, e.Former)
}

// TestMutationsAreRefusedJS: the library for JavaScript refuses what was changed, and says why.
func TestMutationsAreRefusedJS(t *testing.T) {
	dir := scripts(t)
	e := checkout.Endpoint{Secret: NewSecret()}
	const body, noMatch = `{"name":"Núñez 漢","amount":21000}`, "No matching signature found"
	now := time.Now()
	good := signed(t, e, body, now)
	later := strconv.FormatInt(now.Unix()+1, 10)
	signature := good.Header.Get(HeaderSignature)
	other := signed(t, checkout.Endpoint{Secret: NewSecret()}, body, now)
	for _, c := range []struct{ what, header, value, body, want string }{
		{"nothing", HeaderID, good.Header.Get(HeaderID), body, "ok"},
		{"the amount", HeaderID, good.Header.Get(HeaderID), strings.Replace(body, "21000", "21001", 1), noMatch},
		{"a space more", HeaderID, good.Header.Get(HeaderID), body + " ", noMatch},
		{"no body", HeaderID, good.Header.Get(HeaderID), "", noMatch},
		{"the id", HeaderID, good.Header.Get(HeaderID) + "x", body, noMatch},
		{"the timestamp", HeaderTimestamp, later, body, noMatch},
		{"the signature", HeaderSignature, other.Header.Get(HeaderSignature), body, noMatch},
		{"the signature's case", HeaderSignature, "v1," + strings.ToLower(signature[3:]), body, noMatch},
		{"its version", HeaderSignature, "v2" + signature[2:], body, noMatch},
		{"no signature", HeaderSignature, "", body, "Missing required headers"},
		{"no id", HeaderID, "", body, "Missing required headers"},
	} {
		h := good.Header.Clone()
		h.Set(c.header, c.value)
		if said := verifyJS(t, dir, e.Secret, c.body, h); said != c.want {
			t.Errorf("changed %s: %q, want %q", c.what, said, c.want)
		}
	}
	old := signed(t, e, body, now.Add(-6*time.Minute))
	if said := verifyJS(t, dir, e.Secret, body, old.Header); said != "Message timestamp too old" {
		t.Errorf("six minutes old: %q", said)
	}
}
