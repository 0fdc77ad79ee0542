package checkout

// Decline is why an attempt ended without money. Providers' own codes map to this closed set;
// the texts that shoppers read belong to it (words: decline.<code>).
type Decline string

const (
	DeclineNone              Decline = ""
	DeclineGeneric           Decline = "declined"
	DeclineInsufficientFunds Decline = "insufficient_funds"
	DeclineAuthentication    Decline = "authentication_failed"
	DeclinePayerCancelled    Decline = "payer_cancelled"
	DeclinePayerTimeout      Decline = "payer_timeout"
	DeclineLimit             Decline = "limit_exceeded"
	DeclineExpired           Decline = "expired"
	DeclineExpiredCard       Decline = "expired_card"
	DeclineWrongDetails      Decline = "wrong_details"
	DeclineFraud             Decline = "fraud_suspected"
	DeclineUnavailable       Decline = "provider_unavailable"
	DeclineRejected          Decline = "provider_rejected_request"
	DeclineMisconfigured     Decline = "misconfigured"
	DeclineUnknown           Decline = "unknown"
)

// Declines lists every reason but DeclineNone, for the exams.
func Declines() []Decline {
	return []Decline{DeclineGeneric, DeclineInsufficientFunds, DeclineAuthentication, DeclinePayerCancelled, DeclinePayerTimeout,
		DeclineLimit, DeclineExpired, DeclineExpiredCard, DeclineWrongDetails, DeclineFraud, DeclineUnavailable, DeclineRejected,
		DeclineMisconfigured, DeclineUnknown}
}

// Known reports whether d is one of the closed set.
func (d Decline) Known() bool {
	for _, k := range Declines() {
		if d == k {
			return true
		}
	}
	return d == DeclineNone
}

// Review is why a person has to look. It is a flag beside the state, never a state.
type Review string

const (
	ReviewNone              Review = ""
	ReviewAmountMismatch    Review = "amount_mismatch"    // the provider reports another currency, no amount, or a hold of another amount
	ReviewUnderpaid         Review = "underpaid"          // less money arrived than the order's amount; the attempt's Code says how much
	ReviewOverpaid          Review = "overpaid"           // more money arrived than the order's amount; the attempt's Code says how much
	ReviewDisputed          Review = "disputed"           // paid, and then taken back by the shopper's bank, or about to be
	ReviewReferenceMismatch Review = "reference_mismatch" // ... or another payment object or payee than we made
	ReviewLatePayment       Review = "late_payment"       // money arrived after cancel, expiry or failure
	ReviewSecondPayment     Review = "second_payment"     // paid twice, and the provider cannot refund by itself
	ReviewRefundFailed      Review = "refund_failed"      // a refund did not go through
	ReviewUnknownOutcome    Review = "unknown_outcome"    // the provider could not say for too long
	ReviewLostAuthorization Review = "lost_authorization" // an authorization ended without capture after the shopper was sent home
)
