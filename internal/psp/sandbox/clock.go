package sandbox

import (
	"sync"
	"time"
)

// Clock is a virtual clock: real time, and an offset that only grows. The zero value is ready.
type Clock struct {
	Real func() time.Time // what the offset is added to; nil: time.Now

	mu     sync.Mutex
	offset time.Duration
	wakes  []func()
}

// Now is the real time plus everything that Advance added.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real().Add(c.offset)
}

// Ahead is how far the clock was moved.
func (c *Clock) Ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

func (c *Clock) real() time.Time {
	if c.Real != nil {
		return c.Real()
	}
	return time.Now()
}

// Advance moves the clock forward and wakes whoever waits for a time. A clock never goes back: a
// duration below zero does nothing.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	c.offset += max(d, 0)
	wakes := c.wakes
	c.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// OnAdvance registers what Advance wakes. It must not block.
func (c *Clock) OnAdvance(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakes = append(c.wakes[:len(c.wakes):len(c.wakes)], wake)
}
