package sandbox

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// event is the body of a notification.
type event struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Mode      string `json:"mode"` // always "test"
	Account   string `json:"account"`
	Payment   string `json:"payment"`
	Reference string `json:"reference"`
	Status    Status `json:"status"`
	Code      string `json:"code,omitempty"`
	Amount    int64  `json:"amount"` // minor units
	Currency  string `json:"currency"`
	Made      string `json:"made"` // RFC 3339
}

func (p *Payment) event(n Notice) event {
	return event{ID: n.Event, Type: n.Type, Mode: "test", Account: string(p.Account), Payment: p.ID, Reference: string(p.Reference),
		Status: n.Status, Code: n.Code, Amount: p.Moved.Minor, Currency: string(p.Moved.Currency), Made: n.Made.Format(time.RFC3339Nano)}
}

// backoff is the pause after each failed try; after as many tries as it has pauses plus one, we give up.
var backoff = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}

const notifyTimeout = 5 * time.Second

// sender delivers notifications when their time has come. It starts with the first one to deliver.
// One payment's notifications go out one after the other; those of different payments side by side.
type sender struct {
	bank   *Bank
	client *http.Client
	own    bool
	kick   chan struct{}
	slots  chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	started bool
	stopped bool
	queue   dueQueue
	busy    map[string]bool
	tick    chan struct{} // closed when the clock was moved
}

func newSender(b *Bank, c *http.Client) *sender {
	s := &sender{bank: b, client: c, kick: make(chan struct{}, 1), slots: make(chan struct{}, 32), busy: map[string]bool{}, tick: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if c == nil {
		s.own = true
		s.client = &http.Client{Timeout: notifyTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	}
	return s
}

// plan queues what a payment still has to tell. It never blocks.
func (s *sender) plan(p *Payment) {
	due := time.Time{}
	for _, n := range p.Notices {
		if !n.Done && (due.IsZero() || n.Due.Before(due)) {
			due = n.Due
		}
	}
	if !due.IsZero() {
		s.add(p.ID, due)
	}
}

func (s *sender) add(id string, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	first := len(s.queue) == 0 || due.Before(s.queue[0].at)
	heap.Push(&s.queue, dueItem{due, id})
	if !s.started {
		s.started = true
		s.wg.Go(s.loop)
	}
	if first {
		s.wake()
	}
}

func (s *sender) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// moved gives a channel that is closed when somebody moves the clock.
func (s *sender) moved() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tick
}

func (s *sender) clockMoved() {
	s.mu.Lock()
	close(s.tick)
	s.tick = make(chan struct{})
	s.mu.Unlock()
	s.wake()
}

func (s *sender) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	if s.own {
		s.client.CloseIdleConnections()
	}
}

func (s *sender) loop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.startDue())
		select {
		case <-s.ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
	}
}

// startDue begins every delivery whose time has come, and says how long nothing else has to be done.
func (s *sender) startDue() time.Duration {
	now := s.bank.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		if wait := s.queue[0].at.Sub(now); wait > 0 {
			return wait
		}
		id := heap.Pop(&s.queue).(dueItem).id
		if s.busy[id] || s.stopped {
			continue // whoever is busy looks again when done
		}
		s.busy[id] = true
		s.wg.Go(func() {
			s.slots <- struct{}{}
			s.deliver(id)
			<-s.slots
			s.mu.Lock()
			delete(s.busy, id)
			s.mu.Unlock()
			if p, err := s.bank.payment(id); err == nil {
				s.plan(p)
			}
		})
	}
	return time.Hour
}

// deliver sends what is due of one payment.
func (s *sender) deliver(id string) {
	for s.ctx.Err() == nil {
		p, err := s.bank.payment(id)
		if err != nil {
			return
		}
		n, ok := p.dueNotice(s.bank.now())
		if !ok {
			return
		}
		secret := s.bank.secret(p.Account)
		err = errBusy
		if secret != "" {
			err = s.post(p, n, secret)
		}
		if s.ctx.Err() != nil {
			return // stopped in the middle: not counted
		}
		_, kept := s.bank.change(id, func(p *Payment, now time.Time) (bool, error) {
			for i := range p.Notices {
				if m := &p.Notices[i]; m.Event == n.Event && m.Due.Equal(n.Due) && !m.Done {
					switch {
					case err == nil:
						m.Done = true
					case secret == "": // the account is not open yet: this is no try
						m.Due = now.Add(time.Second).UTC()
					case m.Tries >= len(backoff):
						m.Tries, m.Done = m.Tries+1, true
					default:
						m.Due = now.Add(backoff[m.Tries]).UTC()
						m.Tries++
					}
					return true, nil
				}
			}
			return false, nil
		})
		if err != nil && secret != "" {
			s.bank.log.Warn("sandbox: notification not delivered", "payment", id, "event", n.Event, "err", err)
		}
		if kept != nil {
			s.bank.log.Error("sandbox: ledger", "err", kept)
			return
		}
	}
}

// dueNotice gives the earliest notification whose time has come.
func (p *Payment) dueNotice(now time.Time) (Notice, bool) {
	best := -1
	for i, n := range p.Notices {
		if !n.Done && !n.Due.After(now) && (best < 0 || n.Due.Before(p.Notices[best].Due)) {
			best = i
		}
	}
	if best < 0 {
		return Notice{}, false
	}
	return p.Notices[best], true
}

func (s *sender) post(p *Payment, n Notice, secret string) error {
	body, err := json.Marshal(p.event(n))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, notifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.NotifyURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SignatureHeader, Sign(secret, s.bank.now(), body))
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %d", res.StatusCode)
	}
	return nil
}

type dueItem struct {
	at time.Time
	id string
}

// dueQueue is a heap, the earliest first.
type dueQueue []dueItem

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q dueQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)        { *q = append(*q, x.(dueItem)) }
func (q *dueQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
