package words

import (
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

// pattern is how one locale writes amounts and moments: patterns/patterns.json, made by generate.mjs.
type pattern struct {
	Money      string `json:"money"`      // "¤ #", with a no-break space
	MoneyMinus string `json:"moneyMinus"` // "-¤ #"
	Minus      string `json:"minus"`      // "-#"
	Decimal    string `json:"decimal"`
	Group      string `json:"group"`
	Primary    int    `json:"primary"`   // digits of the group before the decimals
	Secondary  int    `json:"secondary"` // digits of every group before that (2 in India)
	Months     []string
	Date       string `json:"date"`
	Time       string `json:"time"`
	DateTime   string `json:"dateTime"`
	AM         string `json:"am"`
	PM         string `json:"pm"`
}

// Money writes an amount with its currency code, which a no-break space keeps beside it: "MXN 210.00",
// "1.250,00 EUR". The decimals are the currency's own.
func (l *Locale) Money(m checkout.Money) string {
	shape := l.pattern.Money
	if m.Minor < 0 {
		shape = l.pattern.MoneyMinus
	}
	var b strings.Builder
	b.Grow(len(shape) + 24)
	for _, r := range shape {
		switch r {
		case '#':
			l.number(&b, m)
		case '¤':
			b.WriteString(string(m.Currency))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Amount writes an amount without its currency: "210.00".
func (l *Locale) Amount(m checkout.Money) string {
	var b strings.Builder
	if m.Minor >= 0 {
		l.number(&b, m)
		return b.String()
	}
	for _, r := range l.pattern.Minus {
		if r == '#' {
			l.number(&b, m)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Number writes a count.
func (l *Locale) Number(n int64) string {
	return l.Amount(checkout.Money{Minor: n, Currency: "JPY"})
}

// number writes the digits of an amount without its sign.
func (l *Locale) number(b *strings.Builder, m checkout.Money) {
	whole, frac, point := strings.Cut(strings.TrimPrefix(m.Decimal(), "-"), ".")
	for i := range len(whole) {
		if left := len(whole) - i; i > 0 && left >= l.pattern.Primary && (left-l.pattern.Primary)%l.pattern.Secondary == 0 {
			b.WriteString(l.pattern.Group)
		}
		b.WriteByte(whole[i])
	}
	if point {
		b.WriteString(l.pattern.Decimal)
		b.WriteString(frac)
	}
}

// Clock writes the time of day in a zone, without naming it: "14:45".
func (l *Locale) Clock(t time.Time, zone *time.Location) string {
	return l.moment(l.pattern.Time, t.In(zone))
}

// Time writes the time of day with its zone: "14:45 UTC+3".
func (l *Locale) Time(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return l.moment(l.pattern.Time, t) + "\u00a0" + offset(t)
}

// Date writes the day in a zone: "20 November 2026".
func (l *Locale) Date(t time.Time, zone *time.Location) string {
	return l.moment(l.pattern.Date, t.In(zone))
}

// DateTime writes day, time and zone: "20 November 2026 at 14:45 UTC+3".
func (l *Locale) DateTime(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return l.moment(l.pattern.DateTime, t) + "\u00a0" + offset(t)
}

func (l *Locale) moment(shape string, t time.Time) string {
	hour, half := t.Hour(), l.pattern.AM
	if l.pattern.AM != "" {
		if hour >= 12 {
			half = l.pattern.PM
		}
		if hour %= 12; hour == 0 {
			hour = 12
		}
	}
	two := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	return strings.NewReplacer("{day}", strconv.Itoa(t.Day()), "{month}", l.pattern.Months[t.Month()-1], "{year}", strconv.Itoa(t.Year()),
		"{hour}", strconv.Itoa(hour), "{hh}", two(hour), "{minute}", two(t.Minute()), "{dayPeriod}", half).Replace(shape)
}

// offset names the zone of t by its distance from UTC, which everybody can use: abbreviations are
// known only at home.
func offset(t time.Time) string {
	_, s := t.Zone()
	if s == 0 {
		return "UTC"
	}
	sign := "+"
	if s < 0 {
		sign, s = "−", -s
	}
	out := "UTC" + sign + strconv.Itoa(s/3600)
	if m := s % 3600 / 60; m != 0 {
		out += ":" + string(rune('0'+m/10)) + string(rune('0'+m%10))
	}
	return out
}
