package kaipay

import "kassa/internal/checkout"

// status is KaiPay's word for a state. The seed has none; ours are the words of the core, and this table
// keeps them what they are whatever the core may call them later. A state that is not in it is "".
func status(s checkout.SessionState) string {
	switch s {
	case checkout.SessionOpen:
		return "open"
	case checkout.SessionProcessing:
		return "processing"
	case checkout.SessionAuthorized:
		return "authorized"
	case checkout.SessionPaid:
		return "paid"
	case checkout.SessionCanceled:
		return "canceled"
	case checkout.SessionExpired:
		return "expired"
	case checkout.SessionPartiallyRefunded:
		return "partially_refunded"
	case checkout.SessionRefunded:
		return "refunded"
	}
	return ""
}

// stateOf is the way back, for filters.
func stateOf(word string) (checkout.SessionState, bool) {
	for _, s := range checkout.SessionStates() {
		if status(s) == word {
			return s, true
		}
	}
	return "", false
}

// refundStatus is the word for a refund's state.
func refundStatus(s checkout.RefundState) string {
	switch s {
	case checkout.RefundPending:
		return "pending"
	case checkout.RefundRequiresAction:
		return "requires_action"
	case checkout.RefundSucceeded:
		return "succeeded"
	case checkout.RefundFailed:
		return "failed"
	case checkout.RefundCanceled:
		return "canceled"
	}
	return ""
}
