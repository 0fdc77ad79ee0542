package dialect

import (
	"crypto/sha256"
	"net/http"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// IdempotencyHeader is the header that makes a call repeatable, in every dialect.
const IdempotencyHeader = "Idempotency-Key"

// ReplayedHeader says, with "true", that an answer is a former call's.
const ReplayedHeader = "Idempotent-Replayed"

// IdempotencyKey reads the header: 1 to 255 visible ASCII characters, "" when it is not there. It is
// stored, so it must not hold a card number. The error is CodeInvalid and names the header.
func IdempotencyKey(h http.Header) (string, error) {
	v := h[IdempotencyHeader]
	if len(v) == 0 {
		return "", nil
	}
	if len(v) > 1 {
		return "", checkout.Invalid(IdempotencyHeader, "must be sent once")
	}
	key := v[0]
	if len(key) < 1 || len(key) > 255 {
		return "", checkout.Invalid(IdempotencyHeader, "must have from 1 to 255 characters")
	}
	for i := range len(key) {
		if key[i] < 0x21 || key[i] > 0x7e {
			return "", checkout.Invalid(IdempotencyHeader, "must be visible ASCII characters without spaces")
		}
	}
	if checkout.HasCardNumber(key) {
		return "", checkout.Invalid(IdempotencyHeader, "must not contain a card number")
	}
	return key, nil
}

// Idempotent makes what the engine wants to know of a repeatable call; nil when there is no key.
func Idempotent(call, key string, body []byte) *engine.Idempotency {
	if key == "" {
		return nil
	}
	return &engine.Idempotency{Call: call, Key: key, BodyHash: sha256.Sum256(body)}
}
