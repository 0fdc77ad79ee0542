package sqlite

import (
	"context"
	"sync/atomic"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// tx is one caller's part of a batch. It is a new value for every caller, and dead for ever once
// that caller's function has returned, so that one that escaped cannot write into a stranger's part.
type tx struct {
	c     *conn
	dead  atomic.Bool
	setup bool // it wrote merchants, keys, channels or endpoints
}

var _ store.Tx = (*tx)(nil)

// over tells why nothing may run any more. After an error that ended the batch, SQLite may have left
// the transaction: a statement that a function tries all the same would be committed on its own.
func (t *tx) over() error {
	if t.dead.Load() {
		return errDead
	}
	if t.c.failed != nil {
		return unavailable(t.c.failed)
	}
	return nil
}

// in runs fn unless the transaction is over.
func in[T any](t *tx, fn func(c *conn) (T, error)) (T, error) {
	if err := t.over(); err != nil {
		var zero T
		return zero, err
	}
	return fn(t.c)
}

func (t *tx) do(fn func(c *conn) error) error {
	if err := t.over(); err != nil {
		return err
	}
	return fn(t.c)
}

// setUp is do for what Generation counts.
func (t *tx) setUp(fn func(c *conn) error) error {
	t.setup = true
	return t.do(fn)
}

func (t *tx) InsertMerchant(m checkout.Merchant) error {
	return t.setUp(func(c *conn) error { return c.insertMerchant(&m) })
}

func (t *tx) UpdateMerchant(m checkout.Merchant) error {
	return t.setUp(func(c *conn) error { return c.updateMerchant(&m) })
}

func (t *tx) InsertKey(k checkout.Key) error {
	return t.setUp(func(c *conn) error { return c.insertKey(&k) })
}

func (t *tx) RevokeKey(id checkout.ID, at time.Time) error {
	return t.setUp(func(c *conn) error { return c.revokeKey(id, at) })
}

func (t *tx) InsertChannel(ch checkout.Channel) error {
	return t.setUp(func(c *conn) error { return c.insertChannel(&ch) })
}

func (t *tx) UpdateChannel(ch checkout.Channel) error {
	return t.setUp(func(c *conn) error { return c.updateChannel(&ch) })
}

func (t *tx) InsertSession(s checkout.Session) error {
	return t.do(func(c *conn) error { return c.insertSession(&s) })
}

func (t *tx) UpdateSession(s checkout.Session) error {
	return t.do(func(c *conn) error { return c.updateSession(&s) })
}

func (t *tx) InsertAttempt(a checkout.Attempt) error {
	return t.do(func(c *conn) error { return c.insertAttempt(&a) })
}

func (t *tx) UpdateAttempt(a checkout.Attempt) error {
	return t.do(func(c *conn) error { return c.updateAttempt(&a) })
}

func (t *tx) InsertRefund(f checkout.Refund) error {
	return t.do(func(c *conn) error { return c.insertRefund(&f) })
}

func (t *tx) UpdateRefund(f checkout.Refund) error {
	return t.do(func(c *conn) error { return c.updateRefund(&f) })
}

func (t *tx) InsertEvent(e checkout.Event) error {
	return t.do(func(c *conn) error { return c.insertEvent(&e) })
}

func (t *tx) InsertMessage(m store.Message) error {
	return t.do(func(c *conn) error { return c.insertMessage(&m) })
}

func (t *tx) ClaimAttempts(now time.Time, lease time.Duration, limit int) ([]checkout.Attempt, error) {
	return in(t, func(c *conn) ([]checkout.Attempt, error) { return c.claimAttempts(now, lease, limit) })
}

func (t *tx) ClaimRefunds(now time.Time, lease time.Duration, limit int) ([]checkout.Refund, error) {
	return in(t, func(c *conn) ([]checkout.Refund, error) { return c.claimRefunds(now, lease, limit) })
}

func (t *tx) ClaimExpired(now time.Time, lease time.Duration, limit int) ([]checkout.Session, error) {
	return in(t, func(c *conn) ([]checkout.Session, error) { return c.claimExpired(now, lease, limit) })
}

func (t *tx) PutAnswer(a store.Answer) error {
	return t.do(func(c *conn) error { return c.putAnswer(&a) })
}

func (t *tx) DropAnswers(before time.Time) (int, error) {
	return in(t, func(c *conn) (int, error) { return c.dropAnswers(before) })
}

func (t *tx) Merchant(_ context.Context, id checkout.ID) (checkout.Merchant, error) {
	return in(t, func(c *conn) (checkout.Merchant, error) { return c.merchant(id) })
}

func (t *tx) Merchants(context.Context) ([]checkout.Merchant, error) {
	return in(t, (*conn).merchants)
}

func (t *tx) KeyByHash(_ context.Context, hash [32]byte) (checkout.Key, error) {
	return in(t, func(c *conn) (checkout.Key, error) { return c.keyByHash(hash) })
}

func (t *tx) Channel(_ context.Context, id checkout.ID) (checkout.Channel, error) {
	return in(t, func(c *conn) (checkout.Channel, error) { return c.channel(id) })
}

func (t *tx) Channels(_ context.Context, merchant checkout.ID) ([]checkout.Channel, error) {
	return in(t, func(c *conn) ([]checkout.Channel, error) { return c.channels(merchant) })
}

func (t *tx) Session(_ context.Context, id checkout.ID) (checkout.Session, error) {
	return in(t, func(c *conn) (checkout.Session, error) { return c.session(id) })
}

func (t *tx) Head(_ context.Context, id checkout.ID) (store.Head, error) {
	return in(t, func(c *conn) (store.Head, error) { return c.head(id) })
}

func (t *tx) Sessions(_ context.Context, q store.SessionQuery) ([]checkout.Session, error) {
	return in(t, func(c *conn) ([]checkout.Session, error) { return c.sessions(q) })
}

func (t *tx) Attempt(_ context.Context, id checkout.ID) (checkout.Attempt, error) {
	return in(t, func(c *conn) (checkout.Attempt, error) { return c.attempt(id) })
}

func (t *tx) AttemptByToken(_ context.Context, token string) (checkout.Attempt, error) {
	return in(t, func(c *conn) (checkout.Attempt, error) { return c.attemptByToken(token) })
}

func (t *tx) AttemptByPSPRef(_ context.Context, channel checkout.ID, ref string) (checkout.Attempt, error) {
	return in(t, func(c *conn) (checkout.Attempt, error) { return c.attemptByPSPRef(channel, ref) })
}

func (t *tx) Attempts(_ context.Context, session checkout.ID) ([]checkout.Attempt, error) {
	return in(t, func(c *conn) ([]checkout.Attempt, error) { return c.attempts(session) })
}

func (t *tx) Refund(_ context.Context, id checkout.ID) (checkout.Refund, error) {
	return in(t, func(c *conn) (checkout.Refund, error) { return c.refund(id) })
}

func (t *tx) Refunds(_ context.Context, session checkout.ID) ([]checkout.Refund, error) {
	return in(t, func(c *conn) ([]checkout.Refund, error) { return c.refunds(session) })
}

func (t *tx) Events(_ context.Context, session checkout.ID) ([]checkout.Event, error) {
	return in(t, func(c *conn) ([]checkout.Event, error) { return c.events(session) })
}

func (t *tx) Answer(_ context.Context, key store.AnswerKey) (store.Answer, error) {
	return in(t, func(c *conn) (store.Answer, error) { return c.answer(key) })
}

func (t *tx) InsertEndpoint(e checkout.Endpoint) error {
	return t.setUp(func(c *conn) error { return c.insertEndpoint(&e) })
}

func (t *tx) UpdateEndpoint(e checkout.Endpoint) error {
	return t.setUp(func(c *conn) error { return c.updateEndpoint(&e) })
}

func (t *tx) InsertDelivery(d checkout.Delivery) error {
	return t.do(func(c *conn) error { return c.insertDelivery(&d) })
}

func (t *tx) ClaimDeliveries(now time.Time, lease time.Duration, limit, perEndpoint int) ([]checkout.Delivery, error) {
	return in(t, func(c *conn) ([]checkout.Delivery, error) { return c.claimDeliveries(now, lease, limit, perEndpoint) })
}

func (t *tx) UpdateDelivery(d checkout.Delivery) error {
	return t.do(func(c *conn) error { return c.updateDelivery(&d) })
}

func (t *tx) InsertTry(y checkout.Try) error {
	return t.do(func(c *conn) error { return c.insertTry(&y) })
}

func (t *tx) Endpoint(_ context.Context, id checkout.ID) (checkout.Endpoint, error) {
	return in(t, func(c *conn) (checkout.Endpoint, error) { return c.endpoint(id) })
}

func (t *tx) Endpoints(_ context.Context, merchant checkout.ID) ([]checkout.Endpoint, error) {
	return in(t, func(c *conn) ([]checkout.Endpoint, error) { return c.endpoints(merchant) })
}

func (t *tx) Event(_ context.Context, id checkout.ID) (checkout.Event, error) {
	return in(t, func(c *conn) (checkout.Event, error) { return c.event(id) })
}

func (t *tx) Delivery(_ context.Context, id checkout.ID) (checkout.Delivery, error) {
	return in(t, func(c *conn) (checkout.Delivery, error) { return c.delivery(id) })
}

func (t *tx) Deliveries(_ context.Context, q store.DeliveryQuery) ([]checkout.Delivery, error) {
	return in(t, func(c *conn) ([]checkout.Delivery, error) { return c.deliveries(q) })
}

func (t *tx) Tries(_ context.Context, delivery checkout.ID) ([]checkout.Try, error) {
	return in(t, func(c *conn) ([]checkout.Try, error) { return c.tries(delivery) })
}
