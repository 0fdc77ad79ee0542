package checkout_test

import (
	"testing"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

func TestParsePhone(t *testing.T) {
	for _, c := range []struct {
		in      string
		country checkout.Country
		want    string // empty: refused
	}{
		{"+254712345678", "KE", "+254712345678"}, {"254712345678", "KE", "+254712345678"}, {"00254712345678", "KE", "+254712345678"},
		{"0712345678", "KE", "+254712345678"}, {"712345678", "KE", "+254712345678"}, {"0712 345-678", "KE", "+254712345678"}, {" +254 (712) 345.678 ", "KE", "+254712345678"},
		{"(+254) 712 345 678", "KE", "+254712345678"}, {"0712\u00a0345\u00a0678", "KE", "+254712345678"},
		{"+254 0712 345 678", "KE", "+254712345678"}, {"+44 (0)20 7946 0958", "GB", "+442079460958"}, {"+44 (0)20 7946 0958", "", "+442079460958"},
		{"+52 1 55 1234 5678", "MX", "+525512345678"}, {"55 1234 5678", "MX", "+525512345678"}, {"(212) 555-0100", "US", "+12125550100"}, {"1 212 555 0100", "US", "+12125550100"},
		{"+34 612 345 678", "KE", "+34612345678"}, {"+49 30 901820", "", "+4930901820"}, {"+2693212345", "KM", "+2693212345"}, {"3212345", "KM", "+2693212345"},
		{"+254712345678", "", "+254712345678"}, {"+55 11 3456 7890", "BR", "+551134567890"}, {"+491512345678901", "", "+491512345678901"},

		{"+2547012345678", "KE", ""}, // a digit too many, as in Kipay's samples
		{"07123456789", "KE", ""}, {"071234567", "KE", ""}, {"2547123456789", "KE", ""}, {"254712345678", "", ""}, {"0712345678", "", ""}, {"254712345678", "TZ", ""},
		{"712345678", "DE", ""}, {"", "KE", ""}, {"+", "KE", ""}, {"00", "KE", ""}, {"+1234567", "", ""}, {"+1234567890123456", "", ""}, {"+0712345678", "KE", ""},
		{"++254712345678", "KE", ""}, {"254+712345678", "KE", ""}, {"0712345678x", "KE", ""}, {"tel:+254712345678", "KE", ""}, {"0712/345678", "KE", ""}, {"٠٧١٢٣٤٥٦٧٨", "KE", ""},
		{"07123\n45678", "KE", ""}, {"+254712345678;ext=1", "KE", ""},
	} {
		got, err := checkout.ParsePhone(c.in, c.country)
		if got != c.want || (err == nil) != (c.want != "") || (err != nil && checkout.CodeOf(err) != checkout.CodeInvalid) {
			t.Errorf("ParsePhone(%q, %q) = %q, %v, want %q", c.in, c.country, got, err, c.want)
		}
	}
}

// TestParsePhoneSettles: what it gives it takes, and gives again; and it is E.164.
func TestParsePhoneSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`(\+|00|0|\(\+)?[0-9 ().-]{0,18}`).Draw(t, "in")
		country := rapid.SampledFrom([]checkout.Country{"", "KE", "MX", "US", "KM", "GB", "DE"}).Draw(t, "country")
		got, err := checkout.ParsePhone(in, country)
		if err != nil {
			return
		}
		if len(got) < 8 || len(got) > 16 || got[0] != '+' || got[1] == '0' {
			t.Fatalf("ParsePhone(%q, %q) = %q is not E.164", in, country, got)
		}
		if again, err := checkout.ParsePhone(got, country); err != nil || again != got {
			t.Fatalf("ParsePhone(%q, %q) = %q, which becomes %q, %v", in, country, got, again, err)
		}
	})
}
