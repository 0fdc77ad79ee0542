package engine

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// SecretOverlap is how long an endpoint's former secret signs beside the new one, if nothing else was asked.
const SecretOverlap = 24 * time.Hour

var errNoEndpoint = checkout.Errorf(checkout.CodeNotFound, "no such endpoint")

// AddEndpoint makes an endpoint of Merchant, Dialect and URL; the rest is set here, and its secret can
// be seen in what is given back. The URL is https and on the merchant's list of hosts, if there is one; allowLoopback
// (demo) also takes plain http to this machine. Errors: CodeInvalid, CodeNotFound (the merchant), CodeUnavailable.
func (e *Engine) AddEndpoint(ctx context.Context, p checkout.Endpoint, allowLoopback bool) (checkout.Endpoint, error) {
	now := e.Now()
	p.URL = checkout.UnwrapURL(strings.TrimSpace(p.URL))
	p.ID, p.Version, p.CreatedAt = e.ids(checkout.PrefixEndpoint, now), 1, now
	p.Secret, p.Former, p.FormerUntil = newEndpointSecret(), "", time.Time{}
	p.Enabled, p.Reason = true, ""
	err := e.write(ctx, func(tx store.Tx) error {
		m, err := tx.Merchant(ctx, p.Merchant)
		if err != nil {
			return err
		}
		if err := checkout.CheckURL(p.URL, m.AllowedHosts, allowLoopback); err != nil {
			return checkout.Invalid("url", "%s", checkout.AsError(err).Safe)
		}
		return tx.InsertEndpoint(p)
	})
	if err != nil {
		return checkout.Endpoint{}, err
	}
	return p, nil
}

// newEndpointSecret draws 32 random bytes and writes them as Standard Webhooks wants it.
func newEndpointSecret() checkout.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return checkout.Secret("whsec_" + base64.StdEncoding.EncodeToString(b[:]))
}

// changeEndpoint changes one of a merchant's endpoints and gives it as stored.
func (e *Engine) changeEndpoint(ctx context.Context, merchant, id checkout.ID, change func(p *checkout.Endpoint) (changed bool)) (checkout.Endpoint, error) {
	var p checkout.Endpoint
	err := e.write(ctx, func(tx store.Tx) (err error) {
		if p, err = endpointOf(ctx, tx, merchant, id); err != nil || !change(&p) {
			return err
		}
		p.Version++
		return tx.UpdateEndpoint(p)
	})
	if err != nil {
		return checkout.Endpoint{}, err
	}
	return p, nil
}

func endpointOf(ctx context.Context, r store.Reader, merchant, id checkout.ID) (checkout.Endpoint, error) {
	p, err := r.Endpoint(ctx, id)
	if err == nil && p.Merchant == merchant {
		return p, nil
	}
	if err == nil || checkout.CodeOf(err) == checkout.CodeNotFound {
		err = errNoEndpoint
	}
	return checkout.Endpoint{}, err
}

// RotateEndpointSecret gives an endpoint a new secret. The former one signs beside it for overlap; 0
// is SecretOverlap, less than 0 ends it at once (it was stolen). One that was still the former is over.
func (e *Engine) RotateEndpointSecret(ctx context.Context, merchant, id checkout.ID, overlap time.Duration) (checkout.Endpoint, error) {
	if overlap == 0 {
		overlap = SecretOverlap
	}
	return e.changeEndpoint(ctx, merchant, id, func(p *checkout.Endpoint) bool {
		p.Former, p.FormerUntil = p.Secret, e.Now().Add(overlap)
		if overlap < 0 {
			p.Former, p.FormerUntil = "", time.Time{}
		}
		p.Secret = newEndpointSecret()
		return true
	})
}

// SetEndpointEnabled switches an endpoint on or off. What waits for one that is off waits on, and is due
// when it is on again; what happens meanwhile is not told to it. Other processes notice within 5 s.
func (e *Engine) SetEndpointEnabled(ctx context.Context, merchant, id checkout.ID, enabled bool) (checkout.Endpoint, error) {
	return e.changeEndpoint(ctx, merchant, id, func(p *checkout.Endpoint) bool {
		changed := p.Enabled != enabled || p.Reason != ""
		p.Enabled, p.Reason = enabled, ""
		return changed
	})
}

// Endpoints lists a merchant's endpoints, oldest first.
func (e *Engine) Endpoints(ctx context.Context, merchant checkout.ID) ([]checkout.Endpoint, error) {
	return e.store.Endpoints(ctx, merchant)
}
