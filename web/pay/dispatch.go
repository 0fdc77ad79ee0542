package pay

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/templates/layout"
	"kassa/templates/pay"
	"kassa/web/page"
)

// chosen is the page that a state leads to.
type chosen struct {
	component templ.Component
	status    int
	policy    *page.Policy // nil: the ordinary one
	keep      bool         // it depends on nothing but its cache key
}

// unknownAfter is how long a provider may take to answer before the page stops saying "asking".
const unknownAfter = 45 * time.Second

// freshFor is how long after the end of a payment the page still takes the shopper home by itself.
const freshFor = 5 * time.Minute

// dispatch reads the stored state and alone decides which page is shown. It is total over the states.
func (h *Handler) dispatch(ctx context.Context, v engine.View, a asked) (chosen, error) {
	d := drawing{Handler: h, v: v, a: a, s: &v.Session}
	home, err := h.Home(ctx, v.Session, v.PaidBy)
	if err != nil {
		return chosen{}, err
	}
	switch v.Session.State {
	case checkout.SessionOpen:
		return d.choose(), nil
	case checkout.SessionProcessing:
		return d.underWay(home), nil
	case checkout.SessionAuthorized:
		return d.receipt(pay.ReceiptAuthorized, home), nil
	case checkout.SessionPaid:
		if v.Session.Late {
			return d.receipt(pay.ReceiptLate, home), nil
		}
		return d.receipt(pay.ReceiptPaid, home), nil
	case checkout.SessionPartiallyRefunded:
		return d.receipt(pay.ReceiptPartRefunded, home), nil
	case checkout.SessionRefunded:
		return d.receipt(pay.ReceiptRefunded, home), nil
	case checkout.SessionCanceled:
		return d.ended(pay.EndedCanceled, home), nil
	case checkout.SessionExpired:
		return d.ended(pay.EndedExpired, home), nil
	}
	return chosen{}, checkout.Errorf(checkout.CodeInternal, "no page for the state %q", v.Session.State)
}

// drawing is one page being put together.
type drawing struct {
	*Handler
	v engine.View
	a asked
	s *checkout.Session
}

func (d *drawing) ok(c templ.Component) chosen {
	status := d.a.status
	if status == 0 {
		status = http.StatusOK
	}
	return chosen{component: c, status: status}
}

// choose is the page of an open session, and of one whose payment under way can still be given up
// for another.
func (d *drawing) choose() chosen {
	v := pay.Choose{Page: d.page(), Attempts: d.self() + "/attempts", Until: d.clock(d.s.ExpiresAt), Stale: d.a.stale}
	if last := d.v.Last; last != nil && last.State.Lost() {
		v.Failed = &pay.Failed{Decline: d.decline(last), Method: d.method(last.Method), Card: last.Method == checkout.MethodCard}
	}
	for _, m := range d.v.Methods {
		code := string(m.Method)
		v.Methods = append(v.Methods, pay.Method{Code: code, Name: d.method(m.Method), Mark: d.mark(code), Line: d.line(code), NeedsPhone: m.NeedsPhone,
			URL: d.query(url.Values{"method": {code}}) + "#pay"})
		if code == d.a.method || (len(d.v.Methods) == 1 && d.a.method == "") {
			v.Selected = code
			if m.NeedsPhone {
				v.Phone = pay.Phone{Value: d.phoneValue(), Hint: phoneExample(d.s.Order.Country), Error: d.a.phoneError}
			}
		}
	}
	c := d.ok(pay.ChoosePage(v))
	c.keep = d.a.phoneError == ""
	return c
}

// underWay is the page of an attempt in flight: what the shopper has to do, or that we are asking.
func (d *drawing) underWay(home string) chosen {
	a := d.v.Active
	if a == nil {
		return d.wait(pay.WaitUnknown, home)
	}
	method := d.method(a.Method)
	if a.Review != checkout.ReviewNone && a.Review != checkout.ReviewUnknownOutcome {
		return d.wait(pay.WaitReview, home)
	}
	if a.Review == checkout.ReviewUnknownOutcome {
		return d.wait(pay.WaitUnknown, home)
	}
	if a.State == checkout.AttemptStarting {
		if d.Engine.Now().Sub(a.CreatedAt) > unknownAfter {
			return d.wait(pay.WaitUnknown, home)
		}
		return d.wait(pay.WaitAsking, home)
	}
	p := d.page()
	replaceable := a.State == checkout.AttemptRequiresAction && a.Action.Kind != checkout.ActionConfirmOnPhone
	if replaceable {
		if d.a.method != "" {
			c := d.choose()
			c.keep = false
			return c
		}
		p.Another = d.query(url.Values{"method": {string(a.Method)}})
	}
	switch {
	case a.Action.Kind == checkout.ActionConfirmOnPhone:
		p.Refresh = d.again()
		p.Cancel = ""
		return d.ok(pay.ConfirmOnPhonePage(pay.ConfirmOnPhone{Page: p, Method: method, Phone: groupPhone(a.Action.Phone), Sent: d.clock(a.CreatedAt), Until: d.clock(a.Action.ExpiresAt)}))
	case a.State == checkout.AttemptProcessing:
		return d.wait(pay.WaitProcessing, home)
	case a.Action.Kind == checkout.ActionRedirect:
		leave := d.Base + "/go/" + string(a.ID)
		if d.a.next {
			p.Refresh = layout.Refresh{URL: leave, Always: true}
		}
		return d.ok(pay.RedirectPage(pay.Redirect{Page: p, Method: method, Go: leave}))
	case a.Action.Kind == checkout.ActionRedirectPost:
		v := pay.RedirectPost{Page: p, Method: method, Action: a.Action.URL}
		for _, f := range a.Action.Fields {
			v.Fields = append(v.Fields, pay.Row{Label: f.Name, Value: f.Value})
		}
		c := d.ok(pay.RedirectPostPage(v))
		if !d.ours(a.Action.URL) {
			c.policy = &page.Policy{FormsLeave: true}
		}
		return c
	case a.Action.Kind == checkout.ActionVoucher:
		p.Refresh = d.again()
		return d.ok(pay.VoucherPage(pay.Voucher{Page: p, Method: method, Amount: p.Order.Total, Reference: a.Action.Reference, Barcode: a.Action.Barcode,
			Until: d.date(a.Action.ExpiresAt), Return: d.s.URLs.Pending}))
	case a.Action.Kind == checkout.ActionInstructions:
		p.Refresh = d.again()
		v := pay.Instructions{Page: p, Method: method, Amount: p.Order.Total, Plain: d.s.Amount.Decimal(), Reference: a.Action.Reference, Until: d.date(a.Action.ExpiresAt), Return: d.s.URLs.Pending}
		for _, l := range a.Action.Lines {
			v.Lines = append(v.Lines, pay.Line{Label: string(l.Label), Value: l.Value})
		}
		return d.ok(pay.InstructionsPage(v))
	case a.Action.Kind == checkout.ActionFields:
		c := d.ok(pay.FieldsPage(pay.Fields{Page: p, Method: method, Frame: a.Action.Frame, Script: a.Action.Script}))
		c.policy = &page.Policy{Sources: a.Action.Sources}
		return c
	case a.Action.Kind == checkout.ActionCrypto:
		p.Refresh = d.again()
		return d.ok(pay.CryptoPage(pay.Crypto{Page: p, Method: method, Price: p.Order.Total, Amount: a.Action.Amount, Symbol: a.Action.Symbol,
			Network: a.Action.Network, Address: a.Action.Address, PayURI: a.Action.PayURI, Until: d.clock(a.Action.ExpiresAt)}))
	}
	return d.wait(pay.WaitProcessing, home)
}

// wait is a payment whose outcome is not known. It cannot be given up: only asking helps.
func (d *drawing) wait(kind pay.WaitKind, home string) chosen {
	p := d.page()
	p.Cancel = ""
	p.Refresh = d.again()
	v := pay.Wait{Page: p, Kind: kind, Return: home, Checked: d.clock(d.Engine.Now())}
	if a := d.v.Active; a != nil {
		v.Method, v.Reference, v.Review = d.method(a.Method), string(a.ID), string(a.Review)
	}
	return d.ok(pay.WaitPage(v))
}

// receipt is a payment that succeeded. Fresh ones take the shopper home by themselves.
func (d *drawing) receipt(kind pay.ReceiptKind, home string) chosen {
	p := d.page()
	p.Cancel = ""
	v := pay.Receipt{Kind: kind, Review: string(d.s.Review), Amount: d.money(d.s.Amount.Minor), Return: home, Reference: string(d.s.ID), Date: d.date(d.s.PaidAt)}
	if d.s.State == checkout.SessionPartiallyRefunded || d.s.State == checkout.SessionRefunded {
		v.Refunded = d.money(d.s.Refunded)
	}
	paid := d.v.PaidBy
	if paid == nil {
		paid = d.v.Active
	}
	if paid != nil {
		v.Method = d.method(paid.Method)
	}
	done := d.s.PaidAt
	if done.IsZero() {
		done = d.s.UpdatedAt
	}
	keep := d.Engine.Now().Sub(done) > freshFor
	if home != "" && !d.a.stay && !keep && (kind == pay.ReceiptPaid || kind == pay.ReceiptAuthorized) {
		p.Refresh = layout.Refresh{URL: home, After: 5, Always: true}
		v.Stay = d.query(url.Values{"stay": {"1"}})
	}
	v.Page = p
	c := d.ok(pay.ReceiptPage(v))
	c.keep = keep
	return c
}

// ended is a session that will not be paid any more.
func (d *drawing) ended(kind pay.EndedKind, home string) chosen {
	p := d.page()
	p.Cancel = ""
	v := pay.Ended{Page: p, Kind: kind, Money: pay.EndedNone, Return: home}
	switch {
	case d.v.Watched:
		v.Money = pay.EndedWatched
	case d.v.Released:
		v.Money = pay.EndedReleased
	}
	if may(actRestart, d.s.State) && v.Money == pay.EndedNone {
		v.Restart = d.self() + "/restart"
	}
	if kind == pay.EndedCanceled && v.Money == pay.EndedNone && home != "" && !d.a.stay && d.Engine.Now().Sub(d.s.UpdatedAt) <= freshFor {
		v.Page.Refresh = layout.Refresh{URL: home, After: 3, Always: true}
		v.Stay = d.query(url.Values{"stay": {"1"}})
	}
	return d.ok(pay.EndedPage(v))
}

// again makes a page without scripts look for news by itself: at growing intervals, and not for ever.
func (d *drawing) again() layout.Refresh {
	pauses := []int{3, 3, 5, 5, 8, 10, 15, 20, 30, 45, 60, 60, 120, 120, 300, 300}
	if d.a.wait >= len(pauses) {
		return layout.Refresh{}
	}
	return layout.Refresh{URL: d.query(url.Values{"wait": {strconv.Itoa(d.a.wait + 1)}}), After: pauses[d.a.wait]}
}
