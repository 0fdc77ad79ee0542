package checkout

import (
	"fmt"
	"io"
	"time"
)

// Merchant is a business.
type Merchant struct {
	ID           ID
	Name         string // what shoppers know it as
	LegalName    string
	Address      string
	Email        string // support, shown to shoppers
	Website      string
	Country      Country
	Locale       string   // default language of its pages; empty: the shopper's
	AllowedHosts []string // hosts that its URLs may name; empty: any
	// ReturnKey tells whether the shopper's way home is signed: n from 1 for "under the n-th key", 0 for
	// never, -n for "not any more, and the n-th key was the last". The keys themselves are derived.
	ReturnKey int
	Version   int64
	CreatedAt time.Time
}

// Scope is what a key may do.
type Scope string

const (
	ScopeSessionsWrite Scope = "sessions:write"
	ScopeSessionsRead  Scope = "sessions:read"
	ScopeRefundsWrite  Scope = "refunds:write"
)

// Scopes lists every scope; a key made without a list has them all.
func Scopes() []Scope { return []Scope{ScopeSessionsWrite, ScopeSessionsRead, ScopeRefundsWrite} }

// Key lets a merchant's server call one dialect. The secret itself is never stored.
type Key struct {
	ID        ID
	Merchant  ID
	Dialect   string
	Hash      [32]byte // SHA-256 of the secret
	Hint      string   // its last four characters
	Scopes    []Scope
	Test      bool
	CreatedAt time.Time
	RevokedAt time.Time
}

// Allows reports whether the key is alive and covers the scope.
func (k *Key) Allows(s Scope) bool {
	for _, have := range k.Scopes {
		if have == s {
			return k.RevokedAt.IsZero()
		}
	}
	return false
}

// Secret is a text that must not be written anywhere: every way of printing it gives "***". Keep it
// in exported fields only: fmt prints an unexported one without asking it.
type Secret string

// Format hides the secret from every verb of fmt; String alone would leave %d and its like.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret from JSON and from slog.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Reveal gives the secret. Call it where it is used, never where it could be printed.
func (s Secret) Reveal() string { return string(s) }
