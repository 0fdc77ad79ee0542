package webhook

import (
	"context"
	"time"

	"kassa/internal/checkout"
)

// item is a delivery in hand, without its body: it is read again when its turn comes.
type item struct {
	id    checkout.ID
	retry bool
	until time.Time // of its lease
}

// lane is one endpoint: what waits for it, what is under way, how it has behaved, and its connections.
type lane struct {
	endpoint checkout.ID
	client   *client
	fresh    []item // first tries go before retries: news is not held up by what has failed before
	retries  []item
	running  int
	retrying int
	slow     bool      // its last try was
	pacing   bool      // a retry waits for its moment
	nextAt   time.Time // of a retry
	waiting  bool      // for one of the places everywhere
	used     time.Time
}

func (l *lane) length() int { return len(l.fresh) + len(l.retries) }

// enqueue puts a delivery into its endpoint's lane. When that is full, it says how long to leave the
// delivery alone: a lane is full because its endpoint is slow, and asking for it all the time would only
// cost everybody else's time.
func (w *Worker) enqueue(ctx context.Context, endpoint checkout.ID, it item) (full time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lanes[endpoint]
	if l == nil {
		l = &lane{endpoint: endpoint, client: newClient(w.Guard, w.dial, w.TLS, w.now, !w.noRecycle)}
		w.lanes[endpoint] = l
		w.forget()
	}
	switch {
	case l.slow && l.length() >= laneSlow:
		return fullForSlow
	case it.retry && len(l.retries) >= laneRetries:
		return fullForRetry
	case !it.retry && len(l.fresh) >= laneLength:
		return fullFor
	}
	if it.retry {
		l.retries = append(l.retries, it)
	} else {
		l.fresh = append(l.fresh, it)
	}
	w.start(ctx, l)
	return 0
}

// maxLanes bounds the endpoints whose connections and behaviour are remembered.
const maxLanes = 1024

// forget closes the lane that was idle for the longest when there are too many. mu is held.
func (w *Worker) forget() {
	if len(w.lanes) <= maxLanes {
		return
	}
	var oldest *lane
	for _, l := range w.lanes {
		if l.length() == 0 && l.running == 0 && !l.pacing && !l.used.IsZero() && (oldest == nil || l.used.Before(oldest.used)) {
			oldest = l
		}
	}
	if oldest != nil {
		delete(w.lanes, oldest.endpoint)
		oldest.client.close()
	}
}

func (w *Worker) closeLanes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		l.client.close()
	}
}

// start begins as many tries of a lane as may run: two at once, one of them a retry, retries at a pace, and
// within the places that all endpoints share. mu is held.
func (w *Worker) start(ctx context.Context, l *lane) {
	for l.running < perEndpoint {
		retry := len(l.fresh) == 0
		if retry && (len(l.retries) == 0 || l.retrying > 0 || l.pacing) {
			return
		}
		if w.running >= everywhere || l.slow && w.slow >= slowPlaces {
			if !l.waiting {
				l.waiting = true
				w.blocked = append(w.blocked, l)
			}
			return
		}
		now := time.Now() // the pace follows the machine, whatever the clock that is kept says
		if wait := l.nextAt.Sub(now); retry && wait > 0 {
			l.pacing = true
			w.tries.Add(1) // the items wait with it
			time.AfterFunc(wait, func() {
				defer w.tries.Done()
				w.mu.Lock()
				defer w.mu.Unlock()
				l.pacing = false
				w.start(ctx, l)
			})
			return
		}
		var it item
		if retry {
			it, l.retries = l.retries[0], l.retries[1:]
			l.retrying++
			l.nextAt = now.Add(retryEvery)
		} else {
			it, l.fresh = l.fresh[0], l.fresh[1:]
		}
		slow := l.slow
		l.running++
		w.running++
		if slow {
			w.slow++
		}
		w.tries.Go(func() {
			w.try(ctx, l, it, func(a answer) { w.free(ctx, l, it, slow, a) })
		})
	}
}

// free gives back a try's place as soon as the receiver has answered: writing the result down needs none.
func (w *Worker) free(ctx context.Context, l *lane, it item, slow bool, a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.running--
	w.running--
	if slow {
		w.slow--
	}
	if it.retry {
		l.retrying--
	}
	l.slow = a.Slow
	l.used = time.Now()
	w.start(ctx, l)
	// Each lane that waited gets one chance; start puts it back if there is still no place.
	for range len(w.blocked) {
		if w.running >= everywhere {
			break
		}
		next := w.blocked[0]
		w.blocked = w.blocked[1:]
		next.waiting = false
		w.start(ctx, next)
	}
}

// drop lets go of deliveries that are not in hand any more. A claim that found no room is made up for.
func (w *Worker) drop(n int) {
	w.mu.Lock()
	w.hand -= n
	starved := w.starved
	w.starved = false
	w.mu.Unlock()
	if starved {
		w.Wake()
	}
}
