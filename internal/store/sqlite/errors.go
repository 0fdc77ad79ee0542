package sqlite

import (
	"context"
	"errors"
	"time"

	driver "modernc.org/sqlite"

	"kassa/internal/checkout"
)

// SQLite's result codes, from its C interface. The low byte is the primary code.
const (
	codeBusy       = 5
	codeLocked     = 6
	codeNoMemory   = 7
	codeReadOnly   = 8
	codeInterrupt  = 9
	codeIO         = 10
	codeCorrupt    = 11
	codeFull       = 13
	codeCannotOpen = 14
	codeNotADB     = 26

	codePrimaryKey = 1555
	codeUnique     = 2067
	codeRowID      = 2579
)

// retryAfter is what callers are told when the database cannot answer now.
const retryAfter = time.Second

var errDead = &checkout.Error{Code: checkout.CodeInternal, Err: errors.New("sqlite: a Tx was used after its function had returned")}

func unavailable(err error) *checkout.Error {
	return &checkout.Error{Code: checkout.CodeUnavailable, Safe: "the database cannot answer now", RetryAfter: retryAfter, Err: err}
}

func internal(err error) *checkout.Error {
	return &checkout.Error{Code: checkout.CodeInternal, Err: err}
}

func notFound(noun string) *checkout.Error {
	return checkout.Errorf(checkout.CodeNotFound, "no such %s", noun)
}

func changedMeanwhile(noun string) *checkout.Error {
	return checkout.Errorf(checkout.CodeConflict, "the %s was changed in between", noun)
}

// translate gives a driver's error the code that callers act on. Numbers decide, never texts.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var ours *checkout.Error
	if errors.As(err, &ours) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return unavailable(err)
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return internal(err)
	}
	switch e.Code() {
	case codePrimaryKey, codeUnique, codeRowID:
		return checkout.Wrap(checkout.CodeConflict, "it exists already", err)
	}
	switch e.Code() & 0xff {
	case codeBusy, codeLocked, codeNoMemory, codeReadOnly, codeInterrupt, codeIO, codeFull, codeCannotOpen, codeCorrupt, codeNotADB:
		return unavailable(err)
	}
	return internal(err)
}

func isBusy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == codeBusy
}

// endsBatch reports the errors after which SQLite may have rolled back the whole transaction, and
// with it the work of every caller in the batch.
func endsBatch(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case codeBusy, codeNoMemory, codeInterrupt, codeIO, codeCorrupt, codeFull, codeNotADB:
		return true
	}
	return false
}
