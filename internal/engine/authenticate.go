package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Authenticate finds the key that a caller of a dialect presents. CodeUnauthenticated for a key that
// is unknown, revoked or of another dialect; the answer does not tell which. It may be 5 s old.
func (e *Engine) Authenticate(ctx context.Context, dialect, secret string) (checkout.Key, error) {
	refused := checkout.Errorf(checkout.CodeUnauthenticated, "the API key is missing or not valid")
	if secret == "" || len(secret) > 256 {
		return checkout.Key{}, refused
	}
	// The secret is looked up by its hash: how long that takes tells nothing about the secret.
	hash := sha256.Sum256([]byte(secret))
	k, err := e.keys.get(hash, func() (checkout.Key, error) { return e.store.KeyByHash(ctx, hash) })
	if checkout.CodeOf(err) == checkout.CodeNotFound {
		return checkout.Key{}, refused
	}
	if err != nil {
		return checkout.Key{}, err
	}
	if k.Dialect != dialect || !k.RevokedAt.IsZero() {
		return checkout.Key{}, refused
	}
	return k, nil
}

// Require fails with CodeForbidden when the key does not cover the scope.
func Require(k checkout.Key, s checkout.Scope) error {
	if k.Allows(s) {
		return nil
	}
	return checkout.Errorf(checkout.CodeForbidden, "this API key does not have the scope %s", s)
}

// NewKey is a key to make. An empty Secret is drawn at random; demo gives fixed ones.
type NewKey struct {
	Merchant checkout.ID
	Dialect  string
	Scopes   []checkout.Scope // empty: all
	Test     bool
	Secret   checkout.Secret
}

// AddKey makes a key and gives its secret, the only time it can be seen.
func (e *Engine) AddKey(ctx context.Context, in NewKey) (checkout.Key, checkout.Secret, error) {
	now := e.Now()
	secret := in.Secret
	if secret == "" {
		var b [32]byte
		_, _ = rand.Read(b[:])
		mode := "live"
		if in.Test {
			mode = "test"
		}
		secret = checkout.Secret("sk_" + mode + "_" + base64.RawURLEncoding.EncodeToString(b[:]))
	}
	if len(in.Scopes) == 0 {
		in.Scopes = checkout.Scopes()
	}
	k := checkout.Key{ID: e.ids(checkout.PrefixKey, now), Merchant: in.Merchant, Dialect: in.Dialect, Hash: sha256.Sum256([]byte(secret.Reveal())),
		Hint: secret.Reveal()[len(secret)-4:], Scopes: in.Scopes, Test: in.Test, CreatedAt: now}
	err := e.write(ctx, func(tx store.Tx) error {
		if _, err := tx.Merchant(ctx, in.Merchant); err != nil {
			return err
		}
		return tx.InsertKey(k)
	})
	return k, secret, err
}
