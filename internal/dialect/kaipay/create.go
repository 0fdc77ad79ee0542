package kaipay

import (
	"mime"
	"net/http"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// create is POST /v1/client-session (seed). It answers 201 with the whole session.
func (k *api) create(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	idem, err := dialect.IdempotencyKey(r.Header)
	if err != nil {
		return err
	}
	doc, err := readBody(r, false)
	if err != nil {
		return err
	}
	defer doc.Release()
	merchant, err := k.Engine.Merchant(r.Context(), key.Merchant)
	if err != nil {
		return err
	}
	s, sp := readSession(doc, rules{hosts: merchant.AllowedHosts, loopback: k.AllowLoopback})
	if err := doc.Err(); err != nil {
		return err
	}
	s.Merchant, s.Dialect, s.Test = key.Merchant, name, key.Test
	answer, err := k.Engine.CreateSession(r.Context(), s, dialect.Idempotent("kaipay POST "+sessions, idem, doc.Bytes()),
		func(s checkout.Session) (int, []byte, error) {
			// Only here, so that a repeated call gets its answer though its date has passed meanwhile.
			if err := checkExpiry(&s); err != nil {
				return 0, nil, err
			}
			return http.StatusCreated, k.render(&s, sp), nil
		})
	if err != nil {
		return err
	}
	reply(w, r, answer)
	return nil
}

// The merchant's own end of a session lies within these bounds from now.
const (
	minLife = time.Minute
	maxLife = 366 * 24 * time.Hour
)

func checkExpiry(s *checkout.Session) error {
	switch life := s.ExpiresAt.Sub(s.CreatedAt); {
	case life < minLife:
		return checkout.Invalid("expiration_date", "must be at least a minute from now")
	case life > maxLife:
		return checkout.Invalid("expiration_date", "must be at most a year from now")
	}
	return nil
}

// readBody reads a JSON body. Its type need not be named, but a form, which some clients send by
// default, gets a clear answer instead of a complaint about its first byte.
func readBody(r *http.Request, emptyOK bool) (*dialect.Doc, error) {
	if ct := r.Header.Get("Content-Type"); ct != "" && ct != "application/json" {
		switch t, _, _ := mime.ParseMediaType(ct); t {
		case "application/x-www-form-urlencoded", "multipart/form-data":
			return nil, errForm
		}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, errEncoded
	}
	return dialect.ReadJSON(r, emptyOK)
}
