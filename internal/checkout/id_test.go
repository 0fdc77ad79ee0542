package checkout_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

var idForm = regexp.MustCompile(`^[a-z]{2}_[0-9a-v]{36}$`)

func TestRandomIDForm(t *testing.T) {
	for _, p := range []string{checkout.PrefixMerchant, checkout.PrefixKey, checkout.PrefixChannel, checkout.PrefixSession,
		checkout.PrefixAttempt, checkout.PrefixRefund, checkout.PrefixEvent, checkout.PrefixEndpoint} {
		id := checkout.RandomID(p, time.Now())
		if !idForm.MatchString(string(id)) || !strings.HasPrefix(string(id), p+"_") {
			t.Errorf("RandomID(%q) = %q", p, id)
		}
		if back, ok := checkout.ParseID(p, string(id)); !ok || back != id {
			t.Errorf("ParseID(%q, %q) = %q, %v", p, id, back, ok)
		}
	}
}

func TestRandomIDsSortByTime(t *testing.T) {
	const last = 1<<48 - 1 // the year 10889
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, last-1).Draw(t, "a")
		b := a + rapid.SampledFrom([]int64{1, 1000, 1 << 32, 1 << 40, last - a}).Draw(t, "later")
		if b > last {
			b = last
		}
		x, y := checkout.RandomID("cs", time.UnixMilli(a)), checkout.RandomID("cs", time.UnixMilli(b))
		if x >= y {
			t.Fatalf("%d ms gives %s, %d ms gives %s", a, x, b, y)
		}
	})
}

func TestRandomIDsAreUnique(t *testing.T) {
	const n = 100_000
	now := time.Now() // one millisecond: only the random bits tell them apart
	seen := make(map[checkout.ID]bool, n)
	for range n {
		seen[checkout.RandomID("cs", now)] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d ids are unique", len(seen), n)
	}
}

func TestParseID(t *testing.T) {
	good := string(checkout.RandomID("cs", time.Now()))
	for what, s := range map[string]string{
		"empty": "", "another kind": "at" + good[2:], "short": good[:38], "long": good + "0", "no underscore": "cs-" + good[3:], "capitals": strings.ToUpper(good),
		"a letter past v": good[:38] + "w", "a slash": good[:20] + "/" + good[21:], "NUL": good[:38] + "\x00", "a path": "cs_../../../../../../../../../../etc/hosts"[:39],
		"two bytes for one": good[:37] + "é", "spaces": strings.Repeat(" ", 39),
	} {
		if id, ok := checkout.ParseID("cs", s); ok || id != "" {
			t.Errorf("%s: %q passes", what, s)
		}
	}
	if _, ok := checkout.ParseID("", good); ok {
		t.Error("an empty prefix passes")
	}
}

func TestRandomToken(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-v]{26}$`)
	seen := map[string]bool{}
	for range 1000 {
		tok := checkout.RandomToken()
		if !form.MatchString(tok) || seen[tok] {
			t.Fatalf("token %q", tok)
		}
		seen[tok] = true
	}
}

func BenchmarkRandomID(b *testing.B) {
	b.ReportAllocs()
	now := time.Now()
	for b.Loop() {
		_ = checkout.RandomID(checkout.PrefixSession, now)
	}
}
