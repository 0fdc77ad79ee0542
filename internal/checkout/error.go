package checkout

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is the closed set of ways in which a use case can refuse. Every face (dialect, page,
// command) maps every Code; the exams check that none is forgotten.
type Code string

const (
	// CodeInvalid: the input is malformed. Fields says where.
	CodeInvalid Code = "invalid"
	// CodeUnauthenticated: no key, or one that is unknown, revoked, or of another dialect.
	CodeUnauthenticated Code = "unauthenticated"
	// CodeForbidden: the key is good, its scopes do not cover the call.
	CodeForbidden Code = "forbidden"
	// CodeNotFound: no such object for this merchant. An object of another merchant is not found.
	CodeNotFound Code = "not_found"
	// CodeConflict: the object is in a state that does not allow the call, or somebody else changed
	// it in between.
	CodeConflict Code = "conflict"
	// CodeInFlight: the same Idempotency-Key is being worked on right now; RetryAfter says when to ask again.
	CodeInFlight Code = "in_flight"
	// CodeKeyReused: the Idempotency-Key was used before with another body.
	CodeKeyReused Code = "key_reused"
	// CodeTooLarge: the body exceeds the limit.
	CodeTooLarge Code = "too_large"
	// CodeRateLimited: too many requests; RetryAfter says when to ask again.
	CodeRateLimited Code = "rate_limited"
	// CodeRefused: the provider said no, for certain; nothing was charged by this call.
	CodeRefused Code = "refused"
	// CodeUnsupported: the channel or provider cannot do this at all.
	CodeUnsupported Code = "unsupported"
	// CodeUnavailable: a part we need (database, provider) does not answer; RetryAfter says when to
	// ask again. Nothing was acknowledged.
	CodeUnavailable Code = "unavailable"
	// CodeInternal: a defect of ours. Its text never reaches a stranger.
	CodeInternal Code = "internal"
)

// Codes lists every Code, for the exams.
func Codes() []Code {
	return []Code{CodeInvalid, CodeUnauthenticated, CodeForbidden, CodeNotFound, CodeConflict, CodeInFlight,
		CodeKeyReused, CodeTooLarge, CodeRateLimited, CodeRefused, CodeUnsupported, CodeUnavailable, CodeInternal}
}

// FieldError says what is wrong with one field. Field is the path as the caller wrote it, with dots
// and indexes: "order.line_items[0].amount".
type FieldError struct {
	Field string
	Safe  string
}

// Error is the one error type. Safe may be shown to strangers; Err is for the log.
type Error struct {
	Code       Code
	Safe       string
	Fields     []FieldError  // CodeInvalid only; none when the maker does not know the field's name
	RetryAfter time.Duration // CodeInFlight, CodeRateLimited, CodeUnavailable: at least a second
	Err        error
}

// Error is for logs and tests; it may hold what strangers must not see.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Safe != "" {
		b.WriteString(": ")
		b.WriteString(e.Safe)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Field, f.Safe)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error whose text strangers may read.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Safe: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause: safe is for strangers, err for the log.
func Wrap(code Code, safe string, err error) *Error {
	return &Error{Code: code, Safe: safe, Err: err}
}

// Invalid makes a CodeInvalid error about one field.
func Invalid(field, format string, args ...any) *Error {
	safe := fmt.Sprintf(format, args...)
	return &Error{Code: CodeInvalid, Safe: field + " " + safe, Fields: []FieldError{{Field: field, Safe: safe}}}
}

// CodeOf gives the code of err; an error that is not ours is CodeInternal, nil is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// AsError gives err as *Error; one that is not ours becomes CodeInternal without a safe text. nil is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Err: err}
}
