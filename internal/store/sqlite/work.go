package sqlite

import (
	"context"
	"time"

	"kassa/internal/checkout"
)

// Work is what waits, and for whom: what an operator wants to know of a database besides its health.
type Work struct {
	Attempts   int64 // that should have been asked about before late
	Refunds    int64 // that are under way since before long
	Expiries   int64 // sessions that should have been ended before late
	Review     int64 // sessions that a person has to look at
	Deliveries int64 // that should have been sent before late
	Parked     int64 // deliveries that were given up
	Merchants  []MerchantWork
	Channels   []checkout.ID
}

// MerchantWork is what a merchant has to work with.
type MerchantWork struct {
	ID       checkout.ID
	Name     string
	Keys     int64 // that are not revoked
	Channels int64 // that are enabled
}

// Waiting reads what waits in a database of this version's schema, without changing it.
func Waiting(ctx context.Context, path string, late, long time.Time) (w Work, err error) {
	c, err := connectPatiently(readDSN(path), nil)
	if err != nil {
		return w, explain(path, err)
	}
	defer func() {
		if cerr := c.close(); err == nil && cerr != nil {
			err = explain(path, cerr)
		}
	}()
	for _, n := range []struct {
		into *int64
		text string
		at   []time.Time
	}{
		{&w.Attempts, `SELECT count(*) FROM attempts WHERE poll_at IS NOT NULL AND poll_at < ?`, []time.Time{late}},
		{&w.Refunds, `SELECT count(*) FROM refunds WHERE state IN ('pending', 'requires_action') AND created_at < ?`, []time.Time{long}},
		{&w.Expiries, `SELECT count(*) FROM sessions WHERE sweep_at IS NOT NULL AND sweep_at < ?`, []time.Time{late}},
		{&w.Review, `SELECT count(*) FROM sessions WHERE review <> ''`, nil},
		{&w.Deliveries, `SELECT count(*) FROM deliveries WHERE state = 'pending' AND next_at IS NOT NULL AND next_at < ?`, []time.Time{late}},
		{&w.Parked, `SELECT count(*) FROM deliveries WHERE state = 'parked'`, nil},
	} {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		number := func(r *row, v *int64) { *v = r.int() }
		if len(n.at) == 0 {
			*n.into, err = one(c, "number", number, n.text)
		} else {
			*n.into, err = one(c, "number", number, n.text, n.at[0].UnixMicro())
		}
		if err != nil {
			return w, explain(path, err)
		}
	}
	w.Merchants, err = all(c, func(r *row, m *MerchantWork) { m.ID, m.Name, m.Keys, m.Channels = r.id(), r.text(), r.int(), r.int() },
		`SELECT id, name, (SELECT count(*) FROM keys WHERE merchant = m.id AND revoked_at IS NULL),
 (SELECT count(*) FROM channels WHERE merchant = m.id AND enabled = 1) FROM merchants m ORDER BY created_at`)
	if err != nil {
		return w, explain(path, err)
	}
	w.Channels, err = all(c, func(r *row, id *checkout.ID) { *id = r.id() }, `SELECT id FROM channels WHERE enabled = 1 ORDER BY created_at`)
	if err != nil {
		return w, explain(path, err)
	}
	return w, nil
}

// FreeBytes is the room that is left on the disk of a database; ok is false where that cannot be told.
func FreeBytes(path string) (free int64, ok bool) { return freeBytes(path) }
