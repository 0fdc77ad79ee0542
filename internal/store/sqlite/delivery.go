package sqlite

import (
	"database/sql/driver"
	"slices"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

const deliveryColumns = `id, endpoint, merchant, session, event, kind, version, state, body, content_type, tries, next_at, status, reason,
 created_at, done_at`

func scanDelivery(r *row, d *checkout.Delivery) {
	d.ID, d.Endpoint, d.Merchant, d.Session, d.Event = r.id(), r.id(), r.id(), r.id(), r.id()
	d.Kind, d.Version, d.State = checkout.EventKind(r.text()), r.int(), checkout.DeliveryState(r.text())
	d.Body, d.ContentType = r.blob(), r.text()
	d.Tries, d.NextAt, d.Status, d.Reason = int(r.int()), r.time(), int(r.int()), r.text()
	d.CreatedAt, d.DoneAt = r.time(), r.time()
}

func (c *conn) delivery(id checkout.ID) (checkout.Delivery, error) {
	return one(c, "delivery", scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE id = ?`, string(id))
}

// deliveries lists newest first; of one microsecond, the one written last comes first. The index
// deliveries_list finds the page in its order; those of a session are few, and found by its events.
func (c *conn) deliveries(q store.DeliveryQuery) ([]checkout.Delivery, error) {
	if q.Merchant == "" {
		return nil, checkout.Invalid("merchant", "is required")
	}
	if q.Limit < 1 || q.Limit > 1000 {
		return nil, checkout.Invalid("limit", "must be 1 to 1,000")
	}
	var where strings.Builder
	args := []driver.Value{string(q.Merchant)}
	and := func(text string, v ...driver.Value) {
		where.WriteString(text)
		args = append(args, v...)
	}
	merchant := `merchant = ?`
	if q.Session != "" {
		merchant = `+merchant = ?` // the plus keeps SQLite from reading the merchant's whole list
		and(` AND event IN (SELECT id FROM events WHERE session = ?)`, string(q.Session))
	}
	if q.Endpoint != "" {
		and(` AND endpoint = ?`, string(q.Endpoint))
	}
	if q.After != "" {
		type place struct{ at, num int64 }
		p, err := one(c, "delivery", func(r *row, p *place) { p.at, p.num = r.int(), r.int() },
			`SELECT created_at, num FROM deliveries WHERE id = ? AND merchant = ?`, string(q.After), string(q.Merchant))
		if err != nil {
			return nil, err
		}
		and(` AND created_at <= ? AND (created_at < ? OR num < ?)`, p.at, p.at, p.num)
	}
	if !q.From.IsZero() {
		and(` AND created_at >= ?`, q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		and(` AND created_at < ?`, q.To.UnixMicro())
	}
	if len(q.States) > 0 {
		and(` AND state IN (?` + strings.Repeat(`,?`, len(q.States)-1) + `)`)
		for _, s := range q.States {
			and(``, string(s))
		}
	}
	and(` ORDER BY created_at DESC, num DESC LIMIT ?`, int64(q.Limit))
	return all(c, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE `+merchant+where.String(), args...)
}

func (c *conn) insertDelivery(d *checkout.Delivery) error {
	return c.insert(`INSERT INTO deliveries (`+deliveryColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		string(d.ID), string(d.Endpoint), string(d.Merchant), string(d.Session), string(d.Event), string(d.Kind), d.Version, string(d.State),
		bytesOpt(d.Body), d.ContentType, int64(d.Tries), micros(d.NextAt), int64(d.Status), d.Reason, micros(d.CreatedAt), micros(d.DoneAt))
}

// updateDelivery changes everything but what a delivery keeps for life: its id, endpoint, merchant,
// session, event and kind, and the moment of creation.
func (c *conn) updateDelivery(d *checkout.Delivery) error {
	return c.swap("delivery", `SELECT 1 FROM deliveries WHERE id = ?`,
		`UPDATE deliveries SET version = ?, state = ?, body = ?, content_type = ?, tries = ?, next_at = ?, status = ?, reason = ?, done_at = ?
 WHERE id = ? AND version = ?`,
		d.Version, string(d.State), bytesOpt(d.Body), d.ContentType, int64(d.Tries), micros(d.NextAt), int64(d.Status), d.Reason, micros(d.DoneAt),
		string(d.ID), d.Version-1)
}

// dueEndpoints names the enabled endpoints that have a delivery due, those that wait longest first.
// It goes from one endpoint to the next in the index deliveries_due, so what it costs is the number of
// endpoints that wait for something, however long their queues are.
const dueEndpoints = `WITH RECURSIVE waiting (endpoint) AS (
 SELECT min(endpoint) FROM deliveries WHERE state = 'pending' AND next_at IS NOT NULL
 UNION ALL
 SELECT (SELECT min(endpoint) FROM deliveries WHERE state = 'pending' AND next_at IS NOT NULL AND endpoint > waiting.endpoint)
 FROM waiting WHERE waiting.endpoint IS NOT NULL
), due (endpoint, at) AS MATERIALIZED (
 SELECT endpoint, (SELECT min(next_at) FROM deliveries WHERE state = 'pending' AND next_at IS NOT NULL AND endpoint = waiting.endpoint)
 FROM waiting WHERE endpoint IS NOT NULL
)
SELECT endpoint FROM due WHERE at <= ? AND (SELECT enabled FROM endpoints WHERE id = due.endpoint) = 1 ORDER BY at LIMIT ?`

// claimDeliveries gives the deliveries as they are stored afterwards: with the next try moved to the
// end of the lease. Where limit cuts, it cuts the longest queues: every endpoint's first delivery has a
// place before any endpoint's second.
func (c *conn) claimDeliveries(now time.Time, lease time.Duration, limit, perEndpoint int) ([]checkout.Delivery, error) {
	endpoints, err := all(c, func(r *row, id *checkout.ID) { *id = r.id() }, dueEndpoints, now.UnixMicro(), int64(limit))
	if err != nil {
		return nil, err
	}
	type ranked struct {
		checkout.Delivery
		rank int
	}
	var found []ranked
	for _, e := range endpoints {
		queue, err := all(c, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries
 WHERE state = 'pending' AND next_at IS NOT NULL AND endpoint = ? AND next_at <= ? ORDER BY next_at, num LIMIT ?`,
			string(e), now.UnixMicro(), int64(min(limit, perEndpoint)))
		if err != nil {
			return nil, err
		}
		for i, d := range queue {
			found = append(found, ranked{d, i})
		}
	}
	if len(found) > limit {
		slices.SortStableFunc(found, func(a, b ranked) int { return a.rank - b.rank })
		found = found[:limit]
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return a.NextAt.Compare(b.NextAt) })
	until := now.Add(lease)
	var out []checkout.Delivery
	for _, f := range found {
		f.NextAt = time.UnixMicro(until.UnixMicro()).UTC()
		if _, err := c.exec(`UPDATE deliveries SET next_at = ? WHERE id = ?`, micros(until), string(f.ID)); err != nil {
			return nil, err
		}
		out = append(out, f.Delivery)
	}
	return out, nil
}

func (c *conn) tries(delivery checkout.ID) ([]checkout.Try, error) {
	return all(c, func(r *row, t *checkout.Try) {
		t.Delivery, t.Number, t.At = r.id(), int(r.int()), r.time()
		t.Duration, t.Status, t.Reason = time.Duration(r.int())*time.Microsecond, int(r.int()), r.text()
	}, `SELECT delivery, number, at, duration, status, reason FROM tries WHERE delivery = ? ORDER BY number`, string(delivery))
}

func (c *conn) insertTry(t *checkout.Try) error {
	return c.insert(`INSERT INTO tries (delivery, number, at, duration, status, reason) VALUES (?,?,?,?,?,?)`,
		string(t.Delivery), int64(t.Number), micros(t.At), t.Duration.Microseconds(), int64(t.Status), t.Reason)
}
