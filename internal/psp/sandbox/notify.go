package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex>", the hex being the HMAC-SHA256 of
// "<t>.<body>" under the channel's webhook secret, in lower case.
const SignatureHeader = "Sandbox-Signature"

// tolerance is how far the time in a signature may be from ours, in either direction.
const tolerance = 300 * time.Second

// Sign gives the value of SignatureHeader for a body sent at a moment.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + mac(secret, t, body)
}

func mac(secret, t string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t))
	h.Write([]byte("."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// ParseNotification believes only what the channel's own secret signed, in test mode, for this
// channel, less than five minutes ago.
func (a *adapter) ParseNotification(_ context.Context, n psp.Notification) ([]psp.Hint, psp.Ack, error) {
	if a.secret == "" {
		return refuse(http.StatusServiceUnavailable, checkout.CodeUnavailable, "this channel has no webhook secret")
	}
	if n.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, checkout.CodeInvalid, "notifications are posted")
	}
	values := n.Header.Values(SignatureHeader)
	if len(values) != 1 {
		return refuse(http.StatusUnauthorized, checkout.CodeUnauthenticated, "one signature is needed")
	}
	t, sum, ok := cutSignature(values[0])
	if !ok || !hmac.Equal([]byte(sum), []byte(mac(a.secret, t, n.Body))) {
		return refuse(http.StatusUnauthorized, checkout.CodeUnauthenticated, "the signature is wrong")
	}
	sec, err := strconv.ParseInt(t, 10, 64)
	if age := a.now().Sub(time.Unix(sec, 0)); err != nil || age > tolerance || age < -tolerance {
		return refuse(http.StatusUnauthorized, checkout.CodeUnauthenticated, "the signature is too old")
	}
	var e event
	if err := json.Unmarshal(n.Body, &e); err != nil {
		return refuse(http.StatusBadRequest, checkout.CodeInvalid, "the body is not an event")
	}
	if e.Mode != "test" || e.Account != string(a.channel) {
		return refuse(http.StatusForbidden, checkout.CodeForbidden, "the event is of another mode or account")
	}
	hint := psp.Hint{PSPRef: e.Payment}
	if id, ok := checkout.ParseID(checkout.PrefixAttempt, e.Reference); ok {
		hint.Reference = id
	}
	if hint.Reference == "" && hint.PSPRef == "" {
		return nil, jsonAck(http.StatusOK, "ignored"), nil // an event about nothing of ours
	}
	return []psp.Hint{hint}, jsonAck(http.StatusOK, "received"), nil
}

// cutSignature reads "t=...,v1=..." and nothing else.
func cutSignature(v string) (t, sum string, ok bool) {
	t, sum, ok = strings.Cut(v, ",")
	if !ok || !strings.HasPrefix(t, "t=") || !strings.HasPrefix(sum, "v1=") {
		return "", "", false
	}
	return t[len("t="):], sum[len("v1="):], true
}

func refuse(status int, code checkout.Code, why string) ([]psp.Hint, psp.Ack, error) {
	return nil, jsonAck(status, why), checkout.Errorf(code, "%s", why)
}

func jsonAck(status int, result string) psp.Ack {
	body, _ := json.Marshal(map[string]string{"result": result}) // cannot fail: two strings
	return psp.Ack{Status: status, ContentType: "application/json", Body: body}
}
