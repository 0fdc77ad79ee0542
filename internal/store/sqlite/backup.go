package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"modernc.org/sqlite"
)

const (
	// backupStep is how many pages are copied before the writer, and a disk that has other things
	// to do, are given room.
	backupStep = 256
	// backupSync is how many steps go by before what was copied is made durable: in small portions,
	// so that no fsync of the server's waits behind a large one.
	backupSync = 16
)

// Backup copies the database at path to a file while others write to it: every row that was
// acknowledged before the call is in it, and none of a transaction that is not whole. It reads in one
// view of the data and takes no lock that a writer waits for. The copy is made durable and looked
// through (see Inspect) before it gets its name. A file that is there is replaced only with force.
//
// progress, if it is not nil, hears how many of how many pages are done.
func Backup(ctx context.Context, path, file string, force bool, progress func(done, all int)) (Report, error) {
	if _, err := os.Lstat(file); err == nil && !force {
		return Report{}, fmt.Errorf("%s exists; --force replaces it", file)
	}
	if _, err := leftover(path); err != nil {
		return Report{}, err
	}
	if exists, _, err := sizeOf(path); err != nil || !exists {
		return Report{}, explain(path, errors.Join(err, fs.ErrNotExist))
	}
	tmp, err := tempBeside(file)
	if err != nil {
		return Report{}, fmt.Errorf("the backup cannot be made: %w", err)
	}
	defer removeDatabase(tmp)
	if err := copyPages(ctx, path, tmp, progress); err != nil {
		return Report{}, err
	}
	r, err := verify(ctx, tmp, file)
	if err != nil {
		return r, err
	}
	return r, place(tmp, file, force)
}

// copyPages copies a view of the database that does not change, page by page.
func copyPages(ctx context.Context, path, tmp string, progress func(done, all int)) (err error) {
	c, err := connectPatiently(readDSN(path), nil)
	if err != nil {
		return explain(path, err)
	}
	defer func() {
		if cerr := c.close(); err == nil && cerr != nil {
			err = explain(path, cerr)
		}
	}()
	// The view is taken here. Without a transaction of ours, the copy would begin again with every
	// commit of another process, and under load it would not end.
	if _, err := c.exec(`BEGIN`); err != nil {
		return explain(path, err)
	}
	defer func() { _, _ = c.exec(`ROLLBACK`) }()
	if err := c.query(`SELECT count(*) FROM sqlite_schema`, func(*row) error { return nil }); err != nil {
		return explain(path, err)
	}
	source, ok := c.raw.(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	})
	if !ok {
		return fmt.Errorf("sqlite: the driver's connection is a %T", c.raw)
	}
	// The copy is nothing until it is whole: it needs no journal, and is made durable here.
	b, err := source.NewBackup(fileURI(tmp) + "?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err != nil {
		return explain(tmp, err)
	}
	f, err := os.OpenFile(tmp, os.O_RDWR, 0) // closed after the copy's own connection, see opened
	if err != nil {
		return errors.Join(err, b.Finish())
	}
	more := true
	for step := 1; more && err == nil; step++ {
		began := time.Now()
		if more, err = b.Step(backupStep); err != nil {
			err = explain(path, err)
			break
		}
		if step%backupSync == 0 {
			err = f.Sync()
		}
		if progress != nil {
			progress(b.PageCount()-b.Remaining(), b.PageCount())
		}
		if more && err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-time.After(time.Since(began) / 2):
			}
		}
	}
	return errors.Join(err, b.Finish(), f.Sync(), f.Close())
}

// verify looks through a copy that nobody else has, and that has no WAL. Called is its name for people.
func verify(ctx context.Context, path, called string) (Report, error) {
	r := Report{Path: called}
	var err error
	if _, r.Bytes, err = sizeOf(path); err != nil {
		return r, err
	}
	if err := r.read(ctx, fileURI(path)+"?mode=ro&immutable=1&_pragma=query_only(1)&_dqs=0"); err != nil {
		return r, err
	}
	if len(r.Damage) > 0 {
		return r, fmt.Errorf("%w: %s: %s", ErrDamaged, called, r.Damage[0])
	}
	if r.Schema == 0 {
		return r, fmt.Errorf("%s holds nothing of Kassa's", called)
	}
	if r.Schema > schemaVersion {
		return r, newer(called, r.Schema)
	}
	return r, nil
}

// place gives a finished file its name. Without force it never replaces one.
func place(tmp, file string, force bool) error {
	if !force {
		err := os.Link(tmp, file)
		if err == nil {
			return syncDir(file)
		}
		if _, there := os.Lstat(file); there == nil {
			return fmt.Errorf("%s exists; --force replaces it", file)
		}
	}
	if err := os.Rename(tmp, file); err != nil {
		return err
	}
	return syncDir(file)
}

// Restore puts a backup in the place of the database at path, after looking through it. It refuses
// while anybody has that database open. One that is there is replaced only with force, and is then
// kept under the name that is given back. If it is interrupted, no store opens until it is run again.
func Restore(ctx context.Context, file, path string, force bool) (r Report, kept string, err error) {
	if _, size, err := sizeOf(file + "-wal"); err != nil || size > 0 {
		return r, "", errors.Join(err, fmt.Errorf("%s has a -wal beside it: it is a database in use and no backup; make one with kassa backup", file))
	}
	_, interrupted := os.Lstat(path + restoring)
	exists := false
	for _, suffix := range []string{"", "-wal"} {
		there, _, err := sizeOf(path + suffix)
		if err != nil {
			return r, "", err
		}
		exists = exists || there
	}
	if exists && !force && interrupted != nil {
		return r, "", fmt.Errorf("%s exists; --force replaces it, and keeps it under another name", path)
	}
	tmp, err := tempBeside(path)
	if err != nil {
		return r, "", err
	}
	defer removeDatabase(tmp)
	if err := copyFile(ctx, file, tmp); err != nil {
		return r, "", err
	}
	if r, err = verify(ctx, tmp, file); err != nil {
		return r, "", err
	}
	if there, _, err := sizeOf(path); err != nil {
		return r, "", err
	} else if there {
		release, ok, err := keepOut(path)
		if err != nil {
			return r, "", err
		}
		if !ok {
			return r, "", fmt.Errorf("%s is in use; stop the server (and every other kassa command) first", path)
		}
		defer release()
	}
	mark, err := os.OpenFile(path+restoring, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return r, "", err
	}
	if err := errors.Join(mark.Close(), syncDir(path)); err != nil {
		return r, "", err
	}
	if exists {
		kept = path + ".before-" + time.Now().UTC().Format("20060102T150405.000000")
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		away := func() error { return os.Rename(path+suffix, kept+suffix) }
		if !exists {
			away = func() error { return os.Remove(path + suffix) } // a -shm without its database
		}
		if err := away(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, "", err
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return r, kept, err
	}
	if err := syncDir(path); err != nil {
		return r, kept, err
	}
	return r, kept, errors.Join(os.Remove(path+restoring), syncDir(path))
}

// copyFile copies a file's bytes and makes them durable.
func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	for n := int64(0); err == nil; {
		if n, err = io.CopyN(out, in, 16<<20); err == nil && n > 0 {
			err = errors.Join(ctx.Err(), out.Sync())
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, out.Sync(), out.Close())
}
