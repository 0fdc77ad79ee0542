package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	driver "modernc.org/sqlite"
)

// ErrDamaged is in the chain of every error about a file whose contents cannot be trusted.
var ErrDamaged = errors.New("the database is damaged")

// damaged words damage for the operator, who has to do something about it.
func damaged(path string, what string) error {
	return fmt.Errorf("%w: %s: %s. Kassa serves no money from it and changes nothing in it. Keep a copy of %[2]s, %[2]s-wal and %[2]s-shm, "+
		"then put the newest backup in its place: kassa restore BACKUP --database %[2]s --force", ErrDamaged, path, what)
}

// health is whether a store may still be believed. Damage is final: only a restore and a restart end it.
type health struct {
	path  string
	log   *slog.Logger
	cause atomic.Pointer[error]
}

// note turns the store off when an error says that the file is damaged. The first such error counts.
func (h *health) note(err error) {
	if h == nil || !isDamage(err) {
		return
	}
	cause := fmt.Errorf("%w: %w", damaged(h.path, "it was found while it was in use"), err)
	if h.cause.CompareAndSwap(nil, &cause) && h.log != nil {
		h.log.Error("THE DATABASE IS DAMAGED: every read and write is refused from now on", "database", h.path, "err", cause)
	}
}

// off gives the answer to every call once damage was found, and nil before.
func (h *health) off() error {
	if h == nil {
		return nil
	}
	if cause := h.cause.Load(); cause != nil {
		return unavailable(*cause)
	}
	return nil
}

func isDamage(err error) bool {
	if errors.Is(err, ErrDamaged) {
		return true
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code()&0xff == codeCorrupt || e.Code()&0xff == codeNotADB
}
