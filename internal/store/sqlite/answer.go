package sqlite

import (
	"time"

	"kassa/internal/store"
)

func (c *conn) answer(k store.AnswerKey) (store.Answer, error) {
	a, err := one(c, "answer", func(r *row, a *store.Answer) {
		a.BodyHash, a.Done, a.Status, a.Body, a.Ref = r.hash(), r.flag(), int(r.int()), r.blob(), r.id()
		a.LeaseUntil, a.CreatedAt = r.time(), r.time()
	}, `SELECT body_hash, done, status, body, ref, lease_until, created_at FROM answers WHERE merchant = ? AND call = ? AND key = ?`,
		string(k.Merchant), k.Call, k.Key)
	if err == nil {
		a.AnswerKey = k
	}
	return a, err
}

func (c *conn) putAnswer(a *store.Answer) error {
	return c.insert(`INSERT INTO answers (merchant, call, key, body_hash, done, status, body, ref, lease_until, created_at)
 VALUES (?,?,?,?,?,?,?,?,?,?)
 ON CONFLICT (merchant, call, key) DO UPDATE SET body_hash = excluded.body_hash, done = excluded.done, status = excluded.status,
 body = excluded.body, ref = excluded.ref, lease_until = excluded.lease_until, created_at = excluded.created_at`,
		string(a.Merchant), a.Call, a.Key, a.BodyHash[:], bit(a.Done), int64(a.Status), bytesOpt(a.Body), opt(a.Ref),
		micros(a.LeaseUntil), micros(a.CreatedAt))
}

func (c *conn) dropAnswers(before time.Time) (int, error) {
	n, err := c.exec(`DELETE FROM answers WHERE created_at < ?`, before.UnixMicro())
	return int(n), err
}
