package checkout_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"kassa/internal/checkout"
)

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*checkout.Error{
		"conflict: the session is paid": checkout.Errorf(checkout.CodeConflict, "the session is %s", "paid"),
		"unavailable: try later: EOF":   checkout.Wrap(checkout.CodeUnavailable, "try later", io.EOF),
		"internal: EOF":                 checkout.Wrap(checkout.CodeInternal, "", io.EOF),
		"not_found":                     {Code: checkout.CodeNotFound},
		"invalid: order.items[0].amount must be positive; order.items[0].amount: must be positive": checkout.Invalid("order.items[0].amount", "must be %s", "positive"),
	} {
		if e.Error() != want {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	ours := checkout.Wrap(checkout.CodeRefused, "declined", io.EOF)
	for _, c := range []struct {
		err  error
		want checkout.Code
	}{
		{nil, ""}, {io.EOF, checkout.CodeInternal}, {ours, checkout.CodeRefused}, {fmt.Errorf("while paying: %w", ours), checkout.CodeRefused},
		{errors.Join(io.EOF, ours), checkout.CodeRefused}, {checkout.Wrap(checkout.CodeUnavailable, "", ours), checkout.CodeUnavailable},
	} {
		if got := checkout.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestAsError(t *testing.T) {
	if e := checkout.AsError(nil); e != nil {
		t.Errorf("no error becomes %v", e)
	}
	ours := checkout.Invalid("amount", "is missing")
	if e := checkout.AsError(fmt.Errorf("reading: %w", ours)); e != ours {
		t.Errorf("ours becomes %v", e)
	}
	e := checkout.AsError(io.EOF)
	if e.Code != checkout.CodeInternal || e.Safe != "" || !errors.Is(e, io.EOF) {
		t.Errorf("another's becomes %#v", e)
	}
}

func TestCodesAreAllDifferent(t *testing.T) {
	seen := map[checkout.Code]bool{"": true}
	for _, c := range checkout.Codes() {
		if seen[c] {
			t.Errorf("%q twice, or empty", c)
		}
		seen[c] = true
	}
	if len(seen) != 14 {
		t.Errorf("%d codes", len(seen)-1)
	}
}
