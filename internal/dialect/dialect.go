package dialect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// Kind is a dialect's passport, a row of the registry.
type Kind struct {
	Name   string // the folder, and the prefix it is served below: "kaipay"
	Title  string // "KaiPay"
	Native string // the path that a client's base URL ends in, below the prefix: "/v1"
	New    func(Deps) Dialect
}

// Deps is what a dialect is made with.
type Deps struct {
	Engine        *engine.Engine
	Links         checkout.Links
	Now           func() time.Time
	Log           *slog.Logger
	AllowLoopback bool // demo: URLs may be plain http to this machine
}

// Dialect is one API.
type Dialect interface {
	// Handler serves the dialect's native paths; the prefix has been taken off.
	Handler() http.Handler
	// ReturnURL is where the shopper goes home to with the session in its present state; a is the
	// attempt that decided it, if one did. Empty: the merchant gave no URL for this outcome.
	ReturnURL(ctx context.Context, s checkout.Session, a *checkout.Attempt) (string, error)
}
