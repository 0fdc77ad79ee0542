package sqlite

import (
	"database/sql/driver"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// sessions lists newest first; of one microsecond, the one written last comes first. The index
// sessions_list finds the page in its order: merchant and times bound it, e-mail and currency are tested in it.
func (c *conn) sessions(q store.SessionQuery) ([]checkout.Session, error) {
	if q.Merchant == "" {
		return nil, checkout.Invalid("merchant", "is required")
	}
	if q.Limit < 1 || q.Limit > 101 {
		return nil, checkout.Invalid("limit", "must be 1 to 101")
	}
	var where strings.Builder
	args := []driver.Value{string(q.Merchant)}
	and := func(text string, v ...driver.Value) {
		where.WriteString(text)
		args = append(args, v...)
	}
	if q.After != "" {
		type place struct{ at, num int64 }
		p, err := one(c, "session", func(r *row, p *place) { p.at, p.num = r.int(), r.int() },
			`SELECT created_at, num FROM sessions WHERE id = ? AND merchant = ?`, string(q.After), string(q.Merchant))
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
	if q.Currency != "" {
		and(` AND currency = ?`, string(q.Currency))
	}
	if q.Test != nil {
		and(` AND test = ?`, bit(*q.Test))
	}
	if q.Email != "" {
		and(` AND email = ?`, searchable(q.Email))
	}
	if len(q.States) > 0 {
		and(` AND state IN (?` + strings.Repeat(`,?`, len(q.States)-1) + `)`)
		for _, s := range q.States {
			and(``, string(s))
		}
	}
	and(` ORDER BY created_at DESC, num DESC LIMIT ?`, int64(q.Limit))
	return all(c, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE merchant = ?`+where.String(), args...)
}
