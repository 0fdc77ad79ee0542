package main

import (
	"context"
	"strconv"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

type merchantReturnKeyCommand struct {
	databaseFlags
	ID     string `arg:"" help:"The merchant's id."`
	Rotate bool   `help:"Sign under the next key from now on." xor:"what"`
	Off    bool   `help:"Do not sign." xor:"what"`
}

// Run switches signed returns and shows the key that verifies them. The next key is shown too: a shop that
// takes both before the change, and only the new one after it, loses no return.
func (c *merchantReturnKeyCommand) Run(ctx context.Context, io streams) error {
	id, err := parseID(checkout.PrefixMerchant, "id", c.ID)
	if err != nil {
		return err
	}
	change := engine.ReturnKeyOn
	switch {
	case c.Rotate:
		change = engine.ReturnKeyRotate
	case c.Off:
		change = engine.ReturnKeyOff
	}
	c.demo()
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	secret, err := c.secretKey()
	if err != nil {
		return err
	}
	m, err := e.SetReturnKey(ctx, id, change)
	if err != nil {
		return err
	}
	if m.ReturnKey < 1 {
		return io.print(c.JSON, map[string]any{"merchant": m.ID, "signed": false}, "the way home of "+m.Name+"'s shoppers is not signed")
	}
	key, err := checkout.DeriveReturnKey(secret, m.ID, m.ReturnKey)
	if err != nil {
		return err
	}
	next, err := checkout.DeriveReturnKey(secret, m.ID, m.ReturnKey+1)
	if err != nil {
		return err
	}
	number := strconv.Itoa(m.ReturnKey)
	return io.print(c.JSON, map[string]any{"merchant": m.ID, "signed": true, "number": m.ReturnKey, "key": key.Reveal(), "next_key": next.Reveal()},
		"the way home of "+m.Name+"'s shoppers is signed within 5 seconds. Key "+number+":", key.Reveal(),
		"The key after it, which --rotate changes to:", next.Reveal())
}
