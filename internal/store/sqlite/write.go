package sqlite

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"kassa/internal/store"
)

const (
	// nestedAfter is how long a Write waits before it looks whether it waits for itself.
	nestedAfter = 50 * time.Millisecond
	// queueFor bounds the wait for a place in a batch, for callers without a deadline.
	queueFor = 10 * time.Second
)

var errNested = errors.New("sqlite: Write was called inside of a Write")

var jobs = sync.Pool{New: func() any { return &job{done: make(chan struct{}, 1)} }}

// Write runs fn in a transaction of its own, made durable together with those of other callers. ctx
// bounds only the wait: once fn has begun, its work is carried through even if the caller has left.
// fn's own error is given back as it is.
func (s *Store) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	if err := s.health.off(); err != nil {
		return err
	}
	w := s.writer
	j := jobs.Get().(*job)
	j.fn = fn
	j.err = nil
	j.state.Store(jobWaiting)
	look := time.NewTimer(nestedAfter)
	defer look.Stop()
	looked := false
	queue := w.queue
	for {
		select {
		case queue <- j:
			queue = nil // a nil channel is never ready: from here on, wait for the answer
			continue
		case <-j.done:
			return j.answered()
		case <-ctx.Done():
			if queue != nil || j.state.CompareAndSwap(jobWaiting, jobLeft) {
				return unavailable(ctx.Err())
			}
		case <-w.stopped:
			if queue != nil || j.state.CompareAndSwap(jobWaiting, jobLeft) {
				return unavailable(errClosed)
			}
		case <-look.C:
			if !looked {
				looked = true
				if goroutineID() == w.goroutine.Load() {
					j.state.Store(jobLeft)
					return internal(errNested)
				}
				look.Reset(queueFor)
				continue
			}
			if queue != nil || j.state.CompareAndSwap(jobWaiting, jobLeft) {
				return unavailable(errors.New("sqlite: no place in a batch for too long"))
			}
		}
		// The writer has taken the job: what it answers is the truth.
		<-j.done
		return j.answered()
	}
}

// answered gives the writer's answer and puts the job back. One that its caller has left is never put
// back: the writer may still come upon it.
func (j *job) answered() error {
	err := j.err
	j.fn, j.err = nil, nil
	jobs.Put(j)
	return err
}

// goroutineID gives the number that a stack trace begins with: "goroutine 18 [running]:". A nested
// Write cannot be told by its context, since fn is given none; it would wait for itself for ever.
func goroutineID() uint64 {
	var buf [40]byte
	n := runtime.Stack(buf[:], false)
	var id uint64
	for _, c := range buf[len("goroutine "):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}
