package pay

import (
	"slices"

	"kassa/internal/checkout"
)

// action is what a shopper can ask for.
type action string

const (
	actPay      action = "pay"
	actCancel   action = "cancel"
	actRestart  action = "restart"
	actContinue action = "continue"
)

// allowed is the whole truth about which action is possible in which state. Anything else is answered
// with the page of the state as it is: no error, and no payment.
var allowed = map[action][]checkout.SessionState{
	actPay:      {checkout.SessionOpen, checkout.SessionProcessing},
	actCancel:   {checkout.SessionOpen, checkout.SessionProcessing},
	actRestart:  {checkout.SessionExpired},
	actContinue: {checkout.SessionProcessing},
}

func may(a action, s checkout.SessionState) bool { return slices.Contains(allowed[a], s) }
