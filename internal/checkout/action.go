package checkout

import "time"

// ActionKind is the closed set of things a shopper may have to do next. Pages exist per kind,
// never per provider.
type ActionKind string

const (
	// ActionNone: nothing to do; the attempt's state says the rest.
	ActionNone ActionKind = "none"
	// ActionRedirect: go to URL.
	ActionRedirect ActionKind = "redirect"
	// ActionRedirectPost: go to URL by a form post of Fields.
	ActionRedirectPost ActionKind = "redirect_post"
	// ActionConfirmOnPhone: a prompt was sent to Phone; confirm it there before ExpiresAt.
	ActionConfirmOnPhone ActionKind = "confirm_on_phone"
	// ActionVoucher: pay with a code at a shop: Reference, Barcode, ExpiresAt.
	ActionVoucher ActionKind = "voucher"
	// ActionInstructions: transfer the amount as Lines say, with Reference.
	ActionInstructions ActionKind = "instructions"
	// ActionFields: the provider's own fields, mounted on our page (Frame or Script).
	ActionFields ActionKind = "fields"
	// ActionCrypto: send CryptoAmount of Symbol to Address on Network.
	ActionCrypto ActionKind = "crypto"
)

// ActionKinds lists every kind, for the exams.
func ActionKinds() []ActionKind {
	return []ActionKind{ActionNone, ActionRedirect, ActionRedirectPost, ActionConfirmOnPhone, ActionVoucher, ActionInstructions,
		ActionFields, ActionCrypto}
}

// Pair is a name and a value in the order in which they were given.
type Pair struct{ Name, Value string }

// NextAction is what the shopper has to do next. Only the fields that its Kind names are set.
type NextAction struct {
	Kind      ActionKind
	URL       string    `json:",omitempty"` // redirect, redirect_post: the provider's page, taken from its answer
	Fields    []Pair    `json:",omitempty"` // redirect_post
	Phone     string    `json:",omitempty"` // confirm_on_phone: E.164 with its plus
	Reference string    `json:",omitempty"` // voucher, instructions: what the shopper must quote
	Barcode   string    `json:",omitempty"` // voucher: digits to draw as a barcode, if any
	Lines     []Line    `json:",omitempty"` // instructions: where to send the money
	ExpiresAt time.Time `json:",omitzero"`  // the provider's own end of the offer
	Frame     string    `json:",omitempty"` // fields: a page of the provider's to show in a frame; works without JavaScript
	Script    string    `json:",omitempty"` // fields: a script of the provider's that mounts its fields
	Sources   Sources   `json:",omitzero"`  // fields: what the page's policy must allow for it, and nothing more
	Network   string    `json:",omitempty"` // crypto: "BNB Smart Chain"
	Symbol    string    `json:",omitempty"` // crypto: "USDT"
	Address   string    `json:",omitempty"` // crypto
	Amount    string    `json:",omitempty"` // crypto: the exact amount as a decimal in Symbol
	PayURI    string    `json:",omitempty"` // crypto: what the QR code holds
}

// Line is one row of payment instructions. Label is one of the closed set below, so that it can be
// said in the shopper's language (words: line.<label>).
type Line struct {
	Label LineLabel
	Value string
}

// LineLabel is the closed set of labels in payment instructions.
type LineLabel string

const (
	LineBank          LineLabel = "bank"
	LineBeneficiary   LineLabel = "beneficiary"
	LineAccountNumber LineLabel = "account_number"
	LineIBAN          LineLabel = "iban"
	LineBIC           LineLabel = "bic"
	LineCLABE         LineLabel = "clabe"
	LinePaybill       LineLabel = "paybill"
	LineTill          LineLabel = "till"
	LineWallet        LineLabel = "wallet"
)

// LineLabels lists every label, for the exams.
func LineLabels() []LineLabel {
	return []LineLabel{LineBank, LineBeneficiary, LineAccountNumber, LineIBAN, LineBIC, LineCLABE, LinePaybill, LineTill, LineWallet}
}

// Sources are the origins that a fields page must allow, by directive.
type Sources struct {
	Script, Frame, Connect []string
}

// CanWait reports whether a shopper may take days over the action, so that choosing another method
// supersedes the attempt instead of ending it, where the provider cannot cancel.
func (k ActionKind) CanWait() bool {
	return k == ActionVoucher || k == ActionInstructions || k == ActionCrypto
}
