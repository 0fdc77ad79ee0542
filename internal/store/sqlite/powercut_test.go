package sqlite

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPowerCut holds promise 1 against a power cut. A process works on a database under strace; its
// writes are laid on the model of a disk, of which the power is taken at random moments; what was
// left is opened as a server would. Everything that had been acknowledged by then must be there, and
// everything that is there must be whole. KASSA_POWERCUT_CUTS sets the number of cuts,
// KASSA_POWERCUT_SEED repeats a run's choices.
func TestPowerCut(t *testing.T) {
	if testing.Short() {
		t.Skip("cuts the power for some seconds")
	}
	cuts := envInt(t, "KASSA_POWERCUT_CUTS", 500)
	lost, refused, acked := cutThePower(t, "FULL", cuts)
	if lost+refused > 0 {
		t.Errorf("%d of %d cuts lost something, after %d a sound file was refused", lost, cuts, refused)
	}
	if acked < 100 {
		t.Errorf("only %d calls were acknowledged: this run proves nothing", acked)
	}
}

// TestPowerCutControl: the same with synchronous=NORMAL, which does lose. A harness that does not
// find that finds nothing.
func TestPowerCutControl(t *testing.T) {
	if testing.Short() {
		t.Skip("belongs to TestPowerCut")
	}
	cuts := max(60, envInt(t, "KASSA_POWERCUT_CUTS", 500)/10)
	if lost, _, _ := cutThePower(t, "NORMAL", cuts); lost < cuts/5 {
		t.Errorf("with NORMAL only %d of %d cuts lost something", lost, cuts)
	}
}

func cutThePower(t *testing.T, level string, cuts int) (lost, refused, acked int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kassa.db")
	furnished(t, path)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ops := traced(t, path, level, 160)
	recorded := time.Since(began)
	seed := uint64(envInt(t, "KASSA_POWERCUT_SEED", int(time.Now().UnixNano())))
	t.Logf("%s: KASSA_POWERCUT_SEED=%d repeats the choices", level, seed)
	r := rand.New(rand.NewPCG(seed, 0))
	at := make([]int, cuts)
	for i := range at {
		at[i] = r.IntN(len(ops) + 1)
	}
	slices.Sort(at)

	type image struct {
		files map[string][]byte
		acks  []string
		at    int
	}
	images := make(chan image, 4)
	var nLost, nRefused, reported atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := range images {
				what, err := surviving(t.TempDir(), i.files, i.acks)
				switch {
				case errors.Is(err, ErrDamaged):
					nRefused.Add(1)
					what = err.Error()
				case err != nil:
					t.Errorf("cut at %d of %d: %v", i.at, len(ops), err)
				case what != "":
					nLost.Add(1)
				}
				if what != "" && level == "FULL" && reported.Add(1) < 10 {
					t.Errorf("cut at %d of %d: %s", i.at, len(ops), what)
				}
			}
		})
	}
	d := disk{"kassa.db": {safe: first}}
	var acks []string
	syncs := 0
	for n := 0; n <= len(ops); n++ {
		for len(at) > 0 && at[0] == n {
			at = at[1:]
			images <- image{d.cut(r), slices.Clone(acks), n}
		}
		if n == len(ops) {
			break
		}
		d.apply(ops[n])
		switch ops[n].kind {
		case 'a':
			acks = append(acks, ops[n].ack)
		case 'S':
			syncs++
		}
	}
	close(images)
	wg.Wait()
	t.Logf("%s: %d acknowledged with %d fsyncs in %d operations, recorded in %.1f s; %d cuts in %.1f s: %d lost, %d refused",
		level, len(acks), syncs, len(ops), recorded.Seconds(), cuts, (time.Since(began) - recorded).Seconds(), nLost.Load(), nRefused.Load())
	return int(nLost.Load()), int(nRefused.Load()), len(acks)
}

// surviving opens what a power cut left, and says what is missing of what was acknowledged. Open looks
// through the contents: an unclean stop is what this is.
func surviving(dir string, files map[string][]byte, acks []string) (missing string, err error) {
	defer os.RemoveAll(dir)
	if err := lay(dir, files); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kassa.db")
	s, err := Open(bg, path, Options{})
	if err != nil {
		return "", err
	}
	missing = has(s, acks)
	if err := s.Examine(bg); err != nil {
		return missing, err
	}
	return missing, s.Close()
}
