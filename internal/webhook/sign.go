package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

// The headers of Standard Webhooks 1.0.0.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // seconds since 1970, of the try
	HeaderSignature = "Webhook-Signature" // "v1,<base64>", several with spaces between
)

// secretPrefix begins a secret in the form that merchants see.
const secretPrefix = "whsec_"

// NewSecret draws a secret of 32 random bytes in the form of Standard Webhooks: "whsec_" and base64.
func NewSecret() checkout.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return checkout.Secret(secretPrefix + base64.StdEncoding.EncodeToString(b[:]))
}

// SignStandard signs a try as Standard Webhooks 1.0.0 says: HMAC-SHA256 of id, timestamp and body with dots
// between, under the endpoint's secret and its former one, if t has it. The error is CodeInternal: a
// stored secret that is none.
func SignStandard(t Try, r *Request) error {
	list, err := signatures(&t.Endpoint, string(t.Delivery.ID), t.At, r.Body)
	if err != nil {
		return err
	}
	r.Header.Set(HeaderID, string(t.Delivery.ID))
	r.Header.Set(HeaderTimestamp, strconv.FormatInt(t.At.Unix(), 10))
	r.Header.Set(HeaderSignature, list)
	return nil
}

// SecretsAt takes away the former secret when its overlap is over at a moment of the clock that is kept.
func SecretsAt(e checkout.Endpoint, now time.Time) checkout.Endpoint {
	if !now.Before(e.FormerUntil) {
		e.Former = ""
	}
	return e
}

func signatures(e *checkout.Endpoint, id string, at time.Time, body []byte) (string, error) {
	secrets := []checkout.Secret{e.Secret}
	if e.Former != "" {
		secrets = append(secrets, e.Former)
	}
	var list []string
	for _, s := range secrets {
		key, err := SecretBytes(s)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " "), nil
}

// SecretBytes is the key behind an endpoint's secret: 24 to 64 bytes. The error is CodeInternal and does not
// hold the secret.
func SecretBytes(s checkout.Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 || !strings.HasPrefix(s.Reveal(), secretPrefix) {
		return nil, checkout.Errorf(checkout.CodeInternal, "the endpoint's secret is not whsec_ and base64 of 24 to 64 bytes")
	}
	return key, nil
}
