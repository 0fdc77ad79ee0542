package sqlite

import (
	"time"

	"kassa/internal/checkout"
)

const attemptColumns = `id, session, merchant, channel, psp, method, version, form_version, state, superseded, excess, review,
 amount, currency, token, psp_ref, psp_data, decline, code, fee, phone, doc, why, poll_at, polls, created_at, updated_at, done_at`

func scanAttempt(r *row, a *checkout.Attempt) {
	a.ID, a.Session, a.Merchant, a.Channel = r.id(), r.id(), r.id(), r.id()
	a.PSP, a.Method, a.Version, a.FormVersion = r.text(), checkout.Method(r.text()), r.int(), r.int()
	a.State, a.Superseded, a.Excess, a.Review = checkout.AttemptState(r.text()), r.flag(), r.flag(), checkout.Review(r.text())
	a.Amount = checkout.Money{Minor: r.int(), Currency: checkout.Currency(r.text())}
	a.Token, a.PSPRef, a.PSPData = r.text(), r.text(), r.blob()
	a.Decline, a.Code, a.Fee, a.Phone = checkout.Decline(r.text()), r.text(), r.int(), r.text()
	r.doc(&a.Action)
	a.Why = r.blob()
	a.PollAt, a.Polls = r.time(), int(r.int())
	a.CreatedAt, a.UpdatedAt, a.DoneAt = r.time(), r.time(), r.time()
}

func (c *conn) attempt(id checkout.ID) (checkout.Attempt, error) {
	return one(c, "attempt", scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE id = ?`, string(id))
}

func (c *conn) attemptByToken(token string) (checkout.Attempt, error) {
	return one(c, "attempt", scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE token = ?`, token)
}

func (c *conn) attemptByPSPRef(channel checkout.ID, ref string) (checkout.Attempt, error) {
	return one(c, "attempt", scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE channel = ? AND psp_ref = ?`, string(channel), ref)
}

func (c *conn) attempts(session checkout.ID) ([]checkout.Attempt, error) {
	return all(c, scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE session = ? ORDER BY created_at, num`, string(session))
}

// actionDoc writes the next action with its time in UTC and microseconds, as every other time.
func actionDoc(a checkout.NextAction) (string, error) {
	if !a.ExpiresAt.IsZero() {
		a.ExpiresAt = time.UnixMicro(a.ExpiresAt.UnixMicro()).UTC()
	}
	return doc(a)
}

func (c *conn) insertAttempt(a *checkout.Attempt) error {
	d, err := actionDoc(a.Action)
	if err != nil {
		return err
	}
	return c.insert(`INSERT INTO attempts (`+attemptColumns+`)
 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		string(a.ID), string(a.Session), string(a.Merchant), string(a.Channel), a.PSP, string(a.Method), a.Version, a.FormVersion,
		string(a.State), bit(a.Superseded), bit(a.Excess), string(a.Review), a.Amount.Minor, string(a.Amount.Currency),
		a.Token, opt(a.PSPRef), bytesOpt(a.PSPData), string(a.Decline), a.Code, a.Fee, a.Phone, d, bytesOpt(a.Why),
		micros(a.PollAt), int64(a.Polls), micros(a.CreatedAt), micros(a.UpdatedAt), micros(a.DoneAt))
}

// updateAttempt changes everything but what an attempt keeps for life: its ids, session, merchant,
// channel and provider, method, form version, token and the moment of creation.
func (c *conn) updateAttempt(a *checkout.Attempt) error {
	d, err := actionDoc(a.Action)
	if err != nil {
		return err
	}
	return c.swap("attempt", `SELECT 1 FROM attempts WHERE id = ?`,
		`UPDATE attempts SET version = ?, state = ?, superseded = ?, excess = ?, review = ?, amount = ?, currency = ?, psp_ref = ?, psp_data = ?,
 decline = ?, code = ?, fee = ?, phone = ?, doc = ?, why = ?, poll_at = ?, polls = ?, updated_at = ?, done_at = ?
 WHERE id = ? AND version = ?`,
		a.Version, string(a.State), bit(a.Superseded), bit(a.Excess), string(a.Review), a.Amount.Minor, string(a.Amount.Currency),
		opt(a.PSPRef), bytesOpt(a.PSPData), string(a.Decline), a.Code, a.Fee, a.Phone, d, bytesOpt(a.Why),
		micros(a.PollAt), int64(a.Polls), micros(a.UpdatedAt), micros(a.DoneAt), string(a.ID), a.Version-1)
}

// claimAttempts gives the attempts as they are stored afterwards: with the poll moved to the end of the lease.
func (c *conn) claimAttempts(now time.Time, lease time.Duration, limit int) ([]checkout.Attempt, error) {
	out, err := all(c, scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE poll_at <= ? ORDER BY poll_at LIMIT ?`,
		now.UnixMicro(), int64(limit))
	if err != nil {
		return nil, err
	}
	until := now.Add(lease)
	for i := range out {
		out[i].PollAt = time.UnixMicro(until.UnixMicro()).UTC()
		if _, err := c.exec(`UPDATE attempts SET poll_at = ? WHERE id = ?`, micros(until), string(out[i].ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
