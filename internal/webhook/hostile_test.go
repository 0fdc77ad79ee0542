package webhook

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
)

// hostile is a receiver that means harm: it gets the connection once the request has been read.
type hostile struct {
	name string
	// answer does its worst until the connection ends.
	answer func(c net.Conn)
	want   Reason // "": counts as delivered, because it said 2xx first
	slow   bool   // it holds a place until the deadline
}

func repeat(c net.Conn, pause time.Duration, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// bomb is a small text that unpacks to 200 MiB.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 200 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	return b.String()
})

func catalogue() []hostile {
	bomb()
	kib := strings.Repeat("x", 1024)
	return []hostile{
		{"endless body", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); repeat(c, 0, kib) }, ReasonNone, false},
		{"endless chunks", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			repeat(c, 0, "400\r\n"+kib+"\r\n")
		}, ReasonNone, false},
		{"endless chunk extension", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
			repeat(c, 0, kib)
		}, ReasonNone, false},
		{"endless trailers", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
			repeat(c, 0, "X-A: "+kib+"\r\n")
		}, ReasonNone, false},
		{"huge length, no body", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n")
			repeat(c, time.Second, "")
		}, ReasonNone, false},
		{"slow body", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			repeat(c, 200*time.Millisecond, "x")
		}, ReasonNone, false},
		{"gzip bomb", func(c net.Conn) {
			b := bomb()
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
		}, ReasonNone, false},
		{"failure with an endless body", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 500 No\r\n\r\n"); repeat(c, 0, kib) }, ReasonStatus, false},
		{"one huge header", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: "); repeat(c, 0, kib) }, ReasonTooLarge, false},
		{"endless headers", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"); repeat(c, 0, "X-A: "+kib+"\r\n") }, ReasonTooLarge, false},
		{"endless status line", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 "); repeat(c, 0, kib) }, ReasonTooLarge, false},
		{"flood of 1xx", func(c net.Conn) { repeat(c, 0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") }, ReasonTooLarge, false},
		{"flood of 100", func(c net.Conn) { repeat(c, 0, "HTTP/1.1 100 Continue\r\n\r\n") }, ReasonTooLarge, false},
		{"switches protocols", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			repeat(c, 0, kib)
		}, ReasonStatus, false},
		{"not HTTP", func(c net.Conn) { repeat(c, 0, "SSH-2.0-OpenSSH_9.6\r\n") }, ReasonProtocol, false},
		{"two lengths", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
		}, ReasonProtocol, false},
		{"hangs up", func(net.Conn) {}, ReasonClosed, false},
		{"redirect to itself", func(c net.Conn) {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 307 Again\r\nLocation: http://%s/\r\nContent-Length: 0\r\n\r\n", c.LocalAddr())
		}, ReasonRedirect, false},
		{"cookies", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
		}, ReasonNone, false},
		{"slow headers", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			repeat(c, 500*time.Millisecond, "X-A: b\r\n")
		}, ReasonTimeout, true},
		{"silence", func(c net.Conn) { repeat(c, time.Second, "") }, ReasonTimeout, true},
	}
}

func (h hostile) serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			all.Go(func() {
				defer func() { _ = c.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = c.SetDeadline(time.Now().Add(25 * time.Second))
				// Notice when the other side has gone, even while saying nothing.
				gone := make(chan struct{})
				go func() { defer close(gone); _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
				h.answer(c)
				if h.slow {
					<-gone
				}
				_ = c.Close()
				<-gone
			})
		}
	})
	return "http://" + l.Addr().String() + "/"
}

// TestHostileReceivers: the whole catalogue at once, beside a healthy receiver. No try lasts longer than the
// deadline, the healthy one waits for nobody, and memory does not grow (T43).
func TestHostileReceivers(t *testing.T) {
	r := newRig(t, nil)
	well := &receiver{}
	srv := httptest.NewServer(well)
	defer srv.Close()
	healthy := r.endpoint(srv.URL)
	all := catalogue()
	var to []checkout.Endpoint
	for _, h := range all {
		to = append(to, r.endpoint(h.serve(t)))
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.run()
	var ids [][]checkout.ID
	for range 4 { // more than the places that each has
		ids = append(ids, r.tell(checkout.EventSessionPaid, to...))
	}
	var peak uint64
	for range 20 {
		id := r.tell(checkout.EventSessionPaid, healthy)[0]
		began := time.Now()
		r.until(id, checkout.DeliveryDelivered, 5*time.Second)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the healthy receiver waited %s", took)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		peak = max(peak, after.HeapAlloc+after.StackInuse)
		time.Sleep(50 * time.Millisecond)
	}
	if base := before.HeapAlloc + before.StackInuse; peak > base+10<<20 {
		t.Errorf("memory in use grew by %d KiB", (peak-base)>>10)
	}
	for i, h := range all {
		t.Run(h.name, func(t *testing.T) {
			if h.slow && testing.Short() {
				t.Skip("waits for the deadline")
			}
			id := ids[0][i]
			var tries []checkout.Try
			for end := time.Now().Add(20 * time.Second); len(tries) == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				tries = r.tries(id)
			}
			if len(tries) == 0 {
				t.Fatal("a try lasts longer than 20 s")
			}
			if got := Reason(tries[0].Reason); got != h.want {
				t.Errorf("reason %q, want %q (status %d)", got, h.want, tries[0].Status)
			}
			most := 5 * time.Second
			if h.slow {
				most = tryTimeout + time.Second
			}
			if tries[0].Duration > most {
				t.Errorf("the try lasted %s", tries[0].Duration)
			}
			if d := r.delivery(id); (d.State == checkout.DeliveryDelivered) != (h.want == ReasonNone) {
				t.Errorf("the delivery is %s", d.State)
			}
		})
	}
}

// TestReasonsOfConnections: what has no answer is told apart.
func TestReasonsOfConnections(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	secure := httptest.NewUnstartedServer(&receiver{})
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	bare := httptest.NewServer(&receiver{})
	defer bare.Close()
	g := NewGuard(GuardOptions{AllowLoopback: true})
	trusting := secure.Client().Transport.(*http.Transport).TLSClientConfig
	for what, c := range map[string]struct {
		url  string
		tls  *tls.Config
		want Reason
	}{
		"nobody there":         {"http://" + nobody, nil, ReasonRefused},
		"unknown certificate":  {secure.URL, nil, ReasonTLS},
		"wrong name":           {strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), trusting, ReasonTLS},
		"good certificate":     {secure.URL, trusting, ReasonNone},
		"no TLS there":         {strings.Replace(bare.URL, "http://", "https://", 1), nil, ReasonTLS},
		"name that is nowhere": {"https://nowhere.invalid/", nil, ReasonDNS},
	} {
		t.Run(what, func(t *testing.T) {
			cl := newClient(g, g.dial, c.tls, time.Now, true)
			if c.want == ReasonDNS {
				cl.transport.DialContext = (&net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: dnsServer(t, nothing)}}).DialContext
			}
			defer cl.close()
			if a := cl.post(t.Context(), c.url); a.Reason != c.want {
				t.Errorf("%+v, want %q", a, c.want)
			}
		})
	}
}
