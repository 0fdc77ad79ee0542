package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"kassa/internal/seal"
	"kassa/internal/store"
	"kassa/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childArg {
		os.Exit(child(os.Args[2], os.Args[3:]))
	}
	goleak.VerifyTestMain(m)
}

var bg = context.Background()

func newBox(t testing.TB) *seal.Box {
	t.Helper()
	box, err := seal.New(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// openAt opens a database that is closed when the test ends.
func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	o.Migrate = true
	s, err := Open(bg, path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "kassa.db"), Options{Seal: newBox(t)})
	})
}
