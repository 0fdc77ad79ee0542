package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"kassa/internal/checkout"
)

// trouble is a way to keep a disk from taking what is written. It gives the way back.
type trouble func(dir string) (end func() error, err error)

var troubles = map[string]trouble{
	// A file system of some megabytes, filled to the last byte.
	"full": func(dir string) (func() error, error) {
		name := filepath.Join(dir, "filler")
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for size := 1 << 16; size > 0; size /= 2 {
			for err = nil; err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				return nil, err
			}
		}
		return func() error { return os.Remove(name) }, nil
	},
	// The kernel takes no write any more, as on a file system that has turned read-only after an
	// error: one cannot be turned so by hand while files on it are open.
	"refused": func(string) (func() error, error) {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			return nil, err
		}
		return func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old) },
			syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1, Max: old.Max})
	},
}

// diskChild works on a database in a folder while its disk is in trouble, again and again. Its
// arguments are the trouble, the folder, the rounds, and "mount" if a small disk of its own is to be
// put there first.
func diskChild(args []string) error {
	kind, dir := args[0], args[1]
	rounds, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	if args[3] == "mount" {
		_ = syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
		if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", 12+rounds)); err != nil {
			return fmt.Errorf("%s: %w", cannotMount, err)
		}
	}
	signal.Ignore(syscall.SIGXFSZ)
	path := filepath.Join(dir, "kassa.db")
	s, err := Open(bg, path, Options{Migrate: true})
	if err != nil {
		return err
	}
	if err := furnish(s); err != nil {
		return err
	}
	var acks []string
	refused := 0
	var slowest time.Duration
	try := func() error {
		se, err := create(s, make([]byte, 500))
		if err == nil {
			acks = append(acks, "S "+string(se.ID))
			return nil
		}
		refused++
		if e := checkout.AsError(err); e.Code != checkout.CodeUnavailable || e.RetryAfter < time.Second {
			return fmt.Errorf("in trouble: %w", err)
		}
		if _, err := s.Head(bg, se.ID); checkout.CodeOf(err) != checkout.CodeNotFound {
			return fmt.Errorf("what was refused is there: %w", err)
		}
		return nil
	}
	for round := range rounds {
		for range 1 + rand.IntN(20) {
			if err := try(); err != nil {
				return err
			}
		}
		before := refused
		end, err := troubles[kind](dir)
		if err != nil {
			return err
		}
		// The WAL may have room of its own for a while.
		for n := 0; refused < before+20; n++ {
			if err := try(); err != nil {
				return err
			}
			if n > 5000 {
				return errors.New("nothing was refused: there was no trouble")
			}
		}
		if err := s.Ping(bg); kind == "refused" && checkout.CodeOf(err) != checkout.CodeUnavailable {
			return fmt.Errorf("in trouble, and Ping says %w", err)
		}
		if what := has(s, acks); what != "" {
			return fmt.Errorf("round %d, in trouble: %s", round, what)
		}
		if err := end(); err != nil {
			return err
		}
		began := time.Now()
		for s.Ping(bg) != nil {
			if time.Since(began) > 5*time.Second {
				return errors.New("it does not recover")
			}
			time.Sleep(5 * time.Millisecond)
		}
		slowest = max(slowest, time.Since(began))
		if what := has(s, acks); what != "" {
			return fmt.Errorf("round %d, afterwards: %s", round, what)
		}
	}
	if err := s.Examine(bg); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = Open(bg, path, Options{}); err != nil {
		return err
	}
	if what := has(s, acks); what != "" {
		return errors.New("after a restart: " + what)
	}
	fmt.Printf("%d rounds: %d acknowledged, %d refused, well again after at most %v\n", rounds, len(acks), refused, slowest.Round(time.Microsecond))
	return s.Close()
}

const cannotMount = "cannot mount"

// startChild opens a database that cannot be written and wants to be told so: its arguments are the
// folder, and what to do to it.
func startChild(args []string) error {
	dir, how := args[0], args[1]
	path := filepath.Join(dir, "kassa.db")
	switch how {
	case "read-only":
		_ = syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", cannotMount, err)
		}
		if err := syscall.Mount("none", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("%s: %w", cannotMount, err)
		}
	case "no rights", "no folder":
	}
	s, err := Open(bg, path, Options{Migrate: true})
	if err == nil {
		return errors.Join(errors.New("it opened"), s.Close())
	}
	fmt.Println("refused:", err)
	return nil
}
