package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/seal"
	"kassa/internal/store"
)

// Options are the choices of a store. The zero value opens a current database without its secrets.
type Options struct {
	// Seal seals and opens the settings of channels and the secrets of endpoints. Without it, a row
	// that has one is neither read nor written (CodeInternal); everything else works.
	Seal *seal.Box
	// Migrate makes the database if there is none, and brings an old schema to this version.
	// Without it, Open refuses one that is not current.
	Migrate bool
	// Readers bounds the connections that read at the same time; 0: four, or two for each processor.
	Readers int
	// Now is the clock of Ping; nil: the system's. Every other time is given by callers.
	Now func() time.Time
	// Log is told of an unclean stop and of damage; nil: nobody is.
	Log *slog.Logger
}

// Store is a database in one file. It implements store.Store.
type Store struct {
	path       string
	now        func() time.Time
	pool       *pool
	writer     *writer
	health     *health
	release    func() // this process has the file open no more
	generation atomic.Uint64
	closeOnce  sync.Once
	closeErr   error
}

var _ store.Store = (*Store)(nil)

// pragmas are a connection's settings. They stand in the DSN, because a PRAGMA reaches one
// connection only, and are read back.
type pragmas struct {
	journal     string
	synchronous string
}

var durable = pragmas{journal: "WAL", synchronous: "FULL"}

// busyTimeout is how long a statement waits for another process's lock before callers are told to
// come again.
const busyTimeout = 2 * time.Second

// Open opens the database at path. It refuses settings under which an acknowledged write could be
// lost, a schema that is not this version's (see Options.Migrate), and files of other programs. After an
// unclean stop it looks at the contents first, and refuses a damaged file (ErrDamaged) without changing
// it. Other processes may have the same database open; two stores of one process may, too.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	return open(ctx, path, o, durable)
}

func open(ctx context.Context, path string, o Options, p pragmas) (_ *Store, err error) {
	if err := makeFile(path); err != nil {
		return nil, err
	}
	unclean, err := afterStop(ctx, path, o.Log)
	if err != nil {
		return nil, err
	}
	release := holds(path)
	defer func() {
		if err != nil {
			release()
		}
	}()
	c, err := connectPatiently(writeDSN(path, p), o.Seal)
	if err != nil {
		return nil, explain(path, err)
	}
	version, err := check(c, path)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	if version < schemaVersion {
		if err := c.close(); err != nil {
			return nil, explain(path, err)
		}
		if !o.Migrate {
			return nil, fmt.Errorf("%s has schema %d and this Kassa needs %d; run `kassa migrate`", path, version, schemaVersion)
		}
		if err := Migrate(ctx, path); err != nil {
			return nil, err
		}
		if c, err = connectPatiently(writeDSN(path, p), o.Seal); err != nil {
			return nil, explain(path, err)
		}
		if _, err = check(c, path); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	if unclean {
		// A WAL that begins anew holds nothing of what the stop left half done.
		if err := c.query(`PRAGMA wal_checkpoint(TRUNCATE)`, func(*row) error { return nil }); err != nil && !isBusy(err) {
			return nil, errors.Join(explain(path, err), c.close())
		}
	}
	h := &health{path: path, log: o.Log}
	c.health = h
	s := &Store{path: path, now: o.Now, health: h, release: release}
	if s.now == nil {
		s.now = time.Now
	}
	readers := o.Readers
	if readers <= 0 {
		readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	s.pool = newPool(readers, h.off, func() (*conn, error) {
		c, err := connect(readDSN(path), o.Seal)
		if err != nil {
			h.note(err)
			return nil, err
		}
		c.health = h
		return c, nil
	})
	if s.writer, err = newWriter(c, func() { s.generation.Add(1) }); err != nil {
		return nil, errors.Join(explain(path, err), c.close())
	}
	return s, nil
}

// check reads the settings back and gives the schema's version.
func check(c *conn, path string) (version int64, err error) {
	pragma := func(name string) (text string) {
		if err == nil {
			err = c.query(`PRAGMA `+name, func(r *row) error { text = fmt.Sprint(r.take()); return nil })
		}
		return text
	}
	journal, synchronous, keys := pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")
	owner, user := pragma("application_id"), pragma("user_version")
	if err != nil {
		return 0, explain(path, err)
	}
	if journal != "wal" {
		return 0, fmt.Errorf("%s: the journal mode is %q, not WAL, so a power cut could lose payments; "+
			"put the database on a local disk (network file systems and some shared folders cannot hold a WAL)", path, journal)
	}
	if synchronous != "2" {
		return 0, fmt.Errorf("%s: synchronous is %s, not FULL, so a power cut could lose acknowledged payments; "+
			"remove the setting that lowers it", path, synchronous)
	}
	if keys != "1" {
		return 0, fmt.Errorf("%s: foreign keys are not enforced", path)
	}
	if _, err := fmt.Sscan(user, &version); err != nil {
		return 0, fmt.Errorf("%s: user_version: %w", path, err)
	}
	switch {
	case version > 0 && owner != fmt.Sprint(applicationID):
		return 0, fmt.Errorf("%s is a database of another program; give Kassa a file of its own", path)
	case version > schemaVersion:
		return 0, newer(path, version)
	}
	return version, nil
}

// connectPatiently tries again while another process opens, closes or recovers the file: changing the
// journal mode answers BUSY at once, whatever the timeout.
func connectPatiently(dsn string, box *seal.Box) (*conn, error) {
	for end := time.Now().Add(busyTimeout); ; time.Sleep(5 * time.Millisecond) {
		c, err := connect(dsn, box)
		if err == nil || !isBusy(err) || time.Now().After(end) {
			return c, err
		}
	}
}

func explain(path string, err error) error { return fmt.Errorf("database %s: %w", path, err) }

func fileURI(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

func writeDSN(path string, p pragmas) string {
	return fileURI(path) + fmt.Sprintf("?_pragma=busy_timeout(%d)&_pragma=journal_mode(%s)&_pragma=synchronous(%s)&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=cache_size(-16000)&_txlock=immediate&_dqs=0",
		busyTimeout.Milliseconds(), p.journal, p.synchronous)
}

func readDSN(path string) string {
	return fileURI(path) + fmt.Sprintf("?mode=ro&_pragma=busy_timeout(%d)&_pragma=query_only(1)&_dqs=0", busyTimeout.Milliseconds())
}

// Generation changes whenever merchants, keys, channels or endpoints may have changed. What other processes
// commit is noticed before the next batch of this one, so caches must age as well.
func (s *Store) Generation() uint64 { return s.generation.Load() }

// Ping reads, and commits a row together with its end: a disk that is full or read-only takes no
// commit, and lets every statement before it pass.
func (s *Store) Ping(ctx context.Context) error {
	key := store.AnswerKey{Call: "ping", Key: "ping"}
	if _, err := s.Answer(ctx, key); checkout.CodeOf(err) != checkout.CodeNotFound {
		return err
	}
	return s.Write(ctx, func(x store.Tx) error {
		if err := x.PutAnswer(store.Answer{AnswerKey: key, CreatedAt: s.now()}); err != nil {
			return err
		}
		return x.(*tx).do(func(c *conn) error {
			_, err := c.exec(`DELETE FROM answers WHERE merchant = ? AND call = ? AND key = ?`, "", key.Call, key.Key)
			return err
		})
	})
}

// Close waits for the reads and the batch under way, and closes the file. Writes that still wait for
// a place are refused with CodeUnavailable. If no other process has the database open, everything is
// in the one file afterwards.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		// The last connection to close moves the WAL into the file, and a reader cannot do that.
		s.closeErr = errors.Join(s.pool.close(), s.writer.close())
		s.release()
	})
	return s.closeErr
}
