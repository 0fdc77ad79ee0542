package webhook

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Numbers of the work. What is claimed is leased: a process that dies with it in hand loses the lease,
// and another one, or the next, takes it up.
const (
	perEndpoint   = 2                            // tries at once to one endpoint
	everywhere    = 256                          // tries at once to all of them
	slowPlaces    = everywhere / 2               // ... of which slow endpoints may hold this many
	slowAfter     = 5 * time.Second              // a try that took longer makes its endpoint a slow one, until a quicker try
	laneLength    = 256                          // first tries of one endpoint in memory
	laneSlow      = 16                           // ... of a slow one
	laneRetries   = 32                           // retries of one endpoint in memory
	inHand        = 16 << 10                     // deliveries in memory, without their bodies
	claimAtMost   = 256                          // deliveries a claim
	claimPause    = 2 * time.Millisecond         // between two claims, so that many wake-ups are one claim
	askEvery      = time.Second                  // without being woken
	lease         = time.Minute                  // of a claim
	fullFor       = 25 * time.Millisecond        // after which what found its lane full is due again
	fullForSlow   = 30 * time.Second             // ... at a slow endpoint
	fullForRetry  = laneRetries / 2 * retryEvery // ... when it is a retry: the pace is known
	leaseLeft     = 20 * time.Second             // a try is begun only with so much of the lease left: more than it can last
	retryEvery    = 110 * time.Millisecond       // between two retries to one endpoint: fewer than 10 a second when it comes back
	stopGrace     = 5 * time.Second              // tries under way when the worker is stopped may go on for so long
	storeAttempts = 6                            // of writing a result down
)

// Store is what deliveries need of store.Store.
type Store interface {
	store.Reader
	store.DeliveryReader
	Write(ctx context.Context, fn func(tx store.Tx) error) error
}

// Options is what a Worker is made of. Store, Encoders and Guard are required.
type Options struct {
	Store    Store
	Encoders map[string]Encoder // by the name of the dialect that made the session
	Guard    *Guard
	Now      func() time.Time // default time.Now
	Log      *slog.Logger     // default: discard; it is never given a body, a secret or an answer
	TLS      *tls.Config      // default: the system's roots, TLS 1.2

	every     time.Duration // tests: askEvery
	dial      dialFunc      // tests: the guard's
	noRecycle bool          // tests: no connection is used twice
}

// Worker delivers what is due. Several processes may run one on the same database.
type Worker struct {
	Options
	wake   chan struct{}
	timers atomic.Int64
	tries  sync.WaitGroup // everything between a claim and its last word in the store

	mu      sync.Mutex
	lanes   map[checkout.ID]*lane // by endpoint
	hand    int                   // claimed, not yet written down
	running int                   // tries under way
	slow    int                   // ... to slow endpoints
	starved bool                  // a claim found no room
	blocked []*lane               // have work, and wait for one of the places everywhere
	stopped bool
}

// NewWorker makes a Worker. It starts nothing; Run does.
func NewWorker(o Options) *Worker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.every == 0 {
		o.every = askEvery
	}
	if o.dial == nil {
		o.dial = o.Guard.dial
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Worker{Options: o, wake: make(chan struct{}, 1), lanes: map[checkout.ID]*lane{}}
}

// now is the clock in the microseconds that the store keeps.
func (w *Worker) now() time.Time { return w.Now().UTC().Truncate(time.Microsecond) }

// Wake says that there may be something to deliver, after the commit that made it. It never waits.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends. It asks each second by itself: other processes and commands write
// deliveries too. When it ends, tries under way have had 5 s more; those that had not ended then are as
// if they had not been made, and come again.
func (w *Worker) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if more := w.claim(ctx, work); more {
			w.Wake()
		}
		pause(ctx, claimPause)
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-tick.C:
		}
	}
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	grace := time.AfterFunc(stopGrace, stop)
	defer grace.Stop()
	w.tries.Wait()
	w.closeLanes()
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// claim takes up what is due, and reports whether there is more to take at once.
func (w *Worker) claim(ctx, work context.Context) (more bool) {
	limit, each := w.room()
	if limit == 0 {
		return false // the end of a try wakes us
	}
	var got []checkout.Delivery
	var until time.Time
	err := w.Store.Write(ctx, func(tx store.Tx) error {
		now := w.now()
		until = now.Add(lease)
		var err error
		got, err = tx.ClaimDeliveries(now, lease, limit, each)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "claiming deliveries failed", "err", err)
		}
		return false
	}
	if len(got) == 0 {
		return false
	}
	w.mu.Lock()
	w.hand += len(got)
	w.mu.Unlock()
	// Encoding reads and writes; the next claim does not wait for it.
	w.tries.Go(func() { w.prepare(work, got, until) })
	return len(got) >= min(limit, each) // some queue may have been cut
}

// room says how many deliveries may be claimed, and how many of one endpoint.
func (w *Worker) room() (limit, each int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.starved = w.hand >= inHand; w.starved {
		return 0, 0
	}
	longest := 0
	for _, l := range w.lanes {
		longest = max(longest, len(l.fresh))
	}
	return min(claimAtMost, inHand-w.hand), max(8, laneLength/2-longest)
}

// due makes the worker ask again when a delivery's time has come, sooner than it would by itself. It
// remembers a thousand such moments; beyond that, asking each second has to do.
func (w *Worker) due(at time.Time) {
	d := at.Sub(w.now())
	if d <= 0 {
		w.Wake()
		return
	}
	if w.timers.Add(1) > maxTimers {
		w.timers.Add(-1)
		return
	}
	time.AfterFunc(d, func() {
		w.timers.Add(-1)
		w.Wake()
	})
}

const maxTimers = 1000
