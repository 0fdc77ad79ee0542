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

var jobs = sync.Pool{New: func() any {
	j := &job{done: make(chan struct{}, 1), look: time.NewTimer(nestedAfter)}
	j.look.Stop()
	return j
}}

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
	j.look.Reset(nestedAfter)
	looked := false
	queue := w.queue
	select {
	case queue <- j:
		queue = nil
	default:
	}
	// stopped is a channel that all callers share, and a select locks each of its channels: it is
	// looked at only by those who have waited for a while.
	var stopped chan struct{}
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
		case <-stopped:
			if queue != nil || j.state.CompareAndSwap(jobWaiting, jobLeft) {
				return unavailable(errClosed)
			}
		case <-j.look.C:
			if !looked {
				looked, stopped = true, w.stopped
				if goroutineID() == w.goroutine.Load() {
					j.state.Store(jobLeft)
					return internal(errNested)
				}
				j.look.Reset(queueFor)
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
	j.look.Stop() // before the job is anybody else's
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
