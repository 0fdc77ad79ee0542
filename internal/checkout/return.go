package checkout

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Return is what a signed way home says: how a session stood, and since when. It is a statement about
// one session and one moment. Whether that is the order the shopper claims, and whether it still stands
// so, the merchant has to ask.
type Return struct {
	Session ID
	Status  string // the session's state; KaiPay's word for it is the same
	At      time.Time
}

// The parameters of a signed return, in the order in which they are appended.
const (
	ReturnSession   = "kassa_session"
	ReturnStatus    = "kassa_status"
	ReturnTime      = "kassa_time"      // seconds since 1970
	ReturnSignature = "kassa_signature" // "v1," and base64url without padding
)

const (
	returnKeyPrefix = "whret_"
	returnKeySize   = 32
	returnVersion   = "v1,"
)

// DeriveReturnKey gives the n-th key of a merchant's signed returns: "whret_" and base64 of 32 bytes. It
// is derived from the server's secret key and stored nowhere; another secret key gives others.
func DeriveReturnKey(secret []byte, merchant ID, n int) (Secret, error) {
	if len(secret) == 0 || merchant == "" || n < 1 {
		return "", Errorf(CodeInternal, "a key for returns needs the server's secret key, a merchant and a number from 1")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "kassa return "+string(merchant)+" "+strconv.Itoa(n), returnKeySize)
	if err != nil {
		return "", Wrap(CodeInternal, "", err)
	}
	return Secret(returnKeyPrefix + base64.StdEncoding.EncodeToString(key)), nil
}

// ReturnOf is what the way home of a session says at a moment.
func ReturnOf(s *Session, now time.Time) Return {
	r := Return{Session: s.ID, Status: string(s.StateAt(now)), At: s.UpdatedAt}
	switch {
	case s.State == SessionPaid && !s.PaidAt.IsZero():
		r.At = s.PaidAt
	case r.Status == string(SessionExpired) && r.At.Before(s.ExpiresAt) && !now.Before(s.ExpiresAt):
		r.At = s.ExpiresAt // the clock did it; nobody has written it yet
	}
	return r
}

// Append adds the statement and its signature to a merchant's URL: after the URL's own query, which stays
// byte for byte, and before its fragment.
func (r Return) Append(to string, key Secret) (string, error) {
	signature, err := r.sign(key)
	if err != nil {
		return "", err
	}
	rest, fragment, hasFragment := strings.Cut(to, "#")
	var b strings.Builder
	b.Grow(len(to) + 192)
	b.WriteString(rest)
	switch query := strings.IndexByte(rest, '?'); {
	case query < 0:
		b.WriteByte('?')
	case query < len(rest)-1 && !strings.HasSuffix(rest, "&"): // a later question mark is part of the query
		b.WriteByte('&')
	}
	b.WriteString(ReturnSession + "=" + url.QueryEscape(string(r.Session)) + "&" + ReturnStatus + "=" + url.QueryEscape(r.Status) +
		"&" + ReturnTime + "=" + r.seconds() + "&" + ReturnSignature + "=" + signature)
	if hasFragment {
		b.WriteByte('#')
		b.WriteString(fragment)
	}
	return b.String(), nil
}

func (r Return) seconds() string { return strconv.FormatInt(r.At.Unix(), 10) }

func (r Return) sign(key Secret) (string, error) {
	text, ok := strings.CutPrefix(key.Reveal(), returnKeyPrefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(raw) != returnKeySize {
		return "", Errorf(CodeInternal, "a key for returns is whret_ and base64 of 32 bytes")
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(string(r.Session) + "." + r.Status + "." + r.seconds()))
	return returnVersion + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// VerifyReturn gives what the query of a returning shopper says, if it was signed under the key. A
// parameter that is missing, stands twice or was changed is CodeUnauthenticated.
func VerifyReturn(query url.Values, key Secret) (Return, error) {
	refused := Errorf(CodeUnauthenticated, "the return is not signed, or was changed on its way")
	var v [4]string
	for i, name := range []string{ReturnSession, ReturnStatus, ReturnTime, ReturnSignature} {
		if len(query[name]) != 1 {
			return Return{}, refused
		}
		v[i] = query[name][0]
	}
	seconds, err := strconv.ParseInt(v[2], 10, 64)
	if err != nil {
		return Return{}, refused
	}
	r := Return{Session: ID(v[0]), Status: v[1], At: time.Unix(seconds, 0).UTC()}
	want, err := r.sign(key)
	if err != nil {
		return Return{}, err
	}
	// "+5" and "05" are read as 5 but were never signed.
	if r.seconds() != v[2] || !hmac.Equal([]byte(want), []byte(v[3])) {
		return Return{}, refused
	}
	return r, nil
}
