package engine

import (
	"context"
	"encoding/json"
	"sort"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/store"
)

// AddMerchant makes a merchant. Name is required; ID, Version and CreatedAt are set here.
func (e *Engine) AddMerchant(ctx context.Context, m checkout.Merchant) (checkout.Merchant, error) {
	now := e.Now()
	m.Name = strings.TrimSpace(m.Name)
	if m.Name == "" {
		return m, checkout.Invalid("name", "is required")
	}
	for field, v := range map[string]string{"name": m.Name, "legal_name": m.LegalName, "address": m.Address, "website": m.Website} {
		if err := checkout.CheckText(v, 200); err != nil {
			return m, checkout.Invalid(field, "%s", checkout.AsError(err).Safe)
		}
	}
	if m.Email != "" {
		if err := checkout.CheckEmail(m.Email); err != nil {
			return m, checkout.Invalid("email", "%s", checkout.AsError(err).Safe)
		}
	}
	if m.ID == "" {
		m.ID = e.ids(checkout.PrefixMerchant, now)
	}
	m.Version, m.CreatedAt = 1, now
	return m, e.write(ctx, func(tx store.Tx) error { return tx.InsertMerchant(m) })
}

// AddChannel makes a channel after asking its adapter whether the settings make sense. ID, Version,
// and CreatedAt are set here.
func (e *Engine) AddChannel(ctx context.Context, c checkout.Channel, settings map[string]string) (checkout.Channel, error) {
	now := e.Now()
	kind, ok := e.kinds[c.PSP]
	if !ok {
		return c, checkout.Invalid("psp", "must be one of %s", strings.Join(e.PSPNames(), ", "))
	}
	if kind.TestOnly && !c.Test {
		return c, checkout.Invalid("test", "must be set: %s only has a test mode", kind.Title)
	}
	offered := map[checkout.Method]bool{}
	for _, m := range kind.Methods {
		offered[m.Code] = true
	}
	for _, m := range c.Methods {
		if !offered[m] {
			return c, checkout.Invalid("methods", "%s does not offer %s", kind.Title, m)
		}
	}
	known := map[string]bool{}
	for _, f := range kind.Fields {
		known[f.Name] = true
		if f.Required && strings.TrimSpace(settings[f.Name]) == "" {
			return c, checkout.Invalid(f.Name, "is required")
		}
	}
	for name := range settings {
		if !known[name] {
			return c, checkout.Invalid(name, "is not a setting of %s", kind.Title)
		}
	}
	if c.ID == "" {
		c.ID = e.ids(checkout.PrefixChannel, now)
	}
	if _, err := kind.Open(psp.Config{Channel: c.ID, Test: c.Test, Settings: settings, Client: e.client, Now: e.now}); err != nil {
		return c, err
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return c, err
	}
	if c.Name == "" {
		c.Name = kind.Title
	}
	c.Settings, c.Enabled, c.Version, c.CreatedAt = raw, true, 1, now
	err = e.write(ctx, func(tx store.Tx) error {
		if _, err := tx.Merchant(ctx, c.Merchant); err != nil {
			return err
		}
		return tx.InsertChannel(c)
	})
	return c, err
}

// PSPNames lists the adapters by name.
func (e *Engine) PSPNames() []string {
	var names []string
	for n := range e.kinds {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Merchants lists every merchant, oldest first.
func (e *Engine) Merchants(ctx context.Context) ([]checkout.Merchant, error) {
	return e.store.Merchants(ctx)
}

// RevokeKey ends a key for good. Processes that have it cached accept it for up to 5 s more.
func (e *Engine) RevokeKey(ctx context.Context, id checkout.ID) error {
	return e.write(ctx, func(tx store.Tx) error { return tx.RevokeKey(id, e.Now()) })
}
