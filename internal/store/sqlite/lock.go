package sqlite

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// SQLite's locks on a file: every connection to a WAL database holds a read lock on this range for
// as long as it is open.
const (
	lockStart = 0x40000000 // PENDING, RESERVED, and the 510 bytes of SHARED
	lockLen   = 512
)

// opened counts this process's stores by file. It is process-wide because POSIX locks are: to close
// any descriptor of a file drops every lock that the process has on it, SQLite's included.
var opened = struct {
	sync.Mutex
	files map[string]int
}{files: map[string]int{}}

func fileKey(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

// holds says that this process has the file open, until the function that it gives is called.
func holds(path string) (release func()) {
	key := fileKey(path)
	opened.Lock()
	opened.files[key]++
	opened.Unlock()
	return sync.OnceFunc(func() {
		opened.Lock()
		defer opened.Unlock()
		if opened.files[key]--; opened.files[key] == 0 {
			delete(opened.files, key)
		}
	})
}

// inUse reports whether a store of this process, or another process, has the database open.
func inUse(path string) bool {
	opened.Lock()
	defer opened.Unlock()
	if opened.files[fileKey(path)] > 0 {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: lockStart, Len: lockLen}
	return syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &l) == nil && l.Type != syscall.F_UNLCK
}

// keepOut locks everybody out of a database that nobody has open. false: somebody has.
func keepOut(path string) (release func(), ok bool, err error) {
	opened.Lock()
	defer opened.Unlock()
	if opened.files[fileKey(path)] > 0 {
		return nil, false, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, false, err
	}
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: lockStart, Len: lockLen}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &l); err != nil {
		_ = f.Close()
		return nil, false, nil
	}
	return func() { _ = f.Close() }, true, nil
}

// freeBytes is the room that is left for us on the disk of a file.
func freeBytes(path string) (free int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
