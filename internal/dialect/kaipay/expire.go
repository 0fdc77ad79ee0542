package kaipay

import (
	"net/http"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// expire is POST /v1/client-session/{id}/expire (ours): the session can no longer be paid. Doing it
// twice is doing it once; with an Idempotency-Key the answer is the first one's, byte for byte.
func (k *api) expire(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	idem, err := dialect.IdempotencyKey(r.Header)
	if err != nil {
		return err
	}
	doc, err := readBody(r, true)
	if err != nil {
		return err
	}
	doc.Root().Object()
	defer doc.Release()
	if err := doc.Err(); err != nil {
		return err
	}
	s, err := k.session(r, key)
	if err != nil {
		return err
	}
	call := dialect.Idempotent("kaipay POST "+sessions+"/"+string(s.ID)+"/expire", idem, doc.Bytes())
	answer, err := k.Engine.Repeat(r.Context(), key.Merchant, call, func() (int, []byte, error) {
		s, err := k.Engine.Expire(r.Context(), key.Merchant, string(s.ID))
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, k.render(&s, spellingOf(&s)), nil
	})
	if err != nil {
		return err
	}
	reply(w, r, answer)
	return nil
}
