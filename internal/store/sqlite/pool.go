package sqlite

import (
	"context"
	"errors"
	"sync"
)

var errClosed = errors.New("sqlite: the store is closed")

// pool lends read-only connections, the one used last first: its cache is warm. Connections are
// opened when they are first needed.
type pool struct {
	off   func() error // why nothing may be read; nil: it may
	open  func() (*conn, error)
	slots chan struct{} // one element per connection that is lent

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func newPool(size int, off func() error, open func() (*conn, error)) *pool {
	return &pool{off: off, open: open, slots: make(chan struct{}, size)}
}

// take lends a connection; ctx bounds the waiting for one.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := p.off(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	default:
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, unavailable(ctx.Err())
		}
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.slots
		return nil, unavailable(errClosed)
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := p.open()
	if err != nil {
		<-p.slots
		return nil, translate(err)
	}
	return c, nil
}

// give takes a connection back.
func (p *pool) give(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.slots
}

// close waits for the reads under way and closes every connection.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	p.idle = nil
	for range cap(p.slots) {
		<-p.slots
	}
	return errors.Join(errs...)
}

// read runs one read on a connection of the pool. A read is short and bounded, so it is not
// interrupted when its caller leaves: an interrupt could reach the next caller's statement.
func read[T any](ctx context.Context, p *pool, fn func(c *conn) (T, error)) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, unavailable(err)
	}
	c, err := p.take(ctx)
	if err != nil {
		return zero, err
	}
	defer p.give(c)
	return fn(c)
}
