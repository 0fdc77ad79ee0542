package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kassa/internal/checkout"
)

type listenCommand struct {
	ForwardTo string          `help:"Where deliveries go: a URL on this machine." required:"" name:"forward-to" placeholder:"URL"`
	Server    string          `help:"The server's public URL." env:"KASSA_PUBLIC_URL" default:"http://127.0.0.1:8080" placeholder:"URL"`
	Key       checkout.Secret `help:"An API key of the merchant, with the scope sessions:read." env:"KASSA_API_KEY" required:"" placeholder:"KEY"`
	JSON      bool            `help:"Print JSON, an object a line." name:"json"`
}

// errListenRefused ends listening: trying again will not help.
var errListenRefused = errors.New("the server refused")

// Run connects and, until it is stopped, connects again when the connection ends.
func (c *listenCommand) Run(ctx context.Context, io streams) error {
	var p problems
	to, err := url.Parse(c.ForwardTo)
	if err != nil || to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") {
		p.add("--forward-to %q is not an http or https URL", c.ForwardTo)
	}
	server, err := url.Parse(c.Server)
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") {
		p.add("--server (KASSA_PUBLIC_URL) %q is not an http or https URL", c.Server)
	}
	if err := p.orNil(); err != nil {
		return err
	}
	wait := time.Second
	for {
		began := time.Now()
		err := c.follow(ctx, io, to)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the operator ended it
		case errors.Is(err, errListenRefused):
			return err
		case time.Since(began) > time.Minute:
			wait = time.Second
		}
		say(io.err, "the connection has ended (%v); again in %s", err, wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, 30*time.Second)
	}
}

// follow is one connection, until it ends.
func (c *listenCommand) follow(ctx context.Context, out streams, to *url.URL) error {
	// No line for three pings: the connection is dead, whatever the network says.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(3*listenPing, func() { cancel(errors.New("the server has gone silent")) })
	defer silence.Stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.Server, "/")+listenPath, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key.Reveal())
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		var said struct{ Error string }
		_ = json.NewDecoder(io.LimitReader(res.Body, 4<<10)).Decode(&said)
		err := fmt.Errorf("%d %s", res.StatusCode, said.Error)
		if res.StatusCode < 500 {
			err = fmt.Errorf("%w: %w", errListenRefused, err)
		}
		return err
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 64<<10), 256<<10)
	for lines.Scan() {
		silence.Reset(3 * listenPing)
		var l listenLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return err
		}
		switch l.Type {
		case "ready":
			if err := c.say(out, map[string]any{"ready": true, "merchant": l.Merchant, "endpoints": l.Endpoints, "forward_to": to.String()},
				fmt.Sprintf("Listening as %s; deliveries go to %s.", l.Merchant, to)); err != nil {
				return err
			}
			if l.Endpoints == 0 {
				say(out.err, "This merchant has no enabled endpoint, so nothing will come: kassa endpoint add --merchant %s --url URL", l.Merchant)
			}
		case "delivery":
			if err := c.forward(ctx, out, to, l); err != nil {
				return err
			}
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.EOF
}

// forward sends one delivery on, as its endpoint would get it, and prints what became of it. A receiver that
// fails is the developer's to see: nothing is tried again.
func (c *listenCommand) forward(ctx context.Context, out streams, to *url.URL, l listenLine) error {
	target := *to
	if u, err := url.Parse(l.URL); err == nil && u.RawQuery != "" { // a dialect may tell by its parameters
		target.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+u.RawQuery, "&")
	}
	began := time.Now()
	status, failure := 0, ""
	bounded, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(bounded, l.Method, target.String(), bytes.NewReader(l.Body))
	if err == nil {
		r.Header = l.Header
		var res *http.Response
		if res, err = (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r); err == nil {
			status = res.StatusCode
			_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
			_ = res.Body.Close()
		}
	}
	said := fmt.Sprint(status)
	if err != nil {
		failure = err.Error()
		said = failure
	}
	took := time.Since(began)
	return c.say(out, map[string]any{"delivery": l.ID, "endpoint": l.Endpoint, "session": l.Session, "kind": l.Kind, "status": status, "error": failure,
		"duration_ms": took.Milliseconds()}, fmt.Sprintf("%s  %s  %s  %s  %s  (%d ms)", began.Format(time.TimeOnly), l.Kind, l.Session, l.ID, said, took.Milliseconds()))
}

func (c *listenCommand) say(out streams, row map[string]any, line string) error {
	if c.JSON {
		return json.NewEncoder(out.out).Encode(row)
	}
	_, err := fmt.Fprintln(out.out, line)
	return err
}
