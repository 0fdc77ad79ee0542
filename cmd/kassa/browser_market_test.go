package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/psp/sandbox"
)

// market is the program and a shop on another site, whose handler asks the API at the moment that a
// shopper comes home.
type market struct {
	testing.TB
	*running
	public string // the program's public URL
	path   string // of the public URL: "" or "/checkout"
	shop   *shop
}

// market opens one. front, if not nil, gives the public URL for the address that the program
// listens on.
func (s *story) market(front func(listen string) string) *market {
	s.Helper()
	m := &market{TB: s.T}
	m.running = testSite(s.T, func(o *siteOptions) {
		if front != nil {
			o.publicURL = front(o.publicURL)
		}
		m.public = o.publicURL
	})
	u, err := url.Parse(m.public)
	if err != nil {
		s.Fatal(err)
	}
	m.path = u.Path
	m.shop = openShop(s.T, m)
	return m
}

// order is what the API answered.
type order struct {
	ID     string `json:"id"`
	URL    string `json:"client_session_url"`
	Status string `json:"status"`
}

// order sends the seed's own order, with the shop's addresses; each change bends it first.
func (m *market) order(changes ...func(body map[string]any)) order {
	m.Helper()
	body := map[string]any{
		"metadata": map[string]any{}, "currency": "MXN", "amount": 21000,
		"success_redirect_url": m.shop.base + "/thanks?order=A-17&via=kassa",
		"cancel_redirect_url":  m.shop.base + "/basket?order=A-17",
		"customer": map[string]any{"name": "Juan Pérez", "email": "juan@example.com", "shipping_address": map[string]any{
			"name": "Juan Perez", "address_line_1": "Calle Prueba #1", "city": "San Pedro Garza García", "state": "NL", "country": "MX", "postal_code": "00000"}},
		"order": map[string]any{"country": "MX", "shipping_amount": 100, "fees": []any{}, "line_items": []any{
			map[string]any{"item_id": 1, "description": "First item", "amount": 10000, "quantity": 1},
			map[string]any{"item_id": 2, "description": "Second item", "amount": 11000, "quantity": 1}}},
	}
	for _, change := range changes {
		change(body)
	}
	b, err := json.Marshal(body)
	if err != nil {
		m.Fatal(err)
	}
	o, err := m.api("POST", "/client-session", b)
	if err != nil {
		m.Fatal(err)
	}
	m.shop.expect(o.ID)
	return o
}

// tagged chooses a scenario of the bank by the shopper's e-mail address.
func tagged(scenario string) func(map[string]any) {
	return func(body map[string]any) {
		body["customer"].(map[string]any)["email"] = "juan+" + scenario + "@example.com"
	}
}

// inKenya makes it an order of a country with money on phones.
func inKenya(body map[string]any) {
	body["currency"] = "KES"
	body["order"].(map[string]any)["country"] = "KE"
}

func without(field string) func(map[string]any) {
	return func(body map[string]any) { delete(body, field) }
}

func (m *market) api(method, path string, body []byte) (order, error) {
	r, err := http.NewRequest(method, m.public+"/kaipay/v1"+path, bytes.NewReader(body))
	if err != nil {
		return order{}, err
	}
	r.Header.Set("Authorization", "Bearer "+demoKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return order{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return order{}, err
	}
	var o order
	if answer.StatusCode >= 300 {
		return o, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, b)
	}
	return o, json.Unmarshal(b, &o)
}

// status is what the API says about a session now.
func (m *market) status(id string) string {
	m.Helper()
	o, err := m.api("GET", "/client-session/"+id, nil)
	if err != nil {
		m.Fatal(err)
	}
	return o.Status
}

// ledger is what the bank knows: one entry for each payment that was made.
func (m *market) ledger() []sandbox.Entry {
	m.Helper()
	l, err := m.bank.Ledger()
	if err != nil {
		m.Fatal(err)
	}
	return l
}

// paidOnce asserts that of n payments at the bank exactly one moved money, and the whole price.
func (m *market) paidOnce(n int) {
	m.Helper()
	l, paid := m.ledger(), 0
	for _, e := range l {
		if e.Captured != 0 {
			paid++
			if e.Captured != e.Amount {
				m.Errorf("the bank took %d of %d", e.Captured, e.Amount)
			}
		}
	}
	if len(l) != n || paid != 1 {
		m.Errorf("the bank made %d payments and took money for %d, want %d and 1", len(l), paid, n)
	}
}

// shop is a merchant's site.
type shop struct {
	testing.TB
	base string // on another site than the program

	mu      sync.Mutex
	session string
	visits  []visit
}

// visit is a shopper who came home, and what the API said at that moment.
type visit struct{ at, status string }

func openShop(t testing.TB, m *market) *shop {
	t.Helper()
	s := &shop{TB: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if broken, ok := brokenPages[r.URL.Path]; ok {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if broken.policy != "" {
				w.Header().Set("Content-Security-Policy", broken.policy)
			}
			_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>Broken</title>`+broken.body)
			return
		}
		if r.Method != http.MethodGet {
			t.Errorf("the shop got a %s", r.Method)
		}
		s.mu.Lock()
		id := s.session
		s.mu.Unlock()
		o, err := m.api("GET", "/client-session/"+id, nil)
		if err != nil {
			t.Errorf("the shop asks the API: %v", err)
		}
		s.mu.Lock()
		s.visits = append(s.visits, visit{r.URL.RequestURI(), o.Status})
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>The shop</title><h1>Welcome back</h1>`)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://shop.localhost:" + port
	return s
}

// expect names the session that the next visitors come from.
func (s *shop) expect(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
}

func (s *shop) last() visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.visits) == 0 {
		return visit{}
	}
	return s.visits[len(s.visits)-1]
}

// home asserts that the tab is at the shop, at an address with its own query intact, and that the
// API named the state when it got there.
func (tb *tab) home(m *market, at, status string) {
	tb.Helper()
	tb.until("location.origin===" + quote(m.shop.base) + "&&document.title==='The shop'")
	tb.is("the address at the shop", strings.TrimPrefix(tb.location(), m.shop.base), at)
	if v := m.shop.last(); v.at != at || v.status != status {
		tb.Errorf("the shop was asked for %q while the API said %q, want %q and %q", v.at, v.status, at, status)
	}
}

// thanks is where an order's shopper goes after paying.
const thanks = "/thanks?order=A-17&via=kassa"

// gate stands before the program as a proxy would, and can hold back the answers to posts, so that a
// slow network is a condition and not a matter of luck.
type gate struct {
	mu   sync.Mutex
	come int
	hold chan struct{} // nil: nothing is held
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hold != nil {
		close(g.hold)
		g.hold = nil
	}
}

// arrivals counts the posts of attempts.
func (g *gate) arrivals() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.come
}

func (g *gate) await(t testing.TB, n int) {
	t.Helper()
	for end := time.Now().Add(patience); g.arrivals() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d posts arrived, want %d", g.arrivals(), n)
		}
	}
}
