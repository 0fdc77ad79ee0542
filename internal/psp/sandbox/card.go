package sandbox

import (
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

// The names of the card form's fields.
const (
	fieldNumber = "card_number"
	fieldName   = "card_name"
	fieldExpiry = "card_expiry"
	fieldCode   = "card_code"
)

// cardForm is what a payer typed. The number and the security code live for one request: they are
// never stored, logged or written back to the page.
type cardForm struct{ number, name, expiry, code string }

// fieldError is a problem of one field, in words for the payer.
type fieldError struct{ Field, Text string }

// check reads the form. It gives the scenario of the test card, or what is wrong, in the order of the
// fields.
func (t *table) check(f cardForm, now time.Time) (*Scenario, []fieldError) {
	var errs []fieldError
	bad := func(field, text string) { errs = append(errs, fieldError{field, text}) }

	number, ok := cardDigits(f.number)
	brand := brandOf(number)
	s := t.byCard[number]
	switch {
	case strings.TrimSpace(f.number) == "":
		bad(fieldNumber, "Enter the card number")
	case !ok:
		bad(fieldNumber, "Enter the card number with digits only")
	case len(number) < 12 || len(number) > 19:
		bad(fieldNumber, "The card number is too short or too long")
	case brand == "":
		bad(fieldNumber, "Use a Visa, Mastercard or American Express test card")
	case !brandLength(brand, len(number)):
		bad(fieldNumber, "The card number is too short or too long for "+brand)
	case !luhn(number):
		bad(fieldNumber, "Check the card number: a digit is wrong")
	case s == nil:
		bad(fieldNumber, "Use a number from the list of test cards. Never type a real card here")
	}

	switch name := strings.TrimSpace(f.name); {
	case name == "":
		bad(fieldName, "Enter the name as it stands on the card")
	case checkout.CheckText(name, 100) != nil:
		bad(fieldName, "Enter the name in at most 100 letters, without a card number")
	}

	switch end, ok := parseExpiry(f.expiry, now); {
	case strings.TrimSpace(f.expiry) == "":
		bad(fieldExpiry, "Enter the expiry date")
	case !ok:
		bad(fieldExpiry, "Enter the expiry date as month and year, for example 03/30")
	case !now.Before(end):
		bad(fieldExpiry, "This card has expired")
	case end.After(now.AddDate(20, 1, 0)):
		bad(fieldExpiry, "Check the expiry date: it is too far away")
	}

	want := 3
	if brand == "American Express" {
		want = 4
	}
	switch code, ok := cardDigits(f.code); {
	case strings.TrimSpace(f.code) == "":
		bad(fieldCode, "Enter the card security code")
	case !ok || len(code) != want:
		bad(fieldCode, "The card security code has "+strconv.Itoa(want)+" digits")
	}
	return s, errs
}

// cardDigits takes out what people type between digits; false when something else is there.
func cardDigits(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '.' || r == '\u00a0' || r == '\t' || r == '\u2009' || r == '\u202f':
		default:
			return "", false
		}
	}
	return b.String(), b.Len() > 0
}

func brandOf(number string) string {
	if len(number) < 4 {
		return ""
	}
	four, _ := strconv.Atoi(number[:4])
	switch two := four / 100; {
	case number[0] == '4':
		return "Visa"
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return "Mastercard"
	case two == 34, two == 37:
		return "American Express"
	}
	return ""
}

func brandLength(brand string, n int) bool {
	switch brand {
	case "American Express":
		return n == 15
	case "Visa":
		return n == 13 || n == 16 || n == 19
	}
	return n == 16
}

func luhn(d string) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// parseExpiry reads 3/28, 03/28, 03/2028, 03 / 28, 3-28 and 0328, and gives the first moment after
// that month.
func parseExpiry(s string, now time.Time) (time.Time, bool) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "-", "/", ".", "/").Replace(s)
	month, year, ok := strings.Cut(s, "/")
	if !ok {
		if len(s) != 4 && len(s) != 6 {
			return time.Time{}, false
		}
		month, year = s[:2], s[2:]
	}
	m, err := strconv.ParseUint(month, 10, 8)
	y, err2 := strconv.ParseUint(year, 10, 16)
	if err != nil || err2 != nil || m < 1 || m > 12 || len(month) > 2 || (len(year) != 2 && len(year) != 4) {
		return time.Time{}, false
	}
	if len(year) == 2 {
		y += uint64(now.Year() / 100 * 100)
	}
	return time.Date(int(y), time.Month(m)+1, 1, 0, 0, 0, 0, time.UTC), true
}

// grouped writes a card number as it stands on a card.
func grouped(number string) string {
	if len(number) == 15 {
		return number[:4] + " " + number[4:10] + " " + number[10:]
	}
	var parts []string
	for len(number) > 4 {
		parts, number = append(parts, number[:4]), number[4:]
	}
	return strings.Join(append(parts, number), " ")
}
