package main

import (
	"context"
	"os"
	"strings"

	"kassa/internal/checkout"
)

type channelAddCommand struct {
	databaseFlags
	Merchant string            `help:"The merchant's id." required:"" placeholder:"ID"`
	PSP      string            `help:"The provider." required:"" name:"psp" placeholder:"NAME"`
	Name     string            `help:"Your own name for it."`
	Test     bool              `help:"Test mode."`
	Priority int               `help:"Lower comes first." default:"100"`
	Methods  []string          `help:"Methods that it offers. Default: all of the provider's." name:"method" placeholder:"METHOD"`
	Set      map[string]string `help:"A setting of the provider, NAME=VALUE; @FILE reads the value from a file, so that secrets stay out of the shell's history."`
}

func (c *channelAddCommand) Run(ctx context.Context, io streams) error {
	merchant, err := parseID(checkout.PrefixMerchant, "merchant", c.Merchant)
	if err != nil {
		return err
	}
	ch := checkout.Channel{Merchant: merchant, PSP: c.PSP, Name: c.Name, Test: c.Test, Priority: c.Priority}
	for _, m := range c.Methods {
		ch.Methods = append(ch.Methods, checkout.Method(m))
	}
	settings := map[string]string{}
	for name, value := range c.Set {
		if file, ok := strings.CutPrefix(value, "@"); ok {
			b, err := os.ReadFile(file)
			if err != nil {
				return checkout.Invalid(name, "cannot be read: %v", err)
			}
			value = strings.TrimSpace(string(b))
		}
		settings[name] = value
	}
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	if ch, err = e.AddChannel(ctx, ch, settings); err != nil {
		return err
	}
	return io.print(c.JSON, map[string]any{"id": ch.ID, "merchant": ch.Merchant, "psp": ch.PSP, "test": ch.Test, "name": ch.Name},
		"channel "+string(ch.ID)+" added: "+ch.Name)
}
