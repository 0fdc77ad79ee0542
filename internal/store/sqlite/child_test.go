package sqlite

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"kassa/internal/checkout"
)

// childArg makes the test program be one of the children below instead of running tests: what is
// done to a process, a disk or a limit is done to one of its own.
const childArg = "-kassa-child"

// children are the programs, by name.
var children = map[string]func(args []string) error{
	"load":  loadChild,
	"disk":  diskChild,
	"start": startChild,
}

func child(name string, args []string) int {
	if err := children[name](args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// loadChild works on the database and says on stdout what was acknowledged: "S id" for a session made,
// "P id" for one paid. Its arguments are the path, the level of synchronous, and how many sessions.
func loadChild(args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	// In two runs, so that the WAL ends once and begins again.
	for range 2 {
		s, err := Open(bg, args[0], Options{})
		if err != nil {
			return err
		}
		// Open refuses to be less than durable, so a control run lowers the level afterwards. Small
		// rounds of the WAL bring many checkpoints.
		for _, text := range []string{`PRAGMA synchronous = ` + args[1], `PRAGMA wal_autocheckpoint = 60`} {
			if err := s.writer.c.query(text, func(*row) error { return nil }); err != nil {
				return err
			}
		}
		var left atomic.Int64
		left.Store(int64(n / 2))
		errs := make(chan error, 4)
		var wg sync.WaitGroup
		for range cap(errs) {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					if err := acknowledged(s); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wg.Wait()
		select {
		case err := <-errs:
			return err
		default:
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// acknowledged makes a session and pays every second one, and says so after each commit.
func acknowledged(s *Store) error {
	se, err := create(s, []byte(`{"id":"cs_"}`))
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString("S " + string(se.ID) + "\n"); err != nil {
		return err
	}
	if se.ID[len(se.ID)-1]%2 == 0 {
		return nil
	}
	if err := pay(s, se); err != nil {
		return err
	}
	_, err = os.Stdout.WriteString("P " + string(se.ID) + "\n")
	return err
}

// furnished makes a database with what the load needs, closed in order.
func furnished(t testing.TB, path string) {
	t.Helper()
	s, err := Open(bg, path, Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := furnish(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// envInt reads how often a test does its work from the environment: more of it in the night.
func envInt(t testing.TB, name string, otherwise int) int {
	t.Helper()
	if os.Getenv(name) == "" {
		return otherwise
	}
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// has reports what a store lacks of what was acknowledged, or an empty text.
func has(s *Store, acks []string) string {
	for _, ack := range acks {
		h, err := s.Head(bg, checkout.ID(ack[2:]))
		if err != nil {
			return fmt.Sprintf("%s: %v", ack, err)
		}
		if ack[0] == 'P' && h.State != checkout.SessionPaid {
			return fmt.Sprintf("%s: it is %s", ack, h.State)
		}
	}
	return ""
}
