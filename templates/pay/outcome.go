package pay

// say picks the words of a wait. A review speaks by its reason.
func (v *Wait) say(part string) string {
	if v.Kind == WaitReview && v.Review != "" {
		return v.T("review." + v.Review + "." + part)
	}
	return v.T("wait." + string(v.Kind) + "." + part)
}

// money is where the shopper's money is, as far as the reason of a review tells.
func (v *Wait) money() string {
	if v.Kind == WaitReview {
		switch v.Review {
		case "late_payment", "second_payment", "refund_failed", "underpaid", "overpaid", "disputed":
			return "moved"
		case "lost_authorization":
			return "released"
		}
	}
	return "unknown"
}

func (v *Receipt) say(part string) string {
	return v.T("receipt."+string(v.Kind)+"."+part, "Amount", v.Amount, "Refunded", v.Refunded, "Merchant", v.Merchant.Name)
}

func (v *Receipt) mark() string {
	if v.Kind == ReceiptRefunded || v.Kind == ReceiptPartRefunded {
		return "return"
	}
	return "check"
}

// money is where the shopper's money is.
func (v *Receipt) money() string {
	switch v.Kind {
	case ReceiptAuthorized:
		return "held"
	case ReceiptRefunded:
		return "returned"
	case ReceiptPartRefunded:
		return "partly_returned"
	}
	return "moved"
}

func (v *Ended) moved() string {
	if v.Money == "" {
		return string(EndedNone)
	}
	return string(v.Money)
}

func (v *Ended) mark() string {
	if v.Kind == EndedExpired {
		return "clock"
	}
	return "cross"
}

// next never offers what the page does not have.
func (v *Ended) next() string {
	switch {
	case v.Money == EndedWatched:
		return v.T("ended.next.watched")
	case v.Restart != "":
		return v.T("ended.next.restart")
	case v.Return != "":
		return v.T("ended.next.return")
	}
	return v.T("ended.next.close")
}
