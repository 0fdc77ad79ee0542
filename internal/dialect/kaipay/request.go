package kaipay

import (
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// Limits. Those of the seed are maxAmount and maxReference; the others keep a body and a page in bounds.
const (
	maxAmount      = 99_999_999 // minor units: "up to eight digits" (seed)
	maxQuantity    = 999_999
	maxReference   = 25 // characters (seed)
	maxName        = 200
	maxLine        = 200
	maxShort       = 100 // cities, ids, fees' names
	maxNumber      = 50  // house numbers, postal codes
	maxDescription = 500
	maxItems       = 200
	maxFees        = 50
	maxMetadata    = 16 << 10 // bytes
	maxMethods     = 20
)

// rules are what a request is checked against beside itself.
type rules struct {
	hosts    []string // the merchant's list of allowed hosts
	loopback bool
}

// readSession reads the body of POST /client-session. What is wrong with it is noted in doc; then the
// session is of no use. Where the seed's prose and its sample disagree, both are read: metadata and
// fees as array or object, item_id as string or number, codes in any case, URLs in angle brackets.
func readSession(doc *dialect.Doc, ru rules) (checkout.Session, spelling) {
	var s checkout.Session
	var sp spelling
	body := doc.Root().Object("metadata", "currency", "success_redirect_url", "failure_redirect_url", "cancel_redirect_url", "customer",
		"amount", "order", "expiration_date", "locale", "payment_methods")
	currency := body.Need("currency")
	s.Amount.Currency = dialect.Parse(currency, checkout.ParseCurrency)
	sp.currency = currency.AsSent(string(s.Amount.Currency))
	s.Amount.Minor = readAmount(body.Need("amount"), s.Amount.Currency)
	s.URLs.Success = ru.readURL(body.Get("success_redirect_url"))
	s.URLs.Failure = ru.readURL(body.Get("failure_redirect_url"))
	s.URLs.Cancel = ru.readURL(body.Get("cancel_redirect_url"))
	s.Customer = readCustomer(body.Need("customer"), &sp)
	s.Order = readOrder(body.Need("order"), &sp)
	s.Metadata = readMetadata(body.Get("metadata"))
	s.ExpiresAt = dialect.Parse(body.Get("expiration_date"), parseTime)
	s.Locale = dialect.Parse(body.Get("locale"), parseLocale)
	for _, m := range body.Get("payment_methods").Items(maxMethods) {
		s.Methods = append(s.Methods, dialect.Parse(m, parseMethod))
	}
	s.DialectData = sp.encode()
	return s, sp
}

// readAmount applies KaiPay's bounds: USD 0.50 or its equivalent, and eight digits (seed).
func readAmount(v dialect.Value, c checkout.Currency) int64 {
	n := v.Int(1, maxAmount)
	if least := minimum(c); n > 0 && n < least {
		v.Fail("must be at least %d (%s), the equivalent of USD 0.50", least, checkout.Money{Minor: least, Currency: c})
	}
	return n
}

func (ru rules) readURL(v dialect.Value) string {
	u := checkout.UnwrapURL(v.String())
	if u == "" && !v.IsString() {
		return ""
	}
	v.Check(checkout.CheckURL(u, ru.hosts, ru.loopback))
	return u
}

func readCustomer(v dialect.Value, sp *spelling) checkout.Customer {
	o := v.Object("name", "email", "mobile", "shipping_address", "billing_address")
	c := checkout.Customer{Name: o.Need("name").Text(maxName), Phone: readMobile(o.Get("mobile"))}
	c.Email = dialect.Parse(o.Need("email"), func(s string) (string, error) { return s, checkout.CheckEmail(s) })
	c.Shipping = readAddress(o.Get("shipping_address"), &sp.shipping)
	c.Billing = readAddress(o.Get("billing_address"), &sp.billing)
	return c
}

// readMobile takes a phone number as it was typed. One with a plus is not looked at as if it were a card's
// number: German mobile numbers, for one, have Visa's first digit and an old length of its.
func readMobile(v dialect.Value) string {
	s := v.String()
	if s == "" {
		return ""
	}
	digits, plus := 0, false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && digits == 0 && !plus:
			plus = true
		case strings.ContainsRune(" -.()/", r):
		default:
			v.Fail("must be a phone number")
			return ""
		}
	}
	if digits < 3 || digits > 15 || len(s) > 30 {
		v.Fail("must be a phone number of 3 to 15 digits")
		return ""
	}
	if !plus {
		v.Check(checkout.CheckText(s, 30))
	}
	return s
}

func readAddress(v dialect.Value, country *string) *checkout.Address {
	o := v.Object("name", "address_line_1", "city", "state", "country", "int_number", "ext_number", "reference", "postal_code")
	if !o.Exists() {
		return nil
	}
	a := &checkout.Address{
		Name:       o.Need("name").Text(maxName),
		Line1:      o.Need("address_line_1").Text(maxLine),
		City:       o.Need("city").Text(maxShort),
		State:      o.Need("state").Text(maxShort),
		Interior:   o.Get("int_number").Text(maxNumber),
		Exterior:   o.Get("ext_number").Text(maxNumber),
		Reference:  o.Get("reference").Text(maxReference),
		PostalCode: o.Need("postal_code").Text(maxNumber),
	}
	code := o.Need("country")
	a.Country = dialect.Parse(code, checkout.ParseCountry)
	*country = code.AsSent(string(a.Country))
	return a
}

// readOrder reads the order. Shipping and fees are "already included in amount" (seed), and the seed's own
// sample shows that nobody adds up: nothing is compared with the amount.
func readOrder(v dialect.Value, sp *spelling) checkout.Order {
	o := v.Object("country", "shipping_amount", "line_items", "fees")
	order := checkout.Order{Included: true}
	code := o.Need("country")
	order.Country = dialect.Parse(code, checkout.ParseCountry)
	sp.country = code.AsSent(string(order.Country))
	shipping := o.Get("shipping_amount")
	order.Shipping = shipping.Int(0, maxAmount) // 0 is what shops send for free shipping
	sp.free = shipping.Present() && order.Shipping == 0
	for _, item := range o.Get("line_items").Items(maxItems) {
		order.Items = append(order.Items, readItem(item, sp))
	}
	fees := o.Get("fees")
	order.Fees = readFees(fees)
	sp.fees = fees.Raw()
	return order
}

func readItem(v dialect.Value, sp *spelling) checkout.Item {
	o := v.Object("item_id", "description", "amount", "quantity")
	it := checkout.Item{
		Description: o.Need("description").Text(maxDescription),
		Amount:      o.Need("amount").Int(1, maxAmount),
		Quantity:    o.Need("quantity").Int(1, maxQuantity),
	}
	id := o.Get("item_id")
	if id.IsNumber() { // as the seed's sample has it, against its own table
		it.Ref = id.Number(false)
		id.Check(checkout.CheckText(it.Ref, maxShort))
	} else {
		it.Ref = id.Text(maxShort)
	}
	sp.item(id.IsNumber())
	return it
}

// readFees reads [{"name": 100}, ...], {"name": 100, ...} or [].
func readFees(v dialect.Value) []checkout.Fee {
	var fees []checkout.Fee
	add := func(o dialect.Value) {
		for name, amount := range o.Members(maxFees) {
			amount.Check(checkout.CheckText(name, maxShort))
			if name == "" {
				amount.Fail("must have a name")
			}
			fees = append(fees, checkout.Fee{Name: name, Amount: amount.Int(1, maxAmount)})
		}
	}
	if v.IsObject() {
		add(v)
		return fees
	}
	for _, entry := range v.Items(maxFees) {
		add(entry)
	}
	if len(fees) > maxFees {
		v.Fail("must name at most %d fees", maxFees)
	}
	return fees
}

// readMetadata keeps an object or an array as it was sent, white space aside.
func readMetadata(v dialect.Value) []byte {
	if !v.Present() {
		return nil
	}
	switch {
	case !v.IsObject() && !v.IsArray():
		v.Fail("must be an object or an array")
		return nil
	case v.Size() > maxMetadata:
		v.Fail("must be at most %d KiB", maxMetadata>>10)
		return nil
	}
	v.CheckAll(maxMetadata)
	return v.Raw()
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, checkout.Errorf(checkout.CodeInvalid, "must be a moment in ISO 8601 with its offset, for example 2026-01-31T12:00:00Z")
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// parseLocale reads a BCP 47 tag: words of at most eight letters and digits, joined by dashes.
func parseLocale(s string) (string, error) {
	bad := checkout.Errorf(checkout.CodeInvalid, "must be a language tag, for example es or es-MX")
	if len(s) > 35 {
		return "", bad
	}
	for i, word := range strings.Split(s, "-") {
		if word == "" || len(word) > 8 || (i == 0 && len(word) < 2) || strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return "", bad
		}
	}
	return s, nil
}

func parseMethod(s string) (checkout.Method, error) {
	if s == "" || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "", checkout.Errorf(checkout.CodeInvalid, "must be the code of a payment method, for example card")
	}
	return checkout.Method(s), nil
}
