package main

import (
	"context"
	"os"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/webhook"
)

// guard is what keeps callbacks out of our own network.
func (o *siteOptions) guard() *webhook.Guard {
	return webhook.NewGuard(webhook.GuardOptions{Ports: o.ports, AllowLoopback: o.loopback})
}

// demo reports whether the database is a demo's, whose key lies beside it, and takes that key if none was
// given: commands beside a demo need no more than its database.
func (f *databaseFlags) demo() bool {
	if f.SecretKey != "" || f.SecretKeyFile != "" {
		return false
	}
	if _, err := os.Stat(f.Database + ".key"); err != nil {
		return false
	}
	f.SecretKeyFile = f.Database + ".key"
	return true
}

// checkDialect refuses what is no dialect of ours; empty is every one.
func checkDialect(name string) error {
	var names []string
	for _, k := range dialects() {
		if k.Name == name {
			return nil
		}
		names = append(names, k.Name)
	}
	if name == "" {
		return nil
	}
	return checkout.Invalid("dialect", "must be one of %s", strings.Join(names, ", "))
}

// endpointRow is an endpoint as commands print it, without its secrets.
func endpointRow(p checkout.Endpoint) map[string]any {
	return map[string]any{"id": p.ID, "merchant": p.Merchant, "dialect": p.Dialect, "url": p.URL, "enabled": p.Enabled, "reason": p.Reason, "created_at": p.CreatedAt}
}

func endpointLine(p checkout.Endpoint) string {
	state := "enabled"
	if !p.Enabled {
		state = "disabled"
		if p.Reason != "" {
			state += " (" + p.Reason + ")"
		}
	}
	return string(p.ID) + "  " + state + "  " + p.URL
}

type endpointAddCommand struct {
	databaseFlags
	Merchant     string   `help:"The merchant's id." required:"" placeholder:"ID"`
	URL          string   `help:"Where events are sent: https. On a demo's database also http to this machine." required:"" name:"url"`
	Dialect      string   `help:"Only the events of sessions that this API made. Default: of all."`
	WebhookPorts []uint16 `help:"Ports that the server was told to allow, beside 443 and 8443." name:"webhook-port" env:"KASSA_WEBHOOK_PORTS" placeholder:"PORT"`
}

func (c *endpointAddCommand) Run(ctx context.Context, io streams) error {
	merchant, err := parseID(checkout.PrefixMerchant, "merchant", c.Merchant)
	if err != nil {
		return err
	}
	if err := checkDialect(c.Dialect); err != nil {
		return err
	}
	loopback := c.demo()
	url := strings.TrimSpace(checkout.UnwrapURL(c.URL))
	if err := webhook.NewGuard(webhook.GuardOptions{Ports: c.WebhookPorts, AllowLoopback: loopback}).CheckURL(url); err != nil {
		return checkout.Invalid("url", "%s", err)
	}
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	p, err := e.AddEndpoint(ctx, checkout.Endpoint{Merchant: merchant, Dialect: c.Dialect, URL: url}, loopback)
	if err != nil {
		return err
	}
	row := endpointRow(p)
	row["secret"] = p.Secret.Reveal()
	return io.print(c.JSON, row, "endpoint "+string(p.ID)+" added. What is sent is signed with", p.Secret.Reveal())
}

type endpointListCommand struct {
	databaseFlags
	Merchant string `help:"One merchant's only." placeholder:"ID"`
}

func (c *endpointListCommand) Run(ctx context.Context, io streams) error {
	c.demo()
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	merchants, err := merchantsOf(ctx, e, c.Merchant)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, []string{}
	for _, m := range merchants {
		list, err := e.Endpoints(ctx, m)
		if err != nil {
			return err
		}
		for _, p := range list {
			rows, lines = append(rows, endpointRow(p)), append(lines, endpointLine(p))
		}
	}
	return io.print(c.JSON, rows, lines...)
}

// merchantsOf is one merchant that was named, or all of them.
func merchantsOf(ctx context.Context, e *engine.Engine, named string) ([]checkout.ID, error) {
	if named != "" {
		id, err := parseID(checkout.PrefixMerchant, "merchant", named)
		return []checkout.ID{id}, err
	}
	all, err := e.Merchants(ctx)
	var ids []checkout.ID
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids, err
}

// ownerOf finds the merchant of something by asking as each: an operator names things without it.
func ownerOf(ctx context.Context, e *engine.Engine, what string, has func(merchant checkout.ID) (bool, error)) (checkout.ID, error) {
	all, err := merchantsOf(ctx, e, "")
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if ok, err := has(m); ok || err != nil {
			return m, err
		}
	}
	return "", checkout.Errorf(checkout.CodeNotFound, "no such %s", what)
}

// endpointID is what every command about one endpoint takes.
type endpointID struct {
	databaseFlags
	ID string `arg:"" help:"The endpoint's id."`
}

// change runs one use case on the endpoint that was named.
func (c *endpointID) change(ctx context.Context, fn func(e *engine.Engine, merchant, id checkout.ID) error) error {
	id, err := parseID(checkout.PrefixEndpoint, "id", c.ID)
	if err != nil {
		return err
	}
	c.demo()
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	merchant, err := ownerOf(ctx, e, "endpoint", func(m checkout.ID) (bool, error) {
		list, err := e.Endpoints(ctx, m)
		for _, p := range list {
			if p.ID == id {
				return true, nil
			}
		}
		return false, err
	})
	if err != nil {
		return err
	}
	return fn(e, merchant, id)
}

func (c *endpointID) enable(ctx context.Context, io streams, enabled bool) error {
	return c.change(ctx, func(e *engine.Engine, merchant, id checkout.ID) error {
		p, err := e.SetEndpointEnabled(ctx, merchant, id, enabled)
		if err != nil {
			return err
		}
		return io.print(c.JSON, endpointRow(p), endpointLine(p))
	})
}

type endpointDisableCommand struct{ endpointID }

func (c *endpointDisableCommand) Run(ctx context.Context, io streams) error {
	return c.enable(ctx, io, false)
}

type endpointEnableCommand struct{ endpointID }

func (c *endpointEnableCommand) Run(ctx context.Context, io streams) error {
	return c.enable(ctx, io, true)
}

type endpointRotateCommand struct {
	endpointID
	Overlap time.Duration `help:"How long the former secret signs beside the new one." default:"24h"`
	Stolen  bool          `help:"End the former secret at once."`
}

func (c *endpointRotateCommand) Run(ctx context.Context, io streams) error {
	overlap := c.Overlap
	if overlap <= 0 || c.Stolen {
		overlap = -1
	}
	return c.change(ctx, func(e *engine.Engine, merchant, id checkout.ID) error {
		p, err := e.RotateEndpointSecret(ctx, merchant, id, overlap)
		if err != nil {
			return err
		}
		row := endpointRow(p)
		row["secret"] = p.Secret.Reveal()
		until := "the former one is over"
		if !p.FormerUntil.IsZero() {
			row["former_until"] = p.FormerUntil
			until = "the former one signs beside it until " + p.FormerUntil.Format(time.RFC3339)
		}
		return io.print(c.JSON, row, "endpoint "+string(p.ID)+" has a new secret; "+until, p.Secret.Reveal())
	})
}
