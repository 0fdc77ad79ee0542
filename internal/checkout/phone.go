package checkout

import "strings"

// callingCodes are the countries whose national spelling we know: the code, and the length of the
// national number without its leading zero.
var callingCodes = map[Country]struct {
	code string
	len  int
}{
	"KE": {"254", 9}, "TZ": {"255", 9}, "UG": {"256", 9}, "RW": {"250", 9}, "MG": {"261", 9}, "KM": {"269", 7}, "GH": {"233", 9},
	"NG": {"234", 10}, "ZA": {"27", 9}, "MX": {"52", 10}, "US": {"1", 10}, "CA": {"1", 10}, "GB": {"44", 10}, "IN": {"91", 10},
	"FR": {"33", 9}, "ES": {"34", 9}, "BR": {"55", 11}, "CO": {"57", 10},
}

// ParsePhone reads a phone number in any usual spelling (spaces, dashes, points and brackets are
// skipped): international with + or 00 or the bare calling code of country, or national with or
// without its zero. It gives E.164 with the plus. Without a country only the international
// spellings are understood. Behind a calling code that we know, the zero of "+44 (0)20" is taken off
// and a number that is too long for its country is refused. The error is CodeInvalid without a field.
func ParsePhone(s string, country Country) (string, error) {
	bad := Errorf(CodeInvalid, "must be a phone number")
	var b strings.Builder
	for _, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0: // also "(+254) 712"
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '.' || r == '(' || r == ')' || r == '\u00a0':
		default:
			return "", bad
		}
	}
	d := b.String()
	international := func(d string) (string, error) {
		if len(d) < 8 || len(d) > 15 || d[0] == '0' {
			return "", bad
		}
		for _, cc := range callingCodes { // no calling code begins another: at most one fits
			national, ok := strings.CutPrefix(d, cc.code)
			if !ok {
				continue
			}
			if len(national) == cc.len+1 && (national[0] == '0' || (cc.code == "52" && national[0] == '1')) {
				national = national[1:] // Mexico's mobile numbers had a 1 there until 2019
			}
			if len(national) > cc.len {
				return "", bad
			}
			return "+" + cc.code + national, nil
		}
		return "+" + d, nil
	}
	if strings.HasPrefix(d, "+") {
		return international(d[1:])
	}
	if strings.HasPrefix(d, "00") {
		return international(d[2:])
	}
	cc, ok := callingCodes[country]
	if !ok {
		return "", Errorf(CodeInvalid, "must be a phone number with its country code, for example +254712345678")
	}
	switch {
	case len(d) == len(cc.code)+cc.len && strings.HasPrefix(d, cc.code):
		return "+" + d, nil
	case len(d) == cc.len+1 && d[0] == '0':
		return "+" + cc.code + d[1:], nil
	case len(d) == cc.len && d[0] != '0':
		return "+" + cc.code + d, nil
	}
	return "", bad
}
