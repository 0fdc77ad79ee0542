package engine

import (
	"context"
	"sync"
)

// inFlight counts provider calls that outlive the request that began them. Unlike a WaitGroup it may
// be waited for while more begin.
type inFlight struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n comes to 0; nil when nobody waits
}

func (f *inFlight) add() {
	f.mu.Lock()
	f.n++
	f.mu.Unlock()
}

func (f *inFlight) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n--; f.n == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

func (f *inFlight) wait(ctx context.Context) {
	f.mu.Lock()
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
