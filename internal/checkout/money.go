package checkout

import (
	"math"
	"math/bits"
	"strings"
)

// Currency is an active ISO 4217 code in upper case. Make one with ParseCurrency.
type Currency string

// exponents holds the number of decimals of every active ISO 4217 currency (list one, without the
// precious metals, test and fund-unit codes that have none). MGA is 0, not ISO's 2: its subunit is a fifth and no
// provider takes it (providers/README.md, section 4).
var exponents = func() map[Currency]int {
	m := make(map[Currency]int, 180)
	for exp, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP " +
			"CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD " +
			"KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN " +
			"QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS " +
			"VED VES WST XCD XCG YER ZAR ZMW ZWG",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for _, c := range strings.Fields(codes) {
			m[Currency(c)] = exp
		}
	}
	return m
}()

// Currencies lists every currency in no particular order.
func Currencies() []Currency {
	out := make([]Currency, 0, len(exponents))
	for c := range exponents {
		out = append(out, c)
	}
	return out
}

// ParseCurrency reads a three-letter code in any case. The error is CodeInvalid without a field.
func ParseCurrency(s string) (Currency, error) {
	if len(s) == 3 {
		if _, ok := exponents[Currency(s)]; ok {
			return Currency(s), nil
		}
		if c := Currency(strings.ToUpper(s)); len(c) == 3 {
			if _, ok := exponents[c]; ok {
				return c, nil
			}
		}
	}
	return "", Errorf(CodeInvalid, "must be the code of an active ISO 4217 currency")
}

// Exponent gives the number of decimals, 0 to 4; 2 for a code that ParseCurrency would refuse.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// Money is an amount in the smallest unit of its currency: 100 is USD 1.00, JPY 100 and KWD 0.100.
// There is no float anywhere on its way.
type Money struct {
	Minor    int64
	Currency Currency
}

// errOverflow is made anew each time: a caller may fill in the field of the error it gets.
func errOverflow() error { return Errorf(CodeInvalid, "amount is out of range") }

// Add sums two amounts of one currency. It fails on different currencies and on overflow.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, Errorf(CodeInvalid, "cannot add %s to %s", o.Currency, m.Currency)
	}
	sum := m.Minor + o.Minor
	if (o.Minor > 0 && sum < m.Minor) || (o.Minor < 0 && sum > m.Minor) {
		return Money{}, errOverflow()
	}
	return Money{sum, m.Currency}, nil
}

// Sub takes o away. It fails on different currencies and on overflow.
func (m Money) Sub(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, Errorf(CodeInvalid, "cannot take %s from %s", o.Currency, m.Currency)
	}
	diff := m.Minor - o.Minor
	if (o.Minor > 0 && diff > m.Minor) || (o.Minor < 0 && diff < m.Minor) {
		return Money{}, errOverflow()
	}
	return Money{diff, m.Currency}, nil
}

// Mul multiplies by a count. It fails on overflow.
func (m Money) Mul(n int64) (Money, error) {
	hi, lo := bits.Mul64(abs(m.Minor), abs(n))
	minor, ok := signed(lo, (m.Minor < 0) != (n < 0))
	if hi != 0 || !ok {
		return Money{}, errOverflow()
	}
	return Money{minor, m.Currency}, nil
}

func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed puts a sign before u; false when no int64 holds it. The least int64 has no positive twin.
func signed(u uint64, neg bool) (int64, bool) {
	if neg {
		return int64(-u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}

// IsPositive reports an amount above zero.
func (m Money) IsPositive() bool { return m.Minor > 0 }

// Decimal writes the amount in major units with exactly the currency's decimals and a point:
// "210.00", "1000" for JPY, "-0.05". It is exact for every int64.
func (m Money) Decimal() string {
	exp := m.Currency.Exponent()
	u := abs(m.Minor)
	var b [32]byte
	i := len(b)
	for n := 0; ; n++ {
		if n == exp && exp > 0 {
			i--
			b[i] = '.'
		}
		i--
		b[i] = byte('0' + u%10)
		u /= 10
		if u == 0 && n >= exp {
			break
		}
	}
	if m.Minor < 0 {
		i--
		b[i] = '-'
	}
	return string(b[i:])
}

// String is the amount behind its currency, for logs and tests: "MXN 210.00".
func (m Money) String() string { return string(m.Currency) + " " + m.Decimal() }

// ParseDecimal reads an amount in major units: digits, at most one point, no sign but a leading
// minus, no exponent, no spaces. Decimals beyond the currency's are refused unless they are zeros
// ("1000.0" KRW is 1000; "100.50" JPY is refused). It reads whatever Decimal writes. The error is
// CodeInvalid without a field.
func ParseDecimal(s string, c Currency) (Money, error) {
	const bad = "must be a decimal number"
	t, neg := strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(t, ".")
	if whole == "" || (point && frac == "") || len(t) > 64 || !allDigits(whole) || !allDigits(frac) {
		return Money{}, Errorf(CodeInvalid, bad)
	}
	exp := c.Exponent()
	if len(frac) > exp {
		if strings.Trim(frac[exp:], "0") != "" {
			return Money{}, Errorf(CodeInvalid, "has more decimals than %s has (%d)", c, exp)
		}
		frac = frac[:exp]
	}
	n, ok := appendDigits(0, whole)
	if ok {
		n, ok = appendDigits(n, frac)
	}
	if ok {
		n, ok = appendDigits(n, "0000"[:exp-len(frac)])
	}
	minor, fits := signed(n, neg)
	if !ok || !fits {
		return Money{}, errOverflow()
	}
	return Money{minor, c}, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// appendDigits writes digits behind n; false when the number outgrows 64 bits.
func appendDigits(n uint64, digits string) (uint64, bool) {
	for i := range len(digits) {
		d := uint64(digits[i] - '0')
		if n > (math.MaxUint64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
