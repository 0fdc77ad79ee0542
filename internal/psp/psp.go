package psp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"kassa/internal/checkout"
)

// Kind is an adapter's passport: what the registry, the admin form and the documentation know of it.
type Kind struct {
	Name    string // the adapter's folder, lower case: "sandbox"
	Title   string // what people call it
	Fields  []Field
	Methods []Method
	// TestOnly: it moves no money; live channels of it are refused.
	TestOnly bool
	// Open makes an adapter for one channel. It must not do I/O. It fails with CodeInvalid and the
	// field's name when a setting is missing or malformed: an adapter without its secret never opens.
	Open func(Config) (PSP, error)
}

// Field describes one setting, for the form, the command and the check.
type Field struct {
	Name     string // key in the settings object
	Title    string
	Help     string
	Secret   bool
	Required bool
}

// Method describes a way to pay that the adapter offers.
type Method struct {
	Code checkout.Method
	// Countries where it is at home; used to put local methods first. Empty: everywhere.
	Countries []checkout.Country
	// Currencies it can be paid in. Empty: any.
	Currencies []checkout.Currency
	// NeedsPhone: the shopper's phone number must be known before Start.
	NeedsPhone bool
}

// Config is what an adapter is opened with.
type Config struct {
	Channel  checkout.ID
	Test     bool
	Settings map[string]string // the channel's settings, unsealed
	Client   *http.Client      // for calls to the provider; bounded in time by the engine's contexts
	Now      func() time.Time
}

// PSP is one opened channel. Its methods are called by many goroutines at once. The engine bounds
// every call by its context; an adapter sets no longer timeout of its own.
type PSP interface {
	// Start asks the provider to make the payment that Attempt describes. It is called at most once
	// per attempt. An error is *Error: Rejected (nothing was made), Retryable (nothing was made,
	// trying again may help) or Ambiguous (something may have been made: only Fetch can tell).
	Start(ctx context.Context, r StartRequest) (Snapshot, error)

	// Fetch asks the provider what became of an attempt. What it answers is the truth. It must
	// work for an attempt whose Start was ambiguous and whose PSPRef is empty: by our own reference,
	// the attempt's id. A payment that the provider does not know is Snapshot{NotFound: true}. Its
	// errors are Retryable or Ambiguous: a question that failed must never end an attempt.
	Fetch(ctx context.Context, r FetchRequest) (Snapshot, error)

	// ParseNotification checks the authenticity of what came to the channel's notification URL and
	// says which attempts to ask about. It must not believe anything it cannot verify, and it must
	// refuse everything when the channel has no secret, or when the event is of the other mode
	// (test, live). A refusal is an error whose Ack is what the provider gets to see.
	ParseNotification(ctx context.Context, n Notification) ([]Hint, Ack, error)
}

// Capturer is for providers where an approved payment must be taken by us. Repeating is safe.
type Capturer interface {
	Capture(ctx context.Context, a checkout.Attempt) (Snapshot, error)
}

// Canceller is for providers where an open payment, or an authorization, can be ended. The answer is
// what the payment is afterwards: only with a lost state (canceled, failed, expired) is it certain
// that no money will come from it; any other state says what it is instead.
type Canceller interface {
	Cancel(ctx context.Context, a checkout.Attempt) (Snapshot, error)
}

// Refunder is for providers that give money back by themselves. Refund is safe to repeat with the
// same refund id.
type Refunder interface {
	// Refund's errors are classified as Start's. FetchRefund of a refund that the provider does not
	// know is Retryable.
	Refund(ctx context.Context, a checkout.Attempt, r checkout.Refund) (RefundSnapshot, error)
	FetchRefund(ctx context.Context, a checkout.Attempt, r checkout.Refund) (RefundSnapshot, error)
}

// Lister is for providers that can list what they hold, for reconciliation.
type Lister interface {
	// List gives payments that changed since a moment, oldest first, and the cursor to go on with;
	// an empty cursor ends the list.
	List(ctx context.Context, since time.Time, cursor string) ([]Listed, string, error)
}

// Listed is one payment in a provider's own books.
type Listed struct {
	PSPRef    string
	Reference string // our attempt id, if the provider kept it
	State     checkout.AttemptState
	Amount    checkout.Money
	Refunded  int64 // minor units
	At        time.Time
}

// StartRequest is a payment to make. Attempt.ID is our reference at the provider.
type StartRequest struct {
	Attempt   checkout.Attempt
	Session   checkout.Session
	Merchant  checkout.Merchant
	ReturnURL string // where the provider sends the browser, in every case
	NotifyURL string // where the provider posts its notifications about this attempt
	Locale    string // BCP 47, the language the shopper reads
}

// FetchRequest names an attempt. Hint is what made us ask, if it was a notification.
type FetchRequest struct {
	Attempt checkout.Attempt
	Hint    *Hint
}

// Snapshot is what the provider says about a payment now.
type Snapshot struct {
	checkout.Observation
	// NotFound: the provider has no such payment.
	NotFound bool
	// NeedsCapture: approved by the shopper; the engine calls Capturer next.
	NeedsCapture bool
	// NextPoll is when to ask again, if the provider's plan differs from the engine's. Zero: the engine's.
	NextPoll time.Duration
}

// RefundSnapshot is what the provider says about a refund now. State pending means ask again.
type RefundSnapshot struct {
	State    checkout.RefundState
	PSPRef   string
	PSPData  []byte
	Code     string
	NextPoll time.Duration
}

// Notification is what came to /notify/{channel}/{rest...}.
type Notification struct {
	Method string
	Rest   string // the path below the channel: the attempt's token, for URLs made by checkout.Links
	Query  url.Values
	Header http.Header
	Body   []byte // at most 64 KiB
}

// Hint is a reason to ask about one attempt. It names it by Reference (our attempt id), by Token or
// by PSPRef; the first that is set counts.
type Hint struct {
	Reference checkout.ID
	Token     string
	PSPRef    string
	Data      []byte // what the adapter's Fetch may want to know of it
}

// Ack is what the provider is answered.
type Ack struct {
	Status      int // 0: 200
	ContentType string
	Body        []byte
}

// Certainty is what an error leaves known.
type Certainty int

const (
	// Rejected: the provider said no. Nothing was made or charged.
	Rejected Certainty = iota + 1
	// Retryable: the request was certainly not carried out; it may be tried again.
	Retryable
	// Ambiguous: it may have been carried out. Only asking can tell.
	Ambiguous
)

// Error is what Start, Fetch, Capture, Cancel and Refund fail with.
type Error struct {
	Certainty Certainty
	Decline   checkout.Decline // Rejected: why
	Code      string           // the provider's own code
	Err       error
}

func (e *Error) Error() string {
	kind := map[Certainty]string{Rejected: "rejected", Retryable: "retryable", Ambiguous: "ambiguous"}[e.Certainty]
	return fmt.Sprintf("psp: %s %s %s: %v", kind, e.Decline, e.Code, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CertaintyOf classifies err. Whatever an adapter did not classify is Ambiguous: the careful reading.
func CertaintyOf(err error) Certainty {
	var e *Error
	if errors.As(err, &e) && e.Certainty != 0 {
		return e.Certainty
	}
	return Ambiguous
}
