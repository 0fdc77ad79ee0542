package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// load works on a store until it is told to stop: callers make sessions and pay them. It keeps what
// was acknowledged, and how long each write took.
type load struct {
	mu   sync.Mutex
	acks []string
	took []time.Duration
}

func (l *load) run(t *testing.T, s *Store, callers int, pause time.Duration) (stop func()) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				select {
				case <-end:
					return
				case <-time.After(pause):
				}
				began := time.Now()
				se, err := create(s, []byte(strings.Repeat("{}", 200)))
				took := time.Since(began)
				l.said("S "+string(se.ID), took)
				if err == nil {
					if err = pay(s, se); err == nil {
						l.said("P "+string(se.ID), took)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return func() { close(end); wg.Wait() }
}

func (l *load) said(ack string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks, l.took = append(l.acks, ack), append(l.took, took)
}

// mark gives what was acknowledged so far, and begins to measure anew.
func (l *load) mark() (acks []string, p50, p99 time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.took)
	if n := len(l.took); n > 0 {
		p50, p99 = l.took[n/2], l.took[n*99/100]
	}
	l.took = nil
	return slices.Clone(l.acks), p50, p99
}

// TestBackupUnderLoad holds F22: a backup made while others write, restored somewhere else, has
// everything that was acknowledged before it began, and nothing that is not whole.
// KASSA_BACKUP_ROUNDS sets the number of backups, KASSA_BACKUP_MB how much is stored before.
func TestBackupUnderLoad(t *testing.T) {
	path := tempPath(t)
	furnished(t, path)
	s := openAt(t, path, Options{})
	var l load
	fill := l.run(t, s, 32, 0)
	for want := int64(envInt(t, "KASSA_BACKUP_MB", 8)) << 20; ; time.Sleep(50 * time.Millisecond) {
		if size, err := databaseSize(path); err != nil || size > want {
			break
		}
	}
	fill()
	l.mark()
	stop := l.run(t, s, 4, 2*time.Millisecond)
	for round := range envInt(t, "KASSA_BACKUP_ROUNDS", 3) {
		time.Sleep(300 * time.Millisecond)
		file := filepath.Join(t.TempDir(), "backup")
		before, p50, p99 := l.mark()
		began := time.Now()
		steps := 0
		r, err := Backup(bg, path, file, false, func(done, all int) { steps++ })
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		_, with50, with99 := l.mark()
		t.Logf("round %d: %d bytes in %v, %d steps; a write took %v (p99 %v) before and %v (%v) beside it", round, r.Bytes, took.Round(time.Millisecond), steps,
			p50.Round(time.Microsecond), p99.Round(time.Microsecond), with50.Round(time.Microsecond), with99.Round(time.Microsecond))
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != r.Bytes {
			t.Errorf("the backup: %v %v", info, err)
		}
		to := filepath.Join(t.TempDir(), "kassa.db")
		restored, kept, err := Restore(bg, file, to, false)
		if err != nil || kept != "" || restored.Sessions != r.Sessions || !restored.Newest.Equal(r.Newest) {
			t.Fatalf("restored %+v, backed up %+v: %v", restored, r, err)
		}
		other, err := Open(bg, to, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if what := has(other, before); what != "" {
			t.Errorf("round %d: acknowledged before the backup began, and not in it: %s", round, what)
		}
		if err := addMerchant(other, "mr_after"); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
	stop()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 3 {
		t.Errorf("beside the database lie %v: %v", files, err)
	}
}

func TestBackupAndRestoreRefuse(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "kassa.db"), filepath.Join(dir, "backup")
	furnished(t, path)
	says := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; it should say %q", err, want)
		}
	}
	backup := func(from, to string, force bool) error {
		_, err := Backup(bg, from, to, force, nil)
		return err
	}
	restore := func(from, to string, force bool) error {
		_, _, err := Restore(bg, from, to, force)
		return err
	}
	says(backup(filepath.Join(dir, "missing"), file, false), "not exist")
	if err := backup(path, file, false); err != nil {
		t.Fatal(err)
	}
	says(backup(path, file, false), "--force")
	if err := backup(path, file, true); err != nil {
		t.Error(err)
	}
	says(restore(filepath.Join(dir, "missing"), path, true), "no such file")
	says(restore(file, path, false), "--force")

	s, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	says(restore(file, path, true), "in use")
	if err := addMerchant(s, "mr_new"); err != nil {
		t.Fatal(err)
	}
	says(restore(path, filepath.Join(dir, "other.db"), false), "is a database in use")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// A backup that is damaged restores nothing, and the database stays as it is.
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := filepath.Join(dir, "spoiled")
	if err := os.WriteFile(spoiled, slices.Concat(b[:4096], make([]byte, len(b)-4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore(spoiled, path, true); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged backup: %v", err)
	}
	count := func() int {
		t.Helper()
		s := openAt(t, path, Options{})
		all, err := s.Merchants(bg)
		if err != nil {
			t.Error(err)
		}
		return len(all)
	}
	if n := count(); n != 2 {
		t.Errorf("after restores that were refused there are %d merchants", n)
	}
}

// What a restore replaces is kept, with what was only in its -wal; and one that was interrupted lets
// nothing open until it is done again.
func TestRestoreKeepsAndResumes(t *testing.T) {
	p := newPatient(t)
	dir := t.TempDir()
	path, file := filepath.Join(dir, "kassa.db"), filepath.Join(dir, "backup")
	furnished(t, path)
	if _, err := Backup(bg, path, file, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := lay(dir, p.files); err != nil {
		t.Fatal(err)
	}
	r, kept, err := Restore(bg, file, path, true)
	if err != nil || kept == "" || r.Sessions != 0 || r.Merchants != 1 {
		t.Fatalf("%+v %q %v", r, kept, err)
	}
	old := openAt(t, kept, Options{})
	var acks []string
	for id := range p.truth {
		acks = append(acks, "S "+string(id))
	}
	if what := has(old, acks); what != "" {
		t.Errorf("what was replaced lacks %s", what)
	}
	if err := os.WriteFile(path+restoring, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{true, false} {
		if !there {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(bg, path, Options{Migrate: true}); err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("in the middle of a restore: %v", err)
		}
	}
	if _, _, err := Restore(bg, file, path, false); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, Options{})
	if _, err := s.Merchant(bg, benchMerchant); err != nil {
		t.Error(err)
	}
}
