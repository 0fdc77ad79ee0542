package sqlite

import (
	"database/sql/driver"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// sessionDoc is the part of a session that is only read whole. Its field names, and those of the
// types in it, are stored: a test holds their list.
type sessionDoc struct {
	Order    checkout.Order
	Customer checkout.Customer
	URLs     checkout.URLs
	Methods  []checkout.Method
}

const sessionColumns = `id, merchant, dialect, locale, version, state, late, review, test, amount, currency, captured, refunded,
 active, paid_by, channel, doc, metadata, dialect_data, created_at, updated_at, expires_at, paid_at`

func scanSession(r *row, s *checkout.Session) {
	s.ID, s.Merchant, s.Dialect, s.Locale, s.Version = r.id(), r.id(), r.text(), r.text(), r.int()
	s.State, s.Late, s.Review, s.Test = checkout.SessionState(r.text()), r.flag(), checkout.Review(r.text()), r.flag()
	s.Amount = checkout.Money{Minor: r.int(), Currency: checkout.Currency(r.text())}
	s.Captured, s.Refunded = r.int(), r.int()
	s.Active, s.PaidBy, s.Channel = r.id(), r.id(), r.id()
	var d sessionDoc
	r.doc(&d)
	s.Order, s.Customer, s.URLs, s.Methods = d.Order, d.Customer, d.URLs, d.Methods
	s.Metadata, s.DialectData = r.blob(), r.blob()
	s.CreatedAt, s.UpdatedAt, s.ExpiresAt, s.PaidAt = r.time(), r.time(), r.time(), r.time()
}

func (c *conn) session(id checkout.ID) (checkout.Session, error) {
	return one(c, "session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE id = ?`, string(id))
}

func (c *conn) head(id checkout.ID) (store.Head, error) {
	return one(c, "session", func(r *row, h *store.Head) {
		h.Merchant, h.Locale, h.Version, h.State, h.ExpiresAt = r.id(), r.text(), r.int(), checkout.SessionState(r.text()), r.time()
	}, `SELECT merchant, locale, version, state, expires_at FROM sessions WHERE id = ?`, string(id))
}

// canExpire are the states in which the sweep ends a session whose time is over.
func canExpire(s checkout.SessionState) bool {
	return s == checkout.SessionOpen || s == checkout.SessionProcessing || s == checkout.SessionAuthorized
}

func sweepAt(s *checkout.Session) driver.Value {
	if !canExpire(s.State) {
		return nil
	}
	return micros(s.ExpiresAt)
}

func sessionDocOf(s *checkout.Session) (string, error) {
	return doc(sessionDoc{s.Order, s.Customer, s.URLs, s.Methods})
}

func searchable(email string) string { return strings.ToLower(email) }

func (c *conn) insertSession(s *checkout.Session) error {
	d, err := sessionDocOf(s)
	if err != nil {
		return err
	}
	if s.Version != 1 {
		return checkout.Errorf(checkout.CodeConflict, "a new session has version 1")
	}
	return c.insert(`INSERT INTO sessions (id, merchant, dialect, locale, version, state, late, review, test, amount, currency, captured, refunded,
 active, paid_by, channel, email, reference, doc, metadata, dialect_data, created_at, updated_at, expires_at, paid_at, sweep_at)
 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		string(s.ID), string(s.Merchant), s.Dialect, s.Locale, s.Version, string(s.State), bit(s.Late), string(s.Review), bit(s.Test),
		s.Amount.Minor, string(s.Amount.Currency), s.Captured, s.Refunded, opt(s.Active), opt(s.PaidBy), opt(s.Channel),
		searchable(s.Customer.Email), s.Order.Number, d, bytesOpt(s.Metadata), bytesOpt(s.DialectData),
		micros(s.CreatedAt), micros(s.UpdatedAt), micros(s.ExpiresAt), micros(s.PaidAt), sweepAt(s))
}

// The columns of an update that no index holds.
const sessionSet = `UPDATE sessions SET version = ?, state = ?, late = ?, review = ?, amount = ?, captured = ?, refunded = ?,
 active = ?, paid_by = ?, channel = ?, reference = ?, doc = ?, metadata = ?, dialect_data = ?, updated_at = ?, paid_at = ?`

// An update names an indexed column only when it must: SQLite rewrites the entry of every index that
// an UPDATE names a column of, changed or not. Most updates leave all of them alone (sessionMoves), or
// only end the session's expiry (sessionEnds).
const (
	sessionMoves = sessionSet + ` WHERE id = ? AND version = ? AND email = ? AND currency = ? AND expires_at IS ? AND sweep_at IS NOT NULL`
	sessionEnds  = sessionSet + `, sweep_at = NULL WHERE id = ? AND version = ? AND email = ? AND currency = ? AND expires_at IS ?`
	// A lease of the sweep outlives an update that does not move the expiry.
	sessionTurns = sessionSet + `, email = ?, currency = ?,
 sweep_at = CASE WHEN expires_at IS ?20 AND sweep_at IS NOT NULL AND ?19 IS NOT NULL THEN sweep_at ELSE ?19 END, expires_at = ?20
 WHERE id = ? AND version = ?`
	sessionExists = `SELECT 1 FROM sessions WHERE id = ?`
)

// updateSession changes everything but id, merchant, dialect, locale, test and the moment of creation, which
// a session keeps for life.
func (c *conn) updateSession(s *checkout.Session) error {
	d, err := sessionDocOf(s)
	if err != nil {
		return err
	}
	var buf [24]driver.Value
	set := append(buf[:0], s.Version, string(s.State), bit(s.Late), string(s.Review), s.Amount.Minor, s.Captured, s.Refunded,
		opt(s.Active), opt(s.PaidBy), opt(s.Channel), s.Order.Number, d, bytesOpt(s.Metadata), bytesOpt(s.DialectData),
		micros(s.UpdatedAt), micros(s.PaidAt))
	id, was, email, currency, expires := string(s.ID), s.Version-1, searchable(s.Customer.Email), string(s.Amount.Currency), micros(s.ExpiresAt)
	usual := sessionEnds
	if sweepAt(s) != nil {
		usual = sessionMoves
	}
	n, err := c.exec(usual, append(set, id, was, email, currency, expires)...)
	if err != nil || n == 1 {
		return err
	}
	return c.swap("session", sessionExists, sessionTurns, append(set, email, currency, sweepAt(s), expires, id, was)...)
}

// claimExpired hides what it takes until the lease is over.
func (c *conn) claimExpired(now time.Time, lease time.Duration, limit int) ([]checkout.Session, error) {
	out, err := all(c, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?`,
		now.UnixMicro(), int64(limit))
	if err != nil {
		return nil, err
	}
	for i := range out {
		if _, err := c.exec(`UPDATE sessions SET sweep_at = ? WHERE id = ?`, now.Add(lease).UnixMicro(), string(out[i].ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
