package checkout_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kassa/internal/checkout"
)

func returnKey(t interface{ Fatal(...any) }, secret string, merchant checkout.ID, n int) checkout.Secret {
	key, err := checkout.DeriveReturnKey([]byte(secret), merchant, n)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestReturnKnownAnswer holds the wire form: another program that verifies today must verify tomorrow.
func TestReturnKnownAnswer(t *testing.T) {
	key := returnKey(t, strings.Repeat("k", 32), "mr_1", 1)
	r := checkout.Return{Session: "cs_1", Status: "paid", At: time.Unix(1800000000, 999)}
	got, err := r.Append("https://s.example/ok?a=1#top", key)
	if err != nil {
		t.Fatal(err)
	}
	const want = "https://s.example/ok?a=1&kassa_session=cs_1&kassa_status=paid&kassa_time=1800000000&kassa_signature=v1,dTpIQi_6fA0OvgYgE--sTf2YqPVe_xv_jkaeyoTd1r4#top"
	if got != want || key.Reveal() != "whret_qS07zwhqs+JoPme4gnBNUYOOS/1kpKyq+C81oYkC/WA=" {
		t.Errorf("%s gives\n%s, want\n%s", key.Reveal(), got, want)
	}
}

func TestReturnJoins(t *testing.T) {
	key := returnKey(t, "secret", "mr_a", 1)
	for to, want := range map[string]string{
		"https://s.example": "https://s.example?k", "https://s.example/#": "https://s.example/?k#", "https://s.example/?": "https://s.example/?k",
		"https://s.example/?a": "https://s.example/?a&k", "https://s.example/?a&": "https://s.example/?a&k", "https://s.example/?a?b": "https://s.example/?a?b&k",
		"https://s.example/#a?b": "https://s.example/?k#a?b", "https://s.example/?#?": "https://s.example/?k#?", "https://s.example/?a#b#c": "https://s.example/?a&k#b#c",
	} {
		got, err := checkout.Return{Session: "cs_1", Status: "paid"}.Append(to, key)
		if err != nil {
			t.Fatal(err)
		}
		front, rest, _ := strings.Cut(got, checkout.ReturnSession)
		_, fragment, cut := strings.Cut(rest, "#")
		if cut {
			fragment = "#" + fragment
		}
		if front+"k"+fragment != want {
			t.Errorf("%s becomes %s, want %s", to, got, want)
		}
	}
}

// genURL draws what a merchant may have given: with and without a path, a query, a fragment.
var genURL = rapid.Custom(func(t *rapid.T) string {
	return "https://s.example" + rapid.StringMatching(`(/[a-z%2F.]{0,8}){0,2}`).Draw(t, "path") +
		rapid.StringMatching(`(\?[a-z0-9=&%+;?/._~:@!$',-]{0,20})?`).Draw(t, "query") + rapid.StringMatching(`(#[a-z0-9=&?/#%-]{0,10})?`).Draw(t, "fragment")
})

var genReturn = rapid.Custom(func(t *rapid.T) checkout.Return {
	return checkout.Return{
		Session: checkout.RandomID(checkout.PrefixSession, time.Now()),
		Status:  string(rapid.SampledFrom(checkout.SessionStates()).Draw(t, "status")),
		At:      time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), 0).UTC(),
	}
})

func TestReturnKeepsTheMerchantsURL(t *testing.T) {
	key := returnKey(t, "secret", "mr_a", 1)
	rapid.Check(t, func(t *rapid.T) {
		to, r := genURL.Draw(t, "url"), genReturn.Draw(t, "return")
		signed, err := r.Append(to, key)
		if err != nil {
			t.Fatal(err)
		}
		before, fragment, cut := strings.Cut(to, "#")
		got, gotFragment, gotCut := strings.Cut(signed, "#")
		if gotFragment != fragment || gotCut != cut {
			t.Fatalf("%s became %s: the fragment is another", to, signed)
		}
		added, ok := strings.CutPrefix(got, before)
		if !ok || added[0] != '?' && added[0] != '&' && !strings.HasSuffix(before, "?") && !strings.HasSuffix(before, "&") {
			t.Fatalf("%s became %s: its own part is another", to, signed)
		}
		if strings.Count(added, "?")+strings.Count(before, "?") > max(1, strings.Count(before, "?")) {
			t.Fatalf("%s became %s: a second question mark", to, signed)
		}
		_, query, _ := strings.Cut(got, "?")
		values, _ := url.ParseQuery(query) // a merchant's own part may be no proper query
		if back, err := checkout.VerifyReturn(values, key); err != nil || back != r {
			t.Fatalf("%s gives %+v, %v, want %+v", signed, back, err, r)
		}
	})
}

func TestReturnRefusesEveryMutation(t *testing.T) {
	key := returnKey(t, "secret", "mr_a", 1)
	names := []string{checkout.ReturnSession, checkout.ReturnStatus, checkout.ReturnTime, checkout.ReturnSignature}
	rapid.Check(t, func(t *rapid.T) {
		r := genReturn.Draw(t, "return")
		signed, err := r.Append("https://s.example/", key)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(signed, "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.SampledFrom(names).Draw(t, "parameter")
		v := q.Get(name)
		i := rapid.IntRange(0, len(v)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"change", "cut", "add", "remove", "twice", "blank", "front"}).Draw(t, "how") {
		case "change":
			other := rapid.SampledFrom([]byte("0aZ.,-_ =\x00")).Filter(func(b byte) bool { return b != v[i] }).Draw(t, "byte")
			q.Set(name, v[:i]+string(other)+v[i+1:])
		case "cut":
			q.Set(name, v[:i])
		case "add":
			q.Set(name, v+rapid.SampledFrom([]string{"0", "=", " ", ".", ".paid"}).Draw(t, "tail"))
		case "remove":
			q.Del(name)
		case "twice":
			q.Add(name, v)
		case "blank":
			q.Set(name, "")
		case "front":
			q.Set(name, rapid.SampledFrom([]string{"0", "+", " "}).Draw(t, "head")+v)
		}
		if got, err := checkout.VerifyReturn(q, key); checkout.CodeOf(err) != checkout.CodeUnauthenticated {
			t.Fatalf("%v is taken for %+v, %v", q, got, err)
		}
	})
}

// TestReturnMovesNoDot: what stands between the dots cannot be moved across them.
func TestReturnMovesNoDot(t *testing.T) {
	key := returnKey(t, "secret", "mr_a", 1)
	signed, err := checkout.Return{Session: "cs_1", Status: "open", At: time.Unix(5, 0)}.Append("https://s.example", key)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(checkout.ReturnSession, "cs_1.open")
	q.Set(checkout.ReturnStatus, "")
	if _, err := checkout.VerifyReturn(q, key); err == nil {
		t.Error("a statement that was cut elsewhere is taken for the same")
	}
}

func TestReturnKeysDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, secret := range []string{"secret", "another"} {
		for _, m := range []checkout.ID{"mr_a", "mr_b", "mr_a 1"} {
			for n := 1; n <= 12; n++ {
				key := returnKey(t, secret, m, n)
				if seen[key.Reveal()] {
					t.Errorf("the key %d of %s stands for another, too", n, m)
				}
				seen[key.Reveal()] = true
				if key != returnKey(t, secret, m, n) {
					t.Error("a key is another the second time")
				}
			}
		}
	}
	for _, bad := range []struct {
		secret   string
		merchant checkout.ID
		n        int
	}{{"", "mr_a", 1}, {"secret", "", 1}, {"secret", "mr_a", 0}, {"secret", "mr_a", -1}} {
		if key, err := checkout.DeriveReturnKey([]byte(bad.secret), bad.merchant, bad.n); err == nil || key != "" {
			t.Errorf("%+v gives a key", bad)
		}
	}
	for _, bad := range []checkout.Secret{"", "whret_", "whsec_" + returnKey(t, "s", "mr_a", 1)[6:], "whret_AAAA"} {
		if _, err := (checkout.Return{}).Append("https://s.example", bad); checkout.CodeOf(err) != checkout.CodeInternal {
			t.Errorf("a key that is none signs: %v", err)
		}
	}
}

func TestReturnOf(t *testing.T) {
	made, later := time.Unix(100, 0), time.Unix(200, 0)
	base := checkout.Session{ID: "cs_1", CreatedAt: made, UpdatedAt: later, ExpiresAt: time.Unix(1000, 0)}
	for _, c := range []struct {
		name   string
		change func(*checkout.Session)
		now    int64
		status string
		at     int64
	}{
		{"paid", func(s *checkout.Session) { s.State, s.PaidAt = checkout.SessionPaid, time.Unix(150, 0) }, 300, "paid", 150},
		{"authorized", func(s *checkout.Session) { s.State = checkout.SessionAuthorized }, 300, "authorized", 200},
		{"canceled", func(s *checkout.Session) { s.State = checkout.SessionCanceled }, 300, "canceled", 200},
		{"expired by the merchant", func(s *checkout.Session) { s.State = checkout.SessionExpired }, 300, "expired", 200},
		{"expired by the clock, not written", func(s *checkout.Session) { s.State = checkout.SessionOpen }, 1000, "expired", 1000},
		{"expired, as the engine reads it", func(s *checkout.Session) { s.State = checkout.SessionExpired }, 2000, "expired", 1000},
		{"expired, written by the sweep", func(s *checkout.Session) { s.State, s.UpdatedAt = checkout.SessionExpired, time.Unix(1003, 0) }, 2000, "expired", 1003},
		{"refunded in part", func(s *checkout.Session) {
			s.State, s.PaidAt = checkout.SessionPartiallyRefunded, time.Unix(150, 0)
		}, 300, "partially_refunded", 200},
	} {
		s := base
		c.change(&s)
		if got, want := checkout.ReturnOf(&s, time.Unix(c.now, 0)), (checkout.Return{Session: "cs_1", Status: c.status, At: time.Unix(c.at, 0)}); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}
