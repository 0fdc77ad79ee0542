package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/seal"
	"kassa/internal/store"
	"kassa/internal/store/sqlite"
)

// plain tells of every event but the reopening of a session, and counts how often it was asked: what it
// encodes is never the same twice.
type plain struct{ asked atomic.Int64 }

func (p *plain) Encode(_ context.Context, e checkout.Event, s checkout.Session, a *checkout.Attempt, r *checkout.Refund) ([]byte, string, bool, error) {
	if e.Kind == checkout.EventSessionReopened {
		return nil, "", false, nil
	}
	return fmt.Appendf(nil, `{"event":%q,"session":%q,"asked":%d}`, e.ID, s.ID, p.asked.Add(1)), "application/json", true, nil
}

func (*plain) Sign(_ context.Context, t Try, r *Request) error { return SignStandard(t, r) }

// rig is a worker on a real store.
type rig struct {
	t        testing.TB
	ctx      context.Context
	store    *sqlite.Store
	worker   *Worker
	encoder  *plain
	merchant checkout.ID
	session  checkout.ID
	stop     func()
}

// newRig makes one; change may bend the worker's options. The worker does not run yet.
func newRig(t testing.TB, change func(*Options)) *rig {
	t.Helper()
	// The store keeps used channels in a sync.Pool, and a channel must not leave its bubble: two collections empty it.
	runtime.GC()
	runtime.GC()
	r := &rig{t: t, ctx: context.Background(), encoder: &plain{}}
	box, err := seal.New(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	if r.store, err = sqlite.Open(r.ctx, filepath.Join(t.TempDir(), "webhook.db"), sqlite.Options{Seal: box, Migrate: true}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r.merchant = checkout.RandomID(checkout.PrefixMerchant, now)
	r.session = checkout.RandomID(checkout.PrefixSession, now)
	r.write(func(tx store.Tx) error {
		if err := tx.InsertMerchant(checkout.Merchant{ID: r.merchant, Name: "Tienda Luz", Version: 1, CreatedAt: now}); err != nil {
			return err
		}
		return tx.InsertSession(checkout.Session{ID: r.session, Merchant: r.merchant, Dialect: "plain", Version: 1, State: checkout.SessionOpen,
			Amount: checkout.Money{Minor: 100, Currency: "MXN"}, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour)})
	})
	o := Options{Store: r.store, Encoders: map[string]Encoder{"plain": r.encoder}, Guard: NewGuard(GuardOptions{AllowLoopback: true})}
	if change != nil {
		change(&o)
	}
	r.worker = NewWorker(o)
	t.Cleanup(func() {
		r.halt()
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) write(fn func(tx store.Tx) error) {
	r.t.Helper()
	if err := r.store.Write(r.ctx, fn); err != nil {
		r.t.Fatal(err)
	}
}

// run starts the worker; halt stops it.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() { defer close(done); r.worker.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
}

func (r *rig) halt() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// endpoint makes an endpoint at a URL.
func (r *rig) endpoint(url string) checkout.Endpoint {
	r.t.Helper()
	now := time.Now()
	e := checkout.Endpoint{ID: checkout.RandomID(checkout.PrefixEndpoint, now), Merchant: r.merchant, URL: url, Secret: NewSecret(), Enabled: true, Version: 1, CreatedAt: now}
	r.write(func(tx store.Tx) error { return tx.InsertEndpoint(e) })
	return e
}

// tell writes one event and its deliveries to endpoints, as the engine does, and wakes the worker.
func (r *rig) tell(kind checkout.EventKind, endpoints ...checkout.Endpoint) []checkout.ID {
	r.t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	e := checkout.Event{ID: checkout.RandomID(checkout.PrefixEvent, now), Merchant: r.merchant, Session: r.session, Kind: kind, Version: 1, State: checkout.SessionOpen, At: now}
	var ids []checkout.ID
	r.write(func(tx store.Tx) error {
		ids = nil
		if err := tx.InsertEvent(e); err != nil {
			return err
		}
		for _, p := range endpoints {
			d := checkout.Delivery{ID: checkout.RandomID(checkout.PrefixDelivery, now), Endpoint: p.ID, Merchant: r.merchant, Session: r.session, Event: e.ID, Kind: kind,
				Version: 1, State: checkout.DeliveryPending, NextAt: now, CreatedAt: now}
			if err := tx.InsertDelivery(d); err != nil {
				return err
			}
			ids = append(ids, d.ID)
		}
		return nil
	})
	r.worker.Wake()
	return ids
}

func (r *rig) delivery(id checkout.ID) checkout.Delivery {
	r.t.Helper()
	d, err := r.store.Delivery(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *rig) tries(id checkout.ID) []checkout.Try {
	r.t.Helper()
	all, err := r.store.Tries(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// until waits for a delivery to have a state, in the time of the test.
func (r *rig) until(id checkout.ID, state checkout.DeliveryState, atMost time.Duration) checkout.Delivery {
	r.t.Helper()
	for end := time.Now().Add(atMost); ; time.Sleep(2 * time.Millisecond) {
		d := r.delivery(id)
		if d.State == state {
			return d
		}
		if time.Now().After(end) {
			r.t.Fatalf("after %s the delivery is %s (tries %d, status %d, reason %q), want %s", atMost, d.State, d.Tries, d.Status, d.Reason, state)
		}
	}
}

// arrival is one request at a receiver.
type arrival struct {
	at     time.Time
	id     string
	stamp  string
	sigs   string
	body   string
	header http.Header
}

// receiver is a merchant's server. answer says what to answer to the nth request, from 0.
type receiver struct {
	mu     sync.Mutex
	got    []arrival
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		body = append(body, buf[:n]...)
		if err != nil {
			break
		}
	}
	v.mu.Lock()
	n := len(v.got)
	v.got = append(v.got, arrival{time.Now(), r.Header.Get(HeaderID), r.Header.Get(HeaderTimestamp), r.Header.Get(HeaderSignature), string(body), r.Header.Clone()})
	v.mu.Unlock()
	if v.answer != nil {
		v.answer(n, w, r)
	}
}

func (v *receiver) arrivals() []arrival {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]arrival(nil), v.got...)
}

// status answers everything with one.
func status(code int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// pipes is a network in memory, for bubbles of synctest: hosts by name, each with a handler, or down.
type pipes struct {
	mu    sync.Mutex
	hosts map[string]*pipeHost
}

type pipeHost struct {
	conns   chan net.Conn
	down    bool // refuses
	silent  bool // accepts, and never says a word
	dialled []time.Time
	server  *http.Server
}

func newPipes() *pipes { return &pipes{hosts: map[string]*pipeHost{}} }

func (p *pipes) serve(name string, h http.Handler) *pipeHost {
	host := &pipeHost{conns: make(chan net.Conn)}
	p.mu.Lock()
	p.hosts[name] = host
	p.mu.Unlock()
	if h != nil {
		host.server = &http.Server{Handler: h}
		go func() { _ = host.server.Serve(host) }()
	}
	return host
}

// set switches a host.
func (p *pipes) set(name string, down, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hosts[name].down, p.hosts[name].silent = down, silent
}

func (p *pipes) close() {
	for _, h := range p.hosts {
		if h.server != nil {
			_ = h.server.Close()
		}
	}
}

func (p *pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	h := p.hosts[name]
	var down, silent bool
	if h != nil {
		h.dialled = append(h.dialled, time.Now())
		down, silent = h.down, h.silent
	}
	p.mu.Unlock()
	switch {
	case h == nil:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case down:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	if silent {
		context.AfterFunc(ctx, func() { _ = theirs.Close() })
		go func() { // takes everything and says nothing
			buf := make([]byte, 512)
			for {
				if _, err := theirs.Read(buf); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}
	select {
	case h.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make a host a listener.
func (h *pipeHost) Accept() (net.Conn, error) {
	c, ok := <-h.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (h *pipeHost) Close() error   { defer func() { _ = recover() }(); close(h.conns); return nil }
func (h *pipeHost) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
