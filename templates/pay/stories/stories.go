package stories

import (
	"fmt"
	"strconv"

	"github.com/a-h/templ"

	"kassa/templates/component"
	"kassa/templates/layout"
	"kassa/templates/pay"
)

// Story is one page in one state.
type Story struct {
	Name string // path-like: "choose/failed/insufficient_funds"
	Page templ.Component
}

// Teller is what the stories are told with: a language, and the closed sets that words exist for.
type Teller struct {
	T         layout.Words
	Lang, Dir string
	Languages []layout.Language
	Declines  []string // checkout.Declines
	Reviews   []string // every checkout.Review but none
}

// All tells every story.
func (t Teller) All() []Story {
	var out []Story
	add := func(name string, page templ.Component) { out = append(out, Story{name, page}) }
	t.choose(add)
	t.actions(add)
	t.outcomes(add)
	return out
}

func (t Teller) page() pay.Page {
	return pay.Page{
		Page: layout.Page{
			T: t.T, Lang: t.Lang, Dir: t.Dir,
			Merchant: layout.Merchant{Name: "Café Luna", LegalName: "Café Luna, S. de R.L. de C.V.", Address: "Calle Prueba 1, San Pedro Garza García, NL",
				Email: "hola@cafeluna.example", Privacy: "https://cafeluna.example/privacy", Terms: "https://cafeluna.example/terms"},
			Test: true, Languages: t.Languages,
			Self: "/pay/7f3c", Events: "/pay/7f3c/events", Version: "3", State: "open", Cancel: "/pay/7f3c/cancel",
		},
		Order: pay.Order{
			Number: "A-1042",
			Items: []pay.Item{
				{Description: "Café de altura, 500 g", Quantity: "1", Total: "MXN\u00a0100.00"},
				{Description: "Filtros de papel", Quantity: "2", Each: "MXN\u00a055.00", Total: "MXN\u00a0110.00"},
			},
			Subtotal: "MXN\u00a0210.00", Shipping: "MXN\u00a01.00", Total: "MXN\u00a0210.00",
		},
	}
}

func (t Teller) method(code string) pay.Method {
	return pay.Method{Code: code, Name: t.T("method." + code), Line: t.T("method." + code + ".line"), Mark: component.MarkFor(code),
		URL: "/pay/7f3c?method=" + code + "#pay", NeedsPhone: code == "mpesa"}
}

func (t Teller) methods() []pay.Method {
	return []pay.Method{t.method("card"), t.method("mpesa"), t.method("oxxo"), t.method("bank_transfer")}
}

// done is a page that can no longer be given up.
func (t Teller) done() pay.Page {
	p := t.page()
	p.Cancel, p.Another = "", ""
	return p
}

// waiting is a page that follows the session, without scripts too.
func (t Teller) waiting() pay.Page {
	p := t.page()
	p.Refresh = layout.Refresh{URL: "/pay/7f3c?wait=2", After: 5}
	return p
}

var until = layout.Time{Text: "14:45 UTC−6", ISO: "2026-11-20T20:45:00Z"}

func (t Teller) choose(add func(string, templ.Component)) {
	base := func() pay.Choose {
		return pay.Choose{Page: t.page(), Methods: t.methods(), Attempts: "/pay/7f3c/attempts", Until: until}
	}
	v := base()
	add("choose", pay.ChoosePage(v))

	v = base()
	v.Selected = "card"
	add("choose/card", pay.ChoosePage(v))

	v = base()
	v.Selected, v.Phone = "mpesa", pay.Phone{Value: "0712 345 678", Hint: "0712 345 678"}
	add("choose/phone", pay.ChoosePage(v))

	v.Phone = pay.Phone{Value: "07x", Hint: "0712 345 678", Error: t.T("phone.invalid", "Example", "0712 345 678")}
	add("choose/phone-error", pay.ChoosePage(v))

	v = base()
	v.Methods, v.Selected, v.Until = v.Methods[:1], "card", layout.Time{}
	add("choose/lone", pay.ChoosePage(v))

	v = base()
	v.Methods[0].Fee = "MXN\u00a03.50"
	v.Methods[2].Off = t.T("method.off.amount_max", "Amount", "MXN\u00a010,000.00")
	v.Methods[3].Off = t.T("method.off.down")
	add("choose/off", pay.ChoosePage(v))

	v = base()
	v.Methods = nil
	add("choose/none", pay.ChoosePage(v))

	v = base()
	v.Stale, v.Selected = true, "card"
	add("choose/stale", pay.ChoosePage(v))

	for _, d := range t.Declines {
		v = base()
		v.Failed = &pay.Failed{Decline: d, Method: t.T("method.card")}
		add("choose/failed/"+d, pay.ChoosePage(v))
	}
	v = base()
	v.Selected = "card"
	v.Failed = &pay.Failed{Decline: "declined", Method: t.T("method.card"), Card: true}
	add("choose/failed/card", pay.ChoosePage(v))

	v = base()
	v.Selected = "card"
	v.Order.Items, v.Order.Added = nil, true
	v.Order.Subtotal, v.Order.Total = "", "KES\u00a01,250.00"
	for i := range 30 {
		v.Order.Items = append(v.Order.Items, pay.Item{Description: fmt.Sprintf("Kahawa %d", i+1), Quantity: "1", Total: "KES\u00a040.00"})
	}
	v.Order.Subtotal, v.Order.Shipping, v.Order.Adjustment = "KES\u00a01,200.00", "KES\u00a0100.00", "-KES\u00a070.00"
	v.Order.Fees = []pay.Row{{Label: "Packaging", Value: "KES\u00a020.00"}}
	add("choose/thirty-items", pay.ChoosePage(v))

	v = base()
	v.Selected = "card"
	v.Merchant.Name = "Die außergewöhnlich langnamige Kaffeerösterei und Teehandelsgesellschaft am Marktplatz"
	v.Merchant.LegalName = v.Merchant.Name + " mbH & Co. KG"
	v.Order.Number = "2026-11-20-000000000000000000000000000000000000004711"
	v.Order.Items[0].Description = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, 500 g"
	v.Order.Items[0].Total, v.Order.Items[1].Total, v.Order.Total = "MGA\u00a0999,999,999", "MGA\u00a0999,999,999", "MGA\u00a01,999,999,998"
	v.Methods[1].Name = "Überweisung mit außergewöhnlich langem Namen"
	add("choose/long", pay.ChoosePage(v))

	v = base()
	v.Selected = "card"
	v.Merchant.Name, v.Merchant.LegalName, v.Merchant.Address = "مقهى القمر", "شركة مقهى القمر", "شارع النيل ١، القاهرة"
	v.Order.Items[0].Description, v.Order.Items[1].Description = "قهوة عربية ٥٠٠ غ", "ورق ترشيح (2)"
	add("choose/arabic", pay.ChoosePage(v))
	v.Dir = "rtl"
	add("choose/right-to-left", pay.ChoosePage(v))

	v = base()
	v.Test, v.Order = false, pay.Order{Total: "JPY\u00a01,000"}
	v.Merchant = layout.Merchant{Name: "Luna"}
	v.Selected = "card"
	add("choose/bare", pay.ChoosePage(v))
}

func (t Teller) actions(add func(string, templ.Component)) {
	open := t.page()
	open.Another = "/pay/7f3c?another=1"

	p := open
	add("redirect", pay.RedirectPage(pay.Redirect{Page: p, Method: t.T("method.paypal"), Go: "/go/9d2e"}))
	p.Refresh = layout.Refresh{URL: "/go/9d2e", Always: true}
	add("redirect/at-once", pay.RedirectPage(pay.Redirect{Page: p, Method: t.T("method.card"), Go: "/go/9d2e"}))
	add("redirect-post", pay.RedirectPostPage(pay.RedirectPost{Page: open, Method: t.T("method.netbanking"), Action: "https://psp.example/pay",
		Fields: []pay.Row{{Label: "token", Value: "abc"}, {Label: "amount", Value: "21000"}}}))

	confirm := pay.ConfirmOnPhone{Page: t.waiting(), Method: t.T("method.mpesa"), Phone: "+254 712 345 678", Sent: layout.Time{Text: "14:43", ISO: "2026-11-20T20:43:00Z"}, Until: until}
	confirm.Cancel = ""
	add("confirm-on-phone", pay.ConfirmOnPhonePage(confirm))
	confirm.Again = "/pay/7f3c/again"
	confirm.Dir = "rtl"
	add("confirm-on-phone/right-to-left", pay.ConfirmOnPhonePage(confirm))

	week := layout.Time{Text: "2026-11-23, 23:59\u00a0UTC−6", ISO: "2026-11-24T05:59:00Z"}
	add("voucher", pay.VoucherPage(pay.Voucher{Page: open, Method: t.T("method.oxxo"), Amount: "MXN\u00a0210.00", Reference: "93000123456789",
		Barcode: "93000123456789", Until: week, Email: "juan@example.com", Return: "https://cafeluna.example/orders/1042"}))
	add("voucher/plain", pay.VoucherPage(pay.Voucher{Page: open, Method: t.T("method.cash"), Amount: "KMF\u00a012,500", Reference: "KA-7730-2"}))

	add("instructions", pay.InstructionsPage(pay.Instructions{Page: open, Method: t.T("method.bank_transfer"), Amount: "MXN\u00a0210.00", Plain: "210.00",
		Lines: []pay.Line{{Label: "bank", Value: "Banco del Norte"}, {Label: "beneficiary", Value: "Café Luna, S. de R.L. de C.V."}, {Label: "clabe", Value: "646180157000000004"},
			{Label: "iban", Value: "DE89370400440532013000"}, {Label: "paybill", Value: "400200"}},
		Reference: "K7QX2MPA", Until: week, Email: "juan@example.com"}))

	add("fields/frame", pay.FieldsPage(pay.Fields{Page: open, Method: t.T("method.card"), Frame: "/sandbox/fields"}))
	add("fields/script", pay.FieldsPage(pay.Fields{Page: open, Method: t.T("method.card"), Script: "/sandbox/fields.js"}))

	add("crypto", pay.CryptoPage(pay.Crypto{Page: open, Method: t.T("method.usdt"), Price: "MXN\u00a0210.00", Amount: "11.482193", Symbol: "USDT", Network: "BNB Smart Chain",
		Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", PayURI: "ethereum:0x55d398326f99059fF775485246999027B3197955@56/transfer?address=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed&uint256=11482193000000000000", Until: until}))
}

func (t Teller) outcomes(add func(string, templ.Component)) {
	const back = "https://cafeluna.example/thanks"
	wait := pay.Wait{Page: t.waiting(), Method: t.T("method.card"), Reference: "7f3c-9d2e", Checked: layout.Time{Text: "14:43:20 UTC−6", ISO: "2026-11-20T20:43:20Z"}}
	wait.Cancel = ""
	for _, k := range pay.WaitKinds() {
		wait.Kind = k
		add("wait/"+string(k), pay.WaitPage(wait))
	}
	for _, r := range t.Reviews {
		wait.Kind, wait.Review = pay.WaitReview, r
		add("wait/review/"+r, pay.WaitPage(wait))
	}

	receipt := pay.Receipt{Page: t.done(), Amount: "MXN\u00a0210.00", Method: t.T("method.card"), Reference: "7f3c-9d2e",
		Date: layout.Time{Text: "2026-11-20, 14:44 UTC−6", ISO: "2026-11-20T20:44:00Z"}, Statement: "CAFELUNA", Return: back}
	for _, k := range pay.ReceiptKinds() {
		v := receipt
		v.Kind = k
		switch k {
		case pay.ReceiptRefunded:
			v.Refunded = "MXN\u00a0210.00"
		case pay.ReceiptPartRefunded:
			v.Refunded = "MXN\u00a055.00"
		}
		add("receipt/"+string(k), pay.ReceiptPage(v))
	}
	v := receipt
	v.Kind, v.Return, v.Statement = pay.ReceiptPaid, "", ""
	add("receipt/no-return", pay.ReceiptPage(v))
	v = receipt
	v.Kind, v.Stay = pay.ReceiptPaid, "/pay/7f3c?stay=1"
	v.Refresh = layout.Refresh{URL: back, After: 5, Always: true}
	add("receipt/leaving", pay.ReceiptPage(v))
	for _, r := range t.Reviews {
		v = receipt
		v.Kind, v.Review = pay.ReceiptPaid, r
		add("receipt/review/"+r, pay.ReceiptPage(v))
	}

	for _, k := range pay.EndedKinds() {
		for _, m := range pay.EndedMoneys() {
			v := pay.Ended{Page: t.done(), Kind: k, Money: m}
			add("ended/"+string(k)+"/"+string(m), pay.EndedPage(v))
			v.Restart, v.Return = "/pay/7f3c/restart", back
			add("ended/"+string(k)+"/"+string(m)+"/restart", pay.EndedPage(v))
		}
	}

	for i, k := range pay.ProblemKinds() {
		v := pay.Problem{Page: t.done(), Kind: k, Code: strconv.Itoa(404 + i), Reference: "01JD9"}
		v.Events = ""
		if k == pay.ProblemNotFound {
			v.Merchant = layout.Merchant{}
			v.Reference = ""
		} else {
			v.Retry = "/pay/7f3c"
		}
		add("problem/"+string(k), pay.ProblemPage(v))
	}
}
