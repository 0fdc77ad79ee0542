package sqlite

import (
	"time"

	"kassa/internal/checkout"
)

const refundColumns = `id, session, attempt, merchant, version, state, amount, currency, excess, reason, psp_ref, psp_data, code,
 poll_at, polls, created_at, updated_at, done_at`

func scanRefund(r *row, f *checkout.Refund) {
	f.ID, f.Session, f.Attempt, f.Merchant = r.id(), r.id(), r.id(), r.id()
	f.Version, f.State = r.int(), checkout.RefundState(r.text())
	f.Amount = checkout.Money{Minor: r.int(), Currency: checkout.Currency(r.text())}
	f.Excess, f.Reason, f.PSPRef, f.PSPData, f.Code = r.flag(), r.text(), r.text(), r.blob(), r.text()
	f.PollAt, f.Polls = r.time(), int(r.int())
	f.CreatedAt, f.UpdatedAt, f.DoneAt = r.time(), r.time(), r.time()
}

func (c *conn) refund(id checkout.ID) (checkout.Refund, error) {
	return one(c, "refund", scanRefund, `SELECT `+refundColumns+` FROM refunds WHERE id = ?`, string(id))
}

func (c *conn) refunds(session checkout.ID) ([]checkout.Refund, error) {
	return all(c, scanRefund, `SELECT `+refundColumns+` FROM refunds WHERE session = ? ORDER BY created_at, num`, string(session))
}

func (c *conn) insertRefund(f *checkout.Refund) error {
	return c.insert(`INSERT INTO refunds (`+refundColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		string(f.ID), string(f.Session), string(f.Attempt), string(f.Merchant), f.Version, string(f.State),
		f.Amount.Minor, string(f.Amount.Currency), bit(f.Excess), f.Reason, opt(f.PSPRef), bytesOpt(f.PSPData), f.Code,
		micros(f.PollAt), int64(f.Polls), micros(f.CreatedAt), micros(f.UpdatedAt), micros(f.DoneAt))
}

// updateRefund changes everything but what a refund keeps for life: its ids, session, attempt,
// merchant and the moment of creation.
func (c *conn) updateRefund(f *checkout.Refund) error {
	return c.swap("refund", `SELECT 1 FROM refunds WHERE id = ?`,
		`UPDATE refunds SET version = ?, state = ?, amount = ?, currency = ?, excess = ?, reason = ?, psp_ref = ?, psp_data = ?, code = ?,
 poll_at = ?, polls = ?, updated_at = ?, done_at = ? WHERE id = ? AND version = ?`,
		f.Version, string(f.State), f.Amount.Minor, string(f.Amount.Currency), bit(f.Excess), f.Reason, opt(f.PSPRef),
		bytesOpt(f.PSPData), f.Code, micros(f.PollAt), int64(f.Polls), micros(f.UpdatedAt), micros(f.DoneAt), string(f.ID), f.Version-1)
}

// claimRefunds gives the refunds as they are stored afterwards: with the poll moved to the end of the lease.
func (c *conn) claimRefunds(now time.Time, lease time.Duration, limit int) ([]checkout.Refund, error) {
	out, err := all(c, scanRefund, `SELECT `+refundColumns+` FROM refunds WHERE poll_at <= ? ORDER BY poll_at LIMIT ?`,
		now.UnixMicro(), int64(limit))
	if err != nil {
		return nil, err
	}
	until := now.Add(lease)
	for i := range out {
		out[i].PollAt = time.UnixMicro(until.UnixMicro()).UTC()
		if _, err := c.exec(`UPDATE refunds SET poll_at = ? WHERE id = ?`, micros(until), string(out[i].ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
