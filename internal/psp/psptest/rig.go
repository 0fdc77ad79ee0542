package psptest

import (
	"net/http"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// Outcome is a way in which an emulator can be asked to let a payment go.
type Outcome string

const (
	Approve       Outcome = "approve"        // the payer pays
	Decline       Outcome = "decline"        // the payer, or their bank, says no
	PendingThenOK Outcome = "pending"        // undecided for a while, then paid
	LostThenOK    Outcome = "lost_then_ok"   // Start's answer is lost; the payment was made, and is paid later
	LostForGood   Outcome = "lost_for_good"  // Start's answer is lost; no payment was made
	Refuse        Outcome = "refuse"         // the provider refuses the request itself
	Late          Outcome = "late"           // it ends without money, and is paid later after all
	Hold          Outcome = "hold"           // the money is reserved until it is captured
	WrongAmount   Outcome = "wrong_amount"   // another amount is paid
	WrongCurrency Outcome = "wrong_currency" // the amount is paid in another currency
	Abandon       Outcome = "abandon"        // the payer does nothing
	RefundPending Outcome = "refund_pending" // paid; a refund takes a while and succeeds
	RefundFails   Outcome = "refund_fails"   // paid; a refund fails, at once or after a while
	ChargedBack   Outcome = "charged_back"   // paid, and taken back by the payer's bank; played only where Rig.Disputes
)

// Letter is a kind of notification.
type Letter string

const (
	Genuine       Letter = "genuine"       // as the provider sends it now
	Older         Letter = "older"         // genuine, about an earlier state of the payment
	TooOld        Letter = "too_old"       // genuine, made so long ago that it is a replay
	OtherMode     Letter = "other_mode"    // of the provider's other mode: live to a test channel, test to a live one
	OtherAccount  Letter = "other_account" // about this payment, but of another account at the provider
	OtherSecret   Letter = "other_secret"  // about this payment and account, signed with another channel's secret
	EmptySecret   Letter = "empty_secret"  // signed with the empty key
	NotOurs       Letter = "not_ours"      // genuine, about a payment that was not made by us
	NotOurPayment Letter = "no_payment"    // genuine, about something that is no payment at all
)

// Rig is what an adapter's test says about its provider's emulator. Kind, Settings, Play and Letter
// are required.
type Rig struct {
	Kind psp.Kind
	// Settings are good ones, the same at each call.
	Settings func() map[string]string
	// Live opens the channels in live mode; otherwise they are test channels.
	Live   bool
	Client *http.Client
	Now    func() time.Time // nil: time.Now
	// Wait lets time pass for the emulator and for Now. nil: really, and not more than 20 ms.
	Wait func(time.Duration)

	// Methods to examine; nil: all of the Kind's.
	Methods []checkout.Method
	// Amount that payments are of; zero: MXN 210.00.
	Amount checkout.Money
	// Phone of the payer; empty: +254712345678.
	Phone string
	// NotifyBase is where notifications go to; empty: nowhere.
	NotifyBase string

	// Prepare, if set, arranges for an outcome before Start; it may change the request.
	Prepare func(t testing.TB, r *psp.StartRequest, o Outcome)
	// Play, if set, lets the payer do their part after Start; a has the action that Start gave.
	Play func(t testing.TB, a checkout.Attempt, o Outcome)
	// Letter makes a notification about an attempt.
	Letter func(t testing.TB, a checkout.Attempt, l Letter) psp.Notification
	// Made counts the payments that the emulator holds for an attempt; nil: not known.
	Made func(t testing.TB, a checkout.Attempt) int

	// Lacks are outcomes and letters that the provider does not know. Approve, Decline and Genuine
	// cannot be lacking.
	LacksOutcomes []Outcome
	LacksLetters  []Letter
	// SignatureHeader is the header that makes a notification authentic. Empty: the provider does not
	// sign; then hints may only name the attempt by the token in the URL.
	SignatureHeader string
	// BodyUnsigned: the signature does not cover the whole body.
	BodyUnsigned bool
	// HexCase: the provider writes its signature in one letter case, and the other is refused.
	HexCase bool
	// Disputes: the provider says of a payment, when asked, that its money was taken back.
	Disputes bool
	// NoReference: the provider cannot find a payment by our reference. Then an attempt whose Start was
	// ambiguous must stay unknown: never NotFound, never failed.
	NoReference bool
	// NoIdempotency: starting an attempt twice makes two payments. The engine never does.
	NoIdempotency bool
	// NoPartialRefund: only the whole amount goes back.
	NoPartialRefund bool
}

func (r *Rig) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

func (r *Rig) wait(d time.Duration) {
	if r.Wait != nil {
		r.Wait(d)
		return
	}
	time.Sleep(min(d, 20*time.Millisecond))
}

func (r *Rig) methods() []checkout.Method {
	if r.Methods != nil {
		return r.Methods
	}
	var out []checkout.Method
	for _, m := range r.Kind.Methods {
		out = append(out, m.Code)
	}
	return out
}

func (r *Rig) knows(t *testing.T, o Outcome) {
	t.Helper()
	for _, l := range r.LacksOutcomes {
		if l == o && o != Approve && o != Decline {
			t.Skipf("the provider has no outcome %s", o)
		}
	}
}

func (r *Rig) writes(t *testing.T, l Letter) {
	t.Helper()
	for _, x := range r.LacksLetters {
		if x == l && l != Genuine {
			t.Skipf("the provider has no notification of kind %s", l)
		}
	}
}

// config is what a channel is opened with.
func (r *Rig) config(channel checkout.ID, settings map[string]string) psp.Config {
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	return psp.Config{Channel: channel, Test: !r.Live, Settings: settings, Client: client, Now: r.now}
}
