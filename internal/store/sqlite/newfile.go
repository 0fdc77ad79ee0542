package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makeNew makes a database without tables, whole or not at all: it appears under its name with its
// first page in it. So an empty file is never one of ours that is young, and always one that lost
// what it held.
func makeNew(path string) error {
	if _, err := leftover(path); err != nil {
		return err
	}
	tmp, err := tempBeside(path)
	if err != nil {
		return fmt.Errorf("the database cannot be made: %w", err)
	}
	defer removeDatabase(tmp)
	c, err := connect(writeDSN(tmp, durable), nil)
	if err != nil {
		return explain(path, err)
	}
	_, err = c.exec(fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
	if err := errors.Join(err, c.close()); err != nil {
		return explain(path, err)
	}
	err = os.Link(tmp, path)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster, and made it so
	}
	if err != nil { // a file system without links
		if _, there := os.Lstat(path); there == nil {
			return nil
		}
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(path)
	}
	if err != nil {
		return fmt.Errorf("the database cannot be made: %w", err)
	}
	return nil
}

// tempBeside makes an empty file in the folder of another, which only its owner may read.
func tempBeside(path string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// removeDatabase takes away a database that nobody needs.
func removeDatabase(path string) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		_ = os.Remove(path + suffix)
	}
}

// syncDir makes what was done to the names in a file's folder durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
