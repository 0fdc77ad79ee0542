package kaipay

import (
	"net/http"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// expire is POST /v1/client-session/{id}/expire (ours): the session can no longer be paid. Doing it
// twice is doing it once, with or without an Idempotency-Key: the answer is the session as it is.
func (k *api) expire(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	if _, err := dialect.IdempotencyKey(r.Header); err != nil {
		return err
	}
	doc, err := readBody(r, true)
	if err != nil {
		return err
	}
	doc.Root().Object()
	err = doc.Err()
	doc.Release()
	if err != nil {
		return err
	}
	s, err := k.session(r, key)
	if err != nil {
		return err
	}
	if s, err = k.Engine.Expire(r.Context(), key.Merchant, string(s.ID)); err != nil {
		return err
	}
	write(w, r, http.StatusOK, k.render(&s, spellingOf(&s)))
	return nil
}
