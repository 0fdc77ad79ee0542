package main

import (
	"context"

	"kassa/internal/store/sqlite"
)

type migrateCommand struct{ databaseFlags }

func (c *migrateCommand) Run(ctx context.Context, io streams) error {
	var p problems
	c.checkDatabase(&p)
	if err := p.orNil(); err != nil {
		return err
	}
	if err := sqlite.Migrate(ctx, c.Database); err != nil {
		return err
	}
	return io.print(c.JSON, map[string]any{"database": c.Database, "migrated": true}, c.Database+" has this version's schema")
}
