package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "kassa.db") }

func addMerchant(s *Store, id checkout.ID) error {
	return s.Write(bg, func(tx store.Tx) error {
		return tx.InsertMerchant(checkout.Merchant{ID: id, Name: "A", Version: 1, CreatedAt: time.Now()})
	})
}

// objects lists a database's schema with what does not matter taken out.
func objects(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.Query(`SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE tbl_name NOT LIKE 'goose%' AND name <> 'sqlite_sequence'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var kind, name, table, text string
		if err := rows.Scan(&kind, &name, &table, &text); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "--")
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		out = append(out, strings.Join([]string{kind, name, table, strings.Join(lines, " ")}, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestSchemaFileIsWhatTheMigrationsMake(t *testing.T) {
	text, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	read, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "read.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	if _, err := read.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	path := tempPath(t)
	if err := Migrate(bg, path); err != nil {
		t.Fatal(err)
	}
	made, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = made.Close() }()
	want, got := objects(t, read), objects(t, made)
	if !slices.Equal(want, got) || len(want) < 20 {
		t.Errorf("schema.sql makes\n%s\nthe migrations make\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil || len(files) != schemaVersion {
		t.Errorf("there are %d migrations and the schema's version is %d", len(files), schemaVersion)
	}
	var version int
	if err := made.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil || version != schemaVersion {
		t.Errorf("the migrations leave user_version %d, want %d: %v", version, schemaVersion, err)
	}
	// Once more is harmless.
	if err := Migrate(bg, path); err != nil {
		t.Error(err)
	}
}

// Promise 1: no start under settings that could lose an acknowledged write.
func TestRefusesToBeLessThanDurable(t *testing.T) {
	for _, c := range []struct {
		p    pragmas
		says string
	}{
		{pragmas{"WAL", "NORMAL"}, "synchronous is 1, not FULL"},
		{pragmas{"WAL", "OFF"}, "synchronous is 0, not FULL"},
		{pragmas{"DELETE", "FULL"}, `journal mode is "delete", not WAL`},
		{pragmas{"MEMORY", "FULL"}, "local disk"},
	} {
		s, err := open(bg, tempPath(t), Options{Migrate: true}, c.p)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v; it should say %q", c.p, err, c.says)
		}
		if err == nil {
			_ = s.Close()
		}
	}
}

func TestRefusesFilesThatAreNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	prepare := func(name, text string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
		return path
	}
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, says string }{
		{"", "needs a file"},
		{":memory:", "needs a file"},
		{dir, "is not a file"},
		{filepath.Join(dir, "missing", "kassa.db"), "cannot be made"},
		{junk, "not a database"},
		{prepare("other.db", `CREATE TABLE notes (a)`), "another program"},
		{prepare("other2.db", `CREATE TABLE notes (a); PRAGMA user_version = 1`), "another program"},
		{prepare("newer.db", fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, schemaVersion+1)), "newer Kassa"},
	} {
		s, err := Open(bg, c.path, Options{Migrate: true})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; it should say %q", c.path, err, c.says)
		}
		if err == nil {
			_ = s.Close()
		}
	}
	if _, err := Open(bg, filepath.Join(dir, "empty.db"), Options{}); err == nil || !strings.Contains(err.Error(), "kassa migrate") {
		t.Errorf("without leave to migrate: %v", err)
	}
}

func TestStartersMayRace(t *testing.T) {
	path := tempPath(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := Open(bg, path, Options{Migrate: true})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ping(bg); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A path is a path, whatever characters it has; only its owner may read the file; and after Close
// the one file holds everything.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a b?c#d%41.db")
	s, err := Open(bg, path, Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Merchant(bg, "mr_1"); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: %v", f.Name(), info.Mode(), err)
		}
	}
	if len(files) != 3 {
		t.Errorf("an open database has %d files, want 3", len(files))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ = os.ReadDir(dir); len(files) != 1 || files[0].Name() != filepath.Base(path) {
		t.Errorf("closing leaves %v", files)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, Options{})
	if _, err := s.Merchant(bg, "mr_1"); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("opened with mode %v: %v", info.Mode(), err)
	}
}

// What was acknowledged is on the disk before Write returns: a copy of the files as they lie there
// has it, though nobody closed anything.
func TestAcknowledgedIsInTheFiles(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{})
	for i := range 20 {
		if err := addMerchant(s, checkout.ID(fmt.Sprint("mr_", i))); err != nil {
			t.Fatal(err)
		}
	}
	copied := tempPath(t)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix) //nolint:gosec // a test's own file
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := openAt(t, copied, Options{}).Merchants(bg)
	if err != nil || len(all) != 20 {
		t.Errorf("the copy has %d merchants: %v", len(all), err)
	}
}

func TestSettingsAreSealed(t *testing.T) {
	path := tempPath(t)
	box := newBox(t)
	s := openAt(t, path, Options{Seal: box})
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	const canary = "sk_live_CanaryCanary"
	ch := checkout.Channel{ID: "ch_1", Merchant: "mr_1", PSP: "sandbox", Settings: []byte(`{"k":"` + canary + `"}`), Version: 1, CreatedAt: time.Now()}
	other := ch
	other.ID, other.Settings = "ch_2", []byte(`{"k":"other"}`)
	err := s.Write(bg, func(tx store.Tx) error {
		if err := tx.InsertChannel(other); err != nil {
			return err
		}
		return tx.InsertChannel(ch)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(f) //nolint:gosec // a test's own file
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s holds the secret", filepath.Base(f))
		}
	}
	// Another key, no key, and another channel's row do not open it, and are no reason to say "not found".
	for _, o := range []Options{{Seal: newBox(t)}, {}} {
		s := openAt(t, path, o)
		if _, err := s.Channel(bg, "ch_1"); checkout.CodeOf(err) != checkout.CodeInternal {
			t.Errorf("with other keys: %v", err)
		}
		if o.Seal == nil {
			ch3 := ch
			ch3.ID = "ch_3"
			if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertChannel(ch3) }); checkout.CodeOf(err) != checkout.CodeInternal {
				t.Errorf("stored settings without a key: %v", err)
			}
		}
	}
	meddle(t, path, `UPDATE channels SET settings = (SELECT settings FROM channels WHERE id = 'ch_2') WHERE id = 'ch_1'`)
	if _, err := s.Channel(bg, "ch_1"); checkout.CodeOf(err) != checkout.CodeInternal {
		t.Errorf("opened another channel's settings: %v", err)
	}
}

func TestEventsAreAppendOnly(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{})
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	err := s.Write(bg, func(tx store.Tx) error {
		se := checkout.Session{ID: "cs_1", Merchant: "mr_1", Version: 1, State: checkout.SessionOpen, Amount: checkout.Money{Minor: 1, Currency: "EUR"}, CreatedAt: now, UpdatedAt: now}
		if err := tx.InsertSession(se); err != nil {
			return err
		}
		return tx.InsertEvent(checkout.Event{ID: "ev_1", Session: "cs_1", Merchant: "mr_1", Kind: checkout.EventSessionCreated, State: se.State, At: now})
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, text := range []string{`UPDATE events SET detail = 'x'`, `DELETE FROM events`} {
		if _, err := db.Exec(text); err == nil {
			t.Errorf("%s went through", text)
		}
	}
}
