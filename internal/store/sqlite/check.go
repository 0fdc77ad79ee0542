package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// thorough is the size in bytes up to which every start after an unclean stop also compares indexes
// with tables (integrity_check) and follows every reference: 0.4 s at most. Beyond it, the start takes
// quick_check (1.3 s for a gigabyte) and our own invariants, and leaves the rest to Examine.
const thorough = 64 << 20

// invariants are rows that must not be there, whatever anybody did: what the schema cannot say.
// Each gives the id of one that is.
var invariants = []struct{ says, query string }{
	{"a session names an attempt in flight that is not there", `SELECT s.id FROM sessions s LEFT JOIN attempts a ON a.id = s.active WHERE s.active IS NOT NULL AND a.session IS NOT s.id LIMIT 1`},
	{"a session names a payment that is not there", `SELECT s.id FROM sessions s LEFT JOIN attempts a ON a.id = s.paid_by WHERE s.paid_by IS NOT NULL AND a.session IS NOT s.id LIMIT 1`},
	{"a refund gives back another session's payment", `SELECT r.id FROM refunds r LEFT JOIN attempts a ON a.id = r.attempt WHERE a.session IS NOT r.session LIMIT 1`},
	{"a session's events have a gap", `SELECT session FROM events GROUP BY session HAVING max(seq) <> count(*) OR min(seq) <> 1 LIMIT 1`},
}

// afterStop looks whether the last process stopped in order, and checks the contents when it did
// not. It uses a connection that cannot write: a damaged file stays as it was found.
func afterStop(ctx context.Context, path string, log *slog.Logger) (unclean bool, err error) {
	unclean, err = leftover(path)
	if !unclean || err != nil {
		return unclean, err
	}
	began := time.Now()
	size, err := databaseSize(path)
	if err != nil {
		return true, err
	}
	c, err := connectPatiently(readDSN(path), nil)
	if err != nil {
		if isDamage(err) {
			return true, fmt.Errorf("%w: %w", damaged(path, "it cannot be read"), err)
		}
		return true, explain(path, err)
	}
	found, err := c.examine(ctx, size <= thorough)
	if cerr := c.close(); err == nil && cerr != nil {
		err = explain(path, cerr)
	}
	if err != nil {
		return true, explain(path, err)
	}
	if len(found) > 0 {
		return true, damaged(path, strings.Join(found, "; "))
	}
	if log != nil {
		log.WarnContext(ctx, "the last process did not stop in order; the database was checked and is sound",
			"database", path, "bytes", size, "took", time.Since(began).Round(time.Millisecond).String())
	}
	return true, nil
}

// databaseSize is that of the file and its WAL.
func databaseSize(path string) (int64, error) {
	_, a, err := sizeOf(path)
	if err != nil {
		return 0, err
	}
	_, b, err := sizeOf(path + "-wal")
	return a + b, err
}

// examine gives what is wrong with the contents, at most a few of each kind. Without thorough, indexes
// are not compared with their tables, and references are not followed.
func (c *conn) examine(ctx context.Context, thorough bool) (found []string, err error) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	// Damage that stops a look is what the look was for.
	stopped := func(err error) error {
		if isDamage(err) {
			say("%v", err)
			return nil
		}
		return err
	}
	each := func(text string, fn func(r *row)) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return stopped(c.query(text, func(r *row) error { fn(r); return nil }))
	}
	looks := []string{`PRAGMA quick_check(10)`}
	for n := 0; n < len(looks); n++ {
		if err := each(looks[n], func(r *row) {
			if line := r.text(); line != "ok" && len(found) < 10 {
				say("%s", line)
			}
		}); err != nil || len(found) > 0 {
			return found, err
		}
		if n > 0 || !thorough {
			continue
		}
		// One table at a time: between them the WAL can be emptied, and a caller who leaves is heard.
		if err := each(`SELECT name FROM sqlite_schema WHERE type = 'table'`, func(r *row) {
			looks = append(looks, `PRAGMA integrity_check("`+r.text()+`")`)
		}); err != nil {
			return nil, err
		}
	}
	var version int64
	if err := each(`PRAGMA user_version`, func(r *row) { version = r.int() }); err != nil || len(found) > 0 || version == 0 || version > schemaVersion {
		return found, err
	}
	if thorough {
		if err := each(`PRAGMA foreign_key_check`, func(r *row) {
			table, _, parent := r.text(), r.take(), r.text()
			if len(found) < 10 {
				say("a row of %s names a row of %s that is not there", table, parent)
			}
		}); err != nil {
			return nil, err
		}
	}
	for _, i := range invariants {
		if err := each(i.query, func(r *row) { say("%s (%s)", i.says, r.text()) }); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Examine looks through everything that is stored while the store is in use, and turns the store
// off (CodeUnavailable for every call, for good) when it finds damage. It takes about half a second for
// each 100 MB and holds one connection of the readers, behind which the WAL grows meanwhile.
func (s *Store) Examine(ctx context.Context) error {
	found, err := read(ctx, s.pool, func(c *conn) ([]string, error) { return c.examine(ctx, true) })
	if err != nil {
		return err
	}
	if len(found) > 0 {
		err := damaged(s.path, strings.Join(found, "; "))
		s.health.note(err)
		return s.health.off()
	}
	return nil
}
