package sandbox

import (
	"fmt"
	"slices"
	"time"

	"kassa/internal/checkout"
)

const (
	groupEnd    = "How it ends"
	groupTime   = "Slow and late"
	groupNotify = "How we tell the merchant"
	groupWrong  = "What arrives is not what was asked for"
	groupAfter  = "What comes after it is paid"
	groupStart  = "When the payment is made"
	groupKind   = "What the shopper has to do"
)

// Scenarios gives the table. Whatever a row does not set itself follows from its three digits: an amount
// ends in them, so does the phone number +254700000ddd and the card 4000 0000 0000 ddd and a check digit.
func Scenarios() []Scenario {
	card := []checkout.Method{checkout.MethodCard}
	paid := []Effect{{0, Paid, ""}}
	no := func(code string) []Effect { return []Effect{{0, Refused, code}} }
	then := func(end Status, code string) []Effect { return []Effect{{0, Pending, ""}, {Delay, end, code}} }
	isPaid := End{Session: checkout.SessionPaid}
	reopened := func(d checkout.Decline) End { return End{Session: checkout.SessionOpen, Decline: d} }
	held := func(r checkout.Review) End { return End{Session: checkout.SessionProcessing, Review: r} }

	return derive([]Scenario{
		{Name: "approve", Title: "Approve the payment", Group: groupEnd, Button: true, Amount: 901, Phone: "+254700000000",
			Cards: []string{"4111111111111111", "5555555555554444", "378282246310005"}, Steps: paid, End: isPaid},
		{Name: "decline", Title: "Refuse without a reason", Group: groupEnd, Button: true, Amount: 941, Phone: "+254700000002",
			Cards: []string{"4000000000000002"}, Steps: no(codeDoNotHonour), End: reopened(checkout.DeclineGeneric)},
		{Name: "insufficient_funds", Title: "Refuse: not enough money", Group: groupEnd, Button: true, Amount: 947, Phone: "+254700000001",
			Cards: []string{"4000000000009995"}, Steps: no(codeNoFunds), End: reopened(checkout.DeclineInsufficientFunds)},
		{Name: "expired_card", Title: "Refuse: the card has expired", Group: groupEnd, Methods: card, Button: true, Amount: 902,
			Cards: []string{"4000000000000069"}, Steps: no(codeCardExpired), End: reopened(checkout.DeclineExpiredCard)},
		{Name: "lost_card", Title: "Refuse: the card was reported lost", Group: groupEnd, Methods: card, Button: true, Amount: 903,
			Cards: []string{"4000000000009987"}, Steps: no(codeCardLost), End: reopened(checkout.DeclineFraud)},
		{Name: "fraud", Title: "Refuse: it looks like fraud", Group: groupEnd, Button: true, Amount: 904, Cards: []string{"4100000000000019"},
			Steps: no(codeFraud), End: reopened(checkout.DeclineFraud)},
		{Name: "wrong_code", Title: "Refuse: wrong security code or PIN", Group: groupEnd, Button: true, Amount: 906, Phone: "+254700000003",
			Cards: []string{"4000000000000127"}, Steps: no(codeWrongCode), End: reopened(checkout.DeclineWrongDetails)},
		{Name: "limit", Title: "Refuse: over the payer’s limit", Group: groupEnd, Button: true, Amount: 907, Phone: "+254700000004",
			Cards: []string{"4000000000006975"}, Steps: no(codeLimit), End: reopened(checkout.DeclineLimit)},
		{Name: "unavailable", Title: "Refuse: the payer’s bank cannot be reached", Group: groupEnd, Button: true, Amount: 908,
			Cards: []string{"4000000000000119"}, Steps: no(codeBankDown), End: reopened(checkout.DeclineUnavailable)},
		{Name: "unknown_reason", Title: "Refuse with a code nobody knows", Group: groupEnd, Button: true, Amount: 911, Steps: no(codeMysterious),
			End: reopened(checkout.DeclineUnknown)},
		{Name: "challenge", Title: "Ask the payer to prove who they are", Group: groupEnd, Methods: card, Button: true, Amount: 912,
			Cards: []string{"4000000000003220"}, Ask: true, Steps: paid, End: isPaid},
		{Name: "challenge_failed", Title: "Refuse: the payer could not prove who they are", Group: groupEnd, Methods: card, Button: true, Amount: 913,
			Cards: []string{"4000008400001629"}, Steps: no(codeAuthFailed), End: reopened(checkout.DeclineAuthentication)},
		{Name: "challenge_abandoned", Title: "Ask the payer to prove who they are; they walk away", Group: groupEnd, Methods: card, Button: true, Amount: 914,
			Ask: true, Never: true, Steps: []Effect{{ChallengeLife, Refused, codeAuthFailed}}, End: reopened(checkout.DeclineAuthentication)},
		{Name: "cancel", Title: "The payer cancels", Group: groupEnd, Button: true, Amount: 916, Phone: "+254700000032",
			Steps: []Effect{{0, Cancelled, codePayerSaidNo}}, End: reopened(checkout.DeclinePayerCancelled)},
		{Name: "authorize", Title: "Reserve the money, to be captured later", Group: groupEnd, Methods: card, Button: true, Amount: 971,
			Cards: []string{"4000000000000077"}, Steps: []Effect{{0, Held, ""}}, End: End{Session: checkout.SessionAuthorized}},
		{Name: "approve_then_capture", Title: "Approve; the merchant’s system must take the money", Group: groupEnd, Methods: card, Button: true,
			Amount: 972, Steps: []Effect{{0, Held, ""}}, Take: true, End: isPaid},

		{Name: "pending_then_success", Title: "Pending for 5 s, then paid", Group: groupTime, Button: true, Amount: 953, Phone: "+254700000050",
			Steps: then(Paid, ""), End: isPaid},
		{Name: "pending_then_decline", Title: "Pending for 5 s, then refused", Group: groupTime, Button: true, Amount: 954,
			Steps: then(Refused, codeDoNotHonour), End: reopened(checkout.DeclineGeneric)},
		{Name: "timeout_then_success", Title: "No answer for 5 s, then paid", Group: groupTime, Button: true, Amount: 967, Phone: "+254700000060",
			Trouble: AnswersLost, For: Delay, Steps: then(Paid, ""), End: isPaid},
		{Name: "timeout_then_decline", Title: "No answer for 5 s, then refused", Group: groupTime, Button: true, Amount: 968, Phone: "+254700000061",
			Trouble: AnswersLost, For: Delay, Steps: then(Refused, codeDoNotHonour), End: reopened(checkout.DeclineGeneric)},
		{Name: "server_error", Title: "Paid; for 5 s every question is answered with error 500", Group: groupTime, Button: true, Amount: 956,
			Trouble: AnswersError, For: Delay, Steps: paid, End: isPaid},
		{Name: "too_many_requests", Title: "Paid; for 5 s every question is answered with error 429", Group: groupTime, Button: true, Amount: 957,
			Trouble: AnswersBusy, For: Delay, Steps: paid, End: isPaid},
		{Name: "slow", Title: "Paid; for a minute every answer takes 3 s", Group: groupTime, Button: true, Amount: 958, Trouble: AnswersSlow, For: time.Minute,
			Steps: paid, End: isPaid},
		{Name: "late_success", Title: "Expired, and paid 10 s later after all", Group: groupTime, Button: true, Amount: 961, Phone: "+254700000040",
			Steps: []Effect{{0, Expired, codeOfferOver}, {LateDelay, Paid, ""}}, End: End{Session: checkout.SessionPaid, Review: checkout.ReviewLatePayment}},
		{Name: "very_late_success", Title: "Expired, and paid 8 days later, when the order has closed", Group: groupTime, Button: true, Amount: 962,
			Steps: []Effect{{0, Expired, codeOfferOver}, {VeryLateDelay, Paid, ""}},
			End:   End{Session: checkout.SessionPaid, Review: checkout.ReviewLatePayment, Late: true}},
		{Name: "abandon", Title: "The payer never answers", Group: groupTime, Amount: 963, Phone: "+254700000037", Never: true,
			End: reopened(checkout.DeclineExpired)},

		{Name: "notify_before_return", Title: "Paid; we tell before the shopper returns", Group: groupNotify, Button: true, Amount: 921, Steps: paid,
			Notify: NotifyBeforeReturn, End: isPaid},
		{Name: "notify_never", Title: "Paid; we never tell", Group: groupNotify, Button: true, Amount: 922, Phone: "+254700000080", Steps: paid,
			Notify: NotifyNever, End: isPaid},
		{Name: "notify_twice", Title: "Paid; we tell twice", Group: groupNotify, Button: true, Amount: 923, Phone: "+254700000081", Steps: paid,
			Notify: NotifyTwice, End: isPaid},
		{Name: "notify_out_of_order", Title: "Paid; we tell in the wrong order", Group: groupNotify, Button: true, Amount: 924, Phone: "+254700000082",
			Steps: paid, Notify: NotifyOutOfOrder, End: isPaid},

		{Name: "partial", Title: "A twentieth less than the amount arrives", Group: groupWrong, Button: true, Amount: 931, Steps: paid, Lie: LieLess,
			End: held(checkout.ReviewUnderpaid)},
		{Name: "overpaid", Title: "A twentieth more than the amount arrives", Group: groupWrong, Button: true, Amount: 932, Steps: paid, Lie: LieMore,
			End: held(checkout.ReviewOverpaid)},
		{Name: "wrong_amount", Title: "Paid, but one minor unit only", Group: groupWrong, Button: true, Amount: 933, Phone: "+254700000090", Steps: paid,
			Lie: LieAmount, End: held(checkout.ReviewUnderpaid)},
		{Name: "wrong_currency", Title: "Paid, but in another currency", Group: groupWrong, Button: true, Amount: 934, Phone: "+254700000091", Steps: paid,
			Lie: LieCurrency, End: held(checkout.ReviewAmountMismatch)},

		{Name: "chargeback", Title: "Paid; 10 s later the payer’s bank takes it back", Group: groupAfter, Button: true, Amount: 946,
			Cards: []string{"4000000000000259"}, Steps: []Effect{{0, Paid, ""}, {ChargebackDelay, ChargedBack, codeDisputed}},
			End: End{Session: checkout.SessionPaid, Review: checkout.ReviewDisputed}},
		{Name: "refund_pending", Title: "Paid; a refund takes 5 s", Group: groupAfter, Button: true, Amount: 942, Cards: []string{"4000000000007726"},
			Steps: paid, Refund: RefundSlow, End: End{Session: checkout.SessionPaid, Refund: checkout.RefundSucceeded}},
		{Name: "refund_failed", Title: "Paid; a refund fails after 5 s", Group: groupAfter, Button: true, Amount: 943, Cards: []string{"4000000000005126"},
			Steps: paid, Refund: RefundRefused, End: End{Session: checkout.SessionPaid, Refund: checkout.RefundFailed}},
		{Name: "refund_ambiguous", Title: "Paid; a refund is done, but its answer is lost", Group: groupAfter, Button: true, Amount: 944, Steps: paid,
			Refund: RefundAmbiguous, End: End{Session: checkout.SessionPaid, Refund: checkout.RefundSucceeded}},

		{Name: "instant", Title: "Paid at once, without the shopper and without a notification", Group: groupStart, Amount: 937, Steps: paid,
			Kind: checkout.ActionNone, Notify: NotifyNever, End: isPaid},
		{Name: "start_rejected", Title: "The request is refused", Group: groupStart, Amount: 973, Phone: "+254700000072", AtStart: StartRejected,
			End: reopened(checkout.DeclineRejected)},
		{Name: "start_retryable", Title: "The bank is busy, nothing was made", Group: groupStart, Amount: 974, Phone: "+254700000073", AtStart: StartRetryable,
			End: reopened(checkout.DeclineUnavailable)},
		{Name: "start_too_many_requests", Title: "Error 429 for 5 s, nothing was made; tried again, it is paid", Group: groupStart, Amount: 976,
			AtStart: StartTooMany, Steps: paid, End: End{Session: checkout.SessionPaid, Decline: checkout.DeclineUnavailable, Again: true}},
		{Name: "start_server_error", Title: "Error 500, also to questions for 5 s; the payment was made and succeeds", Group: groupStart, Amount: 977,
			AtStart: StartServerError, Kind: checkout.ActionNone, Trouble: AnswersError, For: Delay, Steps: then(Paid, ""), End: isPaid},
		{Name: "start_ambiguous", Title: "The answer is lost; the payment was made and succeeds after 2 s", Group: groupStart, Amount: 978,
			Phone: "+254700000070", AtStart: StartAmbiguous, Kind: checkout.ActionNone, Steps: paid, End: isPaid},
		{Name: "start_ambiguous_lost", Title: "The answer is lost, and nothing was made", Group: groupStart, Amount: 981, Phone: "+254700000071",
			AtStart: StartAmbiguousLost, End: reopened(checkout.DeclineUnavailable)},
		{Name: "start_slow", Title: "The answer takes 12 s", Group: groupStart, Amount: 982, Phone: "+254700000074", AtStart: StartSlow, End: isPaid},

		{Name: "redirect_post", Title: "Go to the bank by a form post", Group: groupKind, Amount: 983, Kind: checkout.ActionRedirectPost, End: isPaid},
		{Name: "fields", Title: "Type the card into the bank’s own fields", Group: groupKind, Amount: 984, Kind: checkout.ActionFields, End: isPaid},
		{Name: "phone", Title: "Confirm on a phone that waits for a button", Group: groupKind, Amount: 986, Phone: "+254700000099",
			Kind: checkout.ActionConfirmOnPhone, End: isPaid},
		{Name: "voucher", Title: "Pay with a voucher", Group: groupKind, Amount: 987, Kind: checkout.ActionVoucher, End: isPaid},
		{Name: "instructions", Title: "Pay by transfer", Group: groupKind, Amount: 988, Kind: checkout.ActionInstructions, End: isPaid},
		{Name: "crypto", Title: "Pay with a coin", Group: groupKind, Amount: 926, Kind: checkout.ActionCrypto, End: isPaid},
	})
}

// derive gives each row the phone number and the card that follow from its digits, where it applies to
// that method and has none of its own. A card chooses only what happens after it was typed.
func derive(rows []Scenario) []Scenario {
	for i := range rows {
		s := &rows[i]
		if s.Phone == "" && s.Applies(MethodMPesa) {
			s.Phone = fmt.Sprintf("+254700000%03d", s.Amount)
		}
		if s.Button && len(s.Cards) == 0 && s.Applies(checkout.MethodCard) {
			s.Cards = []string{withCheckDigit(fmt.Sprintf("400000000000%03d", s.Amount))}
		}
	}
	return rows
}

// withCheckDigit completes a card number.
func withCheckDigit(digits string) string {
	i := slices.IndexFunc([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, func(d string) bool { return luhn(digits + d) })
	return fmt.Sprintf("%s%d", digits, i)
}
