package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Report is what a database holds, and in what state it is.
type Report struct {
	Path     string
	Bytes    int64 // the file
	WALBytes int64
	Schema   int64     // the version of the schema
	InUse    bool      // a process has it open
	Unclean  bool      // nobody has it open, and the last process did not stop in order
	Damage   []string  // none: it is sound
	Newest   time.Time // of the newest session; zero: there is none
	NewestAt time.Time // the newest time at which anything was written

	Merchants, Sessions, Attempts, Refunds, Events int64 // how many there are
}

// Current reports whether the schema is this version's.
func (r *Report) Current() bool { return r.Schema == schemaVersion }

// Inspect looks through a database without changing it, while a server works on it or not: its
// indexes and tables, the schema's references, our own invariants. What is wrong with the contents is
// in the report; an error means that it could not be looked at.
func Inspect(ctx context.Context, path string) (Report, error) {
	r := Report{Path: path, InUse: inUse(path)}
	exists, size, err := sizeOf(path)
	if err == nil && !exists {
		err = errors.New("there is no such file")
	}
	if err != nil {
		return r, explain(path, err)
	}
	r.Bytes = size
	if _, r.WALBytes, err = sizeOf(path + "-wal"); err != nil {
		return r, explain(path, err)
	}
	if r.Unclean, err = leftover(path); errors.Is(err, ErrDamaged) {
		r.Damage = append(r.Damage, err.Error())
		return r, nil
	} else if err != nil {
		return r, err
	}
	return r, r.read(ctx, readDSN(path))
}

// read fills in what the contents say.
func (r *Report) read(ctx context.Context, dsn string) (err error) {
	broken := func(err error) error {
		if isDamage(err) {
			r.Damage = append(r.Damage, err.Error())
			return nil
		}
		return explain(r.Path, err)
	}
	c, err := connectPatiently(dsn, nil)
	if err != nil {
		return broken(err)
	}
	defer func() {
		if cerr := c.close(); err == nil && cerr != nil {
			err = explain(r.Path, cerr)
		}
	}()
	var owner int64
	number := func(v *int64, text string) {
		if err == nil {
			*v, err = one(c, "number", func(row *row, n *int64) { *n = row.int() }, text)
		}
	}
	number(&owner, `PRAGMA application_id`)
	number(&r.Schema, `PRAGMA user_version`)
	if err != nil {
		return broken(err)
	}
	if owner != applicationID {
		return fmt.Errorf("%s is a database of another program", r.Path)
	}
	if r.Damage, err = c.examine(ctx, true); err != nil || len(r.Damage) > 0 || r.Schema == 0 {
		return err
	}
	var newest, at int64
	number(&r.Merchants, `SELECT count(*) FROM merchants`)
	number(&r.Sessions, `SELECT count(*) FROM sessions`)
	number(&r.Attempts, `SELECT count(*) FROM attempts`)
	number(&r.Refunds, `SELECT count(*) FROM refunds`)
	number(&r.Events, `SELECT count(*) FROM events`)
	number(&newest, `SELECT max(created_at) FROM sessions`)
	number(&at, `SELECT max(coalesce((SELECT max(updated_at) FROM sessions), 0), coalesce((SELECT max(at) FROM events), 0),
 coalesce((SELECT max(updated_at) FROM attempts), 0), coalesce((SELECT max(created_at) FROM merchants), 0))`)
	if err != nil {
		return broken(err)
	}
	if newest > 0 {
		r.Newest = time.UnixMicro(newest).UTC()
	}
	if at > 0 {
		r.NewestAt = time.UnixMicro(at).UTC()
	}
	return nil
}
