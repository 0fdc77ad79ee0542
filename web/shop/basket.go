package shop

import (
	"net/http"
	"strconv"
	"strings"

	view "kassa/templates/shop"
)

const cookieName = "kassa_demo_basket"

// basket is how many pieces of which good, by id. It never holds a price.
type basket map[string]int

// String is the form of the cookie: "tea-2.mug-1", in the order of the list.
func (b basket) String() string {
	var parts []string
	for _, g := range goods {
		if b[g.id] > 0 {
			parts = append(parts, g.id+"-"+strconv.Itoa(b[g.id]))
		}
	}
	return strings.Join(parts, ".")
}

// parseBasket takes what a browser sent: whatever we do not sell, or sell in no such number, is not in it.
func parseBasket(text string) basket {
	b := basket{}
	for part := range strings.SplitSeq(text, ".") {
		id, number, _ := strings.Cut(part, "-")
		_, sold := goodByID(id)
		if n, ok := quantity(number); ok && sold {
			b[id] = n
		}
	}
	return b
}

// quantity reads a number of pieces: plain digits, 0 to mostOfOne.
func quantity(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= mostOfOne && strconv.Itoa(n) == text
}

func (b basket) count() int {
	n := 0
	for _, q := range b {
		n += q
	}
	return n
}

// goodsSum is what the goods cost, and total what is to be paid, in cents.
func (b basket) goodsSum() int64 {
	var sum int64
	for _, g := range goods {
		sum += g.price * int64(b[g.id])
	}
	return sum
}

func (b basket) total() int64 { return b.goodsSum() + shipping + packaging }

func (s *Shop) basketOf(r *http.Request) basket {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return basket{}
	}
	return parseBasket(c.Value)
}

func (s *Shop) keepBasket(w http.ResponseWriter, b basket) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: b.String(), Path: s.path + "/demo", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
}

// front shows the goods.
func (s *Shop) front(w http.ResponseWriter, r *http.Request) {
	s.drawFront(w, r, http.StatusOK, "")
}

func (s *Shop) drawFront(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	b := s.basketOf(r)
	v := view.Front{Page: s.page(), Count: b.count(), Total: money(b.goodsSum()), Error: wrong}
	for _, g := range goods {
		v.Goods = append(v.Goods, goodView(g, b))
	}
	if text := b.String(); text != "" {
		v.Note = view.Exchange{Title: "What your browser keeps", Request: []view.Line{{Text: "Cookie: " + cookieName + "=" + text, Strong: true}}}
	}
	s.draw(w, r, status, view.FrontPage(v))
}

func goodView(g good, b basket) view.Good {
	n := b[g.id]
	return view.Good{ID: g.id, Name: g.name, Line: g.line, Price: money(g.price), Have: n, AtMost: n >= mostOfOne, Sum: money(g.price * int64(n))}
}

// goodsIn lists what is in a basket.
func goodsIn(b basket) []view.Good {
	var out []view.Good
	for _, g := range goods {
		if b[g.id] > 0 {
			out = append(out, goodView(g, b))
		}
	}
	return out
}

func totalsOf(b basket) []view.Row {
	return []view.Row{{Label: "Goods", Value: money(b.goodsSum())}, {Label: shippingName, Value: money(shipping)}, {Label: packagingName, Value: money(packaging)}}
}

// change sets how many pieces of a good are in the basket: the number itself and not a step, so that a
// form that is sent twice changes nothing the second time.
func (s *Shop) change(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	g, ok := goodByID(r.PostForm.Get("product"))
	if !ok {
		s.drawFront(w, r, http.StatusUnprocessableEntity, "This shop does not sell that. Nothing was changed.")
		return
	}
	n, ok := quantity(r.PostForm.Get("quantity"))
	if !ok {
		s.drawFront(w, r, http.StatusUnprocessableEntity, "You can buy up to "+strconv.Itoa(mostOfOne)+" pieces of one thing. Nothing was changed.")
		return
	}
	b := s.basketOf(r)
	b[g.id] = n
	s.keepBasket(w, b)
	to := "/demo/basket"
	if r.PostForm.Get("at") == "front" {
		to = "/demo#" + g.id
	}
	http.Redirect(w, r, s.path+to, http.StatusSeeOther)
}
