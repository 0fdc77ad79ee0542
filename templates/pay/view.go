package pay

import "kassa/templates/layout"

// Page is what every shopper's page has in common: the document and the order.
type Page struct {
	layout.Page
	Order Order
	// Another is the address (GET) at which another way to pay can be chosen while this one is
	// under way. Empty where that cannot be: the outcome must be known first.
	Another string
}

// Order is the order's breakdown, arranged by checkout.Session.Breakdown and formatted. Every amount
// names its currency; an empty amount is not shown. The column of items, then, where Added says so,
// shipping and fees, then the adjustment, must add up to Total.
type Order struct {
	Number     string // the merchant's own
	Items      []Item
	Subtotal   string
	Shipping   string
	Fees       []Row
	Added      bool // shipping and fees stand in the column; otherwise they are told beneath the total
	Adjustment string
	Total      string
}

// Item is a line of the order.
type Item struct {
	Description string
	Quantity    string // formatted count
	Each        string // price of one, shown where Quantity is not "1"
	Total       string
}

// Row is a name and an amount, or any other value.
type Row struct{ Label, Value string }

// Choose is the page of an open session: how to pay.
type Choose struct {
	Page
	// Failed is the attempt before, if one ended without money.
	Failed   *Failed
	Methods  []Method
	Selected string // code of the method whose form is open; empty: none yet
	Attempts string // address of the form
	Until    layout.Time
	Phone    Phone // of the selected method, where it needs one
	// Stale: the form was drawn from an older version, or the method went away in the meantime; the
	// page says so, and that nothing was charged.
	Stale bool
}

// Failed says what became of the attempt before.
type Failed struct {
	Decline string // checkout.Decline
	Method  string // name of the method, may be empty
	Card    bool   // it was a card: a refusal is then the bank's
}

// Method is one way to pay.
type Method struct {
	Code string
	Name string
	Mark string // what is drawn beside the name: component.MarkFor(code)
	Line string // one line that helps to decide
	Fee  string // formatted fee for the shopper, empty where there is none
	URL  string // chooses it by GET; ends in "#pay" so that the form is in sight
	// Off is why it cannot be used now, in words; it is then shown but cannot be chosen.
	Off        string
	NeedsPhone bool
}

// Phone is the phone field.
type Phone struct {
	Value string // as typed or known, never corrected
	Hint  string // an example in the shopper's own country
	Error string // in words; empty: fine
}

// Redirect is the page between our form and the provider's page (checkout: redirect). With
// Refresh{URL: Go, Always: true} it goes on by itself.
type Redirect struct {
	Page
	Method string // name
	Go     string // /go/{attempt}
}

// RedirectPost is the same by form post (checkout: redirect_post).
type RedirectPost struct {
	Page
	Method string
	Action string // the provider's address
	Fields []Row  // hidden fields
}

// ConfirmOnPhone is the wait for a prompt on the shopper's phone (checkout: confirm_on_phone).
type ConfirmOnPhone struct {
	Page
	Method string
	Phone  string // grouped: "+254 712 345 678"
	Sent   layout.Time
	Until  layout.Time
	// Again is the address (POST, field version) that sends the prompt once more; empty: not now.
	Again string
}

// Voucher is a code to pay with at a shop (checkout: voucher).
type Voucher struct {
	Page
	Method    string
	Amount    string
	Reference string // as the provider gave it
	Barcode   string // text to draw as a Code 128; empty: none
	Until     layout.Time
	Email     string // where the same page was sent to, if it was
	Return    string // the merchant's page for a payment that comes later
}

// Instructions is a transfer to make (checkout: instructions).
type Instructions struct {
	Page
	Method    string
	Amount    string
	Plain     string // the amount without currency and grouping, for copying
	Lines     []Line
	Reference string
	Until     layout.Time
	Email     string
	Return    string
}

// Line is one row of instructions.
type Line struct {
	Label string // checkout.LineLabel
	Value string
}

// Fields is the page with the provider's own fields (checkout: fields). Frame or Script is given.
type Fields struct {
	Page
	Method string
	Frame  string
	Script string
	Mount  string // id of the element in which Script mounts; default "fields"
}

// Crypto is a transfer on a chain (checkout: crypto).
type Crypto struct {
	Page
	Method  string
	Price   string // in the session's currency
	Amount  string // exact decimal
	Symbol  string
	Network string
	Address string
	PayURI  string // content of the QR code; empty: the address
	Until   layout.Time
}

// WaitKind is the closed set of pages that wait for an answer.
type WaitKind string

const (
	WaitAsking     WaitKind = "asking"     // the attempt is starting: the provider has not answered yet
	WaitProcessing WaitKind = "processing" // the provider works on it
	WaitUnknown    WaitKind = "unknown"    // nobody can say whether money moved
	WaitReview     WaitKind = "review"     // a person has to look (Review says why)
)

// WaitKinds lists every kind, for the tests.
func WaitKinds() []WaitKind { return []WaitKind{WaitAsking, WaitProcessing, WaitUnknown, WaitReview} }

// Wait is a payment whose outcome is not known.
type Wait struct {
	Page
	Kind      WaitKind
	Review    string // checkout.Review, where Kind is WaitReview
	Method    string
	Reference string // for support
	Checked   layout.Time
	Return    string
}

// ReceiptKind is the closed set of pages that say that money moved.
type ReceiptKind string

const (
	ReceiptPaid         ReceiptKind = "paid"
	ReceiptLate         ReceiptKind = "paid_late" // the money came after cancel or expiry
	ReceiptAuthorized   ReceiptKind = "authorized"
	ReceiptRefunded     ReceiptKind = "refunded"
	ReceiptPartRefunded ReceiptKind = "partially_refunded"
)

// ReceiptKinds lists every kind, for the tests.
func ReceiptKinds() []ReceiptKind {
	return []ReceiptKind{ReceiptPaid, ReceiptLate, ReceiptAuthorized, ReceiptRefunded, ReceiptPartRefunded}
}

// Receipt is a payment that succeeded, and what came after. With Refresh{URL: Return, After: n,
// Always: true} the shopper is taken home after a while, and Stay is the address of the page that stays.
type Receipt struct {
	Page
	Kind      ReceiptKind
	Review    string // checkout.Review to tell the shopper beside it; empty: none
	Amount    string
	Refunded  string // sum given back
	Method    string
	Reference string
	Date      layout.Time
	Statement string // how it appears on the shopper's statement, if known
	Return    string // the merchant's page; empty: the shopper stays
	Stay      string
}

// EndedKind is the closed set of pages that say that no money will be taken.
type EndedKind string

const (
	EndedCanceled EndedKind = "canceled"
	EndedExpired  EndedKind = "expired"
)

// EndedKinds lists every kind, for the tests.
func EndedKinds() []EndedKind { return []EndedKind{EndedCanceled, EndedExpired} }

// EndedMoney is what is known about money when a session has ended without being paid.
type EndedMoney string

const (
	EndedNone     EndedMoney = "none"     // nothing was taken
	EndedReleased EndedMoney = "released" // an authorization was given up: the hold ends
	EndedWatched  EndedMoney = "watched"  // a voucher or transfer may still be on its way
)

// EndedMoneys lists every kind, for the tests.
func EndedMoneys() []EndedMoney { return []EndedMoney{EndedNone, EndedReleased, EndedWatched} }

// Ended is a session that was canceled or has expired.
type Ended struct {
	Page
	Kind    EndedKind
	Review  string     // checkout.Review to tell the shopper beside it; empty: none
	Money   EndedMoney // empty: none
	Stay    string     // address of the page that stays, where Refresh leaves it
	Restart string     // address (POST, field version) that starts again with the same order; empty: not allowed
	Return  string
}

// ProblemKind is the closed set of pages that belong to no state.
type ProblemKind string

const (
	ProblemNotFound    ProblemKind = "not_found"
	ProblemError       ProblemKind = "error"
	ProblemRefused     ProblemKind = "refused" // a form from another site, or one that cannot be read
	ProblemTooMany     ProblemKind = "too_many"
	ProblemUnavailable ProblemKind = "unavailable"
)

// ProblemKinds lists every kind, for the tests.
func ProblemKinds() []ProblemKind {
	return []ProblemKind{ProblemNotFound, ProblemError, ProblemRefused, ProblemTooMany, ProblemUnavailable}
}

// Problem is a page about a request that could not be answered. It shows no order.
type Problem struct {
	Page
	Kind      ProblemKind
	Code      string // HTTP status or our own code, for support
	Reference string // of the log entry, for support
	Retry     string // address to try again; empty: none
}
