package sqlite

import (
	"time"

	"kassa/internal/checkout"
)

// merchantDoc is the part of a merchant that is only read whole.
type merchantDoc struct {
	LegalName    string
	Address      string
	Email        string
	Website      string
	Country      checkout.Country
	Locale       string
	AllowedHosts []string
	ReturnKey    int `json:",omitempty"`
}

const merchantColumns = `id, version, name, doc, created_at`

func scanMerchant(r *row, m *checkout.Merchant) {
	m.ID, m.Version, m.Name = r.id(), r.int(), r.text()
	var d merchantDoc
	r.doc(&d)
	m.LegalName, m.Address, m.Email, m.Website = d.LegalName, d.Address, d.Email, d.Website
	m.Country, m.Locale, m.AllowedHosts, m.ReturnKey = d.Country, d.Locale, d.AllowedHosts, d.ReturnKey
	m.CreatedAt = r.time()
}

func merchantDocOf(m *checkout.Merchant) (string, error) {
	return doc(merchantDoc{m.LegalName, m.Address, m.Email, m.Website, m.Country, m.Locale, m.AllowedHosts, m.ReturnKey})
}

func (c *conn) merchant(id checkout.ID) (checkout.Merchant, error) {
	return one(c, "merchant", scanMerchant, `SELECT `+merchantColumns+` FROM merchants WHERE id = ?`, string(id))
}

func (c *conn) merchants() ([]checkout.Merchant, error) {
	return all(c, scanMerchant, `SELECT `+merchantColumns+` FROM merchants ORDER BY created_at, id`)
}

func (c *conn) insertMerchant(m *checkout.Merchant) error {
	d, err := merchantDocOf(m)
	if err != nil {
		return err
	}
	return c.insert(`INSERT INTO merchants (`+merchantColumns+`) VALUES (?,?,?,?,?)`,
		string(m.ID), m.Version, m.Name, d, micros(m.CreatedAt))
}

// updateMerchant changes everything but the id and the moment of creation.
func (c *conn) updateMerchant(m *checkout.Merchant) error {
	d, err := merchantDocOf(m)
	if err != nil {
		return err
	}
	return c.swap("merchant", `SELECT 1 FROM merchants WHERE id = ?`,
		`UPDATE merchants SET version = ?, name = ?, doc = ? WHERE id = ? AND version = ?`,
		m.Version, m.Name, d, string(m.ID), m.Version-1)
}

// keyDoc is the part of a key that is only read whole.
type keyDoc struct{ Scopes []checkout.Scope }

func (c *conn) keyByHash(hash [32]byte) (checkout.Key, error) {
	return one(c, "key", func(r *row, k *checkout.Key) {
		k.ID, k.Merchant, k.Dialect, k.Hash, k.Hint, k.Test = r.id(), r.id(), r.text(), r.hash(), r.text(), r.flag()
		var d keyDoc
		r.doc(&d)
		k.Scopes = d.Scopes
		k.CreatedAt, k.RevokedAt = r.time(), r.time()
	}, `SELECT id, merchant, dialect, hash, hint, test, doc, created_at, revoked_at FROM keys WHERE hash = ?`, hash[:])
}

func (c *conn) insertKey(k *checkout.Key) error {
	d, err := doc(keyDoc{k.Scopes})
	if err != nil {
		return err
	}
	return c.insert(`INSERT INTO keys (id, merchant, dialect, hash, hint, test, doc, created_at, revoked_at) VALUES (?,?,?,?,?,?,?,?,?)`,
		string(k.ID), string(k.Merchant), k.Dialect, k.Hash[:], k.Hint, bit(k.Test), d, micros(k.CreatedAt), micros(k.RevokedAt))
}

func (c *conn) revokeKey(id checkout.ID, at time.Time) error {
	n, err := c.exec(`UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, micros(at), string(id))
	if err != nil || n == 1 {
		return err
	}
	_, err = one(c, "key", func(r *row, v *int64) { *v = r.int() }, `SELECT 1 FROM keys WHERE id = ?`, string(id))
	return err
}
