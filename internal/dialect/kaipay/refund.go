package kaipay

import (
	"net/http"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
)

// maxRefund bounds what is read; what is left of the session bounds it further. It is more than
// maxAmount because sessions of other dialects are refunded here, too.
const maxRefund = 1_000_000_000_000_000

// refund is POST /v1/client-session/{id}/refund (ours). Body: {"amount": minor units, "reason": text}, both
// optional; without an amount all that is left goes back. It answers 201 with the session and, as its
// member "refund", the refund as it stands when the provider was asked once.
func (k *api) refund(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	idem, err := dialect.IdempotencyKey(r.Header)
	if err != nil {
		return err
	}
	doc, err := readBody(r, true)
	if err != nil {
		return err
	}
	defer doc.Release()
	body := doc.Root().Object("amount", "reason")
	in := engine.Refund{Merchant: key.Merchant, Amount: body.Get("amount").Int(1, maxRefund), Reason: body.Get("reason").Text(maxDescription)}
	if err := doc.Err(); err != nil {
		return err
	}
	s, err := k.session(r, key)
	if err != nil {
		return err
	}
	in.Session = string(s.ID)
	in.Idempotency = dialect.Idempotent("kaipay POST "+sessions+"/"+in.Session+"/refund", idem, doc.Bytes())
	in.Render = func(s checkout.Session, rf checkout.Refund) (int, []byte, error) {
		b := dialect.Writer{B: make([]byte, 0, 2048)}
		b.Open('{')
		k.writeSession(&b, &s, spellingOf(&s))
		b.Key("refund")
		writeRefund(&b, &rf)
		b.Close('}')
		return http.StatusCreated, b.B, nil
	}
	answer, err := k.Engine.Refund(r.Context(), in)
	if err != nil {
		return err
	}
	reply(w, r, answer)
	return nil
}

// refunds is GET /v1/client-session/{id}/refund (ours): all refunds of a session, oldest first.
func (k *api) refunds(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	s, err := k.session(r, key)
	if err != nil {
		return err
	}
	list, err := k.Engine.Refunds(r.Context(), s.ID)
	if err != nil {
		return err
	}
	b := dialect.Writer{B: make([]byte, 0, 64+256*len(list))}
	b.Open('{')
	b.Key("data")
	b.Open('[')
	for i := range list {
		writeRefund(&b, &list[i])
	}
	b.Close(']')
	b.Close('}')
	write(w, r, http.StatusOK, b.B)
	return nil
}

func writeRefund(w *dialect.Writer, r *checkout.Refund) {
	w.Open('{')
	w.KeyStr("id", string(r.ID))
	w.KeyStr("client_session", string(r.Session))
	w.KeyStr("status", refundStatus(r.State))
	w.KeyInt("amount", r.Amount.Minor)
	w.KeyStr("currency", string(r.Amount.Currency))
	w.KeyStr("reason", r.Reason)
	w.KeyTime("created_at", r.CreatedAt)
	w.KeyTime("updated_at", r.UpdatedAt)
	w.Close('}')
}
