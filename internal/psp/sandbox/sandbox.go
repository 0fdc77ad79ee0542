package sandbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

const secretField = "webhook_secret"

// Kind is the adapter to this bank.
func (b *Bank) Kind() psp.Kind {
	return psp.Kind{
		Name:  "sandbox",
		Title: "Sandbox",
		Fields: []psp.Field{{Name: secretField, Title: "Webhook secret",
			Help: "The bank signs its notifications with it. Any text will do; both sides live here.", Secret: true, Required: true}},
		Methods: []psp.Method{
			{Code: checkout.MethodCard},
			{Code: MethodMPesa, Countries: []checkout.Country{"KE"}, NeedsPhone: true},
			{Code: MethodOXXO, Countries: []checkout.Country{"MX"}},
			{Code: MethodTransfer},
		},
		TestOnly: true,
		Open: func(c psp.Config) (psp.PSP, error) {
			a := &adapter{bank: b, channel: c.Channel, secret: strings.TrimSpace(c.Settings[secretField]), now: c.Now}
			if a.secret == "" {
				return nil, checkout.Invalid(secretField, "is required")
			}
			if !c.Test {
				return nil, checkout.Invalid("test", "must be true: the sandbox moves no money")
			}
			if a.now == nil {
				a.now = b.now
			}
			b.register(a.channel, a.secret)
			return a, nil
		},
	}
}

// adapter is one channel at the bank.
type adapter struct {
	bank    *Bank
	channel checkout.ID
	secret  string
	now     func() time.Time
}

var (
	_ psp.Capturer  = (*adapter)(nil)
	_ psp.Canceller = (*adapter)(nil)
	_ psp.Refunder  = (*adapter)(nil)
	_ psp.Lister    = (*adapter)(nil)
)

func (a *adapter) Start(ctx context.Context, r psp.StartRequest) (psp.Snapshot, error) {
	phone := r.Attempt.Phone
	if phone == "" {
		phone = r.Session.Customer.Phone
	}
	p, err := a.bank.create(ctx, order{account: a.channel, reference: r.Attempt.ID, session: r.Session.ID, merchant: r.Merchant.Name,
		number: r.Session.Order.Number, method: r.Attempt.Method, amount: r.Attempt.Amount, email: r.Session.Customer.Email, phone: phone,
		returnURL: r.ReturnURL, notifyURL: r.NotifyURL})
	if err != nil {
		return psp.Snapshot{}, classify(err)
	}
	return a.snapshot(p), nil
}

func (a *adapter) Fetch(ctx context.Context, r psp.FetchRequest) (psp.Snapshot, error) {
	p, err := a.find(ctx, r.Attempt)
	if errors.Is(err, errNotFound) {
		return psp.Snapshot{NotFound: true}, nil
	}
	if errors.Is(err, refusedForeign) { // somebody else's payment proves nothing about this attempt
		return psp.Snapshot{Observation: checkout.Observation{State: checkout.AttemptProcessing, Review: checkout.ReviewReferenceMismatch}}, nil
	}
	if err != nil {
		return psp.Snapshot{}, &psp.Error{Certainty: psp.Retryable, Code: troubleCode(err), Err: err}
	}
	return a.snapshot(p), nil
}

// find asks the bank about an attempt. A payment that carries another reference is not this one,
// whatever PSPRef says.
func (a *adapter) find(ctx context.Context, at checkout.Attempt) (*Payment, error) {
	p, err := a.bank.ask(ctx, a.channel, at.PSPRef, at.ID)
	if err == nil && p.Reference != at.ID {
		return nil, refusedForeign
	}
	return p, err
}

// classify says what an error of the bank leaves known about a call that changes something.
func classify(err error) error {
	var no refusal
	switch {
	case errors.As(err, &no):
		d := checkout.DeclineRejected
		if no == refusedPhone {
			d = checkout.DeclineWrongDetails
		}
		return &psp.Error{Certainty: psp.Rejected, Decline: d, Code: string(no), Err: err}
	case errors.Is(err, errLost), errors.Is(err, errServer): // it may have been carried out before it failed
		return &psp.Error{Certainty: psp.Ambiguous, Code: troubleCode(err), Err: err}
	case errors.Is(err, errTooMany):
		return &psp.Error{Certainty: psp.Retryable, Decline: checkout.DeclineUnavailable, Code: troubleCode(err), Err: err}
	case errors.Is(err, errNotFound):
		return &psp.Error{Certainty: psp.Rejected, Decline: checkout.DeclineRejected, Code: "no_such_payment", Err: err}
	}
	// Busy, closed, or a ledger that cannot be written: nothing was done.
	return &psp.Error{Certainty: psp.Retryable, Decline: checkout.DeclineUnavailable, Code: "busy", Err: err}
}

// troubleCode is what the bank's trouble is called in a log.
func troubleCode(err error) string {
	switch {
	case errors.Is(err, errServer):
		return "http_500"
	case errors.Is(err, errTooMany):
		return "http_429"
	}
	return "no_answer"
}

// snapshot translates the bank's words into ours.
func (a *adapter) snapshot(p *Payment) psp.Snapshot {
	now := a.bank.now()
	step := p.now(now)
	s := psp.Snapshot{Observation: checkout.Observation{PSPRef: p.ID, Code: step.Code}}
	switch step.Status {
	case Waiting:
		s.State = checkout.AttemptRequiresAction
		if p.Kind == checkout.ActionConfirmOnPhone || p.Kind == checkout.ActionNone {
			s.State = checkout.AttemptProcessing
		}
		s.Action = a.bank.action(p)
	case Pending:
		s.State = checkout.AttemptProcessing
	case Held:
		s.State, s.Amount = checkout.AttemptAuthorized, p.Moved
		if sc := a.bank.table.byName[p.Scenario]; sc != nil && sc.Take {
			s.State, s.NeedsCapture = checkout.AttemptProcessing, true
		}
	case Paid:
		s.State, s.Amount, s.Fee = checkout.AttemptSucceeded, p.Moved, fee(p.Moved.Minor)
	case ChargedBack: // the money came before it went
		s.State, s.Amount, s.Fee, s.Review = checkout.AttemptSucceeded, p.Moved, fee(p.Moved.Minor), checkout.ReviewDisputed
	case Refused:
		s.State, s.Decline = checkout.AttemptFailed, decline(step.Code)
	case Cancelled:
		s.State, s.Decline = checkout.AttemptCanceled, decline(step.Code)
	case Expired:
		s.State, s.Decline = checkout.AttemptExpired, decline(step.Code)
	default:
		s.State, s.Review = checkout.AttemptProcessing, checkout.ReviewUnknownOutcome
	}
	return s
}

// decline maps the bank's codes to the closed set.
func decline(code string) checkout.Decline {
	switch code {
	case codeDoNotHonour:
		return checkout.DeclineGeneric
	case codeNoFunds:
		return checkout.DeclineInsufficientFunds
	case codeCardExpired:
		return checkout.DeclineExpiredCard
	case codeCardLost, codeFraud:
		return checkout.DeclineFraud
	case codeWrongCode:
		return checkout.DeclineWrongDetails
	case codeLimit:
		return checkout.DeclineLimit
	case codeAuthFailed:
		return checkout.DeclineAuthentication
	case codeBankDown:
		return checkout.DeclineUnavailable
	case codePayerSaidNo, codeMerchantEnded:
		return checkout.DeclinePayerCancelled
	case codeNoAnswer:
		return checkout.DeclinePayerTimeout
	case codeOfferOver:
		return checkout.DeclineExpired
	}
	return checkout.DeclineUnknown
}

// action is what the payer of a waiting payment has to do; nil where it is nothing.
func (b *Bank) action(p *Payment) *checkout.NextAction {
	n := &checkout.NextAction{Kind: p.Kind}
	switch p.Kind {
	case checkout.ActionRedirect:
		n.URL = b.url("pay/" + p.ID)
	case checkout.ActionRedirectPost:
		n.URL = b.url("enter/" + p.ID)
		n.Fields = []checkout.Pair{{Name: "payment", Value: p.ID}, {Name: "language", Value: "en"}}
	case checkout.ActionFields:
		n.Frame = b.url("frame/" + p.ID)
		n.Sources = checkout.Sources{Frame: []string{b.origin()}}
	case checkout.ActionConfirmOnPhone:
		n.Phone, n.ExpiresAt = p.Phone, p.ExpiresAt
	case checkout.ActionVoucher:
		n.Reference, n.Barcode, n.ExpiresAt = p.Offer, p.barcode(), p.ExpiresAt
	case checkout.ActionInstructions:
		n.Reference, n.ExpiresAt = p.Offer, p.ExpiresAt
		n.Lines = []checkout.Line{{Label: checkout.LineBank, Value: "Sandbox Test Bank"},
			{Label: checkout.LineBeneficiary, Value: p.Merchant}, p.accountNumber()}
	case checkout.ActionCrypto:
		n.Network, n.Symbol, n.Address, n.Amount, n.ExpiresAt = "Sandbox Chain", "TEST", p.Offer, p.Amount.Decimal(), p.ExpiresAt
		n.PayURI = "sandbox:" + p.Offer + "?amount=" + n.Amount
	default:
		return nil
	}
	return n
}
