package main

import (
	"context"

	"kassa/internal/checkout"
)

type merchantAddCommand struct {
	databaseFlags
	Name         string   `help:"What shoppers know it as." required:""`
	LegalName    string   `help:"Its name in law."`
	Address      string   `help:"Its address, shown to shoppers."`
	Email        string   `help:"Where shoppers get help."`
	Website      string   `help:"Its own site."`
	Country      string   `help:"ISO 3166 alpha-2 code."`
	Locale       string   `help:"Default language of its pages."`
	AllowedHosts []string `help:"Hosts that its URLs may name; none: any." name:"allowed-host" placeholder:"HOST"`
}

func (c *merchantAddCommand) Run(ctx context.Context, io streams) error {
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	m := checkout.Merchant{Name: c.Name, LegalName: c.LegalName, Address: c.Address, Email: c.Email, Website: c.Website, Locale: c.Locale, AllowedHosts: c.AllowedHosts}
	if c.Country != "" {
		if m.Country, err = checkout.ParseCountry(c.Country); err != nil {
			return checkout.Invalid("country", "%s", checkout.AsError(err).Safe)
		}
	}
	if m, err = e.AddMerchant(ctx, m); err != nil {
		return err
	}
	return io.print(c.JSON, map[string]any{"id": m.ID, "name": m.Name}, "merchant "+string(m.ID)+" added: "+m.Name)
}

type merchantListCommand struct{ databaseFlags }

func (c *merchantListCommand) Run(ctx context.Context, io streams) error {
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	all, err := e.Merchants(ctx)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, []string{}
	for _, m := range all {
		rows = append(rows, map[string]any{"id": m.ID, "name": m.Name})
		lines = append(lines, string(m.ID)+"  "+m.Name)
	}
	return io.print(c.JSON, rows, lines...)
}
