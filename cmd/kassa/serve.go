package main

import (
	"context"

	"kassa/internal/seal"
)

type serveCommand struct {
	databaseFlags
	serverFlags
	WebhookPorts []uint16 `help:"Ports that merchants' endpoints may have, beside 443 and 8443." name:"webhook-port" env:"KASSA_WEBHOOK_PORTS" placeholder:"PORT"`
}

// Run is the server. It needs a secret key; everything else has a default.
func (c *serveCommand) Run(ctx context.Context, io streams) error {
	var p problems
	c.serverFlags.check(&p)
	c.checkDatabase(&p)
	box := c.secret(true, &p)
	if err := p.orNil(); err != nil {
		return err
	}
	secret, err := c.secretKey()
	if err != nil {
		return err
	}
	key, err := cookieKey(secret)
	if err != nil {
		return err
	}
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	s, err := openSite(ctx, siteOptions{database: c.Database, publicURL: c.PublicURL, box: box, cookieKey: key, secret: secret, ports: c.WebhookPorts, log: c.logger(io)})
	if err != nil {
		_ = l.Close()
		return err
	}
	if c.JSON {
		err = io.print(true, map[string]any{"listen": l.Addr().String(), "public_url": c.PublicURL, "database": c.Database})
	} else {
		say(io.out, "Kassa serves %s (listening on %s, database %s)", c.PublicURL, l.Addr(), c.Database)
	}
	if err != nil {
		return err
	}
	return s.serve(ctx, l)
}

// secretKey gives the server's secret key itself, for what is derived from it.
func (f *databaseFlags) secretKey() ([]byte, error) {
	text, err := f.secretText()
	if err != nil {
		return nil, err
	}
	return seal.ParseKey(text)
}
