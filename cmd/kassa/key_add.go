package main

import (
	"context"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

type keyAddCommand struct {
	databaseFlags
	Merchant string   `help:"The merchant's id." required:"" placeholder:"ID"`
	Dialect  string   `help:"The API that the key is for." default:"kaipay"`
	Test     bool     `help:"A test key: its sessions are served by test channels only."`
	Scopes   []string `help:"What it may do: sessions:write, sessions:read, refunds:write. Default: all." name:"scope" placeholder:"SCOPE"`
}

func (c *keyAddCommand) Run(ctx context.Context, io streams) error {
	merchant, err := parseID(checkout.PrefixMerchant, "merchant", c.Merchant)
	if err != nil {
		return err
	}
	in := engine.NewKey{Merchant: merchant, Dialect: c.Dialect, Test: c.Test}
	var names []string
	found := false
	for _, k := range dialects() {
		names = append(names, k.Name)
		found = found || k.Name == c.Dialect
	}
	if !found {
		return checkout.Invalid("dialect", "must be one of %s", strings.Join(names, ", "))
	}
	for _, s := range c.Scopes {
		scope, ok := checkout.Scope(s), false
		for _, known := range checkout.Scopes() {
			ok = ok || known == scope
		}
		if !ok {
			return checkout.Invalid("scope", "%q is unknown", s)
		}
		in.Scopes = append(in.Scopes, scope)
	}
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	k, secret, err := e.AddKey(ctx, in)
	if err != nil {
		return err
	}
	return io.print(c.JSON, map[string]any{"id": k.ID, "merchant": k.Merchant, "dialect": k.Dialect, "test": k.Test, "scopes": k.Scopes, "secret": secret.Reveal()},
		"key "+string(k.ID)+" added. Its secret is shown this once:", secret.Reveal())
}

type keyRevokeCommand struct {
	databaseFlags
	ID string `arg:"" help:"The key's id."`
}

func (c *keyRevokeCommand) Run(ctx context.Context, io streams) error {
	id, err := parseID(checkout.PrefixKey, "id", c.ID)
	if err != nil {
		return err
	}
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := e.RevokeKey(ctx, id); err != nil {
		return err
	}
	return io.print(c.JSON, map[string]any{"id": id, "revoked": true}, "key "+string(id)+" revoked; it stops working within 5 seconds")
}
