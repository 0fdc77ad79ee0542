package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// applicationID marks the file as Kassa's: "Kass".
	applicationID = 0x4b617373
	// schemaVersion is the number of the newest migration. Each sets PRAGMA user_version to its own
	// number, so that a current database costs one read at start, and no scan.
	schemaVersion = 2
)

// Migrate makes the database if there is none, and brings its schema to this version. Two processes
// may do so at once.
func Migrate(ctx context.Context, path string) error {
	if err := makeFile(path); err != nil {
		return err
	}
	if _, err := afterStop(ctx, path, nil); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", writeDSN(path, durable))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if err := checkOwner(ctx, db, path); err != nil {
		return err
	}
	var tried error
	for range 20 {
		var version int64
		if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case version == schemaVersion:
			return nil
		case version > schemaVersion:
			return newer(path, version)
		}
		p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
		if err != nil {
			return err
		}
		// Another process may be a step ahead, and make this one's fail: the version tells.
		if _, tried = p.Up(ctx); tried != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return fmt.Errorf("%s: the schema could not be brought to version %d: %w", path, schemaVersion, tried)
}

// checkOwner refuses a file that holds somebody else's tables.
func checkOwner(ctx context.Context, db *sql.DB, path string) error {
	var id, tables int64
	err := db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%')`).Scan(&id, &tables)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if id != applicationID && tables > 0 {
		return fmt.Errorf("%s is a database of another program; give Kassa a file of its own", path)
	}
	return nil
}

func newer(path string, version int64) error {
	return fmt.Errorf("%s was written by a newer Kassa (schema %d, this one knows %d); use that one", path, version, schemaVersion)
}

// makeFile creates a database without tables that only its owner may read. SQLite gives its -wal and -shm
// files the same mode. A file that exists is never opened here: closing it would drop the locks that
// SQLite holds on it in this process.
func makeFile(path string) error {
	if path == "" || path == ":memory:" {
		return errors.New("the database needs a file: a commit to memory survives nothing")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeNew(path)
	case err != nil:
		return fmt.Errorf("the database cannot be found: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("%s can be read by other users, and its mode cannot be changed: %w", path, err)
		}
	}
	return nil
}
