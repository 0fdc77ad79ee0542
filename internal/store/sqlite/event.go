package sqlite

import (
	"kassa/internal/checkout"
	"kassa/internal/store"
)

const eventColumns = `session, id, merchant, attempt, refund, kind, version, state, detail, at`

func scanEvent(r *row, e *checkout.Event) {
	e.Session, e.ID, e.Merchant, e.Attempt, e.Refund = r.id(), r.id(), r.id(), r.id(), r.id()
	e.Kind, e.Version, e.State = checkout.EventKind(r.text()), r.int(), checkout.SessionState(r.text())
	e.Detail, e.At = r.text(), r.time()
}

func (c *conn) event(id checkout.ID) (checkout.Event, error) {
	return one(c, "event", scanEvent, `SELECT `+eventColumns+` FROM events WHERE id = ?`, string(id))
}

func (c *conn) events(session checkout.ID) ([]checkout.Event, error) {
	return all(c, scanEvent, `SELECT `+eventColumns+` FROM events WHERE session = ? ORDER BY seq`, string(session))
}

func (c *conn) insertEvent(e *checkout.Event) error {
	return c.insert(`INSERT INTO events (session, seq, id, merchant, attempt, refund, kind, version, state, detail, at)
 VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE session = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
		string(e.Session), string(e.ID), string(e.Merchant), opt(e.Attempt), opt(e.Refund), string(e.Kind), e.Version, string(e.State), e.Detail, micros(e.At))
}

func (c *conn) insertMessage(m *store.Message) error {
	return c.insert(`INSERT INTO messages (id, channel, attempt, source, verified, method, path, query, header, body, at)
 VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
		string(m.ID), string(m.Channel), opt(m.Attempt), m.Source, bit(m.Verified), m.Method, m.Path, m.Query, m.Header, bytesOpt(m.Body), micros(m.At))
}
