package sqlite

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"kassa/internal/store"
)

// maxBatch bounds a batch, and with it how long the first caller in it waits for the last.
const maxBatch = 256

// job is one caller's transaction on its way through the writer.
type job struct {
	fn    func(tx store.Tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
	look  *time.Timer // when to look what keeps it waiting
}

// A job leaves waiting once: either the writer takes it, or its caller leaves. Whoever comes second
// finds that out, so a function never runs for a caller who was told that it did not.
const (
	jobWaiting = iota
	jobTaken
	jobLeft
)

// writer owns the connection that writes. Its loop takes what has come in while the last batch was
// being made durable, runs it in one transaction, and answers everybody after the one COMMIT. There
// is no timer: with one caller a batch is that caller, with many it is as large as an fsync is long.
type writer struct {
	c       *conn
	queue   chan *job
	closing chan struct{} // closed: take no more work
	stopped chan struct{} // closed: the loop is over
	changed func()        // merchants, keys, channels or endpoints may have changed

	goroutine atomic.Uint64 // the loop's, for finding nested calls
	version   int64         // PRAGMA data_version before the last batch
	batch     []*job
	next      int // the first job of the batch that has not been run
	ran       int // jobs whose work is in the transaction
	setup     bool
}

func newWriter(c *conn, changed func()) (*writer, error) {
	w := &writer{c: c, queue: make(chan *job, 4*maxBatch), closing: make(chan struct{}), stopped: make(chan struct{}), changed: changed,
		batch: make([]*job, 0, maxBatch)}
	var err error
	if w.version, err = w.dataVersion(); err != nil {
		return nil, err
	}
	go w.loop(false)
	return w, nil
}

// dataVersion is a number that differs when another connection has committed since it was last read.
func (w *writer) dataVersion() (int64, error) {
	return one(w.c, "version", func(r *row, v *int64) { *v = r.int() }, `PRAGMA data_version`)
}

// loop runs batches until the writer closes. A caller's function can end the goroutine
// (runtime.Goexit, which a test's FailNow is): the loop then goes on in a new one, with the rest of
// the batch that was open.
func (w *writer) loop(resume bool) {
	over := false
	defer func() {
		if over {
			close(w.stopped)
		} else {
			go w.loop(true)
		}
	}()
	w.goroutine.Store(goroutineID())
	if resume {
		w.work()
	}
	for w.gather() {
		if err := w.begin(); err != nil {
			w.endAll(err)
			continue
		}
		w.work()
	}
	over = true
}

// gather waits for a job and takes whatever else is waiting. It yields first, because callers who
// were just answered are about to come back: without it a batch holds half of them.
func (w *writer) gather() bool {
	w.batch, w.next, w.ran, w.setup = w.batch[:0], 0, 0, false
	select {
	case j := <-w.queue:
		w.batch = append(w.batch, j)
	case <-w.closing:
		return false
	}
	for range 3 {
		runtime.Gosched()
	}
	for len(w.batch) < maxBatch {
		select {
		case j := <-w.queue:
			w.batch = append(w.batch, j)
		default:
			return true
		}
	}
	return true
}

func (w *writer) begin() error {
	if err := w.c.health.off(); err != nil {
		return err
	}
	w.c.failed = nil
	v, err := w.dataVersion()
	if err != nil {
		return err
	}
	if v != w.version {
		w.version = v
		w.changed()
	}
	_, err = w.c.exec(`BEGIN IMMEDIATE`)
	return err
}

// work runs what is left of the batch, commits, and answers.
func (w *writer) work() {
	for w.next < len(w.batch) && w.c.failed == nil {
		j := w.batch[w.next]
		w.next++
		if j.state.CompareAndSwap(jobWaiting, jobTaken) {
			w.run(j)
		}
	}
	if w.c.failed != nil {
		w.endAll(w.c.failed)
		return
	}
	if w.ran == 0 {
		if _, err := w.c.exec(`ROLLBACK`); err != nil {
			w.endAll(err)
			return
		}
	} else if _, err := w.c.exec(`COMMIT`); err != nil {
		w.endAll(fmt.Errorf("commit: %w", err))
		return
	}
	if w.setup {
		w.changed()
	}
	w.answer()
}

// run gives one job its savepoint, so that it succeeds or fails alone.
func (w *writer) run(j *job) {
	t := &tx{c: w.c}
	finished := false
	// Whatever way the function ended, this decides about its work. After a Goexit the goroutine
	// goes on dying once this has run, and loop starts the next.
	defer func() {
		t.dead.Store(true)
		if !finished {
			if p := recover(); p != nil {
				j.err = internal(fmt.Errorf("sqlite: a transaction panicked: %v\n%s", p, debug.Stack()))
			} else {
				j.err = internal(errors.New("sqlite: a transaction ended its goroutine"))
			}
		}
		if w.c.failed != nil {
			return
		}
		if j.err != nil {
			w.must(`ROLLBACK TO job`)
		}
		w.must(`RELEASE job`)
		if j.err == nil {
			w.ran++
			w.setup = w.setup || t.setup
		}
	}()
	if !w.must(`SAVEPOINT job`) {
		finished = true
		return
	}
	j.err = j.fn(t)
	finished = true
}

// must runs a statement without which the batch cannot go on.
func (w *writer) must(text string) bool {
	if _, err := w.c.exec(text); err != nil {
		if w.c.failed == nil {
			w.c.failed = err
		}
		return false
	}
	return true
}

// endAll undoes the batch and tells every caller in it so. After a COMMIT that failed the outcome
// may be either; the ROLLBACK makes the connection usable again, and reading tells.
func (w *writer) endAll(cause error) {
	_, _ = w.c.exec(`ROLLBACK`) // SQLite may have done it already
	for i, j := range w.batch {
		ran := i < w.next
		if !ran {
			j.state.CompareAndSwap(jobWaiting, jobTaken)
		}
		if j.state.Load() == jobTaken && (!ran || j.err == nil) { // who failed alone keeps the reason
			j.err = unavailable(cause)
		}
	}
	if w.setup { // another caller of the batch may have read, and cached, what is now undone
		w.changed()
	}
	w.answer()
}

func (w *writer) answer() {
	for i, j := range w.batch {
		w.batch[i] = nil
		if j.state.Load() == jobTaken {
			j.done <- struct{}{}
		}
	}
	w.batch = w.batch[:0]
}

// close waits for the batch under way. Jobs that wait are told that the store is closed.
func (w *writer) close() error {
	close(w.closing)
	<-w.stopped
	return w.c.close()
}
