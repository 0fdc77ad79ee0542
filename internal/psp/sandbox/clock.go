package sandbox

import (
	"sync"
	"time"
)

// Clock is a virtual clock: real time, and an offset that only grows. The zero value is ready.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	wakes  []func()
}

// Now is the real time plus everything that Advance added.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
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
