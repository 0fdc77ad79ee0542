package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/psp/sandbox"
	"kassa/internal/seal"
)

// The demo's fixed keys: they open nothing but a demo on this machine, and are printed in the README.
const (
	demoKey      = "sk_test_demo_cafe_luna"
	demoOtherKey = "sk_test_demo_duka_la_pili"
	demoReadKey  = "sk_test_demo_cafe_luna_read_only"
)

type demoCommand struct {
	Listen    string `help:"Address to listen on; loopback only." env:"KASSA_LISTEN" default:"127.0.0.1:8080"`
	Database  string `help:"The database: a path." env:"KASSA_DATABASE" default:"kassa-demo.db" placeholder:"FILE"`
	PublicURL string `help:"The URL that it is reached at. Default: http:// and the listen address." env:"KASSA_PUBLIC_URL" placeholder:"URL"`
	LogLevel  string `help:"debug, info, warn or error." env:"KASSA_LOG_LEVEL" default:"warn" enum:"debug,info,warn,error"`
	JSON      bool   `help:"Print JSON." name:"json"`
}

// Run is everything at once with nothing configured.
func (c *demoCommand) Run(ctx context.Context, io streams) error {
	var p problems
	flags := serverFlags{Listen: c.Listen, PublicURL: c.PublicURL, LogLevel: c.LogLevel}
	flags.check(&p)
	if !loopbackOnly(c.Listen) {
		p.add("--listen (KASSA_LISTEN) %q: the demo's keys are known to everybody, so it listens on loopback only; use kassa serve", c.Listen)
	}
	(&databaseFlags{Database: c.Database}).checkDatabase(&p)
	if err := p.orNil(); err != nil {
		return err
	}
	key, err := demoSecret(c.Database + ".key")
	if err != nil {
		return err
	}
	box, err := seal.New(key)
	if err != nil {
		return err
	}
	cookies, err := cookieKey(key)
	if err != nil {
		return err
	}
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	public := c.PublicURL
	if public == "" {
		public = "http://" + l.Addr().String() // a port of 0 becomes the one that was given
	}
	base := checkout.NewLinks(public).Base()
	s, err := openDemo(ctx, siteOptions{database: c.Database, publicURL: public, box: box, cookieKey: cookies, secret: key, clock: &sandbox.Clock{}, loopback: true,
		log: flags.logger(io)})
	if err != nil {
		_ = l.Close()
		return err
	}
	if c.JSON {
		err = io.print(true, map[string]any{"listen": l.Addr().String(), "public_url": base, "shop": base + "/demo", "database": c.Database, "credentials": credentials(base)})
	} else {
		say(io.out, `Kassa's demo is ready. No real money moves.

  shop     %[1]s/demo   (click here first)
  API      %[1]s/kaipay/v1/client-session
  key      %[2]s   (merchant Café Luna)
  keys     %[1]s/demo/credentials.json
  bank     %[1]s/sandbox/

Send an order and open the client_session_url of the answer:

  curl -s %[1]s/kaipay/v1/client-session -H 'Authorization: Bearer %[2]s' \
    --json '{"amount":21000,"currency":"MXN","success_redirect_url":"https://example.com/thanks","customer":{"name":"Juan Pérez","email":"juan@example.com"},"order":{"country":"MX"}}'

Data is kept in %[3]s. Stop with Ctrl-C.`, base, demoKey, c.Database)
	}
	if err != nil {
		return err
	}
	return s.serve(ctx, l)
}

// furnish makes what the demo consists of, unless an earlier run has.
func furnish(ctx context.Context, e *engine.Engine) error {
	if _, err := e.Authenticate(ctx, "kaipay", demoKey); err == nil {
		return nil
	} else if checkout.CodeOf(err) != checkout.CodeUnauthenticated {
		return err
	}
	type key struct {
		secret checkout.Secret
		scopes []checkout.Scope
	}
	// The key that tells whether the demo is furnished comes last of all, so that a run that was
	// killed on the way is made good by the next.
	for _, m := range []struct {
		merchant checkout.Merchant
		keys     []key
	}{
		{checkout.Merchant{Name: "Duka la Pili", LegalName: "Duka la Pili Ltd", Address: "Moi Avenue 7, Nairobi, Kenya", Email: "msaada@duka.example", Country: "KE"},
			[]key{{secret: demoOtherKey}}},
		{checkout.Merchant{Name: "Café Luna", LegalName: "Café Luna, S. A. de C. V.", Address: "Calle Prueba 1, 66200 San Pedro Garza García, NL, México",
			Email: "ayuda@cafe-luna.example", Country: "MX"},
			[]key{{demoReadKey, []checkout.Scope{checkout.ScopeSessionsRead}}, {secret: demoKey}}},
	} {
		made, err := e.AddMerchant(ctx, m.merchant)
		if err != nil {
			return err
		}
		_, err = e.AddChannel(ctx, checkout.Channel{Merchant: made.ID, PSP: "sandbox", Name: "Sandbox", Test: true, Priority: 100},
			map[string]string{"webhook_secret": checkout.RandomToken()})
		if err != nil {
			return err
		}
		for _, k := range m.keys {
			_, _, err := e.AddKey(ctx, engine.NewKey{Merchant: made.ID, Dialect: "kaipay", Scopes: k.scopes, Test: true, Secret: k.secret})
			if err != nil && checkout.CodeOf(err) != checkout.CodeConflict { // made by a run that was killed
				return err
			}
		}
	}
	return nil
}

// credentials is what a client of each dialect would be configured with.
func credentials(base string) map[string]any {
	return map[string]any{
		"kaipay": map[string]string{"base_url": base + "/kaipay/v1", "api_key": demoKey, "read_only_api_key": demoReadKey, "other_merchant_api_key": demoOtherKey},
	}
}

func demoCredentials(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(credentials(base))
	})
}

// demoSecret reads the demo's own key, or makes it: no key is ever shipped.
func demoSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key := seal.NewKey()
		if err := os.WriteFile(path, []byte(seal.FormatKey(key)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("the demo's key file: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the demo's key file: %w", err)
	}
	key, err := seal.ParseKey(string(b))
	if err != nil {
		return nil, fmt.Errorf("the demo's key file %s: %w", path, err)
	}
	return key, nil
}

// loopbackOnly reports whether an address can be reached from this machine only.
func loopbackOnly(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
