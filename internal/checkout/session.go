package checkout

import "time"

// Session is what is to be paid (KaiPay calls it a client session, KuPay a payment, Kipay a transaction).
type Session struct {
	ID       ID
	Merchant ID
	Dialect  string // the dialect that made it; its return URL and callbacks are in that dialect
	Version  int64  // 1 when made, one more with every change; a form carries the version it was drawn from
	State    SessionState
	Late     bool   // paid after it had been canceled or had expired
	Review   Review // why a person has to look, if one has to
	Test     bool   // made with a test key: only test channels may serve it

	Amount   Money
	Captured int64 // minor units; what PaidBy brought, 0 before
	Refunded int64 // minor units; the sum of succeeded refunds of PaidBy

	Active ID // the one attempt in flight, if any
	PaidBy ID // the attempt whose money this is, if any

	Order    Order
	Customer Customer
	URLs     URLs
	Metadata []byte   // JSON as the merchant sent it, opaque to us
	Locale   string   // language the merchant forces, BCP 47; empty: the shopper's
	Methods  []Method // allowed methods; empty: all that the merchant's channels offer
	Channel  ID       // the pinned channel, if any
	// DialectData is what only the dialect understands.
	DialectData []byte

	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time // the first moment at which it can no longer be paid
	PaidAt    time.Time // zero before
}

// StateAt is the state at a moment: an open session whose time is over reads as expired before the
// sweep has written it. One with an attempt in flight does not: the provider is asked first.
func (s *Session) StateAt(now time.Time) SessionState {
	if s.State == SessionOpen && !s.ExpiresAt.IsZero() && !now.Before(s.ExpiresAt) {
		return SessionExpired
	}
	return s.State
}

// Refundable is what can still be given back: captured less refunded, never below zero. Pending
// refunds are not known here; the engine takes them off as well.
func (s *Session) Refundable() int64 { return max(0, s.Captured-s.Refunded) }

// Order is what the merchant sells, as the merchant sent it.
type Order struct {
	Number   string // the merchant's own number or reference, shown to the shopper
	Note     string
	Country  Country
	Items    []Item
	Shipping int64 // minor units, 0 when not given
	Fees     []Fee
	// Included says that Shipping and Fees are already part of the amount, and are told only for
	// information (KaiPay). They never raise the total; Breakdown lists them in the column only where
	// the items alone fall short of the total by exactly their sum.
	Included bool
}

// Item is one line of an order. Amount is minor units for one piece.
type Item struct {
	Ref         string // the merchant's item id
	Description string
	Amount      int64
	Quantity    int64
}

// Fee is a named part of the amount, in minor units.
type Fee struct {
	Name   string
	Amount int64
}

// Customer is the shopper as the merchant knows them.
type Customer struct {
	Name     string
	Email    string
	Phone    string // as the merchant sent it
	Shipping *Address
	Billing  *Address
}

// Address is a postal address. Which fields are filled depends on the country.
type Address struct {
	Name       string
	Line1      string
	Line2      string
	Interior   string // int_number: flat, office
	Exterior   string // ext_number: house number
	City       string
	State      string
	PostalCode string
	Country    Country
	Reference  string // how to find it
}

// URLs are where the shopper goes home to, and where the merchant listens. Each is absolute or empty.
type URLs struct {
	Success  string
	Failure  string
	Cancel   string
	Pending  string // where a shopper goes who pays later (voucher, transfer); empty: they stay
	Expired  string
	Status   string // the merchant's own page about the order
	Callback string
}

// Breakdown is the order as a list that never lies about its sum.
type Breakdown struct {
	Items    []BreakdownItem
	Subtotal int64 // sum of the items
	Shipping int64
	Fees     []Fee
	// ShippingAdded: shipping and fees stand in the column and are part of its sum. Otherwise the
	// page says "includes shipping of ..." beneath the total.
	ShippingAdded bool
	Adjustment    int64 // what is missing between the column and the total; 0 when it adds up
	Total         int64
}

// BreakdownItem is an item with its line total.
type BreakdownItem struct {
	Item
	Total int64 // Amount x Quantity
}

// Breakdown arranges the order so that the column's sum is the amount: items, then shipping and
// fees where they are not already inside, then an adjustment where it still does not add up.
// An order without items, or one whose lines overflow, has only a total.
func (s *Session) Breakdown() Breakdown {
	b := Breakdown{Shipping: s.Order.Shipping, Fees: s.Order.Fees, Total: s.Amount.Minor}
	onlyTotal := b
	sum := Money{0, s.Amount.Currency}
	add := func(m Money, err error) bool {
		if err == nil {
			sum, err = sum.Add(m)
		}
		return err == nil
	}
	for _, it := range s.Order.Items {
		line, err := Money{it.Amount, s.Amount.Currency}.Mul(it.Quantity)
		if !add(line, err) {
			return onlyTotal
		}
		b.Items = append(b.Items, BreakdownItem{it, line.Minor})
	}
	if len(b.Items) == 0 {
		return b
	}
	b.Subtotal = sum.Minor
	// What the merchant calls included may be inside the items or beside them: the sum tells.
	extras := Money{s.Order.Shipping, s.Amount.Currency}
	given := s.Order.Shipping != 0
	var err error
	for _, f := range s.Order.Fees {
		if extras, err = extras.Add(Money{f.Amount, s.Amount.Currency}); err != nil {
			return onlyTotal
		}
		given = given || f.Amount != 0
	}
	withExtras, err := sum.Add(extras)
	if err != nil {
		return onlyTotal
	}
	if given && (!s.Order.Included || (sum.Minor != b.Total && withExtras.Minor == b.Total)) {
		b.ShippingAdded = true
		sum = withExtras
	}
	diff, err := Money{b.Total, s.Amount.Currency}.Sub(sum)
	if err != nil {
		return onlyTotal
	}
	b.Adjustment = diff.Minor
	return b
}
