package kaipay

import (
	"context"

	"kassa/internal/checkout"
)

// ReturnURL is where the shopper goes home to. success_redirect_url is "where the user is redirected, if
// the payment status = success" (seed), as the merchant gave it, with nothing added. A session whose
// money has all gone back is no success any more and has no way home of its own.
func (k *api) ReturnURL(_ context.Context, s checkout.Session, a *checkout.Attempt) (string, error) {
	switch s.State {
	case checkout.SessionAuthorized, checkout.SessionPaid, checkout.SessionPartiallyRefunded:
		return s.URLs.Success, nil
	case checkout.SessionCanceled:
		if s.URLs.Cancel != "" {
			return s.URLs.Cancel, nil
		}
		return s.URLs.Failure, nil
	case checkout.SessionExpired:
		return s.URLs.Failure, nil
	case checkout.SessionOpen:
		if a != nil && a.State.Lost() { // the shopper may try again, or go home
			return s.URLs.Failure, nil
		}
	}
	return "", nil
}
