package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"kassa/internal/psp/sandbox"
	"kassa/internal/seal"
)

// running is the whole program in a test, listening on loopback.
type running struct {
	*site
	base  string
	clock *sandbox.Clock
}

// testSite boots the demo's site on a free port, with its two merchants, and stops it at the end.
// change may bend the options first.
func testSite(t testing.TB, change func(*siteOptions)) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	box, err := seal.New(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	o := siteOptions{database: filepath.Join(t.TempDir(), "test.db"), publicURL: base, box: box, cookieKey: make([]byte, 32), secret: seal.NewKey(), clock: &sandbox.Clock{},
		loopback: true, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := openDemo(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && err != http.ErrServerClosed {
			t.Errorf("the site did not stop cleanly: %v", err)
		}
	})
	return &running{site: s, base: base, clock: o.clock}
}
