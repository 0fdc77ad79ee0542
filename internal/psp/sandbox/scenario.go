package sandbox

import (
	"strings"
	"time"

	"kassa/internal/checkout"
)

// Scenario is a row of the table: one way in which a payment can go. It can be chosen by the e-mail
// tag (always the name), by phone number, by amount, by test card, or with a button of the bank's page.
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
	Never   bool                // the payer never does anything: the offer runs out
	Silent  time.Duration       // how long the bank answers no questions after the decision
	Ask     bool                // the payer is first asked to prove who they are
	Lie     Lie                 // what the bank reports wrongly
	Take    bool                // a hold that we must capture at once, as with PayPal
	Notify  NotifyMode
	Refund  RefundMode
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
)

// Lie is what a bank can report wrongly.
type Lie int

const (
	NoLie Lie = iota
	LieAmount
	LieCurrency
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
	// slowStart is longer than a shopper's request may wait.
	slowStart = 12 * time.Second
)

const (
	groupEnd    = "How it ends"
	groupTime   = "Slow and late"
	groupNotify = "How we tell the merchant"
	groupWrong  = "What we report wrongly"
	groupRefund = "When it is refunded later"
	groupStart  = "When the payment is made"
	groupKind   = "What the shopper has to do"
)

// The methods that the bank serves beside cards.
const (
	MethodMPesa    checkout.Method = "mpesa"
	MethodOXXO     checkout.Method = "oxxo"
	MethodTransfer checkout.Method = "bank_transfer"
)

// Scenarios gives the table.
func Scenarios() []Scenario {
	card := []checkout.Method{checkout.MethodCard}
	paid := []Effect{{0, Paid, ""}}
	no := func(code string) []Effect { return []Effect{{0, Refused, code}} }
	return []Scenario{
		{Name: "approve", Title: "Approve the payment", Group: groupEnd, Button: true, Steps: paid, Phone: "+254700000000",
			Cards: []string{"4111111111111111", "5555555555554444", "378282246310005"}},
		{Name: "decline", Title: "Refuse without a reason", Group: groupEnd, Button: true, Steps: no(codeDoNotHonour), Amount: 941,
			Phone: "+254700000002", Cards: []string{"4000000000000002"}},
		{Name: "insufficient_funds", Title: "Refuse: not enough money", Group: groupEnd, Button: true, Steps: no(codeNoFunds), Amount: 947,
			Phone: "+254700000001", Cards: []string{"4000000000009995"}},
		{Name: "expired_card", Title: "Refuse: the card has expired", Group: groupEnd, Methods: card, Button: true, Steps: no(codeCardExpired),
			Cards: []string{"4000000000000069"}},
		{Name: "lost_card", Title: "Refuse: the card was reported lost", Group: groupEnd, Methods: card, Button: true, Steps: no(codeCardLost),
			Cards: []string{"4000000000009987"}},
		{Name: "fraud", Title: "Refuse: it looks like fraud", Group: groupEnd, Button: true, Steps: no(codeFraud), Cards: []string{"4100000000000019"}},
		{Name: "wrong_code", Title: "Refuse: wrong security code or PIN", Group: groupEnd, Button: true, Steps: no(codeWrongCode),
			Phone: "+254700000003", Cards: []string{"4000000000000127"}},
		{Name: "limit", Title: "Refuse: over the payer's limit", Group: groupEnd, Button: true, Steps: no(codeLimit), Phone: "+254700000004",
			Cards: []string{"4000000000006975"}},
		{Name: "unavailable", Title: "Refuse: the payer's bank cannot be reached", Group: groupEnd, Button: true, Steps: no(codeBankDown),
			Cards: []string{"4000000000000119"}},
		{Name: "unknown_reason", Title: "Refuse with a code nobody knows", Group: groupEnd, Button: true, Steps: no(codeMysterious)},
		{Name: "challenge", Title: "Ask the payer to prove who they are", Group: groupEnd, Methods: card, Button: true, Ask: true, Steps: paid,
			Cards: []string{"4000000000003220"}},
		{Name: "challenge_failed", Title: "Refuse: the payer could not prove who they are", Group: groupEnd, Methods: card, Button: true,
			Steps: no(codeAuthFailed), Cards: []string{"4000008400001629"}},
		{Name: "cancel", Title: "The payer cancels", Group: groupEnd, Button: true, Steps: []Effect{{0, Cancelled, codePayerSaidNo}},
			Phone: "+254700000032"},
		{Name: "authorize", Title: "Reserve the money, to be captured later", Group: groupEnd, Methods: card, Button: true, Amount: 971,
			Steps: []Effect{{0, Held, ""}}, Cards: []string{"4000000000000077"}},
		{Name: "approve_then_capture", Title: "Approve; the merchant's system must take the money", Group: groupEnd, Methods: card, Button: true,
			Steps: []Effect{{0, Held, ""}}, Take: true},

		{Name: "pending_then_success", Title: "Pending for 5 s, then paid", Group: groupTime, Button: true, Amount: 953,
			Steps: []Effect{{0, Pending, ""}, {Delay, Paid, ""}}, Phone: "+254700000050"},
		{Name: "pending_then_decline", Title: "Pending for 5 s, then refused", Group: groupTime, Button: true,
			Steps: []Effect{{0, Pending, ""}, {Delay, Refused, codeDoNotHonour}}},
		{Name: "timeout_then_success", Title: "No answer for 5 s, then paid", Group: groupTime, Button: true, Amount: 967, Silent: Delay,
			Steps: []Effect{{0, Pending, ""}, {Delay, Paid, ""}}, Phone: "+254700000060"},
		{Name: "timeout_then_decline", Title: "No answer for 5 s, then refused", Group: groupTime, Button: true, Silent: Delay,
			Steps: []Effect{{0, Pending, ""}, {Delay, Refused, codeDoNotHonour}}, Phone: "+254700000061"},
		{Name: "late_success", Title: "Expired, and paid 10 s later after all", Group: groupTime, Button: true,
			Steps: []Effect{{0, Expired, codeOfferOver}, {LateDelay, Paid, ""}}, Phone: "+254700000040"},
		{Name: "abandon", Title: "The payer never answers", Group: groupTime, Never: true, Phone: "+254700000037"},

		{Name: "notify_before_return", Title: "Paid; we tell before the shopper returns", Group: groupNotify, Button: true, Steps: paid,
			Notify: NotifyBeforeReturn},
		{Name: "notify_never", Title: "Paid; we never tell", Group: groupNotify, Button: true, Steps: paid, Notify: NotifyNever, Phone: "+254700000080"},
		{Name: "notify_twice", Title: "Paid; we tell twice", Group: groupNotify, Button: true, Steps: paid, Notify: NotifyTwice, Phone: "+254700000081"},
		{Name: "notify_out_of_order", Title: "Paid; we tell in the wrong order", Group: groupNotify, Button: true, Steps: paid,
			Notify: NotifyOutOfOrder, Phone: "+254700000082"},

		{Name: "wrong_amount", Title: "Paid, but one minor unit only", Group: groupWrong, Button: true, Steps: paid, Lie: LieAmount, Phone: "+254700000090"},
		{Name: "wrong_currency", Title: "Paid, but in another currency", Group: groupWrong, Button: true, Steps: paid, Lie: LieCurrency, Phone: "+254700000091"},

		{Name: "refund_pending", Title: "Paid; a refund takes 5 s", Group: groupRefund, Button: true, Steps: paid, Refund: RefundSlow},
		{Name: "refund_failed", Title: "Paid; a refund fails after 5 s", Group: groupRefund, Button: true, Steps: paid, Refund: RefundRefused},
		{Name: "refund_ambiguous", Title: "Paid; a refund is done, but its answer is lost", Group: groupRefund, Button: true, Steps: paid,
			Refund: RefundAmbiguous},

		{Name: "instant", Title: "Paid at once, without the shopper and without a notification", Group: groupStart, Amount: 937, Steps: paid,
			Kind: checkout.ActionNone, Notify: NotifyNever},
		{Name: "start_rejected", Title: "The request is refused", Group: groupStart, AtStart: StartRejected, Phone: "+254700000072"},
		{Name: "start_retryable", Title: "The bank is busy, nothing was made", Group: groupStart, AtStart: StartRetryable, Phone: "+254700000073"},
		{Name: "start_ambiguous", Title: "The answer is lost; the payment was made and succeeds after 2 s", Group: groupStart,
			AtStart: StartAmbiguous, Kind: checkout.ActionNone, Steps: paid, Phone: "+254700000070"},
		{Name: "start_ambiguous_lost", Title: "The answer is lost, and nothing was made", Group: groupStart, AtStart: StartAmbiguousLost,
			Phone: "+254700000071"},
		{Name: "start_slow", Title: "The answer takes 12 s", Group: groupStart, AtStart: StartSlow, Phone: "+254700000074"},

		{Name: "redirect_post", Title: "Go to the bank by a form post", Group: groupKind, Kind: checkout.ActionRedirectPost},
		{Name: "fields", Title: "Type the card into the bank's own fields", Group: groupKind, Kind: checkout.ActionFields},
		{Name: "phone", Title: "Confirm on a phone that waits for a button", Group: groupKind, Kind: checkout.ActionConfirmOnPhone,
			Phone: "+254700000099"},
		{Name: "voucher", Title: "Pay with a voucher", Group: groupKind, Kind: checkout.ActionVoucher},
		{Name: "instructions", Title: "Pay by transfer", Group: groupKind, Kind: checkout.ActionInstructions},
		{Name: "crypto", Title: "Pay with a coin", Group: groupKind, Kind: checkout.ActionCrypto},
	}
}

// Email is the address that chooses the scenario.
func (s *Scenario) Email() string { return "shopper+" + s.Name + "@example.com" }

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
