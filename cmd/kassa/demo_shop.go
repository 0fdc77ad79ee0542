package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	duka "kassa/web/shop"
)

// openDemo opens a site with what only a demo has: the two merchants, their fixed keys, and a shop that
// belongs to the second and is set up by the means that any merchant has.
func openDemo(ctx context.Context, o siteOptions) (*site, error) {
	base := checkout.NewLinks(o.publicURL).Base()
	front := &later{}
	o.mounts = map[string]http.Handler{"/demo/credentials.json": demoCredentials(base), "/demo": front}
	s, err := openSite(ctx, o)
	if err != nil {
		return nil, err
	}
	settings, err := shopSettings(ctx, s.engine, base, o.secret)
	if err != nil {
		return nil, errors.Join(err, s.bank.Close(), s.store.Close())
	}
	front.Handler = duka.New(settings)
	return s, nil
}

// later is a handler that is known only when the site that it is part of stands.
type later struct{ http.Handler }

const shopCallback = "/demo/callback"

// shopSettings furnishes the demo and gives its shop what a merchant would have been given. Only the shop's
// merchant has signed returns. The shop's clock is the world's, as any receiver's: callbacks are stamped with
// it, whatever the demo's own clock says.
func shopSettings(ctx context.Context, e *engine.Engine, base string, secret []byte) (duka.Options, error) {
	o := duka.Options{Public: base, API: base + "/kaipay/v1", Key: demoOtherKey, Client: &http.Client{Timeout: 10 * time.Second}, Now: time.Now}
	if err := furnish(ctx, e); err != nil {
		return o, err
	}
	key, err := e.Authenticate(ctx, "kaipay", demoOtherKey)
	if err != nil {
		return o, err
	}
	m, err := e.SetReturnKey(ctx, key.Merchant, engine.ReturnKeyOn)
	if err != nil {
		return o, err
	}
	ret, err := checkout.DeriveReturnKey(secret, m.ID, m.ReturnKey)
	if err != nil {
		return o, err
	}
	endpoint, err := shopEndpoint(ctx, e, m.ID, base+shopCallback)
	o.ReturnKey, o.WebhookSecret = ret.Reveal(), endpoint.Secret.Reveal()
	return o, err
}

// shopEndpoint gives the shop's endpoint, made at the first run. Those of runs at other addresses are
// switched off: nobody listens there any more.
func shopEndpoint(ctx context.Context, e *engine.Engine, merchant checkout.ID, url string) (checkout.Endpoint, error) {
	all, err := e.Endpoints(ctx, merchant)
	if err != nil {
		return checkout.Endpoint{}, err
	}
	var found *checkout.Endpoint
	for i := range all {
		p := &all[i]
		ours := p.URL == url
		if ours {
			found = p
		}
		if p.Enabled == ours || !strings.HasSuffix(p.URL, shopCallback) {
			continue
		}
		if _, err := e.SetEndpointEnabled(ctx, merchant, p.ID, ours); err != nil {
			return checkout.Endpoint{}, err
		}
	}
	if found != nil {
		return *found, nil
	}
	return e.AddEndpoint(ctx, checkout.Endpoint{Merchant: merchant, Dialect: "kaipay", URL: url}, true)
}
