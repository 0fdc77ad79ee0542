package kaipay

import (
	"bytes"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// spelling is how the merchant wrote what the seed lets be written in more than one way, so that an
// answer repeats it: a client that compares what it sent with what it gets back finds them equal.
// It is the session's DialectData. An empty field means the plain form.
type spelling struct {
	currency string // "mxn"; empty: upper case
	country  string // the order's
	shipping string // the country of the shipping address
	billing  string // the country of the billing address
	fees     []byte // JSON as sent; empty: not sent
	items    []byte // one letter an item: 'n' where item_id was a number, else 's'
	numbers  bool   // there is an 'n'
	free     bool   // shipping_amount was sent, and was 0
}

func (sp *spelling) item(number bool) {
	if number {
		sp.items = append(sp.items, 'n')
		sp.numbers = true
		return
	}
	sp.items = append(sp.items, 's')
}

// isNumber tells whether the id of item i was a number.
func (sp *spelling) isNumber(i int) bool {
	return sp.numbers && i < len(sp.items) && sp.items[i] == 'n'
}

// encode gives what decodeSpelling reads, or nothing when every form is the plain one.
func (sp *spelling) encode() []byte {
	w := dialect.Writer{B: make([]byte, 0, 64+len(sp.fees)+len(sp.items))}
	w.Open('{')
	for _, f := range []struct{ key, value string }{{"currency", sp.currency}, {"country", sp.country}, {"shipping", sp.shipping}, {"billing", sp.billing}} {
		if f.value != "" {
			w.KeyStr(f.key, f.value)
		}
	}
	if sp.numbers {
		w.KeyStr("items", string(sp.items))
	}
	if sp.free {
		w.KeyBool("free", true)
	}
	if len(sp.fees) > 0 {
		w.Key("fees")
		w.Raw(sp.fees)
	}
	w.Close('}')
	if len(w.B) == 2 {
		return nil
	}
	return w.B
}

// spellingOf reads a stored session's spelling. A session of another dialect has the plain forms.
func spellingOf(s *checkout.Session) spelling {
	if s.Dialect != name {
		return spelling{fees: plainFees(s.Order.Fees)}
	}
	if len(s.DialectData) == 0 {
		return spelling{}
	}
	doc, err := dialect.ParseJSON(s.DialectData)
	if err != nil {
		return spelling{fees: plainFees(s.Order.Fees)}
	}
	defer doc.Release()
	o := doc.Root().Object()
	sp := spelling{currency: o.Get("currency").String(), country: o.Get("country").String(), shipping: o.Get("shipping").String(),
		billing: o.Get("billing").String(), fees: o.Get("fees").Raw(), items: []byte(o.Get("items").String()), free: o.Get("free").Bool()}
	sp.numbers = bytes.IndexByte(sp.items, 'n') >= 0
	return sp
}

// plainFees is the seed's form for fees that were not sent in it: an array of {name: amount}.
func plainFees(fees []checkout.Fee) []byte {
	w := dialect.Writer{}
	w.Open('[')
	for _, f := range fees {
		w.Open('{')
		w.Str(f.Name)
		w.B = append(w.B, ':')
		w.Int(f.Amount)
		w.Close('}')
	}
	w.Close(']')
	return w.B
}

// or gives the code as it was written, if it still names the stored one.
func or(sent, stored string) string {
	if strings.EqualFold(sent, stored) {
		return sent
	}
	return stored
}
