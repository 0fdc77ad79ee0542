package shop

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kassa/templates/layout"
	view "kassa/templates/shop"
)

// maxOrders is how many orders are remembered; the oldest goes first.
const maxOrders = 500

// order is what the shop remembers of one. What changes is guarded by Shop.mu.
type order struct {
	number   string
	basket   basket
	customer customer
	url      string // where it was to be paid
	created  view.Exchange

	session string // Kassa's id; another one when the shopper began again on Kassa's page
	home    string // the address of the last return, as it came
	calls   []called
}

func (s *Shop) keepOrder(o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[o.number] = o
	s.queue = append(s.queue, o.number)
	if len(s.queue) > maxOrders {
		delete(s.orders, s.queue[0])
		s.queue = s.queue[1:]
	}
}

func (s *Shop) order(number string) (*order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders[number]
	return o, ok
}

// orderPage is where shoppers come home to. Which outcome the address claims counts for nothing: the API is
// asked.
func (s *Shop) orderPage(w http.ResponseWriter, r *http.Request) {
	o, ok := s.order(r.PathValue("number"))
	if !ok {
		s.problem(w, r, http.StatusNotFound, "This order is not known", "The demo's shop keeps its orders in memory, and forgets them when the demo stops.")
		return
	}
	q := r.URL.Query()
	s.mu.Lock()
	if q.Has("via") {
		o.home = r.URL.RequestURI()
	}
	home, calls, id := o.home, o.calls, o.session
	s.mu.Unlock()

	now, read, err := s.call(r.Context(), http.MethodGet, "/client-session/"+url.PathEscape(id), "", nil)
	if ret, ok := verifyReturn(q, s.ReturnKey); ok && ret.session != id {
		if next, again, nextErr := s.call(r.Context(), http.MethodGet, "/client-session/"+url.PathEscape(ret.session), "", nil); nextErr == nil && next.order() == o.number {
			id, now, read, err = next.ID, next, again, nil
			s.mu.Lock()
			o.session = id
			s.mu.Unlock()
		}
	}
	v := view.OrderPage{Page: s.page(), Number: o.number, Goods: goodsIn(o.basket), Totals: totalsOf(o.basket), Total: money(o.basket.total())}
	if err == nil && (now.ID != id || now.order() != o.number || now.Amount != o.basket.total()) {
		err = errOther
	}
	s.tell(&v, o, now, err)
	sent := view.Step{ID: "sent", Title: "The shop sent the order", Verdict: "Kassa made a session for it.", Class: "good", Exchange: o.created,
		Why: "The answer says where you pay. The order's number was the idempotency key: had the network failed, the shop could have sent it again."}
	told := s.toldStep(calls)
	v.Steps = []view.Step{sent, s.returnStep(id, home), apiStep(now, read, err), told}
	if looks, _ := strconv.Atoi(q.Get("look")); now.Status != "" && now.Status != "open" && !hasTold(calls, now.Status) && looks >= 0 && looks < len(pauses) {
		v.Page.Refresh = layout.Refresh{URL: s.path + "/demo/orders/" + o.number + "?look=" + strconv.Itoa(looks+1), After: pauses[looks], Always: true}
		v.Looks = "The callback has not come yet. This page looks again in " + strconv.Itoa(pauses[looks]) + " s."
	}
	if (now.Status == "paid" || now.Status == "authorized") && s.basketOf(r).String() == o.basket.String() {
		s.keepBasket(w, basket{})
	}
	s.draw(w, r, http.StatusOK, view.OrderSheet(v))
}

// pauses are the seconds between the looks of a page that waits for a callback; then it stops.
var pauses = []int{1, 1, 2, 3, 5, 10, 20, 60}

// tell says what happened, whether money moved, and what to do now.
func (s *Shop) tell(v *view.OrderPage, o *order, now session, err error) {
	first, _, _ := strings.Cut(o.customer.name, " ")
	price := v.Total
	v.Mark, v.Class = "clock", ""
	toBasket := layout.Link{Text: "Go to the basket", URL: v.Page.Basket}
	if err != nil {
		v.Title, v.Money, v.Next = "We cannot tell yet", "The shop could not ask Kassa whether you have paid.", "Load this page again in a moment."
		return
	}
	switch now.Status {
	case "paid":
		v.Title, v.Money, v.Next = "Thank you, "+first, "Your order is paid: "+price+".", "We would pack it now, if this were a real shop."
		v.Mark, v.Class = "check", "good"
	case "authorized":
		v.Title, v.Money, v.Next = "Thank you, "+first, price+" is reserved, and taken when we send your order.", "We would pack it now, if this were a real shop."
		v.Mark, v.Class = "check", "good"
	case "processing":
		v.Title, v.Money, v.Next = "Your payment is on its way", "The bank has not said yet whether it went through.", "Do not pay again. This page knows more later."
	case "canceled":
		v.Title, v.Money, v.Next = "You canceled", "You have not been charged.", "Your basket is as it was."
		v.Mark, v.Do = "return", toBasket
	case "expired":
		v.Title, v.Money, v.Next = "The time to pay is over", "You have not been charged.", "Your basket is as it was."
		v.Do = toBasket
	case "refunded", "partially_refunded":
		v.Title, v.Money, v.Next = "Your money was sent back", "All of it, or a part: the answer below says how much.", "There is nothing to do."
		v.Mark = "return"
	default:
		v.Title, v.Money, v.Next = "This order is not paid yet", "You have not been charged.", "You can still pay it."
		v.Do = layout.Link{Text: "Go on paying", URL: o.url}
	}
}

// returnStep judges the address that the shopper came home by.
func (s *Shop) returnStep(session, home string) view.Step {
	step := view.Step{ID: "return", Title: "You came back",
		Why: "Kassa appended four parameters to the shop's own address and signed them. The shop checks the signature with its key before it believes a word."}
	if home == "" {
		step.Verdict = "You have not come back from paying yet."
		return step
	}
	step.Exchange = view.Exchange{Title: "The address you came by", Request: returnLines(s.Public + home)}
	u, err := url.Parse(home)
	if err != nil {
		step.Verdict, step.Class = "The address cannot be read. The shop does not believe it.", "bad"
		return step
	}
	q := u.Query()
	ret, ok := verifyReturn(q, s.ReturnKey)
	switch {
	case !q.Has("kassa_signature"):
		step.Verdict, step.Class = "The return is not signed. It proves nothing.", "bad"
	case !ok:
		step.Verdict, step.Class = "The signature is not Kassa's. The shop does not believe this return.", "bad"
	case ret.session != session:
		step.Verdict, step.Class = "The return is genuine, but of another order.", "bad"
	default:
		step.Verdict, step.Class = "The return is signed and genuine.", "good"
		step.Why += " It says: " + ret.status + ", since " + ret.at.UTC().Format("15:04:05") + " UTC."
	}
	return step
}

// returnLines writes an address with each parameter on a line of its own; the shop's own are not strong.
func returnLines(address string) []view.Line {
	front, query, _ := strings.Cut(address, "?")
	out := []view.Line{{Text: "GET " + front}}
	joint := "?"
	for part := range strings.SplitSeq(query, "&") {
		out = append(out, view.Line{Text: "  " + joint + part, Strong: strings.HasPrefix(part, "kassa_")})
		joint = "&"
	}
	return out
}

// apiStep tells what the API said.
func apiStep(now session, x view.Exchange, err error) view.Step {
	step := view.Step{ID: "asked", Title: "The shop asked", Verdict: "The API says: " + strings.ReplaceAll(now.Status, "_", " ") + ".", Class: "good", Exchange: x,
		Why: "This is what counts. The shop also compares session and amount with its own order."}
	switch {
	case errors.Is(err, errOther):
		step.Verdict, step.Class = "The answer is not about this order.", "bad"
	case err != nil:
		step.Verdict, step.Class = "The API gave no answer that the shop could use.", "bad"
	case now.Status == "open" || now.Status == "processing":
		step.Class = ""
	}
	return step
}
