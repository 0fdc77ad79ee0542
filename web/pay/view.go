package pay

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/templates/component"
	"kassa/templates/layout"
	"kassa/templates/pay"
	"kassa/web/page"
)

// page fills in what every page shows: the host, the order, the languages, how to follow and to cancel.
func (d *drawing) page() pay.Page {
	m := &d.v.Merchant
	self := d.self()
	p := pay.Page{
		Page: layout.Page{
			T: d.a.loc.T, Lang: d.a.loc.Tag(), Dir: d.a.loc.Dir(), Base: d.Base, Test: d.s.Test,
			Merchant: layout.Merchant{Name: m.Name, LegalName: m.LegalName, Address: m.Address, Email: m.Email, Website: m.Website},
			Self:     self, Events: self + "/events", Version: strconv.FormatInt(d.s.Version, 10), State: string(d.s.State),
		},
		Order: d.order(),
	}
	if d.a.lang != "" {
		p.Self = d.query(nil)
	}
	if may(actCancel, d.s.State) {
		p.Cancel = self + "/cancel"
	}
	if d.s.Locale == "" {
		for _, l := range d.Languages.All() {
			q := url.Values{page.LanguageParam: {l.Tag}}
			if d.a.method != "" {
				q.Set("method", d.a.method)
			}
			p.Languages = append(p.Languages, layout.Language{Tag: l.Tag, Name: l.Name, URL: self + "?" + q.Encode(), Current: l.Tag == d.a.loc.Tag()})
		}
	}
	return p
}

func (d *drawing) self() string { return d.Base + "/pay/" + string(d.s.ID) }

// query is the page's own address with a query; a language chosen in this request stays in it, for
// browsers that keep no cookie.
func (d *drawing) query(q url.Values) string {
	if d.a.lang != "" {
		if q == nil {
			q = url.Values{}
		}
		q.Set(page.LanguageParam, d.a.lang)
	}
	if len(q) == 0 {
		return d.self()
	}
	return d.self() + "?" + q.Encode()
}

func (d *drawing) money(minor int64) string {
	return d.a.loc.Money(checkout.Money{Minor: minor, Currency: d.s.Amount.Currency})
}

// order mirrors checkout.Breakdown, whose column always adds up, in formatted words.
func (d *drawing) order() pay.Order {
	b := d.s.Breakdown()
	o := pay.Order{Number: d.s.Order.Number, Total: d.money(b.Total), Added: b.ShippingAdded}
	for _, it := range b.Items {
		o.Items = append(o.Items, pay.Item{Description: it.Description, Quantity: strconv.FormatInt(it.Quantity, 10), Each: d.money(it.Amount), Total: d.money(it.Total)})
	}
	if b.Shipping != 0 {
		o.Shipping = d.money(b.Shipping)
	}
	for _, f := range b.Fees {
		o.Fees = append(o.Fees, pay.Row{Label: f.Name, Value: d.money(f.Amount)})
	}
	if b.Adjustment != 0 {
		o.Adjustment = d.money(b.Adjustment)
	}
	if len(b.Items) > 0 && (b.ShippingAdded || b.Adjustment != 0) {
		o.Subtotal = d.money(b.Subtotal)
	}
	return o
}

func (d *drawing) method(m checkout.Method) string { return d.a.loc.Method(m) }

func (d *drawing) line(code string) string { return d.a.loc.MethodLine(checkout.Method(code)) }

func (d *drawing) mark(code string) string { return component.MarkFor(code) }

// decline is the reason in the words' closed set.
func (d *drawing) decline(a *checkout.Attempt) string {
	if a.Decline == checkout.DeclineNone || !a.Decline.Known() {
		return string(checkout.DeclineUnknown)
	}
	return string(a.Decline)
}

// ours tells whether a provider's address is on our own origin, as the sandbox's is.
func (d *drawing) ours(target string) bool {
	t, err := url.Parse(target)
	base, berr := url.Parse(d.Links.Base())
	return err == nil && berr == nil && t.Scheme == base.Scheme && t.Host == base.Host
}

func (d *drawing) zone() *time.Location { return zoneOf(d.s.Order.Country) }

// clock is a moment of today or tomorrow: the time alone where that is enough.
func (d *drawing) clock(t time.Time) layout.Time {
	if t.IsZero() {
		return layout.Time{}
	}
	if until := t.Sub(d.Engine.Now()); until > 12*time.Hour || until < -12*time.Hour {
		return d.date(t)
	}
	return layout.Time{Text: d.a.loc.Clock(t, d.zone()), ISO: t.UTC().Format(time.RFC3339)}
}

func (d *drawing) date(t time.Time) layout.Time {
	if t.IsZero() {
		return layout.Time{}
	}
	return layout.Time{Text: d.a.loc.DateTime(t, d.zone()), ISO: t.UTC().Format(time.RFC3339)}
}

func (d *drawing) phoneValue() string {
	if d.a.phone != "" || d.a.phoneError != "" {
		return d.a.phone
	}
	return d.s.Customer.Phone
}

// phoneExample is a number as people of the country write it.
func phoneExample(c checkout.Country) string {
	switch c {
	case "KE":
		return "0712 345 678"
	case "MX":
		return "55 1234 5678"
	case "MG":
		return "034 12 345 67"
	}
	return "+254 712 345 678"
}

// groupPhone writes an E.164 number in groups of three from the end.
func groupPhone(p string) string {
	digits := strings.TrimPrefix(p, "+")
	if digits == "" {
		return ""
	}
	var groups []string
	for len(digits) > 4 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return "+" + strings.Join(append([]string{digits}, groups...), "\u00a0")
}

// zones are the countries with one clock (or one that nearly everybody lives by). For the others
// times are told in UTC, by name.
var zones = func() map[checkout.Country]*time.Location {
	m := map[checkout.Country]*time.Location{}
	for c, name := range map[checkout.Country]string{
		"MX": "America/Mexico_City", "KE": "Africa/Nairobi", "TZ": "Africa/Dar_es_Salaam", "UG": "Africa/Kampala", "KM": "Indian/Comoro",
		"MG": "Indian/Antananarivo", "IN": "Asia/Kolkata", "GB": "Europe/London", "FR": "Europe/Paris", "ES": "Europe/Madrid", "DE": "Europe/Berlin",
		"IT": "Europe/Rome", "NL": "Europe/Amsterdam", "NG": "Africa/Lagos", "GH": "Africa/Accra", "ZA": "Africa/Johannesburg", "CO": "America/Bogota",
		"PE": "America/Lima", "AR": "America/Argentina/Buenos_Aires", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "AE": "Asia/Dubai",
	} {
		if l, err := time.LoadLocation(name); err == nil {
			m[c] = l
		}
	}
	return m
}()

func zoneOf(c checkout.Country) *time.Location {
	if l := zones[c]; l != nil {
		return l
	}
	return time.UTC
}
