package shop

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	view "kassa/templates/shop"
)

// customer is who an order is for.
type customer struct{ name, email string }

// whoever is who the form proposes.
var whoever = customer{"Amina Odhiambo", "amina@example.com"}

// basketPage shows the basket, who it is for, and what paying will send.
func (s *Shop) basketPage(w http.ResponseWriter, r *http.Request) {
	s.drawBasket(w, r, http.StatusOK, s.basketView(s.basketOf(r), whoever, newNumber()))
}

func (s *Shop) basketView(b basket, c customer, number string) view.BasketPage {
	v := view.BasketPage{Page: s.page(), Goods: goodsIn(b), Totals: totalsOf(b), Total: money(b.total()), Minor: strconv.FormatInt(b.total(), 10),
		Order: number, Pay: s.path + "/demo/pay", Name: c.name, Email: c.email}
	v.Sent = s.request(http.MethodPost, "/client-session", number, s.orderBody(b, c, number))
	v.Sent.Title, v.Sent.Expected = "The request that Pay sends", true
	return v
}

func (s *Shop) drawBasket(w http.ResponseWriter, r *http.Request, status int, v view.BasketPage) {
	s.draw(w, r, status, view.BasketForm(v))
}

// orderBody is the order as KaiPay's API takes it. Shipping and fees are part of the amount.
func (s *Shop) orderBody(b basket, c customer, number string) []byte {
	type person struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	type item struct {
		ID          string `json:"item_id"`
		Description string `json:"description"`
		Amount      int64  `json:"amount"`
		Quantity    int    `json:"quantity"`
	}
	type contents struct {
		Country  string             `json:"country"`
		Items    []item             `json:"line_items"`
		Shipping int64              `json:"shipping_amount"`
		Fees     []map[string]int64 `json:"fees"`
	}
	var items []item
	for _, g := range goods {
		if b[g.id] > 0 {
			items = append(items, item{g.id, g.name, g.price, b[g.id]})
		}
	}
	home := s.Public + "/demo/orders/" + number
	body := struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		Success  string `json:"success_redirect_url"`
		Failure  string `json:"failure_redirect_url"`
		Cancel   string `json:"cancel_redirect_url"`
		Customer any    `json:"customer"`
		Order    any    `json:"order"`
		Metadata any    `json:"metadata"`
	}{
		b.total(), currency, home + "?via=success", home + "?via=failure", home + "?via=cancel",
		person{c.name, c.email},
		contents{country, items, shipping, []map[string]int64{{packagingName: packaging}}},
		map[string]string{"order": number},
	}
	out, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return out
}

// pay sends the order to Kassa and the shopper to the page that comes back. What is sold and what it costs
// is read from the shop's own list; the form only says whom it is for, and what total its shopper saw.
func (s *Shop) pay(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	number := r.PostForm.Get("order")
	if !isNumber(number) {
		number = newNumber()
	}
	b := s.basketOf(r)
	c := customer{strings.TrimSpace(r.PostForm.Get("name")), strings.TrimSpace(r.PostForm.Get("email"))}
	s.paying.Lock()
	defer s.paying.Unlock()
	if o, ok := s.order(number); ok { // the form was sent before
		http.Redirect(w, r, o.url, http.StatusSeeOther)
		return
	}
	v := s.basketView(b, c, number)
	switch {
	case b.count() == 0:
		s.drawBasket(w, r, http.StatusOK, v)
		return
	case r.PostForm.Get("total") != v.Minor:
		v.Error = "Your basket has changed meanwhile. This is what is in it now."
		s.drawBasket(w, r, http.StatusConflict, v)
		return
	}
	if c.name == "" {
		v.NameError = "Enter your name"
	}
	if c.email == "" {
		v.MailError = "Enter your e-mail address"
	}
	if v.NameError != "" || v.MailError != "" {
		s.drawBasket(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	made, x, err := s.call(r.Context(), http.MethodPost, "/client-session", number, s.orderBody(b, c, number))
	if err != nil {
		v.Sent = x
		s.refused(&v, err)
		s.drawBasket(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	s.keepOrder(&order{number: number, basket: b, customer: c, session: made.ID, url: made.URL, created: x})
	http.Redirect(w, r, made.URL, http.StatusSeeOther)
}

// refused puts what Kassa found wrong beside the fields that it names.
func (s *Shop) refused(v *view.BasketPage, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		v.Error = "Kassa does not answer at the moment. Nothing was ordered; try again."
		return
	}
	for _, f := range e.Fields {
		switch f.Field {
		case "customer.name":
			v.NameError = "The name " + f.Message
		case "customer.email":
			v.MailError = "Enter an e-mail address, for example " + whoever.email
		}
	}
	if v.NameError == "" && v.MailError == "" {
		v.Error = "Kassa refused the order: " + e.Message
	}
}
