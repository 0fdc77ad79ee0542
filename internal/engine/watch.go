package engine

import (
	"context"
	"sync"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// watchEvery is how often a watcher asks by itself. A change in this process wakes it at once; the
// asking is what makes it work when another node or a command made the change.
const watchEvery = 1500 * time.Millisecond

// watchers wakes those who wait for a session to change.
type watchers struct {
	mu sync.Mutex
	m  map[checkout.ID]*watch
}

type watch struct {
	woken chan struct{} // closed at the next change
	users int
}

// join gives what is closed at the session's next change; leave must be called with it.
func (w *watchers) join(id checkout.ID) *watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.m[id]
	if c == nil {
		if w.m == nil {
			w.m = map[checkout.ID]*watch{}
		}
		c = &watch{woken: make(chan struct{})}
		w.m[id] = c
	}
	c.users++
	return c
}

func (w *watchers) leave(id checkout.ID, c *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.users--; c.users == 0 && w.m[id] == c {
		delete(w.m, id)
	}
}

// changed wakes everybody who waits for the session.
func (e *Engine) changed(id checkout.ID) {
	w := &e.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.m[id]; c != nil {
		close(c.woken)
		delete(w.m, id)
	}
}

// WatchFor waits until the session is not what the caller knows any more (its version, or its state
// by the clock), or until a while has passed, and gives the head as it is then; or until ctx ends,
// and gives its error. CodeNotFound.
func (e *Engine) WatchFor(ctx context.Context, id string, known store.Head, atMost time.Duration) (store.Head, error) {
	end := time.NewTimer(atMost)
	defer end.Stop()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for over := false; ; {
		w := e.watchers.join(checkout.ID(id))
		h, err := e.Head(ctx, id)
		if err != nil || over || h != known {
			e.watchers.leave(checkout.ID(id), w)
			return h, err
		}
		select {
		case <-w.woken:
		case <-tick.C:
		case <-end.C:
			over = true
		case <-ctx.Done():
			err = ctx.Err()
		}
		e.watchers.leave(checkout.ID(id), w)
		if err != nil {
			return h, err
		}
	}
}
