package kaipay

import (
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// readWith reads the seed's sample with one text in it replaced by another, and gives the problems as one line.
func readWith(t *testing.T, old, put string, ru rules) (checkout.Session, string) {
	t.Helper()
	text := strings.Replace(sample, old, put, 1)
	if text == sample && old != put {
		t.Fatalf("the sample does not hold %s", old)
	}
	doc, err := dialect.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Release()
	s, _ := readSession(doc, ru)
	if err := doc.Err(); err != nil {
		return s, checkout.AsError(err).Safe
	}
	return s, ""
}

func TestWaysHome(t *testing.T) {
	demo, listed := rules{loopback: true}, rules{hosts: []string{"shop.test", "localhost"}}
	for _, c := range []struct {
		url   string
		rules rules
		want  string
	}{
		{"https://shop.test/ok?a=1&b=%20#x", rules{}, ""},
		{"<https://shop.test/ok>", rules{}, ""},
		{"http://shop.test/", rules{}, "must be an absolute https URL"},
		{"http://localhost:8080/", rules{}, "must be an absolute https URL"},
		{"http://localhost:8080/", demo, ""},
		{"http://127.0.0.1/", demo, ""},
		{"http://shop.test/", demo, "must be https; plain http is only allowed to this machine"},
		{"https://shop.test:444/", listed, ""},
		{"https://SHOP.test/", listed, ""},
		{"https://evil.test/", listed, "names a host that is not on the merchant's list"},
		{"https://shop.test.evil.test/", listed, "names a host that is not on the merchant's list"},
		{"https://shop.test@evil.test/", rules{}, "must not contain credentials"},
		{"//shop.test/", rules{}, "must be an absolute https URL"},
		{"", rules{}, "must be an absolute https URL"},
	} {
		s, got := readWith(t, "<https://kaipay.com>", c.url, c.rules)
		if want := strings.TrimSpace("success_redirect_url " + c.want); (c.want != "" || got != "") && got != want {
			t.Errorf("%s: got %q, not %q", c.url, got, want)
		}
		if c.want == "" && s.URLs.Success != checkout.UnwrapURL(c.url) {
			t.Errorf("%s became %s", c.url, s.URLs.Success)
		}
	}
}

// TestNobodyAddsUp: shipping and fees are for information, whatever the sum.
func TestNobodyAddsUp(t *testing.T) {
	for _, amount := range []string{"900", "21000", "21100", "99999999"} {
		s, got := readWith(t, `"amount": 21000`, `"amount": `+amount, rules{})
		if got != "" || !s.Order.Included || s.Order.Shipping != 100 {
			t.Errorf("%s: %q, %+v", amount, got, s.Order)
		}
	}
}

func TestMobile(t *testing.T) {
	for number, ok := range map[string]bool{"+52 55 1234 5678": true, "055-1234.567": true, "+4915112345678": true, "4915112345678": false, "(+254) 712 345 678": true, "++254712345678": false, "254+712345678": false,
		"4111 1111 1111 1111": false, "+4111111111111111": false, "call me": false, "12": false, "+": false} {
		_, got := readWith(t, `"name": "Juan Pérez",`, `"name": "Juan Pérez", "mobile": "`+number+`",`, rules{})
		if (got == "") != ok || (got != "" && !strings.HasPrefix(got, "customer.mobile ")) {
			t.Errorf("%s: %q", number, got)
		}
	}
}

// TestCardNumbersNeverStay puts one into every text of the sample.
func TestCardNumbersNeverStay(t *testing.T) {
	for _, old := range []string{"https://kaipay.com", "Juan Pérez", "[email protected]", "Calle Prueba #1", "San Pedro Garza García", "NL", "00000", "First item"} {
		for _, card := range []string{"4111111111111111", "x 5555-5555-5555-4444 x", "3782 822463 10005"} {
			put := card
			switch old {
			case "https://kaipay.com":
				put = "https://kaipay.com/?n=" + strings.ReplaceAll(strings.Trim(card, "x "), " ", "-")
			case "[email protected]":
				put = strings.ReplaceAll(strings.Trim(card, "x "), " ", "") + "@example.com"
			}
			if _, got := readWith(t, old, put, rules{}); !strings.HasSuffix(got, "must not contain a card number") {
				t.Errorf("%s for %s: %q", put, old, got)
			}
		}
	}
}

// TestManyProblemsAreCheap: metadata full of forbidden text is refused without a walk for each.
func TestManyProblemsAreCheap(t *testing.T) {
	list := strings.Repeat(`"\u0001",`, 1800) + `0`
	best := time.Hour
	for range 5 {
		began := time.Now()
		_, got := readWith(t, `"metadata": {}`, `"metadata": [`+list+`]`, rules{})
		best = min(best, time.Since(began))
		if !strings.HasPrefix(got, "metadata[0] must not contain control characters (and 31 more)") {
			t.Fatal(got)
		}
	}
	if best > 20*time.Millisecond {
		t.Error(best)
	}
}
