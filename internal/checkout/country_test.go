package checkout_test

import (
	"testing"

	"kassa/internal/checkout"
)

func TestParseCountry(t *testing.T) {
	for in, want := range map[string]checkout.Country{"KE": "KE", "ke": "KE", "mX": "MX", "KM": "KM", "XK": "XK", "AQ": "AQ"} {
		if got, err := checkout.ParseCountry(in); err != nil || got != want {
			t.Errorf("ParseCountry(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "K", "KEN", "K E", " KE", "UK", "EU", "AN", "CS", "ZZ", "XX", "00", "ſ", "ı", "K\x00"} {
		if got, err := checkout.ParseCountry(in); checkout.CodeOf(err) != checkout.CodeInvalid {
			t.Errorf("ParseCountry(%q) = %q, %v, want a refusal", in, got, err)
		}
	}
}

// TestEveryCountry counts: ISO 3166-1 has 249 codes, and Kosovo makes 250.
func TestEveryCountry(t *testing.T) {
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if _, err := checkout.ParseCountry(string([]rune{a, b})); err == nil {
				n++
			}
		}
	}
	if n != 250 {
		t.Errorf("%d countries, want 250", n)
	}
}
