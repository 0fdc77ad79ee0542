package shop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// signedReturn is what a genuine return says.
type signedReturn struct {
	session, status string
	at              time.Time
}

// verifyReturn reads the parameters of a signed return; ok is false when they are not what Kassa signed.
func verifyReturn(q url.Values, key string) (ret signedReturn, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whret_"))
	if err != nil || len(raw) == 0 {
		return ret, false
	}
	session, status, seconds := q.Get("kassa_session"), q.Get("kassa_status"), q.Get("kassa_time")
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(session + "." + status + "." + seconds))
	want := "v1," + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(q.Get("kassa_signature"))) {
		return ret, false
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	return signedReturn{session, status, time.Unix(n, 0)}, err == nil
}

// tolerance is how far the clocks of Kassa and the shop may be apart (Standard Webhooks 1.0.0).
const tolerance = 5 * time.Minute

// verifyCallback checks a callback as Standard Webhooks 1.0.0 says: a signature over id, timestamp and the
// very bytes of the body, and a timestamp of these minutes, so that an old callback cannot be sent again.
func verifyCallback(h http.Header, body []byte, secret string, now time.Time) bool {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(raw) == 0 {
		return false
	}
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || id == "" || age > tolerance || age < -tolerance {
		return false
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for given := range strings.FieldsSeq(h.Get("Webhook-Signature")) { // two while the secret is being changed
		if hmac.Equal([]byte(want), []byte(given)) {
			return true
		}
	}
	return false
}
