package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// sink is a listener that nothing must ever reach, on loopback in both families.
type sink struct {
	port    uint16
	reached atomic.Int64
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = uint16(l.Addr().(*net.TCPAddr).Port)
	listeners := []net.Listener{l}
	if l6, err := net.Listen("tcp6", fmt.Sprintf("[::1]:%d", s.port)); err == nil {
		listeners = append(listeners, l6)
	}
	for _, l := range listeners {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				s.reached.Add(1)
				_ = c.Close()
			}
		}()
		t.Cleanup(func() { _ = l.Close() })
	}
	return s
}

// nowhere stops what the guard has approved, so that no test leaves the machine.
var nowhere = errors.New("approved, and stopped by the test")

// guarded is a client that may use the sink's port: only the look at the address can save the sink. approved
// counts what would have gone out.
func guarded(t *testing.T, s *sink, answer func(name string) []netip.Addr) (c *client, approved *atomic.Int64) {
	t.Helper()
	g := NewGuard(GuardOptions{Ports: []uint16{s.port}})
	approved = &atomic.Int64{}
	g.afterApproval = func(to netip.AddrPort) error {
		approved.Add(1)
		if to.Addr().Unmap().IsLoopback() {
			return nil // let it reach the sink: the guard has failed
		}
		return nowhere
	}
	if answer != nil {
		g.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: dnsServer(t, answer)}
	}
	return newClient(g, g.dial, nil, time.Now, true), approved
}

// dnsServer answers every question about A and AAAA on loopback, with a TTL of 0.
func dnsServer(t *testing.T, answer func(name string) []netip.Addr) dialFunc {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			for _, a := range answer(strings.TrimSuffix(q.Name.String(), ".")) {
				h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET}
				switch {
				case q.Type == dnsmessage.TypeA && a.Is4():
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
				case q.Type == dnsmessage.TypeAAAA && a.Is6():
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
				}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = pc.WriteTo(out, from)
			}
		}
	}()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}
}

func (c *client) post(ctx context.Context, url string) answer {
	return c.send(ctx, Request{Method: http.MethodPost, URL: url, Header: http.Header{}, Body: []byte("{}")})
}

// inside are hosts that lead, or try to lead, into the server's own network, in every spelling known to have
// got past somebody's check.
func inside() []string {
	hosts := []string{"localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1",
		"0x7f.1", "0177.0.0.1", "0177.0.0.01", "127.0.0.1.", "127.0.0.0x1", "127.000.000.001", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25eth0]",
		"[fe80::1]", "169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200",
		"192.0.0.192", "168.63.129.16", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "127.0.0.1%00.example.com", "127.0.0.1%2f.example.com", "example.com%40127.0.0.1", "127.0.0.1 ",
		"4294967296", "256.256.256.256", "127.0.0.1:443:443", "[127.0.0.1]", "[::ffff:0x7f.0.0.1]", "-", "..", "a..b", ".localhost", "xn--", "127.0.0.1\\.example.com"}
	for _, s := range special {
		p := netip.MustParsePrefix(s)
		for _, a := range []netip.Addr{p.Masked().Addr(), lastOf(p)} {
			if a.Is6() {
				hosts = append(hosts, "["+a.String()+"]")
				continue
			}
			v := a.As4()
			n := uint64(v[0])<<24 | uint64(v[1])<<16 | uint64(v[2])<<8 | uint64(v[3])
			hosts = append(hosts, a.String(), strconv.FormatUint(n, 10), fmt.Sprintf("0x%08x", n), "[::ffff:"+a.String()+"]")
		}
	}
	return hosts
}

// TestInsideByLiteral: hundreds of URLs that name an address inside, in every spelling. Nothing is dialled (T40).
func TestInsideByLiteral(t *testing.T) {
	s := newSink(t)
	// A resolver that reads numbers as addresses, as some do, must not help either.
	c, approved := guarded(t, s, func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	hosts := inside()
	for _, host := range hosts {
		for _, form := range []string{"https://%s:%d/", "http://%s:%d/", "https://%s:%d@example.com/", "https://example.com:%[2]d@%[1]s/", "HTTPS://%s:%d/?a=https://example.com#x"} {
			u := fmt.Sprintf(form, host, s.port)
			a := c.post(ctx, u)
			if a.Status != 0 || (a.Reason != ReasonBlocked && a.Reason != ReasonDNS) {
				t.Errorf("%s: %+v", u, a)
			}
		}
	}
	for _, u := range []string{"", "/", "//127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "unix:///run/x.sock", "https:127.0.0.1", "https:///x", "https://", "https://:443/",
		"javascript:alert(1)", "https://127.0.0.1:443:443/", "https://[::1", "https://example.com:0/", "https://example.com:22/", "https://example.com:65536/", "https://example.com:-1/"} {
		if a := c.post(ctx, u); a.Reason != ReasonBlocked || a.Status != 0 {
			t.Errorf("%s: %+v", u, a)
		}
	}
	if len(hosts) < 200 {
		t.Errorf("only %d hosts", len(hosts))
	}
	if s.reached.Load() != 0 || approved.Load() != 0 {
		t.Errorf("the sink was reached %d times, %d addresses were approved", s.reached.Load(), approved.Load())
	}
}

// TestInsideByName: a name that stands for an address inside, alone or beside a public one.
func TestInsideByName(t *testing.T) {
	s := newSink(t)
	var address atomic.Pointer[netip.Addr]
	c, approved := guarded(t, s, func(string) []netip.Addr { return []netip.Addr{*address.Load()} })
	n := 0
	for _, text := range special {
		p := netip.MustParsePrefix(text)
		for _, a := range []netip.Addr{p.Masked().Addr(), middleOf(p), lastOf(p)} {
			list := []netip.Addr{a}
			if a.Is4() {
				for _, d := range disguises(a) {
					list = append(list, d)
				}
			}
			for _, a := range list {
				if a.Is4In6() && c.guard.checkAddr(a.Unmap()) == nil {
					continue // in a record this is how Go sees an ordinary IPv4 address, and dials that
				}
				n++
				address.Store(&a)
				got := c.post(t.Context(), fmt.Sprintf("https://shop.example:%d/hook", s.port))
				if got.Reason != ReasonBlocked {
					t.Errorf("a name for %s (%s): %+v", a, text, got)
				}
			}
		}
	}
	if n < 200 || s.reached.Load() != 0 || approved.Load() != 0 {
		t.Errorf("%d names; the sink was reached %d times, %d approved", n, s.reached.Load(), approved.Load())
	}
	// The control: an ordinary address is approved, so it is the guard that refused.
	a := netip.MustParseAddr("93.184.216.34")
	address.Store(&a)
	if got := c.post(t.Context(), fmt.Sprintf("https://shop.example:%d/hook", s.port)); approved.Load() == 0 || got.Reason == ReasonBlocked {
		t.Errorf("a name for a public address: %+v", got)
	}
}

// TestInsideByRedirect: every kind of redirect to every kind of address is an answer, and is not followed.
func TestInsideByRedirect(t *testing.T) {
	s := newSink(t)
	to := ""
	code := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.Header().Set("Refresh", "0; url="+to)
		w.WriteHeader(code)
	}))
	defer receiver.Close()
	g := NewGuard(GuardOptions{AllowLoopback: true}) // even where this machine may be called, a redirect does not call it
	c := newClient(g, g.dial, nil, time.Now, true)
	defer c.close()
	n := 0
	for _, host := range append(inside(), "127.0.0.1", "localhost") {
		for _, code = range []int{301, 302, 303, 307, 308} {
			n++
			to = fmt.Sprintf("http://%s:%d/", host, s.port)
			if a := c.post(t.Context(), receiver.URL); a.Status != code || a.Reason != ReasonRedirect {
				t.Fatalf("%d to %s: %+v", code, to, a)
			}
		}
	}
	if n < 200 || s.reached.Load() != 0 {
		t.Errorf("%d redirects; the sink was reached %d times", n, s.reached.Load())
	}
}

// TestRebinding: a name that is public in one moment and this machine in the next, over 10,000 tries (T42).
func TestRebinding(t *testing.T) {
	tries := 10_000
	if testing.Short() {
		tries = 500
	}
	s := newSink(t)
	var asked atomic.Int64
	outside, own := netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("127.0.0.1")
	c, approved := guarded(t, s, func(string) []netip.Addr {
		switch asked.Add(1) % 3 {
		case 0:
			return []netip.Addr{outside}
		case 1:
			return []netip.Addr{own}
		}
		return []netip.Addr{own, outside, own}
	})
	url := fmt.Sprintf("https://rebind.example:%d/", s.port)
	blocked := 0
	for range tries {
		if a := c.post(t.Context(), url); a.Reason == ReasonBlocked {
			blocked++
		} else if a.Status != 0 {
			t.Fatalf("%+v", a)
		}
	}
	if s.reached.Load() != 0 {
		t.Errorf("the sink was reached %d times in %d tries", s.reached.Load(), tries)
	}
	if blocked == 0 || approved.Load() == 0 {
		t.Errorf("%d blocked and %d approved of %d: the name did not alternate", blocked, approved.Load(), tries)
	}
}

// TestNoProxy: the environment cannot lead deliveries elsewhere.
func TestNoProxy(t *testing.T) {
	s := newSink(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, fmt.Sprintf("http://127.0.0.1:%d", s.port))
	}
	c, _ := guarded(t, s, func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("93.184.216.34")} })
	c.post(t.Context(), "https://shop.example/")
	if c.transport.Proxy != nil || s.reached.Load() != 0 {
		t.Errorf("the proxy was reached %d times", s.reached.Load())
	}
}

func TestCheckURL(t *testing.T) {
	g := NewGuard(GuardOptions{})
	for _, u := range []string{"https://shop.example/hook", "https://shop.example:443/", "https://shop.example:8443/a?b=c", "https://8.8.8.8/", "https://[2606:4700:4700::1111]/",
		"https://xn--bcher-kva.example/", "https://a_b.example/", "https://shop.example./"} {
		if err := g.CheckURL(u); err != nil {
			t.Errorf("%s %v", u, err)
		}
	}
	for _, u := range []string{"https://2130706433/", "https://127.1/", "https://0x7f.0.0.1/", "https://0177.0.0.01/", "https://a.0x10/", "https://localhost/", "https://a.localhost/",
		"https://127.0.0.1/", "https://user@shop.example/", "https://shop.example:80/", "https://shop.example/#x", "http://shop.example/", "https://a..b/", "https://é.example/"} {
		if g.CheckURL(u) == nil {
			t.Errorf("%s is allowed", u)
		}
	}
	local := NewGuard(GuardOptions{AllowLoopback: true})
	for u, want := range map[string]bool{"http://127.0.0.1:9999/": true, "http://localhost:3000/x": true, "http://[::1]:3000/x": true, "http://10.0.0.1/": false, "http://shop.example/": false,
		"https://shop.example/": true, "ftp://127.0.0.1/": false} {
		if got := local.CheckURL(u) == nil; got != want {
			t.Errorf("with loopback allowed, %s: %v", u, local.CheckURL(u))
		}
	}
}

// nothing is a name without addresses.
func nothing(string) []netip.Addr { return nil }
