package checkout

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText refuses what must not reach a page or a log: invalid UTF-8, control characters,
// characters that turn the direction of the text, a card number, and more than max characters (code
// points). Joiners (U+200C, U+200D) are let through: Hindi and Persian names need them.
// The error is CodeInvalid without a field.
func CheckText(s string, max int) error {
	plain := len(s) <= max
	digits := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x20 || c >= 0x7f {
			plain = false
			break
		}
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if plain {
		if digits >= 13 && HasCardNumber(s) {
			return errCardNumber()
		}
		return nil
	}
	if !utf8.ValidString(s) {
		return Errorf(CodeInvalid, "must be valid UTF-8")
	}
	n := 0
	for _, r := range s {
		n++
		switch {
		case r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0x2028 || r == 0x2029:
			return Errorf(CodeInvalid, "must not contain control characters")
		case r == 0x200b || r == 0x200e || r == 0x200f || r == 0x61c || r == 0x180e || (r >= 0x202a && r <= 0x202e) ||
			(r >= 0x2060 && r <= 0x206f) || r == 0xfeff || (r >= 0xfff9 && r <= 0xfffb):
			return Errorf(CodeInvalid, "must not contain characters that change the direction of text or cannot be seen")
		}
	}
	if n > max {
		return Errorf(CodeInvalid, "must be at most %d characters", max)
	}
	if HasCardNumber(s) {
		return errCardNumber()
	}
	return nil
}

func errCardNumber() error { return Errorf(CodeInvalid, "must not contain a card number") }

// HasCardNumber reports whether s holds a number that passes Luhn and has a card scheme's prefix
// with that scheme's length (promise 7). Up to three spaces, dashes, points or joiners between digits
// do not hide it, nor do digits of another script, nor other groups of digits before and behind it
// ("1 4111 1111 1111 1111 12/27"). Inside one unbroken row of more digits it is not looked for: long
// references would be refused by chance.
func HasCardNumber(s string) bool {
	var (
		digits [19]byte // the last digits, whole groups only
		n      int
		starts [20]int // where the groups of digits begin, the one being read last: never more groups than digits and one
		groups int
		inside bool // the last character was a digit
		long   bool // the group being read is longer than any card
		gap    int  // separators since the last digit
	)
	// ends looks at every row of whole groups that ends here.
	ends := func() bool {
		if !inside || long {
			return false
		}
		for _, from := range starts[:groups] {
			if d := digits[from:n]; len(d) >= 13 && schemeLength(d) && luhn(d) {
				return true
			}
		}
		return false
	}
	for _, r := range s {
		switch v := digitValue(r); {
		case v >= 0:
			if !inside {
				starts[groups] = n
				groups++
				inside = true
			}
			gap = 0
			if n == len(digits) && !long {
				if groups == 1 {
					long = true
				} else {
					first := starts[1]
					n = copy(digits[:], digits[first:n])
					groups = copy(starts[:], starts[1:groups])
					for i := range starts[:groups] {
						starts[i] -= first
					}
				}
			}
			if !long {
				digits[n] = byte(v)
				n++
			}
		case isSeparator(r) && gap < 3 && (n > 0 || inside):
			if ends() {
				return true
			}
			inside, long = false, false
			gap++
		default:
			if ends() {
				return true
			}
			n, groups, gap, inside, long = 0, 0, 0, false, false
		}
	}
	return ends()
}

// digitValue gives 0 to 9 for a decimal digit of any script, -1 for anything else. Unicode keeps
// the ten digits of a script together and in order.
func digitValue(r rune) int {
	if r >= '0' && r <= '9' {
		return int(r - '0')
	}
	if r < 0x80 {
		return -1
	}
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	return -1
}

// isSeparator tells what people, and those who hide a number, put between groups of digits.
func isSeparator(r rune) bool {
	switch {
	case r == ' ' || r == '-' || r == '.' || r == '_':
		return true
	case r < 0x80:
		return false
	}
	return r == 0xa0 || r == 0xad || r == 0xb7 || (r >= 0x2000 && r <= 0x2015) || r == 0x202f || r == 0x205f || r == 0x2060 || r == 0x2212 || r == 0x3000
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// schemeLength matches the prefix and length of Visa, Mastercard, American Express, Discover, Diners,
// JCB, UnionPay, Maestro, RuPay and Mir.
func schemeLength(d []byte) bool {
	p := func(n int) int {
		v := 0
		for _, x := range d[:n] {
			v = v*10 + int(x)
		}
		return v
	}
	n := len(d)
	p2, p3, p4 := p(2), p(3), p(4)
	in := func(v, lo, hi int) bool { return v >= lo && v <= hi }
	switch {
	case d[0] == 4:
		return n == 13 || n == 16 || n == 19
	case in(p2, 51, 55) || in(p4, 2221, 2720):
		return n == 16
	case in(p4, 2200, 2204):
		return n >= 16
	case p2 == 34 || p2 == 37:
		return n == 15
	case in(p3, 300, 305) || p2 == 36 || p2 == 38 || p2 == 39:
		return n == 14 || n == 16
	case in(p4, 3528, 3589):
		return n >= 16
	case p4 == 6011 || in(p3, 644, 649) || p2 == 65 || p2 == 62 || p2 == 60 || p2 == 81 || p2 == 82:
		return n >= 16
	case p2 == 50 || in(p2, 56, 59) || p2 == 63 || p2 == 67 || p2 == 68 || p2 == 69:
		return n >= 16
	}
	return false
}

// CheckURL refuses what a browser must not be sent to: anything but an absolute https URL with a
// host, without credentials, at most 2,048 bytes; allowLoopback also takes plain http to this
// machine. Where hosts is not empty, the host must be one of them (exactly, whatever the port). The
// host is a name or an address in ASCII, for it is copied into policy headers, where a comma, a
// semicolon or a star would speak for itself; an international name has to come as xn--.
// The error is CodeInvalid without a field.
func CheckURL(s string, hosts []string, allowLoopback bool) error {
	if len(s) > maxURL {
		return Errorf(CodeInvalid, "must be at most %d bytes", maxURL)
	}
	if err := CheckText(s, maxURL); err != nil {
		return err
	}
	if strings.ContainsAny(s, " \\\"<>^`{|}") {
		return Errorf(CodeInvalid, "must be an absolute https URL")
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Host == "" || u.Hostname() == "" {
		return Errorf(CodeInvalid, "must be an absolute https URL")
	}
	if u.User != nil {
		return Errorf(CodeInvalid, "must not contain credentials")
	}
	if !plainHost(u) {
		return Errorf(CodeInvalid, "must name its host in plain ASCII (an international name as xn--...), with a port of 1 to 65535 if any")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && allowLoopback && isLoopback(u.Hostname()):
	case u.Scheme == "http" && allowLoopback:
		return Errorf(CodeInvalid, "must be https; plain http is only allowed to this machine")
	default:
		return Errorf(CodeInvalid, "must be an absolute https URL")
	}
	if len(hosts) > 0 {
		for _, h := range hosts {
			if strings.EqualFold(h, u.Hostname()) {
				return nil
			}
		}
		return Errorf(CodeInvalid, "names a host that is not on the merchant's list")
	}
	return nil
}

const maxURL = 2048

func plainHost(u *url.URL) bool {
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	return plainName(host) && host[0] != '.' && !strings.Contains(host, "..")
}

// plainName: letters, digits, dashes, points and underscores of ASCII.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != '.' && s[i] != '_' {
			return false
		}
	}
	return s != ""
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// CheckEmail refuses what is not one plain address of at most 254 characters: something, an @, and a
// domain with a point. It does not promise that the address exists. "[email protected]", which the
// seeds' documentation tool wrote over addresses, stands for one (DESIGN.md, section 5).
// The error is CodeInvalid without a field.
func CheckEmail(s string) error {
	if IsMangledEmail(s) {
		return nil
	}
	if err := CheckText(s, 254); err != nil {
		return err
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsAny(local, ",;:<>()[]\\\"") || strings.ContainsFunc(s, unicode.IsSpace) || !mailDomain(domain) {
		return Errorf(CodeInvalid, "must be an e-mail address")
	}
	return nil
}

// mailDomain: at least two labels, of letters (of any script), digits and inner dashes. So an address
// carries no second recipient and no header field into a mailto link.
func mailDomain(s string) bool {
	labels := 0
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
		labels++
	}
	return labels > 1
}

// MangledEmail is what the seeds' samples hold where an address stood.
const MangledEmail = "[email protected]"

// IsMangledEmail reports MangledEmail, with a plain space or with the no-break space (U+00A0) that
// the seeds' files really hold: nobody can be written to there.
func IsMangledEmail(s string) bool {
	return s == MangledEmail || s == "[email\u00a0protected]"
}

// UnwrapURL takes the angle brackets off that the seeds' documentation tool put around URLs.
func UnwrapURL(s string) string {
	if len(s) > 1 && s[0] == '<' && s[len(s)-1] == '>' {
		return s[1 : len(s)-1]
	}
	return s
}
