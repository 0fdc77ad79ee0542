package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// home is a merchant's URL that has everything a careless joining would break.
const home = "https://shop.example/back?a=%20b&&c=1+2&d#top"

// returning is the program, and a merchant whose shoppers come home from it.
type returning struct {
	*running
	secret   []byte
	merchant checkout.ID
	key      string // of the API
}

func returns(t *testing.T, key string) *returning {
	r := &returning{key: key}
	r.running = testSite(t, func(o *siteOptions) { r.secret = o.secret })
	k, err := r.engine.Authenticate(context.Background(), "kaipay", key)
	if err != nil {
		t.Fatal(err)
	}
	r.merchant = k.Merchant
	return r
}

func (r *returning) returnKey(t *testing.T, n int) checkout.Secret {
	t.Helper()
	key, err := checkout.DeriveReturnKey(r.secret, r.merchant, n)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (r *returning) do(t *testing.T, method, to, body string, header ...string) string {
	t.Helper()
	q, err := http.NewRequest(method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	a, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode >= 400 {
		t.Fatalf("%s %s: %s %v %s", method, to, a.Status, err, b)
	}
	return string(b)
}

// made is a new session of the merchant's that leads home by every outcome.
func (r *returning) made(t *testing.T, tag string) order {
	t.Helper()
	body, err := json.Marshal(map[string]any{"amount": 21000, "currency": "KES", "success_redirect_url": home, "failure_redirect_url": home, "cancel_redirect_url": home,
		"customer": map[string]string{"name": "Ana", "email": "ana+" + tag + "@example.com"}, "order": map[string]string{"country": "KE"}})
	if err != nil {
		t.Fatal(err)
	}
	var o order
	if err := json.Unmarshal([]byte(r.do(t, "POST", r.base+"/kaipay/v1/client-session", string(body), "Authorization", "Bearer "+r.key)), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

var (
	returnLink    = regexp.MustCompile(`<a id="return"[^>]* href="([^"]*)"`)
	returnRefresh = regexp.MustCompile(`http-equiv="refresh" content="\d+; url=([^"]*)"`)
)

// wayHome is where the page's link leads. Its refresh, where there is one, leads to the same place.
func (r *returning) wayHome(t *testing.T, o order) string {
	t.Helper()
	page := r.do(t, "GET", o.URL, "")
	link := returnLink.FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no way home on\n%s", page)
	}
	if refresh := returnRefresh.FindStringSubmatch(page); refresh != nil && refresh[1] != link[1] {
		t.Errorf("the link leads to %s and the refresh to %s", link[1], refresh[1])
	}
	return html.UnescapeString(link[1])
}

func (r *returning) cancel(t *testing.T, o order) {
	t.Helper()
	r.do(t, "POST", o.URL+"/cancel", "version=1", "Content-Type", "application/x-www-form-urlencoded")
}

func (r *returning) pay(t *testing.T, o order) {
	t.Helper()
	r.do(t, "POST", o.URL+"/attempts", "method=card&version=1", "Content-Type", "application/x-www-form-urlencoded")
}

// TestSignedReturn: where the merchant wants it, every way home is signed, and its own address intact.
func TestSignedReturn(t *testing.T) {
	r := returns(t, demoOtherKey)
	verified := func(what string, o order, status string, key checkout.Secret) {
		t.Helper()
		to := r.wayHome(t, o)
		if !strings.HasPrefix(to, "https://shop.example/back?a=%20b&&c=1+2&d&kassa_session=") || !strings.HasSuffix(to, "#top") {
			t.Errorf("%s: the way home is %s", what, to)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		ret, err := checkout.VerifyReturn(u.Query(), key)
		if err != nil || ret.Session != checkout.ID(o.ID) || ret.Status != status {
			t.Errorf("%s: %s says %+v, %v", what, to, ret, err)
		}
		if age := r.clock.Now().Sub(ret.At); age < 0 || age.Hours() > 2 {
			t.Errorf("%s: it is of %v", what, ret.At)
		}
	}
	first, second := r.returnKey(t, 1), r.returnKey(t, 2)

	paid := r.made(t, "instant")
	r.pay(t, paid)
	verified("paid", paid, "paid", first)
	canceled := r.made(t, "none")
	r.cancel(t, canceled)
	verified("canceled", canceled, "canceled", first)
	expired := r.made(t, "none")
	r.do(t, "POST", r.base+"/kaipay/v1/client-session/"+expired.ID+"/expire", "", "Authorization", "Bearer "+r.key)
	verified("expired", expired, "expired", first)
	r.do(t, "POST", r.base+"/kaipay/v1/client-session/"+paid.ID+"/refund", `{"amount":100}`, "Authorization", "Bearer "+r.key)
	verified("refunded in part", paid, "partially_refunded", first)

	// A change of the key is a change of pages that were drawn before.
	if _, err := r.engine.SetReturnKey(context.Background(), r.merchant, engine.ReturnKeyRotate); err != nil {
		t.Fatal(err)
	}
	verified("after rotation", paid, "partially_refunded", second)
	if _, err := r.engine.SetReturnKey(context.Background(), r.merchant, engine.ReturnKeyOff); err != nil {
		t.Fatal(err)
	}
	if got := r.wayHome(t, paid); got != home {
		t.Errorf("switched off, the way home is %s", got)
	}
	if _, err := r.engine.SetReturnKey(context.Background(), r.merchant, engine.ReturnKeyOn); err != nil {
		t.Fatal(err)
	}
	verified("switched on again", canceled, "canceled", second)
}

// TestReturnIsNotSignedUnasked: Café Luna never asked.
func TestReturnIsNotSignedUnasked(t *testing.T) {
	r := returns(t, demoKey)
	o := r.made(t, "instant")
	r.pay(t, o)
	if got := r.wayHome(t, o); got != home {
		t.Errorf("the way home is %s", got)
	}
}

// verifiers are the README's, by the language of their block: the file to run, what stands around the
// block, and the command. Each is given the query and the key as arguments and prints true or false.
var verifiers = map[string]struct {
	program, file, before, after string
	args                         []string
}{
	"go": {"go", "main.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\n",
		"\nfunc main() {\n\tq, err := url.ParseQuery(os.Args[1])\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\tfmt.Println(VerifyReturn(q, os.Args[2]))\n}\n", []string{"run", "main.go"}},
	"js":     {"node", "verify.mjs", "", "\nconsole.log(verifyReturn(new URLSearchParams(process.argv[2]), process.argv[3]));\n", []string{"verify.mjs"}},
	"php":    {"php", "verify.php", "<?php\n", "\nparse_str($argv[1], $query);\necho verify_return($query, $argv[2]) ? 'true' : 'false', \"\\n\";\n", []string{"verify.php"}},
	"python": {"python3", "verify.py", "", "\nimport sys, urllib.parse\nprint(str(verify_return(dict(urllib.parse.parse_qsl(sys.argv[1], keep_blank_values=True)), sys.argv[2])).lower())\n", []string{"verify.py"}},
	"bash":   {"openssl", "verify.sh", "", "\nverify_return \"$1\" \"$2\" && echo true || echo false\n", nil},
}

// TestReadmeVerifiesReturns runs the README's verifiers, in every language that is installed here, on a way
// home that the running program made, and on what others made of it.
func TestReadmeVerifiesReturns(t *testing.T) {
	r := returns(t, demoOtherKey)
	o := r.made(t, "none")
	r.cancel(t, o)
	u, err := url.Parse(r.wayHome(t, o))
	if err != nil {
		t.Fatal(err)
	}
	key, genuine := r.returnKey(t, 1).Reveal(), u.RawQuery
	_, bare, _ := strings.Cut(genuine, "&d&")
	cases := map[string]bool{genuine: true, bare: true, "": false, "kassa_signature=v1,": false,
		strings.Replace(genuine, "kassa_status=canceled", "kassa_status=paid", 1):       false,
		strings.Replace(genuine, "kassa_time=1", "kassa_time=2", 1):                     false,
		strings.Replace(genuine, "kassa_session=cs_", "kassa_session=cs_0", 1):          false,
		strings.Replace(genuine, "kassa_signature=v1,", "kassa_signature=", 1):          false,
		strings.Replace(genuine, "kassa_signature=v1,", "kassa_signature=v1,%C3%A9", 1): false,
		strings.TrimSuffix(genuine, genuine[len(genuine)-1:]):                           false,
		genuine + "A": false,
	}
	blocks := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```\n").FindAllStringSubmatch(section(t, readme(t), "Signed returns"), -1)
	ran := 0
	for _, block := range blocks {
		v, ok := verifiers[block[1]]
		if !ok {
			continue
		}
		ran++
		t.Run(block[1], func(t *testing.T) {
			program, err := exec.LookPath(v.program)
			if err != nil {
				t.Skip(err)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, v.file), []byte(v.before+block[2]+v.after), 0o600); err != nil {
				t.Fatal(err)
			}
			args := v.args
			switch block[1] {
			case "bash":
				program, args = "bash", []string{v.file}
			case "go": // built once
				build := exec.Command(program, "build", "-o", "verify", v.file)
				build.Dir = dir
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				program, args = filepath.Join(dir, "verify"), nil
			}
			for query, want := range cases {
				cmd := exec.Command(program, append(args[:len(args):len(args)], query, key)...)
				cmd.Dir = dir
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if got := strings.TrimSpace(string(out)); err != nil || got != fmt.Sprint(want) {
					t.Errorf("%s: %q, %v, want %v\n%s", query, got, err, want, stderr.String())
				}
			}
		})
	}
	if ran != len(verifiers) {
		t.Errorf("the README has verifiers in %d languages, want %d", ran, len(verifiers))
	}
}
