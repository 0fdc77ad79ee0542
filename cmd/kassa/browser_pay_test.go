package main

import (
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp/sandbox"
)

const (
	pay     = `form[action$="/attempts"] button.go`
	goHome  = "#return"
	approve = `button[name=scenario][value=approve]`
)

// choose opens the form of a method.
func (tb *tab) choose(method string) {
	tb.Helper()
	tb.follow(`a.way[href*="method=` + method + `"]`)
	tb.see(pay)
}

// atBank asserts that the tab is on the bank's page.
func (tb *tab) atBank() {
	tb.Helper()
	tb.until("location.pathname.includes('/sandbox/pay/')")
}

// receipt waits for the page that says that money moved.
func (tb *tab) receipt() {
	tb.Helper()
	tb.until("document.querySelector('main[data-state=paid] [data-money=moved]')")
	tb.says("Payment received", "You paid MXN 210.00.")
}

// away goes to the bank by card.
func (tb *tab) away() {
	tb.Helper()
	tb.choose("card")
	tb.follow(pay)
	tb.atBank()
}

func paysByButton(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.says("MXN 210.00", "First item", "Second item", "Café Luna", "Includes shipping of MXN 1.00")
	tb.is("the title", tb.title(), "How do you want to pay? – Café Luna")
	tb.away()
	tb.follow(approve)
	tb.receipt()
	tb.home(m, thanks, "paid") // by itself
	m.paidOnce(1)
}

func paysByCard(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.away()
	tb.typeIn("#card_number", "4111 1111 1111 1112")
	tb.typeIn("#card_name", "Juan Pérez")
	tb.typeIn("#card_expiry", "03/30")
	tb.typeIn("#card_code", "123")
	tb.follow(`button[name=pay]`)
	tb.is("the title", tb.title(), "Error: Pay by card – Sandbox Test Bank")
	tb.is("the name", eval[string](tb, "document.querySelector('#card_name').value"), "Juan Pérez")
	tb.is("the number", eval[string](tb, "document.querySelector('#card_number').value"), "")
	tb.typeIn("#card_number", "4111 1111 1111 1111")
	tb.typeIn("#card_code", "123")
	tb.follow(`button[name=pay]`)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysByPost(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(tagged("redirect_post")).URL)
	tb.choose("card")
	tb.follow(pay)
	tb.says("Continue to the payment page", "You have not been charged yet.")
	tb.follow("button#continue")
	tb.atBank()
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysByPhone(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(inKenya, tagged("phone")).URL)
	tb.choose("mpesa")
	tb.typeIn("#phone", "0712 34")
	tb.follow(pay)
	tb.until("document.title.startsWith('Error: ')")
	tb.see("#errors")
	why := "Enter a phone number, for example 0712 345 678"
	tb.is("the summary", plain(tb.text("#errors a")), why)
	tb.is("the error beside the field", plain(tb.text("#phone-error")), why)
	tb.is("the number", eval[string](tb, "document.querySelector('#phone').value"), "0712 34")
	tb.is("the field", eval[string](tb, `[...document.querySelector('#phone').attributes].filter(a=>a.name.startsWith('aria-')).map(a=>a.value).join()`), "true,phone-hint phone-error")
	if s.js {
		tb.is("the focus", eval[string](tb, "document.activeElement.id"), "errors")
	}
	tb.typeIn("#phone", "0712 345 678")
	tb.follow(pay)
	tb.until("document.querySelector('main[data-state=processing] .steps')")
	tb.says("Confirm on your phone", "+254 712 345 678", "KES 210.00")
	s.approveElsewhere(m)
	tb.until("document.querySelector('main[data-state=paid]')")
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysByVoucher(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.choose("oxxo")
	tb.follow(pay)
	tb.see(".slip svg.bars")
	tb.says("Pay with OXXO", "Payment code", "MXN 210.00", "You pay when you show this code.")
	s.approveElsewhere(m)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysByTransfer(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.choose("bank_transfer")
	tb.follow(pay)
	tb.see(".slip .ref")
	tb.says("Send MXN 210.00", "CLABE", "Reference: write it in the transfer")
	s.approveElsewhere(m)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysInFields(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(tagged("fields")).URL)
	tb.choose("card")
	tb.follow(pay)
	tb.see("iframe >>> #card_number")
	tb.typeIn("iframe >>> #card_number", "4111111111111111")
	tb.typeIn("iframe >>> #card_name", "Juan Pérez")
	tb.typeIn("iframe >>> #card_expiry", "0330")
	tb.typeIn("iframe >>> #card_code", "123")
	tb.click("iframe >>> button[name=pay]")
	if !s.js { // an open page that runs scripts hears of it; the others leave the frame by the bank's link
		tb.follow("iframe >>> #continue")
	}
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysByCoin(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(tagged("crypto")).URL)
	tb.choose("card")
	tb.follow(pay)
	tb.see(".slip svg.qr")
	tb.says("Send only", "Address", "MXN 210.00")
	s.approveElsewhere(m)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

func paysAtOnce(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(tagged("instant")).URL)
	tb.choose("card")
	tb.follow(pay)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

// approveElsewhere plays the payer of the latest payment at another device: the phone, the till, the
// bank's own site.
func (s *story) approveElsewhere(m *market) {
	s.Helper()
	l := m.ledger()
	if len(l) == 0 {
		s.Fatal("the bank made no payment")
	}
	payer := s.visit(m, l[len(l)-1].Page)
	payer.follow(approve)
	payer.says("The payment was made")
}

// refusals are the words for each way in which a card can be refused at the bank.
var refusals = map[string]string{
	"decline":            "Your bank refused this card.",
	"insufficient_funds": "There was not enough money in the account.",
	"expired_card":       "The card has expired.",
	"lost_card":          "A security check stopped the payment.",
	"fraud":              "A security check stopped the payment.",
	"wrong_code":         "Some of the payment details were not accepted.",
	"limit":              "The amount is above a limit of the card or account.",
	"unavailable":        "This way to pay is not working at the moment.",
	"unknown_reason":     "The payment did not go through.",
	"challenge_failed":   "The bank’s check that it is you did not go through.",
	"cancel":             "The payment was cancelled before it was finished.",
}

// isDeclined is refused for every reason that the bank knows, and pays in the end.
func isDeclined(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	n := 0
	for _, sc := range sandbox.Scenarios() {
		if !sc.Button || sc.Never || !sc.Applies(checkout.MethodCard) || len(sc.Steps) != 1 || sc.Steps[0].Status != sandbox.Refused {
			continue
		}
		n++
		tb.away()
		tb.follow(`button[name=scenario][value="` + sc.Name + `"]`)
		tb.refused(sc.Name)
	}
	if n != len(refusals)-1 { // cancel has a story of its own
		s.Fatalf("the bank knows %d reasons, want %d", n, len(refusals)-1)
	}
	tb.choose("bank_transfer")
	tb.follow(pay)
	tb.see(".slip")
	s.approveElsewhere(m)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(n + 1)
}

// refused asserts the page after a refusal: what happened, that no money moved, and the methods again.
func (tb *tab) refused(scenario string) {
	tb.Helper()
	tb.until("document.querySelector('main[data-state=open] .note.bad')")
	tb.says(refusals[scenario], "You have not been charged.")
	tb.is("the fact about money", eval[string](tb, "document.querySelector('.note.bad [data-money]').dataset.money"), "none")
	if n := eval[int](tb, "document.querySelectorAll('a.way').length"); n < 3 {
		tb.fail("the methods are not offered again")
	}
	if !strings.HasPrefix(tb.title(), "Payment not made") {
		tb.fail("the title does not tell of it")
	}
}

func cancelsAtBank(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.away()
	tb.follow(`button[name=scenario][value=cancel]`)
	tb.refused("cancel")
	tb.away()
	tb.follow(approve)
	tb.receipt()
	m.paidOnce(2)
}

// waitsForBank comes back while the bank has not decided: the page says that it is not known.
func waitsForBank(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.away()
	tb.follow(`button[name=scenario][value=pending_then_success]`)
	tb.until("document.querySelector('main[data-state=processing] [data-money=unknown]')")
	tb.says("Do not pay again.")
	if n := eval[int](tb, "document.querySelectorAll('form').length"); n != 0 {
		tb.fail("a payment whose outcome is unknown can be given up or paid again")
	}
	m.clock.Advance(sandbox.Delay + time.Second)
	tb.receipt()
	m.paidOnce(1)
}

func isReserved(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.away()
	tb.follow(`button[name=scenario][value=authorize]`)
	tb.until("document.querySelector('main[data-state=authorized]')")
	tb.says("Payment approved", "MXN 210.00 is set aside for Café Luna.")
	tb.follow(goHome)
	tb.home(m, thanks, "authorized")
}
