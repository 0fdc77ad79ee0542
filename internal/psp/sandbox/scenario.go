package sandbox

import (
	"strings"
	"time"

	"kassa/internal/checkout"
)

// Scenario is a row of the table: one way in which a payment can go. It can be chosen by the e-mail
// tag (always the name), by amount, by phone number where a phone pays, by test card or with a button of
// the bank's page where the payment can be made before the choice.
type Scenario struct {
	Name    string
	Title   string            // for people
	Group   string            // heading on the bank's page
	Methods []checkout.Method // that it applies to; empty: all
	Amount  int64             // the last three digits of an amount of at least 1,000 minor units; 0: none
	Phone   string            // the number that chooses it, E.164; empty: none
	Cards   []string          // test card numbers that choose it
	Button  bool              // offered on the bank's pages

	AtStart StartFault          // what goes wrong when the payment is made
	Kind    checkout.ActionKind // another next action than the method's own
	Steps   []Effect            // what happens once the payer has decided; empty: the payer chooses on the page
	Never   bool                // the payer never does anything: the offer, or the question, runs out
	Trouble Trouble             // what is wrong with the bank's answers after the decision
	For     time.Duration       // how long that lasts
	Ask     bool                // the payer is first asked to prove who they are
	Lie     Lie                 // what the bank reports wrongly
	Take    bool                // a hold that we must capture at once, as with PayPal
	Notify  NotifyMode
	Refund  RefundMode

	End End // what Kassa makes of it; the end-to-end tests hold it
}

// End is where a session stands once everything in a row has happened. A payer who still has to choose
// then approves.
type End struct {
	Session checkout.SessionState
	Decline checkout.Decline     // of the attempt
	Review  checkout.Review      // of the session
	Late    bool                 // paid after the session's own end
	Again   bool                 // the first attempt ends with Decline, and the shopper tries a second time
	Refund  checkout.RefundState // of a refund of everything afterwards; empty: it is not tried
}

// Effect is a step of a scenario.
type Effect struct {
	After  time.Duration
	Status Status
	Code   string
}

// StartFault is the closed set of ways in which making a payment goes wrong.
type StartFault int

const (
	StartWell          StartFault = iota
	StartRejected                 // refused: nothing was made
	StartRetryable                // busy: nothing was made
	StartAmbiguous                // the payment was made, the answer is lost
	StartAmbiguousLost            // the answer is lost, and nothing was made
	StartSlow                     // the payment was made, the answer takes 12 s
	StartServerError              // error 500: the payment was made all the same
	StartTooMany                  // error 429 to everything a session asks for within 5 s of its first try: nothing was made
)

// Trouble is the closed set of ways in which the bank answers questions badly.
type Trouble int

const (
	AnswersWell  Trouble = iota
	AnswersLost          // none arrives
	AnswersError         // error 500
	AnswersBusy          // error 429
	AnswersSlow          // each takes 3 s
)

// Lie is what a bank can report wrongly.
type Lie int

const (
	NoLie       Lie = iota
	LieAmount       // one minor unit
	LieCurrency     // another one
	LieLess         // a twentieth less than was asked for
	LieMore         // a twentieth more
)

// NotifyMode is how the bank tells of a payment.
type NotifyMode int

const (
	NotifyOnce         NotifyMode = iota // each change, when it happens
	NotifyNever                          // not at all
	NotifyTwice                          // each event two times
	NotifyOutOfOrder                     // the end first, an older event a second later
	NotifyBeforeReturn                   // the browser is sent back only when the event was answered
)

// RefundMode is what becomes of money that is given back.
type RefundMode int

const (
	RefundAtOnce    RefundMode = iota
	RefundSlow                 // pending for 5 s, then done
	RefundRefused              // pending for 5 s, then failed
	RefundAmbiguous            // done, but the answer is lost
)

const (
	// PayerPause is how long the pretend payer takes where no browser is involved: a push, or a voucher
	// whose scenario is named at the start.
	PayerPause = 2 * time.Second
	// Delay is how long the scenarios with a "then" take to get there.
	Delay = 5 * time.Second
	// LateDelay is how long after its end a late payment arrives.
	LateDelay = 10 * time.Second
	// VeryLateDelay is longer than any offer stands, and any session that it was made for.
	VeryLateDelay = 8 * 24 * time.Hour
	// ChargebackDelay is how long the merchant keeps money that is taken back.
	ChargebackDelay = 10 * time.Second
	// ChallengeLife is how long a payer who walked away can still come back and prove who they are.
	ChallengeLife = 5 * time.Minute
	// slowStart is longer than a shopper's request may wait, slowAnswer is shorter.
	slowStart  = 12 * time.Second
	slowAnswer = 3 * time.Second
)

// The methods that the bank serves beside cards.
const (
	MethodMPesa    checkout.Method = "mpesa"
	MethodOXXO     checkout.Method = "oxxo"
	MethodTransfer checkout.Method = "bank_transfer"
)

// Email is the address that chooses the scenario.
func (s *Scenario) Email() string { return "shopper+" + s.Name + "@example.com" }

// Ends is what Kassa makes of the row where it is played with a method: a push that nobody answers has
// a reason of its own.
func (s *Scenario) Ends(m checkout.Method) End {
	end := s.End
	if s.Never && m == MethodMPesa {
		end.Decline = checkout.DeclinePayerTimeout
	}
	return end
}

// Lasts is how long after the payment was made everything in the row has happened at the bank, if the
// payer decides within PayerPause.
func (s *Scenario) Lasts(m checkout.Method) time.Duration {
	if len(s.Steps) == 0 && s.Never {
		switch m {
		case MethodMPesa:
			return phoneLife
		case MethodOXXO:
			return voucherLife
		case MethodTransfer:
			return transferLife
		}
		return cardLife
	}
	last := s.For
	for _, e := range s.Steps {
		last = max(last, e.After)
	}
	return PayerPause + last
}

// Applies reports whether the scenario can be played with a method.
func (s *Scenario) Applies(m checkout.Method) bool {
	if len(s.Methods) == 0 {
		return true
	}
	for _, have := range s.Methods {
		if have == m {
			return true
		}
	}
	return false
}

// table is the scenarios with the indexes that choosing needs.
type table struct {
	rows    []Scenario
	byName  map[string]*Scenario
	byPhone map[string]*Scenario
	byCents map[int64]*Scenario
	byCard  map[string]*Scenario
}

func newTable() *table {
	t := &table{rows: Scenarios(), byName: map[string]*Scenario{}, byPhone: map[string]*Scenario{}, byCents: map[int64]*Scenario{},
		byCard: map[string]*Scenario{}}
	for i := range t.rows {
		s := &t.rows[i]
		t.byName[s.Name] = s
		if s.Phone != "" {
			t.byPhone[s.Phone] = s
		}
		if s.Amount != 0 {
			t.byCents[s.Amount] = s
		}
		for _, c := range s.Cards {
			t.byCard[c] = s
		}
	}
	return t
}

// preset finds the scenario that an e-mail tag, a phone number or an amount names, in this order; nil
// where the payer chooses.
func (t *table) preset(m checkout.Method, email, phone string, amount int64) *Scenario {
	if s := t.byName[tag(email)]; s != nil && s.Applies(m) {
		return s
	}
	if m == MethodMPesa {
		if s := t.byPhone[phone]; s != nil && s.Applies(m) {
			return s
		}
	}
	if amount >= 1000 {
		if s := t.byCents[amount%1000]; s != nil && s.Applies(m) {
			return s
		}
	}
	return nil
}

// tag is what stands between the last plus and the @ of an address, in lower case.
func tag(email string) string {
	local, _, ok := strings.Cut(email, "@")
	if !ok {
		return ""
	}
	i := strings.LastIndexByte(local, '+')
	if i < 0 {
		return ""
	}
	return strings.ToLower(local[i+1:])
}
