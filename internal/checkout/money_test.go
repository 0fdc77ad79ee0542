package checkout_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

// exponents is ISO 4217 list one, written out a second time, currency by currency where it is not 2.
func exponents() map[checkout.Currency]int {
	m := map[checkout.Currency]int{}
	for _, c := range strings.Fields(`
		AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
		CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
		KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD
		PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
		TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`) {
		m[checkout.Currency(c)] = 2
	}
	for _, c := range []checkout.Currency{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"} {
		m[c] = 0
	}
	m["MGA"] = 0 // not ISO's 2: no provider takes a fifth of an ariary
	for _, c := range []checkout.Currency{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"} {
		m[c] = 3
	}
	m["CLF"], m["UYW"] = 4, 4
	return m
}

func TestExponentOfEveryCurrency(t *testing.T) {
	want := exponents()
	for _, c := range checkout.Currencies() {
		e, ok := want[c]
		if !ok {
			t.Errorf("%s is not an active currency", c)
		} else if c.Exponent() != e {
			t.Errorf("%s has %d decimals, want %d", c, c.Exponent(), e)
		}
		delete(want, c)
	}
	for c := range want {
		t.Errorf("%s is missing", c)
	}
	if checkout.Currency("???").Exponent() != 2 {
		t.Error("an unknown code has 2 decimals")
	}
}

func TestParseCurrency(t *testing.T) {
	for in, want := range map[string]checkout.Currency{"MXN": "MXN", "mxn": "MXN", "kEs": "KES"} {
		if got, err := checkout.ParseCurrency(in); err != nil || got != want {
			t.Errorf("ParseCurrency(%q) = %q, %v", in, got, err)
		}
	}
	// KSH is Kipay's own word and its dialect's business. The rest: gone, metals, testing, not a code.
	for _, in := range []string{"", "MX", "MXNN", " MXN", "MXN ", "KSH", "HRK", "BGN", "ZWL", "ANG", "XAU", "XXX", "XTS", "ſEK", "M\x00N", "€"} {
		if got, err := checkout.ParseCurrency(in); checkout.CodeOf(err) != checkout.CodeInvalid {
			t.Errorf("ParseCurrency(%q) = %q, %v, want a refusal", in, got, err)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		minor int64
		cur   checkout.Currency
		want  string
	}{
		{21000, "MXN", "210.00"}, {0, "MXN", "0.00"}, {5, "USD", "0.05"}, {-5, "USD", "-0.05"}, {-100, "USD", "-1.00"}, {99, "EUR", "0.99"},
		{1000, "JPY", "1000"}, {0, "JPY", "0"}, {-7, "JPY", "-7"}, {1000, "MGA", "1000"},
		{100, "KWD", "0.100"}, {123456, "BHD", "123.456"}, {1, "CLF", "0.0001"},
		{math.MaxInt64, "USD", "92233720368547758.07"}, {math.MinInt64, "USD", "-92233720368547758.08"},
		{math.MinInt64, "JPY", "-9223372036854775808"}, {math.MinInt64, "CLF", "-922337203685477.5808"},
	} {
		m := checkout.Money{Minor: c.minor, Currency: c.cur}
		if got := m.Decimal(); got != c.want {
			t.Errorf("%d %s is written %q, want %q", c.minor, c.cur, got, c.want)
		}
		if got, want := m.String(), string(c.cur)+" "+c.want; got != want {
			t.Errorf("String is %q, want %q", got, want)
		}
		if back, err := checkout.ParseDecimal(c.want, c.cur); err != nil || back != m {
			t.Errorf("%q is read as %v, %v, want %v", c.want, back, err, m)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	const (
		number   = "must be a decimal number"
		decimals = "has more decimals"
		tooLarge = "amount is out of range"
	)
	zeros := strings.Repeat("0", 40)
	for _, c := range []struct {
		in    string
		cur   checkout.Currency
		minor int64
		fails string
	}{
		{"210", "MXN", 21000, ""}, {"210.5", "MXN", 21050, ""}, {"210.50", "MXN", 21050, ""}, {"210.500000", "MXN", 21050, ""},
		{"0", "MXN", 0, ""}, {"-0", "MXN", 0, ""}, {"-0.01", "MXN", -1, ""}, {"007", "MXN", 700, ""}, {zeros + "1", "MXN", 100, ""},
		{"1." + zeros, "MXN", 100, ""},
		{"1000.0", "KRW", 1000, ""}, {"0.1", "KWD", 100, ""}, {"0.0001", "CLF", 1, ""}, {"1.5", "???", 150, ""},
		{"92233720368547758.07", "USD", math.MaxInt64, ""}, {"-92233720368547758.08", "USD", math.MinInt64, ""},

		{"100.50", "JPY", 0, decimals}, {"1.001", "USD", 0, decimals}, {"0.00001", "CLF", 0, decimals}, {"-0.001", "USD", 0, decimals},
		{"92233720368547758.08", "USD", 0, tooLarge}, {"-92233720368547758.09", "USD", 0, tooLarge}, {"9223372036854775808", "JPY", 0, tooLarge},
		{"18446744073709551616", "JPY", 0, tooLarge}, {"184467440737095516.16", "USD", 0, tooLarge}, {"18446744073709551616.01", "USD", 0, tooLarge},
		{"36893488147419103232", "JPY", 0, tooLarge}, {strings.Repeat("9", 64), "JPY", 0, tooLarge}, {"1844674407370955162", "CLF", 0, tooLarge},
		{strings.Repeat("0", 65), "JPY", 0, number},

		{"", "USD", 0, number}, {"-", "USD", 0, number}, {".", "USD", 0, number}, {".5", "USD", 0, number}, {"5.", "USD", 0, number}, {"-.5", "USD", 0, number},
		{"--1", "USD", 0, number}, {"+1", "USD", 0, number}, {"1.2.3", "USD", 0, number}, {"1..2", "USD", 0, number}, {"1.0.", "JPY", 0, number}, {"1.-5", "USD", 0, number},
		{"1e2", "USD", 0, number}, {"1E2", "USD", 0, number}, {"0x10", "USD", 0, number}, {"1_000", "USD", 0, number}, {"1,5", "USD", 0, number}, {"1 000", "USD", 0, number},
		{" 1", "USD", 0, number}, {"1 ", "USD", 0, number}, {"1\n", "USD", 0, number}, {"1.x0", "JPY", 0, number}, {"x.555", "JPY", 0, number}, {"1.00x", "USD", 0, number},
		{"NaN", "USD", 0, number}, {"Inf", "USD", 0, number}, {"١", "USD", 0, number}, {"１", "USD", 0, number}, {"1\x00", "USD", 0, number},
		{"99999999999999999999x", "USD", 0, number}, // malformed counts before too large
	} {
		got, err := checkout.ParseDecimal(c.in, c.cur)
		switch {
		case c.fails == "":
			if err != nil || got != (checkout.Money{Minor: c.minor, Currency: c.cur}) {
				t.Errorf("ParseDecimal(%q, %s) = %v, %v, want %d", c.in, c.cur, got, err, c.minor)
			}
		case checkout.CodeOf(err) != checkout.CodeInvalid || !strings.Contains(err.Error(), c.fails) || got != (checkout.Money{}):
			t.Errorf("ParseDecimal(%q, %s) = %v, %v, want %q", c.in, c.cur, got, err, c.fails)
		}
	}
}

var genCurrency = rapid.Custom(func(t *rapid.T) checkout.Currency {
	return rapid.SampledFrom([]checkout.Currency{"USD", "JPY", "KWD", "CLF", "MGA"}).Draw(t, "currency")
})

// genMinor leans towards the edges of int64, where arithmetic goes wrong.
var genMinor = rapid.Custom(func(t *rapid.T) int64 {
	edge := rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 / 2, math.MinInt64 / 2, 1 << 32, 3037000499}).Draw(t, "edge")
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		return rapid.Int64().Draw(t, "any")
	case 1:
		return edge + rapid.Int64Range(-3, 3).Draw(t, "beside") // wraps on purpose: also an edge
	}
	return edge
})

func TestDecimalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := checkout.Money{Minor: genMinor.Draw(t, "minor"), Currency: genCurrency.Draw(t, "currency")}
		back, err := checkout.ParseDecimal(m.Decimal(), m.Currency)
		if err != nil || back != m {
			t.Fatalf("%v is written %q and read as %v, %v", m, m.Decimal(), back, err)
		}
	})
}

// TestArithmetic compares with arithmetic that has no limit: the same number, or a refusal exactly
// where int64 ends.
func TestArithmetic(t *testing.T) {
	big64 := func(n int64) *big.Int { return big.NewInt(n) }
	check := func(t *rapid.T, what string, got checkout.Money, err error, want *big.Int) {
		switch {
		case want.IsInt64() && (err != nil || got != checkout.Money{Minor: want.Int64(), Currency: "USD"}):
			t.Fatalf("%s is %v, %v, want %v", what, got, err, want)
		case !want.IsInt64() && (checkout.CodeOf(err) != checkout.CodeInvalid || got != checkout.Money{}):
			t.Fatalf("%s is %v, %v, want a refusal of %v", what, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := genMinor.Draw(t, "a"), genMinor.Draw(t, "b")
		x, y := checkout.Money{Minor: a, Currency: "USD"}, checkout.Money{Minor: b, Currency: "USD"}
		got, err := x.Add(y)
		check(t, "the sum", got, err, new(big.Int).Add(big64(a), big64(b)))
		got, err = x.Sub(y)
		check(t, "the difference", got, err, new(big.Int).Sub(big64(a), big64(b)))
		got, err = x.Mul(b)
		check(t, "the product", got, err, new(big.Int).Mul(big64(a), big64(b)))
	})
}

func TestArithmeticRefusesMixedCurrencies(t *testing.T) {
	for _, b := range []int64{0, 1, math.MinInt64} {
		x, y := checkout.Money{Minor: 1, Currency: "USD"}, checkout.Money{Minor: b, Currency: "EUR"}
		if _, err := x.Add(y); err == nil || !strings.Contains(err.Error(), "EUR") {
			t.Errorf("%v + %v: %v", x, y, err)
		}
		if _, err := x.Sub(y); err == nil || !strings.Contains(err.Error(), "EUR") {
			t.Errorf("%v - %v: %v", x, y, err)
		}
	}
}

// TestRefusalsAreNotShared: a caller may fill in the field of the error it was given.
func TestRefusalsAreNotShared(t *testing.T) {
	for name, refuse := range map[string]func() error{
		"overflow": func() error { _, err := checkout.Money{Minor: math.MaxInt64}.Add(checkout.Money{Minor: 1}); return err },
		"card":     func() error { return checkout.CheckText("4111111111111111", 50) },
		"decimal":  func() error { _, err := checkout.ParseDecimal("x", "USD"); return err },
	} {
		var e *checkout.Error
		if !errors.As(refuse(), &e) {
			t.Fatalf("%s: not an *Error", name)
		}
		e.Fields = append(e.Fields, checkout.FieldError{Field: "amount"})
		if checkout.AsError(refuse()).Fields != nil {
			t.Errorf("%s: the next caller sees the field of the one before", name)
		}
	}
}

func TestIsPositive(t *testing.T) {
	for n, want := range map[int64]bool{math.MinInt64: false, -1: false, 0: false, 1: true, math.MaxInt64: true} {
		if got := (checkout.Money{Minor: n}).IsPositive(); got != want {
			t.Errorf("%d: %v", n, got)
		}
	}
}

// FuzzParseDecimal compares with math/big: what is accepted is exactly what the text says, and what
// is refused could not have been represented.
func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"", "0", "-0", "210.00", "1000.0", "1e2", ".5", "5.", "-92233720368547758.08", "92233720368547758.08", "1.2.3", "0x1", "1/2"} {
		for exp := range 5 {
			f.Add(s, byte(exp))
		}
	}
	f.Fuzz(func(t *testing.T, s string, pick byte) {
		cur := []checkout.Currency{"JPY", "USD", "KWD", "CLF", "MGA"}[pick%5]
		got, err := checkout.ParseDecimal(s, cur)
		want, ok := new(big.Rat).SetString(s)
		ok = ok && len(s) < 65 && strings.Trim(s, "0123456789.-") == "" && strings.LastIndex(s, "-") < 1 &&
			!strings.HasSuffix(s, ".") && !strings.HasPrefix(strings.TrimPrefix(s, "-"), ".")
		if ok {
			want.Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(cur.Exponent())), nil)))
			ok = want.IsInt() && want.Num().IsInt64()
		}
		switch {
		case ok != (err == nil):
			t.Fatalf("ParseDecimal(%q, %s) = %v, %v", s, cur, got, err)
		case ok && (got.Minor != want.Num().Int64() || got.Currency != cur):
			t.Fatalf("ParseDecimal(%q, %s) = %v, want %v", s, cur, got, want)
		case !ok && checkout.CodeOf(err) != checkout.CodeInvalid:
			t.Fatalf("ParseDecimal(%q, %s) fails with %v", s, cur, err)
		}
	})
}

func BenchmarkParseDecimal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = checkout.ParseDecimal("12345.67", "MXN")
	}
}

func BenchmarkDecimal(b *testing.B) {
	b.ReportAllocs()
	m := checkout.Money{Minor: 1234567, Currency: "MXN"}
	for b.Loop() {
		_ = m.Decimal()
	}
}
