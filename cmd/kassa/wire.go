package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
	"kassa/internal/psp"
	"kassa/internal/psp/sandbox"
	"kassa/internal/seal"
	"kassa/internal/store/sqlite"
	"kassa/internal/webhook"
	"kassa/internal/words"
	"kassa/web"
)

// engine opens the database for a command that runs beside a server, or without one. Channels need the
// secret key; nothing else does.
func (f *databaseFlags) engine(ctx context.Context, needsSecret bool) (*engine.Engine, func(), error) {
	var p problems
	f.checkDatabase(&p)
	box := f.secret(needsSecret, &p)
	if err := p.orNil(); err != nil {
		return nil, nil, err
	}
	st, err := sqlite.Open(ctx, f.Database, sqlite.Options{Seal: box, Migrate: true})
	if err != nil {
		return nil, nil, err
	}
	adapters, closeAdapters := commandPSPs()
	e := engine.New(engine.Options{Store: st, PSPs: adapters, Links: checkout.NewLinks("")})
	return e, func() { closeAdapters(); _ = st.Close() }, nil
}

// commandPSPs are the adapters for a command that calls no provider: the sandbox's bank is an empty one.
func commandPSPs() ([]psp.Kind, func()) {
	bank := sandbox.New(sandbox.Options{})
	return psps(bank), func() { _ = bank.Close() }
}

// site is everything that a running server consists of.
type site struct {
	store   *sqlite.Store
	bank    *sandbox.Bank
	engine  *engine.Engine
	worker  *webhook.Worker
	handler http.Handler
	log     *slog.Logger
}

// siteOptions is what demo and serve differ in.
type siteOptions struct {
	database  string
	publicURL string
	box       *seal.Box
	cookieKey []byte
	secret    []byte         // the secret key itself, for what is derived from it
	clock     *sandbox.Clock // demo: the virtual clock; nil: real time
	loopback  bool           // demo: URLs may be plain http to this machine
	mounts    map[string]http.Handler
	ports     []uint16 // that callbacks may go to, beside 443 and 8443
	log       *slog.Logger
}

func openSite(ctx context.Context, o siteOptions) (*site, error) {
	st, err := sqlite.Open(ctx, o.database, sqlite.Options{Seal: o.box, Migrate: true, Log: o.log})
	if err != nil {
		return nil, err
	}
	links := checkout.NewLinks(o.publicURL)
	now := time.Now
	if o.clock != nil {
		now = o.clock.Now
	}
	bank := sandbox.New(sandbox.Options{JournalPath: o.database + ".sandbox", Clock: o.clock, Now: now, BaseURL: links.Base, Log: o.log})
	encoders := map[string]webhook.Encoder{}
	worker := webhook.NewWorker(webhook.Options{Store: st, Encoders: encoders, Guard: o.guard(), Now: now, Log: o.log})
	eng := engine.New(engine.Options{Store: st, PSPs: psps(bank), Links: links, Now: now, Log: o.log, Deliver: worker.Wake})
	catalogue, err := words.New()
	if err != nil {
		return nil, errors.Join(err, bank.Close(), st.Close())
	}
	spoken := map[string]dialect.Dialect{}
	for _, k := range dialects() {
		spoken[k.Name] = k.New(dialect.Deps{Engine: eng, Links: links, Now: now, Log: o.log, AllowLoopback: o.loopback})
		if e, tells := spoken[k.Name].(webhook.Encoder); tells {
			encoders[k.Name] = e
		}
	}
	mounts := map[string]http.Handler{"/sandbox": bank.Handler(), "/listen": listenRoute(eng, encoders)}
	for path, h := range o.mounts {
		mounts[path] = h
	}
	h := web.New(web.Options{Engine: eng, Links: links, Dialects: spoken, Words: catalogue, CookieKey: o.cookieKey, Secret: o.secret, Log: o.log, Mounts: mounts})
	return &site{store: st, bank: bank, engine: eng, worker: worker, handler: h, log: o.log}, nil
}

// serve listens, works until ctx ends, and stops gracefully: what was begun is finished, within 10 s.
func (s *site) serve(ctx context.Context, listener net.Listener) error {
	if os.Getenv("GOGC") == "" {
		// Requests leave little behind and the heap is small: collecting it a third as often costs some
		// megabytes and gives back a tenth of the processor.
		debug.SetGCPercent(300)
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var workers sync.WaitGroup
	workers.Go(func() { s.engine.Run(work) })
	workers.Go(func() { s.worker.Run(work) })
	// A clean stop tells nothing of what happened to the file since. Damage turns the store off.
	workers.Go(func() {
		if err := s.store.Examine(work); err != nil && work.Err() == nil {
			s.log.ErrorContext(work, "the look through the database did not end well", "err", err)
		}
	})
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	srv := &http.Server{
		Handler:           endingStreams(streams, s.handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		// Open event streams end at once; a browser connects again. Everything else may finish.
		time.AfterFunc(200*time.Millisecond, endStreams)
		err = srv.Shutdown(grace)
		s.engine.Wait(grace)
	}
	stopWork()
	workers.Wait()
	return errors.Join(err, s.bank.Close(), s.store.Close())
}

// endingStreams lets the requests that never end by themselves, a page's events, end with ctx.
func endingStreams(ctx context.Context, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			stream, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			r = r.WithContext(stream)
		}
		h.ServeHTTP(w, r)
	})
}

// cookieKey derives the key of the browser session's cookie from the secret key's text.
func cookieKey(secret []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "kassa browser session", 32)
}

// listen opens the address; the error says what to do about a port that is taken.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w (choose another with --listen)", address, err)
	}
	return l, nil
}

func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
