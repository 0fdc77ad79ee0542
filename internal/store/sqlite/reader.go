package sqlite

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Merchant reads one merchant.
func (s *Store) Merchant(ctx context.Context, id checkout.ID) (checkout.Merchant, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Merchant, error) { return c.merchant(id) })
}

// Merchants lists every merchant, oldest first.
func (s *Store) Merchants(ctx context.Context) ([]checkout.Merchant, error) {
	return read(ctx, s.pool, (*conn).merchants)
}

// KeyByHash finds a key, revoked or not, by the SHA-256 of its secret.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (checkout.Key, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Key, error) { return c.keyByHash(hash) })
}

// Channel reads one channel with its settings opened.
func (s *Store) Channel(ctx context.Context, id checkout.ID) (checkout.Channel, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Channel, error) { return c.channel(id) })
}

// Channels lists a merchant's channels by priority, then by age.
func (s *Store) Channels(ctx context.Context, merchant checkout.ID) ([]checkout.Channel, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Channel, error) { return c.channels(merchant) })
}

// Session reads one session.
func (s *Store) Session(ctx context.Context, id checkout.ID) (checkout.Session, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Session, error) { return c.session(id) })
}

// Head reads the little of a session that tells whether a rendered page is still true.
func (s *Store) Head(ctx context.Context, id checkout.ID) (store.Head, error) {
	return read(ctx, s.pool, func(c *conn) (store.Head, error) { return c.head(id) })
}

// Sessions lists a merchant's sessions, newest first.
func (s *Store) Sessions(ctx context.Context, q store.SessionQuery) ([]checkout.Session, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Session, error) { return c.sessions(q) })
}

// Attempt reads one attempt.
func (s *Store) Attempt(ctx context.Context, id checkout.ID) (checkout.Attempt, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Attempt, error) { return c.attempt(id) })
}

// AttemptByToken finds an attempt by the unguessable part of its URLs.
func (s *Store) AttemptByToken(ctx context.Context, token string) (checkout.Attempt, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Attempt, error) { return c.attemptByToken(token) })
}

// AttemptByPSPRef finds an attempt by the provider's reference within one channel.
func (s *Store) AttemptByPSPRef(ctx context.Context, channel checkout.ID, ref string) (checkout.Attempt, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Attempt, error) { return c.attemptByPSPRef(channel, ref) })
}

// Attempts lists a session's attempts, oldest first.
func (s *Store) Attempts(ctx context.Context, session checkout.ID) ([]checkout.Attempt, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Attempt, error) { return c.attempts(session) })
}

// Refund reads one refund.
func (s *Store) Refund(ctx context.Context, id checkout.ID) (checkout.Refund, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Refund, error) { return c.refund(id) })
}

// Refunds lists a session's refunds, oldest first.
func (s *Store) Refunds(ctx context.Context, session checkout.ID) ([]checkout.Refund, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Refund, error) { return c.refunds(session) })
}

// Events lists a session's events in the order in which they were written.
func (s *Store) Events(ctx context.Context, session checkout.ID) ([]checkout.Event, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Event, error) { return c.events(session) })
}

// Answer finds what was stored under an idempotency key.
func (s *Store) Answer(ctx context.Context, key store.AnswerKey) (store.Answer, error) {
	return read(ctx, s.pool, func(c *conn) (store.Answer, error) { return c.answer(key) })
}

// Endpoint reads one endpoint with its secrets opened.
func (s *Store) Endpoint(ctx context.Context, id checkout.ID) (checkout.Endpoint, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Endpoint, error) { return c.endpoint(id) })
}

// Endpoints lists a merchant's endpoints, oldest first, disabled ones too.
func (s *Store) Endpoints(ctx context.Context, merchant checkout.ID) ([]checkout.Endpoint, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Endpoint, error) { return c.endpoints(merchant) })
}

// Event reads one event.
func (s *Store) Event(ctx context.Context, id checkout.ID) (checkout.Event, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Event, error) { return c.event(id) })
}

// Delivery reads one delivery.
func (s *Store) Delivery(ctx context.Context, id checkout.ID) (checkout.Delivery, error) {
	return read(ctx, s.pool, func(c *conn) (checkout.Delivery, error) { return c.delivery(id) })
}

// Deliveries lists a merchant's deliveries, newest first.
func (s *Store) Deliveries(ctx context.Context, q store.DeliveryQuery) ([]checkout.Delivery, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Delivery, error) { return c.deliveries(q) })
}

// Tries lists what was tried of a delivery, oldest first.
func (s *Store) Tries(ctx context.Context, delivery checkout.ID) ([]checkout.Try, error) {
	return read(ctx, s.pool, func(c *conn) ([]checkout.Try, error) { return c.tries(delivery) })
}
