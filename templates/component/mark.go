package component

// MarkFor is the mark of a method: wallet for one that has none of its own.
func MarkFor(method string) string {
	switch method {
	case "card":
		return "card"
	case "mpesa", "mvola", "mvola_km", "holo", "huri", "mobile_money", "push", "ussd":
		return "phone"
	case "bank_transfer", "spei", "upi", "netbanking", "manual":
		return "bank"
	case "oxxo", "paycash", "voucher", "cash", "mpesa_paybill":
		return "voucher"
	case "crypto", "usdt", "usdc", "bitcoin", "lightning":
		return "coin"
	}
	return "wallet"
}
