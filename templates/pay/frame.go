package pay

// foldFrom is the number of items up to which an order is shown unfolded on a phone.
const foldFrom = 5

// title is the document's title: what the page is, then whose.
func (p *Page) title(what string) string {
	if p.Merchant.Name == "" {
		return what
	}
	return what + " – " + p.Merchant.Name
}

// back are the words of the way home.
func (p *Page) back() string {
	if p.Merchant.Name == "" {
		return p.T("action.return_shop")
	}
	return p.T("action.return", "Merchant", p.Merchant.Name)
}

// column reports whether anything stands between the items and the total.
func (o *Order) column() bool {
	return o.Adjustment != "" || o.Added && (o.Shipping != "" || len(o.Fees) > 0)
}
