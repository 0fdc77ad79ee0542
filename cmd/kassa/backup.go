package main

import (
	"context"
	"fmt"
	"time"

	"kassa/internal/store/sqlite"
)

// sealedElsewhere is what every backup has to be kept with.
const sealedElsewhere = "The secret key is not in it: keep KASSA_SECRET_KEY somewhere else. Without it the channels' settings in a backup cannot be opened."

type backupCommand struct {
	databaseFlags
	File  string `arg:"" help:"Where to write the backup." placeholder:"FILE"`
	Force bool   `help:"Replace FILE if it exists."`
}

// Run copies the database while a server may be writing to it, and looks through the copy.
func (c *backupCommand) Run(ctx context.Context, io streams) error {
	var p problems
	c.checkDatabase(&p)
	if err := p.orNil(); err != nil {
		return err
	}
	began := time.Now()
	told, shown := began, false
	r, err := sqlite.Backup(ctx, c.Database, c.File, c.Force, func(done, all int) {
		if now := time.Now(); now.Sub(told) >= time.Second || done == all {
			told, shown = now, true
			_, _ = fmt.Fprintf(io.err, "\rcopied %d%% of %s ", 100*done/max(all, 1), bytesText(int64(all)*4096))
			if done == all {
				_, _ = fmt.Fprint(io.err, "\nlooking through the copy\n")
			}
		}
	})
	if shown && err != nil {
		_, _ = fmt.Fprintln(io.err)
	}
	if err != nil {
		return err
	}
	out := contents(r)
	out["file"], out["seconds"] = c.File, time.Since(began).Round(time.Millisecond).Seconds()
	return io.print(c.JSON, out, "backup "+c.File+" made and checked: "+contentsText(r), sealedElsewhere)
}

type restoreCommand struct {
	databaseFlags
	File  string `arg:"" help:"The backup." placeholder:"FILE"`
	Force bool   `help:"Replace a database that exists. It is kept under another name."`
}

// Run puts a backup in the place of a database that nobody has open.
func (c *restoreCommand) Run(ctx context.Context, io streams) error {
	var p problems
	c.checkDatabase(&p)
	if err := p.orNil(); err != nil {
		return err
	}
	r, kept, err := sqlite.Restore(ctx, c.File, c.Database, c.Force)
	if err != nil {
		return err
	}
	out := contents(r)
	out["file"], out["database"] = c.File, c.Database
	lines := []string{c.Database + " restored from " + c.File + ": " + contentsText(r)}
	if kept != "" {
		out["kept"] = kept
		lines = append(lines, "What was there before is kept as "+kept)
	}
	if !r.Current() {
		lines = append(lines, fmt.Sprintf("Its schema is %d, an older one: kassa migrate, or the next start of the server, brings it up to date.", r.Schema))
	}
	lines = append(lines, "What was paid after "+timeText(r.NewestAt)+" is not in it: ask the providers. The server needs the secret key that it ran with then.")
	return io.print(c.JSON, out, lines...)
}

func contents(r sqlite.Report) map[string]any {
	out := map[string]any{"bytes": r.Bytes, "schema": r.Schema, "merchants": r.Merchants, "sessions": r.Sessions, "attempts": r.Attempts,
		"refunds": r.Refunds, "events": r.Events, "newest_session_at": nil, "newest_at": nil}
	if !r.Newest.IsZero() {
		out["newest_session_at"] = r.Newest
	}
	if !r.NewestAt.IsZero() {
		out["newest_at"] = r.NewestAt
	}
	return out
}

func contentsText(r sqlite.Report) string {
	s := fmt.Sprintf("%s, schema %d, %d merchants, %d sessions, %d attempts, %d refunds, %d events", bytesText(r.Bytes), r.Schema, r.Merchants, r.Sessions, r.Attempts, r.Refunds, r.Events)
	if !r.Newest.IsZero() {
		s += ", newest session of " + timeText(r.Newest)
	}
	return s
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "its making"
	}
	return t.UTC().Format(time.RFC3339)
}

func bytesText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d kB", (n+1023)>>10)
}
