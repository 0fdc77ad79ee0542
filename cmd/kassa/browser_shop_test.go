package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
)

// put is the button that adds a good to the basket.
func put(good string) string { return "#" + good + " button" }

const payOrder = "#pay-order"

// fillBasket puts tea and two mugs into a new shopper's basket and goes there.
func (s *story) fillBasket(m *market) *tab {
	s.Helper()
	tb := s.visit(m, m.public+"/demo")
	tb.follow(put("tea"))
	tb.follow(put("mug"))
	tb.follow(put("mug"))
	tb.says("3 things in your basket, KES 2,550.00")
	tb.follow("#basket")
	tb.says("KES 2,900.00", "Delivery by rider", "KES 300.00", "Packaging", "KES 50.00")
	return tb
}

// toBank goes from the basket to the bank's page, by card.
func (tb *tab) toBank() {
	tb.Helper()
	tb.follow(payOrder)
	tb.until("location.pathname.includes('/pay/cs_')")
	tb.says("Duka la Pili", "KES 2,900.00", "Shipping", "KES 300.00", "Packaging")
	tb.away()
}

// buysAtTheShop is a newcomer's first minute, from a good to the page where everything that the shop
// knows can be checked.
func buysAtTheShop(s *story) {
	m := s.market(nil)
	began := time.Now()
	tb := s.fillBasket(m)
	tb.toBank()
	tb.follow(approve)
	tb.until("document.querySelector('main[data-state=paid]')")
	tb.follow(goHome)
	tb.is("the title", tb.title(), "Thank you, Amina – Duka la Pili")
	tb.says("Your order is paid: KES 2,900.00.", "The return is signed and genuine.", "It says: paid, since ", "The API says: paid.")
	// Without a script, the page looks again by itself until the callback has come.
	tb.until(find("#told .verdict.good"))
	tb.says("A callback came and is genuine: client_session.paid", "Thank you, Amina", "The return is signed and genuine.")
	d := time.Since(began)
	tb.Logf("buying took %v", d)
	if d > 10*time.Second {
		tb.Errorf("buying took %v", d)
	}
	for _, want := range []string{"Authorization: Bearer " + demoOtherKey, "Idempotency-Key: DLP-", "kassa_signature=v1,", `"status": "paid"`, "Webhook-Signature: v1,"} {
		if !strings.Contains(eval[string](tb, "document.body.textContent"), want) {
			tb.Errorf("the page does not show %q", want)
		}
	}
	if ran := eval[int](tb, "document.scripts.length"); ran != 0 {
		tb.Errorf("the shop's page has %d scripts", ran)
	}
	m.paidOnce(1)
	tb.goTo(m.public + "/demo/basket")
	tb.says("There is nothing in it yet.")
}

func cancelsAtTheShop(s *story) {
	m := s.market(nil)
	tb := s.fillBasket(m)
	tb.follow(payOrder)
	tb.follow(giveUp)
	tb.until("location.pathname.includes('/demo/orders/')") // by itself
	tb.says("You canceled", "You have not been charged.", "The return is signed and genuine.", "It says: canceled", "The API says: canceled.")
	tb.goTo(m.public + "/demo/basket")
	tb.says("Your basket", "KES 2,900.00") // as it was
	// The same form twice is one order; the shop keeps what is typed, and says what is wrong with it.
	tb.typeIn("#email", "nobody")
	eval[bool](tb, "document.querySelector('#email').form.noValidate=true")
	tb.follow(payOrder)
	tb.see("#email-error")
	tb.is("the address", eval[string](tb, "document.querySelector('#email').value"), "nobody")
	tb.is("the title", tb.title(), "Error: Your basket – Duka la Pili")
}

// beginsAgain lets the time to pay pass, begins again on Kassa's page, and pays: another session of the
// same order.
func beginsAgain(s *story) {
	m := s.market(nil)
	tb := s.fillBasket(m)
	tb.follow(payOrder)
	late := tb.location()
	m.clock.Advance(25 * time.Hour)
	tb.goTo(late)
	tb.follow(`form[action$="/restart"] button`)
	tb.until("location.pathname.includes('/pay/cs_')&&location.href!==" + quote(late))
	tb.away()
	tb.follow(approve)
	tb.until("document.querySelector('main[data-state=paid]')")
	tb.follow(goHome)
	tb.says("Thank you, Amina", "The return is signed and genuine.", "The API says: paid.")
	tb.until(find("#told .verdict.good"))
	tb.until("document.body.innerText.includes('client_session.paid')")
	m.paidOnce(1)
}

// post sends a form as the shop's own pages would, with a cookie.
func (m *market) post(path string, form url.Values, cookie string) (*http.Response, string) {
	m.Helper()
	r, err := http.NewRequest(http.MethodPost, m.public+path, strings.NewReader(form.Encode()))
	if err != nil {
		m.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if cookie != "" {
		r.Header.Set("Cookie", "kassa_demo_basket="+cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		m.Fatal(err)
	}
	defer res.Body.Close()
	return res, res.Header.Get("Set-Cookie")
}

func tampersWithTheBasket(s *story) {
	m := s.market(nil)
	for _, c := range []struct{ product, quantity string }{
		{"mug", "-1"}, {"mug", "10"}, {"mug", "1e1"}, {"mug", "+1"}, {"mug", "01"}, {"mug", ""}, {"mug", "99999999999999999999"}, {"gold", "1"}, {"", "1"}, {"<b>", "1"},
	} {
		res, cookie := m.post("/demo/basket", url.Values{"product": {c.product}, "quantity": {c.quantity}}, "tea-1")
		if res.StatusCode != http.StatusUnprocessableEntity || cookie != "" {
			s.Errorf("%q of %q: %s, and the basket becomes %q", c.quantity, c.product, res.Status, cookie)
		}
	}
	// A cookie that was bent holds what the shop sells, in numbers that it sells, or nothing.
	tb := s.visit(m, m.public+"/demo")
	for _, cookie := range []string{"mug--5", "mug-10", "gold-1.mug-0", "tea", "-", "tea-1e3"} {
		tb.headers(network.Headers{"Cookie": "kassa_demo_basket=" + cookie})
		tb.goTo(m.public + "/demo/basket")
		tb.says("There is nothing in it yet.")
	}
	tb.headers(network.Headers{})
	// In the browser: a button that was bent is refused in words, and nothing changes.
	tb.goTo(m.public + "/demo")
	tb.follow(put("mug"))
	eval[bool](tb, `(document.querySelector("#mug button").value="-3",true)`)
	tb.follow(put("mug"))
	tb.says("You can buy up to 9 pieces of one thing. Nothing was changed.", "1 thing in your basket, KES 950.00")
	eval[bool](tb, `(document.querySelector("#tea input").value="gold",true)`)
	tb.follow(put("tea"))
	tb.says("This shop does not sell that. Nothing was changed.", "1 thing in your basket, KES 950.00")
	// A total that was bent is not believed, and no price is read from the form.
	tb.follow("#basket")
	eval[bool](tb, `(document.querySelector("[name=total]").value="100",true)`)
	tb.follow(payOrder)
	tb.says("Your basket has changed meanwhile.", "KES 1,300.00")
	if n := len(m.ledger()); n != 0 {
		s.Errorf("%d payments were begun", n)
	}
}

func tampersWithTheReturn(s *story) {
	m := s.market(nil)
	tb := s.fillBasket(m)
	tb.follow(payOrder)
	tb.follow(giveUp)
	tb.until("location.pathname.includes('/demo/orders/')")
	genuine := tb.location()
	tb.goTo(strings.Replace(genuine, "kassa_status=canceled", "kassa_status=paid", 1))
	tb.says("You canceled", "The signature is not Kassa's. The shop does not believe this return.", "The API says: canceled.")
	bare, _, _ := strings.Cut(genuine, "&kassa_session")
	tb.goTo(strings.Replace(bare, "via=cancel", "via=success", 1))
	tb.says("You canceled", "The return is not signed. It proves nothing.")
	// The return of another order is genuine, and of no use here.
	tb.goTo(m.public + "/demo/basket")
	tb.follow(payOrder)
	tb.follow(giveUp)
	tb.until("location.pathname.includes('/demo/orders/')")
	_, signed, _ := strings.Cut(tb.location(), "&")
	tb.goTo(bare + "&" + signed)
	tb.says("The return is genuine, but of another order.")
	if res, _ := m.post("/demo/callback", url.Values{"type": {"client_session.paid"}}, ""); res.StatusCode != http.StatusUnauthorized {
		s.Errorf("a callback that nobody signed gets %s", res.Status)
	}
}

// everyShopPage leads a tab to each kind of page of the shop.
func (s *story) everyShopPage(m *market, look func(name string, tb *tab)) {
	s.Helper()
	tb := s.visit(m, m.public+"/demo")
	look("shop", tb)
	tb.follow(put("tea"))
	tb.follow(put("mug"))
	look("shop, with a basket", tb)
	tb.goTo(m.public + "/demo/basket")
	look("shop basket", tb)
	tb.follow(`[aria-label^="One fewer: Kericho"]`)
	tb.typeIn("#email", "nobody")
	eval[bool](tb, "document.querySelector('#email').form.noValidate=true")
	tb.follow(payOrder)
	look("shop basket, refused", tb)
	tb.goTo(m.public + "/demo/basket")
	tb.follow(payOrder)
	tb.until("location.pathname.includes('/pay/cs_')")
	tb.goTo(tb.location() + "?method=card")
	tb.follow(pay)
	tb.atBank()
	tb.follow(approve)
	tb.until("document.querySelector('main[data-state=paid]')")
	tb.follow(goHome)
	tb.until(find("#told .verdict.good"))
	look("shop order, paid", tb)
	tb.goTo(m.public + "/demo")
	tb.follow(put("kiondo"))
	tb.goTo(m.public + "/demo/basket")
	tb.follow(payOrder)
	tb.follow(giveUp)
	tb.until("location.pathname.includes('/demo/orders/')")
	look("shop order, canceled", tb)
	tb.goTo(m.public + "/demo/orders/DLP-0000-0000")
	look("shop, not found", tb)
	tb.goTo(m.public + "/demo/basket")
	tb.follow(`[aria-label^="One fewer"]`)
	look("shop basket, empty", tb)
}
