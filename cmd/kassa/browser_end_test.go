package main

import (
	"strings"
	"time"
)

const giveUp = `form[action$="/cancel"] button`

func cancels(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.choose("card")
	tb.follow(giveUp)
	tb.until("document.querySelector('main[data-state=canceled]')")
	tb.says("Payment cancelled", "You have not been charged.")
	if tb.is("the state", m.status(o.ID), "canceled"); len(m.ledger()) != 0 {
		tb.Error("the bank made a payment")
	}
	tb.home(m, "/basket?order=A-17", "canceled") // by itself
}

func cancelsNowhere(s *story) {
	m := s.market(nil)
	o := m.order(without("cancel_redirect_url"))
	tb := s.visit(m, o.URL)
	tb.follow(giveUp)
	tb.until("document.querySelector('main[data-state=canceled]')")
	tb.says("Payment cancelled", "You have not been charged.")
	if n := eval[int](tb, "document.querySelectorAll('#return,form,meta[http-equiv=refresh]').length"); n != 0 {
		tb.fail("there is a way on from the end")
	}
}

// cancelsVoucher gives up while a code is out in the world: the page says that it may still bring money.
func cancelsVoucher(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order(without("cancel_redirect_url")).URL)
	tb.choose("oxxo")
	tb.follow(pay)
	tb.see(".slip")
	tb.follow(giveUp)
	tb.until("document.querySelector('main[data-state=canceled]')")
	money := eval[string](tb, "document.querySelector('[data-money]').dataset.money")
	if l := m.ledger(); len(l) != 1 || (money == "none") != (l[0].Status == "cancelled") {
		tb.fail("the page says that money moved: " + money + "; the bank says otherwise")
	}
}

func expires(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.choose("card")
	m.clock.Advance(25 * time.Hour)
	if !s.js { // with scripts the open page goes away by itself: see expiresInSight
		tb.follow(pay)
	}
	tb.expired()
	if len(m.ledger()) != 0 {
		tb.Error("a payment was made after the time was over")
	}
	tb.follow(`form[action$="/restart"] button`)
	tb.until("document.querySelector('main[data-state=open]')")
	again := tb.location()
	if strings.HasPrefix(again, o.URL) {
		tb.fail("it is the same session again")
	}
	m.shop.expect(again[strings.LastIndexByte(again, '/')+1:])
	tb.says("MXN 210.00", "First item", "Second item")
	tb.away()
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
	tb.goTo(o.URL)
	tb.expired()
}

// expiresInSight: a page that is open hears of it; without scripts it is told at the next look.
func expiresInSight(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	m.clock.Advance(25 * time.Hour)
	if !s.js {
		tb.reload()
	}
	tb.expired()
}

func (tb *tab) expired() {
	tb.Helper()
	tb.within(5*time.Second, "document.querySelector('main[data-state=expired]')")
	tb.says("The time to pay is over", "You have not been charged.", "You can start again with the same order.")
}

func findsNothing(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.public+"/pay/cs_000000000000000000000000000000000000")
	tb.is("the title", tb.title(), "Page not found")
	tb.says("Page not found", "Opening this page charged nothing.")
	o := m.order()
	tb.goTo(o.URL[:len(o.URL)-1])
	tb.says("Page not found")
	tb.goTo(m.public + "/nothing/here")
	tb.says("Page not found")
}
