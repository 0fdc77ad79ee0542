package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

// patient is a database in the middle of its life: the files of a process that was killed, what it
// had acknowledged, and the -wal of an earlier round.
type patient struct {
	files  map[string][]byte // kassa.db, kassa.db-wal, kassa.db-shm
	oldWAL []byte
	truth  map[checkout.ID]checkout.Session
}

func newPatient(t *testing.T) patient {
	t.Helper()
	path := tempPath(t)
	furnished(t, path)
	s := openAt(t, path, Options{})
	p := patient{truth: map[checkout.ID]checkout.Session{}}
	work := func(n int) {
		t.Helper()
		for i := range n {
			se, err := create(s, []byte(strings.Repeat("{}", 40)))
			if err == nil && i%2 == 0 {
				err = pay(s, se)
			}
			if err == nil {
				se, err = s.Session(bg, se.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			p.truth[se.ID] = se
		}
	}
	copied := func(suffix string) []byte {
		t.Helper()
		// Not by opening the file: that would drop the store's locks. They do not matter here any more.
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	work(60)
	p.oldWAL = copied("-wal")
	if err := s.writer.c.query(`PRAGMA wal_checkpoint(RESTART)`, func(*row) error { return nil }); err != nil {
		t.Fatal(err)
	}
	work(60)
	p.files = map[string][]byte{"kassa.db": copied(""), "kassa.db-wal": copied("-wal"), "kassa.db-shm": copied("-shm")}
	return p
}

// damages are the ways in which a file is spoiled. Each says what it did.
var damages = []struct {
	name  string
	files []string
	spoil func(r *rand.Rand, b []byte) []byte
}{
	{"flip a bit", []string{"kassa.db", "kassa.db-wal"}, func(r *rand.Rand, b []byte) []byte {
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		return b
	}},
	{"flip many", []string{"kassa.db", "kassa.db-wal"}, func(r *rand.Rand, b []byte) []byte {
		for range 64 {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		return b
	}},
	{"zero a part", []string{"kassa.db", "kassa.db-wal"}, func(r *rand.Rand, b []byte) []byte {
		at := r.IntN(len(b))
		clear(b[at:min(len(b), at+1+r.IntN(20000))])
		return b
	}},
	{"zero a page", []string{"kassa.db"}, func(r *rand.Rand, b []byte) []byte {
		at := r.IntN(len(b)/4096) * 4096
		clear(b[at : at+4096])
		return b
	}},
	{"truncate", []string{"kassa.db", "kassa.db-wal"}, func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
	{"empty", []string{"kassa.db", "kassa.db-wal"}, func(*rand.Rand, []byte) []byte { return nil }},
	{"spoil the head", []string{"kassa.db", "kassa.db-wal"}, func(r *rand.Rand, b []byte) []byte {
		for range 4 {
			b[r.IntN(min(len(b), 100))] ^= byte(1 + r.IntN(255))
		}
		return b
	}},
}

// TestDamage holds F08: a damaged file is refused, or does no harm, or is found out while it is used;
// what was acknowledged is never reported as absent, no answer is wrong that a look could have known
// to be, and nothing begins anew. KASSA_DAMAGE_CASES sets the number of cases.
func TestDamage(t *testing.T) {
	cases := envInt(t, "KASSA_DAMAGE_CASES", 50)
	seed := uint64(envInt(t, "KASSA_DAMAGE_SEED", int(time.Now().UnixNano())))
	t.Logf("KASSA_DAMAGE_SEED=%d repeats the choices", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	p := newPatient(t)
	outcomes := map[string]int{}
	for n := range cases {
		files := map[string][]byte{}
		for name, b := range p.files {
			files[name] = bytes.Clone(b)
		}
		did := "swap an old -wal"
		if k := r.IntN(len(damages) + 1); k < len(damages) {
			d := damages[k]
			file := d.files[r.IntN(len(d.files))]
			files[file] = d.spoil(r, files[file])
			did = d.name + " of " + file
		} else {
			files["kassa.db-wal"] = bytes.Clone(p.oldWAL)
		}
		done := make(chan string, 1)
		dir := t.TempDir()
		go func() { done <- p.suffer(t, dir, files) }()
		select {
		case what := <-done:
			if outcome, complaint, bad := strings.Cut(what, "! "); bad {
				t.Errorf("case %d, %s: %s: %s", n, did, outcome, complaint)
			} else {
				outcomes[what]++
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("case %d, %s: no end in sight", n, did)
		}
	}
	t.Logf("%d cases: %v", cases, outcomes)
	if outcomes["refused at the start"] < cases/3 {
		t.Errorf("hardly anything was refused: this run proves nothing")
	}
}

// suffer opens damaged files and says what came of it; a complaint follows "! ".
func (p patient) suffer(t *testing.T, dir string, files map[string][]byte) string {
	if err := lay(dir, files); err != nil {
		return "! " + err.Error()
	}
	path := filepath.Join(dir, "kassa.db")
	visible := seenByQuickCheck(t, files)
	s, err := Open(bg, path, Options{Migrate: true})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !isDamage(err) {
			return "refused! without saying why: " + err.Error()
		}
		for _, name := range []string{"kassa.db", "kassa.db-wal"} {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(b, files[name]) {
				return fmt.Sprintf("refused! and %s was changed: %v", name, err)
			}
		}
		return "refused at the start"
	}
	defer func() { _ = s.Close() }()
	result := "harmless"
	for id, want := range p.truth {
		got, err := s.Session(bg, id)
		switch code := checkout.CodeOf(err); {
		case code == checkout.CodeUnavailable:
			if _, err := s.Merchants(bg); checkout.CodeOf(err) != checkout.CodeUnavailable {
				return fmt.Sprintf("found while in use! and it goes on: %v", err)
			}
			if err := addMerchant(s, "mr_x"); checkout.CodeOf(err) != checkout.CodeUnavailable {
				return fmt.Sprintf("found while in use! and it writes: %v", err)
			}
			if err := s.Ping(bg); checkout.CodeOf(err) != checkout.CodeUnavailable {
				return fmt.Sprintf("found while in use! and it says that it is well: %v", err)
			}
			return "found while in use"
		case code == checkout.CodeNotFound:
			return "served! what was acknowledged is absent: " + string(id)
		case code != "":
			result = "an error for a row"
		case !reflect.DeepEqual(got, want):
			if visible != "" {
				return "served! a wrong answer about " + string(id) + ", although quick_check says " + visible
			}
			result = "bytes of a row that no look can check"
		}
	}
	if all, err := s.Merchants(bg); err != nil || len(all) != 1 {
		return fmt.Sprintf("served! with %d merchants: %v", len(all), err)
	}
	return result
}

// seenByQuickCheck asks SQLite itself about a copy; "" when it sees nothing.
func seenByQuickCheck(t *testing.T, files map[string][]byte) string {
	dir := t.TempDir()
	if err := lay(dir, files); err != nil {
		t.Error(err)
		return ""
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "kassa.db"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = db.Close() }()
	var first string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&first); err != nil {
		return err.Error()
	}
	if first == "ok" {
		return ""
	}
	return first
}

// Damage that comes while the store is open turns it off, for reads and writes alike and for good,
// and is told once.
func TestDamageWhileRunning(t *testing.T) {
	for _, how := range []string{"found by a read", "found by Examine"} {
		t.Run(how, func(t *testing.T) {
			path := tempPath(t)
			furnished(t, path)
			s := openAt(t, path, Options{Readers: 1})
			var ids []checkout.ID
			for range 300 {
				se, err := create(s, nil)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, se.ID)
			}
			if err := s.writer.c.query(`PRAGMA wal_checkpoint(TRUNCATE)`, func(*row) error { return nil }); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // with the test's end: closing it drops SQLite's locks
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, int(info.Size())-4096), 4096); err != nil {
				t.Fatal(err)
			}
			if how == "found by Examine" {
				if err := s.Examine(bg); !errors.Is(err, ErrDamaged) || checkout.CodeOf(err) != checkout.CodeUnavailable {
					t.Errorf("Examine says %v", err)
				}
			} else if _, err := s.Session(bg, ids[0]); checkout.CodeOf(err) != checkout.CodeUnavailable {
				t.Errorf("the read says %v", err)
			}
			wants := map[string]error{"Ping": s.Ping(bg), "Write": addMerchant(s, "mr_2")}
			_, wants["Merchants"] = s.Merchants(bg)
			_, wants["Head"] = s.Head(bg, ids[1])
			for name, err := range wants {
				if e := checkout.AsError(err); e == nil || e.Code != checkout.CodeUnavailable || e.RetryAfter < time.Second || !errors.Is(err, ErrDamaged) {
					t.Errorf("afterwards %s says %v", name, err)
				}
			}
		})
	}
}

// An unclean stop is seen and the contents are looked through; a clean one costs no look; a database
// that another process works on is not looked through.
func TestUncleanStop(t *testing.T) {
	p := newPatient(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "kassa.db")
	if err := lay(dir, p.files); err != nil {
		t.Fatal(err)
	}
	if unclean, err := leftover(path); !unclean || err != nil {
		t.Errorf("the files of a process that was killed: unclean %v, %v", unclean, err)
	}
	s, err := Open(bg, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if unclean, err := leftover(path); unclean || err != nil {
		t.Errorf("while a store is open: unclean %v, %v", unclean, err)
	}
	for id := range maps.Keys(p.truth) {
		if _, err := s.Head(bg, id); err != nil {
			t.Error(id, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if unclean, err := leftover(path); unclean || err != nil {
		t.Errorf("after a clean stop: unclean %v, %v", unclean, err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bg, path, Options{Migrate: true}); !errors.Is(err, ErrDamaged) {
		t.Errorf("an empty file: %v", err)
	}
}
