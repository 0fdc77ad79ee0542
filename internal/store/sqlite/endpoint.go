package sqlite

import (
	"database/sql/driver"
	"fmt"

	"kassa/internal/checkout"
	"kassa/internal/seal"
)

const endpointColumns = `id, merchant, version, dialect, url, secret, former, former_until, enabled, reason, created_at`

func endpointPlace(e *checkout.Endpoint, field string) seal.Place {
	return seal.Place{Merchant: string(e.Merchant), Channel: string(e.ID), Field: field}
}

func scanEndpoint(r *row, e *checkout.Endpoint) {
	e.ID, e.Merchant, e.Version, e.Dialect, e.URL = r.id(), r.id(), r.int(), r.text(), r.text()
	e.Secret, e.Former = r.secret(e, "secret"), r.secret(e, "former")
	e.FormerUntil, e.Enabled, e.Reason, e.CreatedAt = r.time(), r.flag(), r.text(), r.time()
}

// secret opens the next column, which was sealed for its place.
func (r *row) secret(e *checkout.Endpoint, field string) checkout.Secret {
	sealed := r.blob()
	if sealed == nil || r.err != nil {
		return ""
	}
	if r.c.seal == nil {
		r.err = errNoSeal
		return ""
	}
	open, err := r.c.seal.Open(sealed, endpointPlace(e, field))
	if err != nil {
		r.err = fmt.Errorf("%s of endpoint %s: %w", field, e.ID, err)
		return ""
	}
	return checkout.Secret(open)
}

// sealedSecrets gives both secrets as they are stored.
func (c *conn) sealedSecrets(e *checkout.Endpoint) (secret, former driver.Value, err error) {
	put := func(s checkout.Secret, field string) driver.Value {
		if s == "" {
			return nil
		}
		if c.seal == nil {
			err = internal(errNoSeal)
			return nil
		}
		return c.seal.Seal([]byte(s.Reveal()), endpointPlace(e, field))
	}
	return put(e.Secret, "secret"), put(e.Former, "former"), err
}

func (c *conn) endpoint(id checkout.ID) (checkout.Endpoint, error) {
	return one(c, "endpoint", scanEndpoint, `SELECT `+endpointColumns+` FROM endpoints WHERE id = ?`, string(id))
}

func (c *conn) endpoints(merchant checkout.ID) ([]checkout.Endpoint, error) {
	return all(c, scanEndpoint, `SELECT `+endpointColumns+` FROM endpoints WHERE merchant = ? ORDER BY created_at, rowid`, string(merchant))
}

func (c *conn) insertEndpoint(e *checkout.Endpoint) error {
	secret, former, err := c.sealedSecrets(e)
	if err != nil {
		return err
	}
	return c.insert(`INSERT INTO endpoints (`+endpointColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
		string(e.ID), string(e.Merchant), e.Version, e.Dialect, e.URL, secret, former, micros(e.FormerUntil), bit(e.Enabled), e.Reason, micros(e.CreatedAt))
}

// updateEndpoint changes everything but what an endpoint keeps for life: its id, merchant, dialect and
// the moment of creation.
func (c *conn) updateEndpoint(e *checkout.Endpoint) error {
	secret, former, err := c.sealedSecrets(e)
	if err != nil {
		return err
	}
	// The merchant is part of what the secrets are sealed for, so a wrong one must not pass.
	n, err := c.exec(`UPDATE endpoints SET version = ?, url = ?, secret = ?, former = ?, former_until = ?, enabled = ?, reason = ?
 WHERE id = ? AND version = ? AND merchant = ?`,
		e.Version, e.URL, secret, former, micros(e.FormerUntil), bit(e.Enabled), e.Reason, string(e.ID), e.Version-1, string(e.Merchant))
	if err != nil || n == 1 {
		return err
	}
	return c.lost("endpoint", `SELECT 1 FROM endpoints WHERE id = ?`, string(e.ID))
}
