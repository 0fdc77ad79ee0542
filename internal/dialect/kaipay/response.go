package kaipay

import (
	"github.com/go-json-experiment/json/jsontext"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// render writes a session as the seed lists it: every field, nested as there, null where we know
// nothing. Behind them stand the fields that are ours (README.md).
func (k *api) render(s *checkout.Session, sp spelling) []byte {
	w := dialect.Writer{B: make([]byte, 0, 1280+len(s.Metadata)+192*len(s.Order.Items))}
	w.Open('{')
	k.writeSession(&w, s, sp)
	w.Close('}')
	return w.B
}

func (k *api) writeSession(w *dialect.Writer, s *checkout.Session, sp spelling) {
	w.KeyStr("id", string(s.ID))
	w.KeyStr("organization", string(s.Merchant))
	writeCustomer(w, &s.Customer, sp)
	writeOrder(w, &s.Order, sp)
	w.KeyStr("client_session_url", k.Links.Pay(s.ID))
	w.KeyInt("amount", s.Amount.Minor)
	w.Key("metadata")
	w.Raw(metadataOf(s))
	w.KeyTime("expiration_date", s.ExpiresAt)
	w.KeyStr("success_redirect_url", s.URLs.Success)
	w.KeyStr("failure_redirect_url", s.URLs.Failure)
	w.KeyTime("created_at", s.CreatedAt)
	w.KeyTime("updated_at", s.UpdatedAt)
	w.KeyStr("currency", or(sp.currency, string(s.Amount.Currency)))
	// Ours.
	w.KeyStr("status", status(s.State))
	w.KeyBool("livemode", !s.Test)
	w.KeyTime("paid_at", s.PaidAt)
	w.KeyInt("amount_refunded", s.Refunded)
	w.KeyBool("late", s.Late)
	w.KeyBool("needs_review", s.Review != checkout.ReviewNone)
	w.KeyStr("review_reason", string(s.Review))
	w.KeyStr("cancel_redirect_url", s.URLs.Cancel)
	w.KeyStr("locale", s.Locale)
	w.Key("payment_methods")
	if len(s.Methods) == 0 {
		w.Null()
		return
	}
	w.Open('[')
	for _, m := range s.Methods {
		w.Str(string(m))
	}
	w.Close(']')
}

// metadataOf is the merchant's JSON. What another dialect kept may have been something else.
func metadataOf(s *checkout.Session) []byte {
	if s.Dialect != name && !jsontext.Value(s.Metadata).IsValid() {
		return nil
	}
	return s.Metadata
}

func writeCustomer(w *dialect.Writer, c *checkout.Customer, sp spelling) {
	w.Key("customer")
	w.Open('{')
	w.KeyNull("id")
	writeAddress(w, "billing_address", c.Billing, sp.billing)
	writeAddress(w, "shipping_address", c.Shipping, sp.shipping)
	w.KeyStr("name", c.Name)
	w.KeyStr("email", c.Email)
	w.KeyStr("mobile", c.Phone)
	w.KeyNull("tax_id")
	w.KeyNull("national_document_id")
	w.Close('}')
}

func writeAddress(w *dialect.Writer, name string, a *checkout.Address, country string) {
	w.Key(name)
	if a == nil {
		w.Null()
		return
	}
	w.Open('{')
	w.KeyStr("name", a.Name)
	w.KeyStr("address_line_1", a.Line1)
	w.KeyStr("city", a.City)
	w.KeyStr("state", a.State)
	w.KeyStr("country", or(country, string(a.Country)))
	w.KeyStr("int_number", a.Interior)
	w.KeyStr("ext_number", a.Exterior)
	w.KeyStr("reference", a.Reference)
	w.KeyStr("postal_code", a.PostalCode)
	w.Close('}')
}

func writeOrder(w *dialect.Writer, o *checkout.Order, sp spelling) {
	w.Key("order")
	w.Open('{')
	w.KeyNull("id")
	w.Key("line_items")
	w.Open('[')
	for i := range o.Items {
		it := &o.Items[i]
		w.Open('{')
		w.KeyNull("id")
		if sp.isNumber(i) {
			w.Key("item_id")
			w.Raw([]byte(it.Ref))
		} else {
			w.KeyStr("item_id", it.Ref)
		}
		w.KeyStr("description", it.Description)
		w.KeyInt("amount", it.Amount)
		w.KeyNull("discount_amount")
		w.KeyInt("quantity", it.Quantity)
		w.KeyNull("tax_amount")
		w.KeyNull("tax_code")
		w.KeyNull("order")
		w.Close('}')
	}
	w.Close(']')
	w.Key("fees")
	w.Raw(sp.fees)
	if o.Shipping != 0 || sp.free {
		w.KeyInt("shipping_amount", o.Shipping)
	} else {
		w.KeyNull("shipping_amount")
	}
	w.KeyStr("country", or(sp.country, string(o.Country)))
	w.Close('}')
}
