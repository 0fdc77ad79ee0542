package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"kassa/internal/checkout"
	"kassa/internal/seal"
	"kassa/internal/store"
)

// oldFile makes a database of a former schema with a row in each of its tables.
func oldFile(t *testing.T, version int64, box *seal.Box) (path string) {
	t.Helper()
	path = tempPath(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(makeFile(path))
	files, err := fs.Sub(migrations, "migrations")
	must(err)
	db, err := sql.Open("sqlite", writeDSN(path, durable))
	must(err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	must(err)
	_, err = p.UpTo(bg, version)
	must(err)
	must(db.Close())
	c, err := connect(writeDSN(path, durable), box)
	must(err)
	now := time.Now()
	se := benchSession("cs_1", now)
	se.Merchant = "mr_1"
	a := checkout.Attempt{ID: "at_1", Session: "cs_1", Merchant: "mr_1", Channel: "ch_1", PSP: "sandbox", Method: "card", Version: 1, FormVersion: 1, State: checkout.AttemptSucceeded,
		Amount: se.Amount, Token: "t", PSPRef: "r", CreatedAt: now, UpdatedAt: now}
	must(c.insertMerchant(&checkout.Merchant{ID: "mr_1", Name: "A", Version: 1, CreatedAt: now}))
	must(c.insertKey(&checkout.Key{ID: "ky_1", Merchant: "mr_1", Dialect: "kaipay", Hash: [32]byte{1}, CreatedAt: now}))
	must(c.insertChannel(&checkout.Channel{ID: "ch_1", Merchant: "mr_1", PSP: "sandbox", Settings: []byte(`{"k":"v"}`), Version: 1, CreatedAt: now}))
	must(c.insertSession(&se))
	must(c.insertAttempt(&a))
	must(c.insertRefund(&checkout.Refund{ID: "rf_1", Session: "cs_1", Attempt: "at_1", Merchant: "mr_1", Version: 1, State: checkout.RefundPending, Amount: se.Amount, CreatedAt: now, UpdatedAt: now}))
	for i, k := range []checkout.EventKind{checkout.EventSessionCreated, checkout.EventSessionPaid} {
		must(c.insertEvent(&checkout.Event{ID: checkout.ID(fmt.Sprint("ev_", i)), Merchant: "mr_1", Session: "cs_1", Kind: k, Version: int64(i), State: se.State, At: now}))
	}
	must(c.insertMessage(&store.Message{ID: "ms_1", Channel: "ch_1", Source: "return", Body: []byte{0, 0xff}, At: now}))
	must(c.putAnswer(&store.Answer{AnswerKey: store.AnswerKey{Merchant: "mr_1", Call: "c", Key: "k"}, CreatedAt: now}))
	must(c.close())
	return path
}

// contents writes out every row of the tables that a database of version 1 has.
func contents(t *testing.T, path string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var out []string
	for _, table := range []string{"merchants", "keys", "channels", "sessions", "attempts", "refunds", "events", "messages", "answers"} {
		rows, err := db.Query(`SELECT * FROM ` + table + ` ORDER BY 1, 2`) //nolint:gosec // the names above
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		n := 0
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s %v %#v", table, columns, values))
			n++
		}
		if err := rows.Err(); err != nil || n == 0 {
			t.Fatalf("%s has %d rows: %v", table, n, err)
		}
	}
	return out
}

func TestUpgradeKeepsEverything(t *testing.T) {
	for version := int64(1); version < schemaVersion; version++ {
		box := newBox(t)
		path := oldFile(t, version, box)
		before := contents(t, path)
		if _, err := Open(bg, path, Options{Seal: box}); err == nil || !strings.Contains(err.Error(), "kassa migrate") {
			t.Errorf("an old schema was opened without leave: %v", err)
		}
		if after := contents(t, path); !slices.Equal(before, after) {
			t.Error("a refused start changed the file")
		}
		s := openAt(t, path, Options{Seal: box})
		if after := contents(t, path); !slices.Equal(before, after) {
			t.Errorf("before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		// What was there can be told, and the sealed settings still open.
		if ch, err := s.Channel(bg, "ch_1"); err != nil || string(ch.Settings) != `{"k":"v"}` {
			t.Errorf("the channel is %+v: %v", ch, err)
		}
		ev, err := s.Event(bg, "ev_1")
		if err != nil || ev.Kind != checkout.EventSessionPaid {
			t.Errorf("the event is %+v: %v", ev, err)
		}
		e, d := sealedEndpoint("1"), checkout.Delivery{ID: "dl_1", Endpoint: "ep_1", Merchant: "mr_1", Session: "cs_1", Event: ev.ID, Kind: ev.Kind, Version: 1,
			State: checkout.DeliveryPending, NextAt: ev.At, CreatedAt: ev.At}
		err = s.Write(bg, func(tx store.Tx) error {
			if err := tx.InsertEndpoint(e); err != nil {
				return err
			}
			return tx.InsertDelivery(d)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

const secretCanary, formerCanary = "whsec_Q2FuYXJ5MQ", "whsec_Q2FuYXJ5Mg"

func sealedEndpoint(id string) checkout.Endpoint {
	return checkout.Endpoint{ID: checkout.ID("ep_" + id), Merchant: "mr_1", URL: "https://s.example", Secret: secretCanary, Former: formerCanary, Enabled: true,
		Version: 1, CreatedAt: time.Now()}
}

func TestEndpointSecretsAreSealed(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{Seal: newBox(t)})
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	bare := checkout.Endpoint{ID: "ep_bare", Merchant: "mr_1", URL: "https://s.example", Version: 1, CreatedAt: time.Now()}
	err := s.Write(bg, func(tx store.Tx) error {
		for _, e := range []checkout.Endpoint{sealedEndpoint("1"), sealedEndpoint("2"), bare} {
			if err := tx.InsertEndpoint(e); err != nil {
				return err
			}
		}
		e := sealedEndpoint("2")
		e.Version = 2
		return tx.UpdateEndpoint(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(f) //nolint:gosec // a test's own file
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(secretCanary)) || bytes.Contains(b, []byte(formerCanary)) {
			t.Errorf("%s holds a secret", f)
		}
	}
	// Another key and no key do not open it; what has no secret needs none.
	for _, o := range []Options{{Seal: newBox(t)}, {}} {
		other := openAt(t, path, o)
		if _, err := other.Endpoint(bg, "ep_1"); checkout.CodeOf(err) != checkout.CodeInternal || strings.Contains(fmt.Sprint(err), "whsec") {
			t.Errorf("with other keys: %v", err)
		}
		if _, err := other.Endpoint(bg, "ep_bare"); err != nil {
			t.Error(err)
		}
		if o.Seal == nil {
			if err := other.Write(bg, func(tx store.Tx) error { return tx.InsertEndpoint(sealedEndpoint("3")) }); checkout.CodeOf(err) != checkout.CodeInternal {
				t.Errorf("stored a secret without a key: %v", err)
			}
		}
	}
	// Nor does one open in another endpoint's row, or in the other column.
	for _, text := range []string{
		`UPDATE endpoints SET secret = (SELECT secret FROM endpoints WHERE id = 'ep_2') WHERE id = 'ep_1'`,
		`UPDATE endpoints SET former = secret WHERE id = 'ep_2'`,
	} {
		meddle(t, path, text)
	}
	for _, id := range []checkout.ID{"ep_1", "ep_2"} {
		if _, err := s.Endpoint(bg, id); checkout.CodeOf(err) != checkout.CodeInternal {
			t.Errorf("opened a secret that stood elsewhere: %v", err)
		}
	}
}

func TestTriesAreAppendOnly(t *testing.T) {
	path := tempPath(t)
	s := openAt(t, path, Options{Seal: newBox(t)})
	if err := addMerchant(s, "mr_1"); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	err := s.Write(bg, func(tx store.Tx) error {
		se := benchSession("cs_1", now)
		se.Merchant = "mr_1"
		if err := tx.InsertSession(se); err != nil {
			return err
		}
		if err := tx.InsertEndpoint(sealedEndpoint("1")); err != nil {
			return err
		}
		if err := tx.InsertDelivery(checkout.Delivery{ID: "dl_1", Endpoint: "ep_1", Merchant: "mr_1", Session: "cs_1", Event: "ev_1", Kind: "k", Version: 1, State: checkout.DeliveryPending, CreatedAt: now}); err != nil {
			return err
		}
		return tx.InsertTry(checkout.Try{Delivery: "dl_1", Number: 1, At: now})
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`UPDATE tries SET status = 200`); err == nil {
		t.Error("a try was changed")
	}
}

// A queue that nobody empties, of an endpoint that is on or off, must not make claims slow.
func BenchmarkClaimDeliveries(b *testing.B) {
	for _, queue := range []int{0, 1000, 50000} {
		b.Run(fmt.Sprint("queue=", queue), func(b *testing.B) {
			s := benchStore(b)
			now := time.Now()
			err := s.Write(bg, func(tx store.Tx) error {
				if err := tx.InsertSession(benchSession("cs_1", now)); err != nil {
					return err
				}
				for i := range 20 {
					e := sealedEndpoint(fmt.Sprint(i))
					e.Merchant, e.Enabled = benchMerchant, i%2 == 0
					if err := tx.InsertEndpoint(e); err != nil {
						return err
					}
					for j := range queue / 20 {
						id := fmt.Sprint(i, "-", j)
						if err := tx.InsertDelivery(checkout.Delivery{ID: checkout.ID(id), Endpoint: e.ID, Merchant: e.Merchant, Session: "cs_1", Event: checkout.ID(id), Kind: "k",
							Version: 1, State: checkout.DeliveryPending, NextAt: now, CreatedAt: now}); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			err = s.Write(bg, func(tx store.Tx) error {
				for range b.N {
					if _, err := tx.ClaimDeliveries(now, time.Microsecond, 16, 2); err != nil {
						return err
					}
					now = now.Add(time.Second)
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

// Callers of one batch read what those before them wrote, and may keep it in a cache. When the commit
// fails, the generation moves, so that nobody goes on with what was never stored.
func TestGenerationMovesWhenACommitFails(t *testing.T) {
	s := openAt(t, tempPath(t), Options{Seal: newBox(t)})
	before := s.Generation()
	err := s.Write(bg, func(x store.Tx) error {
		if err := x.InsertMerchant(checkout.Merchant{ID: "mr_1", Name: "A", Version: 1, CreatedAt: time.Now()}); err != nil {
			return err
		}
		if _, err := x.(*tx).c.exec(`PRAGMA defer_foreign_keys = 1`); err != nil { // the commit finds it
			return err
		}
		return x.InsertKey(checkout.Key{ID: "ky_1", Merchant: "mr_x", CreatedAt: time.Now()})
	})
	if checkout.CodeOf(err) != checkout.CodeUnavailable || s.Generation() == before {
		t.Errorf("the commit says %v, the generation went from %d to %d", err, before, s.Generation())
	}
	if _, err := s.Merchant(bg, "mr_1"); checkout.CodeOf(err) != checkout.CodeNotFound {
		t.Errorf("the merchant: %v", err)
	}
}
