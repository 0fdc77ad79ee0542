package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of one try.
const (
	tryTimeout  = 15 * time.Second // all of it: names, connection, handshake, request and answer
	drainAtMost = 64 << 10         // bytes of an answer's body, read and thrown away
	drainFor    = time.Second      // ... for no longer than this: the status has been said
	maxHeaders  = 16 << 10         // bytes of an answer's headers, all 1xx included
)

// answer is what a try brought.
type answer struct {
	Status     int // 0: none came
	Reason     Reason
	RetryAfter time.Duration
	Slow       bool // it took so long that the receiver may only have few places
}

// client is the connections to one endpoint. Each has its own, so that what a receiver does to a
// connection is felt by nobody else.
type client struct {
	guard     *Guard
	transport *http.Transport
	now       func() time.Time
}

// dialFunc opens a connection.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func newClient(g *Guard, dial dialFunc, roots *tls.Config, now func() time.Time, keepAlive bool) *client {
	return &client{guard: g, now: now, transport: &http.Transport{
		Proxy:                  nil, // nor from the environment
		DialContext:            dial,
		TLSClientConfig:        roots,
		TLSHandshakeTimeout:    10 * time.Second,
		DisableKeepAlives:      !keepAlive,
		DisableCompression:     true, // nothing is asked for compressed, and nothing is unpacked
		MaxIdleConnsPerHost:    perEndpoint,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaders,
		ReadBufferSize:         4 << 10,
		WriteBufferSize:        4 << 10,
		// HTTP/1.1 only: an answer is a status, and one connection is one try.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}
}

// send makes one try. What the receiver answers beside its status and Retry-After is thrown away.
func (c *client) send(ctx context.Context, out Request) answer {
	started := time.Now()
	a := c.roundTrip(ctx, out)
	a.Slow = time.Since(started) > slowAfter || a.Reason == ReasonTimeout
	return a
}

func (c *client) roundTrip(ctx context.Context, out Request) answer {
	if err := c.guard.CheckURL(out.URL); err != nil {
		return answer{Reason: ReasonBlocked}
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		return answer{Reason: ReasonBlocked}
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	r := (&http.Request{Method: out.Method, URL: u, Host: u.Host, Header: out.Header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if out.Body != nil {
		r.Body = io.NopCloser(bytes.NewReader(out.Body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Body)), nil }
		r.ContentLength = int64(len(out.Body))
	}
	// The transport and not a client: no redirects are followed, no cookies kept.
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err() // whatever the transport calls it
		}
		return answer{Reason: ofError(err)}
	}
	// A short answer is read to its end, so that the connection can be used again.
	stop := time.AfterFunc(drainFor, cancel)
	_, _ = io.CopyN(io.Discard, res.Body, drainAtMost)
	stop.Stop()
	_ = res.Body.Close()
	return answer{Status: res.StatusCode, Reason: ofStatus(res.StatusCode), RetryAfter: retryAfter(res.StatusCode, res.Header, c.now())}
}

func (c *client) close() { c.transport.CloseIdleConnections() }
