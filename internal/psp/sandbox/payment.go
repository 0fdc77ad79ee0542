package sandbox

import (
	"time"

	"kassa/internal/checkout"
)

// Status is the bank's own word for where a payment, or a refund, stands.
type Status string

// The statuses. A payment that is refused, cancelled or expired can still become paid (late_success).
const (
	Waiting     Status = "waiting"   // for the payer
	Pending     Status = "pending"   // the payer did their part, the bank not yet
	Held        Status = "held"      // reserved, until it is captured or cancelled
	Paid        Status = "paid"      // the merchant has the money
	Refused     Status = "refused"   // Code says why
	Cancelled   Status = "cancelled" // by the payer or by the merchant
	Expired     Status = "expired"
	ChargedBack Status = "charged_back" // the merchant had the money, and the payer's bank took it back
)

// The codes that the bank gives with a status.
const (
	codeDoNotHonour   = "do_not_honour"
	codeNoFunds       = "not_enough_money"
	codeCardExpired   = "card_expired"
	codeCardLost      = "card_lost"
	codeFraud         = "fraud_rule"
	codeWrongCode     = "wrong_security_code"
	codeLimit         = "over_limit"
	codeAuthFailed    = "payer_not_authenticated"
	codeBankDown      = "issuer_unreachable"
	codePayerSaidNo   = "payer_cancelled"
	codeMerchantEnded = "merchant_cancelled"
	codeNoAnswer      = "payer_did_not_answer"
	codeOfferOver     = "offer_expired"
	codeMysterious    = "error_7734"
	codeAccountClosed = "payer_account_closed"
	codeDisputed      = "payer_disputed"
)

// Step is a moment from which on a payment has a status.
type Step struct {
	At     time.Time
	Status Status
	Code   string `json:",omitempty"`
}

// at gives the last step that has happened; later ones are the future.
func stepAt(steps []Step, now time.Time) Step {
	cur := steps[0]
	for _, s := range steps[1:] {
		if s.At.After(now) {
			break
		}
		cur = s
	}
	return cur
}

// until drops the steps that have not happened yet.
func until(steps []Step, now time.Time) []Step {
	n := len(steps)
	for n > 1 && steps[n-1].At.After(now) {
		n--
	}
	return steps[:n:n]
}

// Payment is one row of the bank's books, as the journal keeps it. What it is at a moment is computed
// from Steps, so nothing has to run for time to pass.
type Payment struct {
	ID        string // sbx_ and 128 random bits (Options.Token)
	Account   checkout.ID
	Reference checkout.ID // the attempt
	Session   checkout.ID
	Merchant  string
	Order     string `json:",omitempty"`
	Method    checkout.Method
	Kind      checkout.ActionKind // how the payer pays
	Preset    string              `json:",omitempty"` // the scenario that Start fixed
	Scenario  string              `json:",omitempty"` // the scenario that was played

	Amount checkout.Money
	Moved  checkout.Money // what the payer pays; differs from Amount only in the scenarios that lie
	Phone  string         `json:",omitempty"`
	Offer  string         `json:",omitempty"` // what the payer quotes: a voucher's digits, a transfer's reference, an address

	ReturnURL string
	NotifyURL string `json:",omitempty"`
	CreatedAt time.Time
	ExpiresAt time.Time
	ChangedAt time.Time // when somebody last did something to it

	Challenged  bool      `json:",omitempty"` // the payer is being asked to prove who they are
	SilentUntil time.Time `json:",omitzero"`  // until then the bank answers questions about it badly; Scenario says how
	Events      int       `json:",omitempty"` // made so far; each event's id follows from its number
	Steps       []Step
	Refunds     []Refund `json:",omitempty"`
	Notices     []Notice `json:",omitempty"`
}

// Refund is money that the bank gave back, or tries to.
type Refund struct {
	ID        string // follows from the payment and Reference
	Reference checkout.ID
	Amount    checkout.Money
	Steps     []Step
}

// Notice is a notification to send. Two notices with one Event are one event sent twice.
type Notice struct {
	Event  string
	Type   string
	Made   time.Time
	Due    time.Time
	Status Status
	Code   string `json:",omitempty"`
	Tries  int    `json:",omitempty"`
	Done   bool   `json:",omitempty"` // delivered, or given up
}

// now is the step that the payment has reached.
func (p *Payment) now(now time.Time) Step { return stepAt(p.Steps, now) }

// open reports whether the payer can still decide.
func (p *Payment) open(now time.Time) bool { return p.now(now).Status == Waiting }

// captured is what the merchant has received, in minor units of Moved's currency; takenBack is what the
// payer's bank took of it, refunds aside.
func (p *Payment) captured(now time.Time) int64 {
	switch p.now(now).Status {
	case Paid, ChargedBack:
		return p.Moved.Minor
	}
	return 0
}

func (p *Payment) takenBack(now time.Time) int64 {
	if p.now(now).Status != ChargedBack {
		return 0
	}
	_, reserved := p.refunded(now)
	return p.Moved.Minor - reserved
}

// refunded sums the refunds that succeeded; reserved also counts those under way.
func (p *Payment) refunded(now time.Time) (done, reserved int64) {
	for _, r := range p.Refunds {
		switch stepAt(r.Steps, now).Status {
		case Paid:
			done += r.Amount.Minor
			reserved += r.Amount.Minor
		case Pending:
			reserved += r.Amount.Minor
		}
	}
	return done, reserved
}

// changed is the last moment at which anything about the payment became different.
func (p *Payment) changed(now time.Time) time.Time {
	last := p.ChangedAt
	if s := p.now(now); s.At.After(last) {
		last = s.At
	}
	for _, r := range p.Refunds {
		if s := stepAt(r.Steps, now); s.At.After(last) {
			last = s.At
		}
	}
	return last
}

// clone is a copy that can be changed without anybody seeing it.
func (p *Payment) clone() *Payment {
	c := *p
	c.Steps = append([]Step(nil), p.Steps...)
	c.Refunds = append([]Refund(nil), p.Refunds...)
	c.Notices = append([]Notice(nil), p.Notices...)
	return &c
}

// fee is what the bank keeps of an amount: 2.9 %, rounded down.
func fee(minor int64) int64 { return minor/1000*29 + minor%1000*29/1000 }
