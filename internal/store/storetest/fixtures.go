package storetest

import (
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// The fixtures that begin with "every" fill each field; the ones that begin with "a" only what a
// row needs.

func aMerchant(name string) checkout.Merchant {
	return checkout.Merchant{ID: checkout.ID("mr_" + name), Name: name, Version: 1, CreatedAt: epoch}
}

func everyMerchant() checkout.Merchant {
	return checkout.Merchant{ID: "mr_every", Name: "Bäckerei \"Süß\" & Söhne", LegalName: "Süß GmbH", Address: "Weg 1\n10115 Berlin",
		Email: "hilfe@suess.example", Website: "https://suess.example", Country: "DE", Locale: "de-AT",
		AllowedHosts: []string{"suess.example", "www.suess.example"}, ReturnKey: -3, Version: 1, CreatedAt: epoch}
}

func everyKey(merchant checkout.ID) checkout.Key {
	return checkout.Key{ID: "ky_every", Merchant: merchant, Dialect: "kaipay", Hash: [32]byte{0, 1, 2, 0xff}, Hint: "x4Qz",
		Scopes: []checkout.Scope{checkout.ScopeSessionsRead, checkout.ScopeRefundsWrite}, Test: true, CreatedAt: epoch, RevokedAt: at(time.Hour)}
}

func aChannel(name string) checkout.Channel {
	return checkout.Channel{ID: checkout.ID("ch_" + name), Merchant: checkout.ID("mr_" + name), PSP: "sandbox", Version: 1, CreatedAt: epoch}
}

func everyChannel(merchant checkout.ID) checkout.Channel {
	return checkout.Channel{ID: "ch_every", Merchant: merchant, PSP: "sandbox", Name: "Cards, live", Test: true, Enabled: true, Priority: -3,
		Methods: []checkout.Method{"card", "mpesa"}, Settings: []byte(`{"secret":"sk_live_Canary","n":1.50}`), Data: []byte{0, 1, 0xff},
		Version: 1, CreatedAt: epoch}
}

func aSession(id string, merchant checkout.ID) checkout.Session {
	return checkout.Session{ID: checkout.ID("cs_" + id), Merchant: merchant, Dialect: "kaipay", Version: 1, State: checkout.SessionOpen,
		Amount: checkout.Money{Minor: 21000, Currency: "MXN"}, CreatedAt: epoch, UpdatedAt: epoch, ExpiresAt: at(time.Hour)}
}

func everySession(merchant, channel checkout.ID) checkout.Session {
	address := checkout.Address{Name: "Zoë Ñandú", Line1: "Av. 1", Line2: "Torre B", Interior: "4", Exterior: "12-A", City: "México", State: "CDMX",
		PostalCode: "06000", Country: "MX", Reference: "blue door"}
	billing := address
	billing.Name = "Zoë Ñandú S.A."
	return checkout.Session{
		ID: "cs_every", Merchant: merchant, Dialect: "kupay", Version: 1, State: checkout.SessionProcessing, Late: true,
		Review: checkout.ReviewAmountMismatch, Test: true, Amount: checkout.Money{Minor: 1<<62 + 1, Currency: "MXN"}, Captured: 1<<53 + 1, Refunded: 1<<53 - 1,
		Active: "at_1", PaidBy: "at_2",
		Order: checkout.Order{Number: "A-1001", Note: "<b>no onions</b>", Country: "MX", Shipping: 1<<53 + 3, Included: true,
			Items: []checkout.Item{{Ref: "sku1", Description: "Café de olla", Amount: 1<<53 + 5, Quantity: 2}, {Ref: "sku2", Description: "Pan", Amount: 1, Quantity: 1}},
			Fees:  []checkout.Fee{{Name: "gift wrap", Amount: 500}}},
		Customer: checkout.Customer{Name: "Zoë Ñandú", Email: "Zoe@Example.com", Phone: "+52 55 1234 5678", Shipping: &address, Billing: &billing},
		URLs: checkout.URLs{Success: "https://s.example/ok?a=1&b=2", Failure: "https://s.example/no", Cancel: "https://s.example/back",
			Pending: "https://s.example/later", Expired: "https://s.example/old", Status: "https://s.example/status", Callback: "https://s.example/hook"},
		Metadata: []byte("{ \"order\" : 1.50 }\n"), Locale: "es-MX", Methods: []checkout.Method{"card", "oxxo"}, Channel: channel,
		DialectData: []byte{1, 0, 0xfe},
		CreatedAt:   epoch, UpdatedAt: at(time.Second), ExpiresAt: at(time.Hour), PaidAt: at(time.Minute),
	}
}

func anAttempt(id string, s checkout.Session, channel checkout.ID, form int64) checkout.Attempt {
	return checkout.Attempt{ID: checkout.ID("at_" + id), Session: s.ID, Merchant: s.Merchant, Channel: channel, PSP: "sandbox", Method: "card",
		Version: 1, FormVersion: form, State: checkout.AttemptStarting, Amount: s.Amount, Token: "token-" + id,
		CreatedAt: epoch, UpdatedAt: epoch}
}

func everyAttempt(s checkout.Session, channel checkout.ID) checkout.Attempt {
	return checkout.Attempt{ID: "at_every", Session: s.ID, Merchant: s.Merchant, Channel: channel, PSP: "sandbox", Method: "mpesa", Version: 1, FormVersion: 7,
		State: checkout.AttemptRequiresAction, Superseded: true, Excess: true, Review: checkout.ReviewUnknownOutcome,
		Amount: checkout.Money{Minor: 1<<62 + 7, Currency: "KES"}, Token: "token-every", PSPRef: "ws_CO_1", PSPData: []byte{0, 0xff},
		Action:  everyAction(),
		Decline: checkout.DeclineInsufficientFunds, Code: "1032", Fee: 1<<53 + 1, Phone: "+254700000001", Why: []byte(`{"rule":3}`),
		PollAt: at(5 * time.Second), Polls: 4, CreatedAt: epoch, UpdatedAt: at(time.Second), DoneAt: at(time.Minute)}
}

func everyAction() checkout.NextAction {
	return checkout.NextAction{Kind: checkout.ActionInstructions, URL: "https://p.example/x?a=1&b=<2>", Fields: []checkout.Pair{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}},
		Phone: "+254700000001", Reference: "REF 1", Barcode: "9900", Lines: []checkout.Line{{Label: checkout.LineIBAN, Value: "DE02"}, {Label: checkout.LineBIC, Value: "X"}},
		ExpiresAt: at(72 * time.Hour), Frame: "https://p.example/f", Script: "https://p.example/s.js",
		Sources: checkout.Sources{Script: []string{"https://p.example"}, Frame: []string{"https://f.example"}, Connect: []string{"https://c.example"}},
		Network: "BNB Smart Chain", Symbol: "USDT", Address: "0x1", Amount: "10.000000000000000001", PayURI: "ethereum:0x1"}
}

func aRefund(id string, a checkout.Attempt) checkout.Refund {
	return checkout.Refund{ID: checkout.ID("rf_" + id), Session: a.Session, Attempt: a.ID, Merchant: a.Merchant, Version: 1,
		State: checkout.RefundPending, Amount: checkout.Money{Minor: 100, Currency: a.Amount.Currency}, CreatedAt: epoch, UpdatedAt: epoch}
}

func everyRefund(a checkout.Attempt) checkout.Refund {
	return checkout.Refund{ID: "rf_every", Session: a.Session, Attempt: a.ID, Merchant: a.Merchant, Version: 1, State: checkout.RefundRequiresAction,
		Amount: checkout.Money{Minor: 1<<62 + 9, Currency: "KES"}, Excess: true, Reason: "sent twice", PSPRef: "re_1", PSPData: []byte{9, 0}, Code: "E1",
		PollAt: at(time.Minute), Polls: 2, CreatedAt: epoch, UpdatedAt: at(time.Second), DoneAt: at(time.Hour)}
}

func anEvent(id string, s checkout.Session, kind checkout.EventKind) checkout.Event {
	return checkout.Event{ID: checkout.ID("ev_" + id), Merchant: s.Merchant, Session: s.ID, Kind: kind, Version: s.Version, State: s.State, At: epoch}
}

func everyEvent(s checkout.Session) checkout.Event {
	return checkout.Event{ID: "ev_every", Merchant: s.Merchant, Session: s.ID, Attempt: "at_1", Refund: "rf_1", Kind: checkout.EventSessionPaid,
		Version: 3, State: checkout.SessionPaid, Detail: "late_payment", At: at(time.Microsecond)}
}

func anEndpoint(id string, merchant checkout.ID) checkout.Endpoint {
	return checkout.Endpoint{ID: checkout.ID("ep_" + id), Merchant: merchant, URL: "https://s.example/" + id, Secret: checkout.Secret("whsec_" + id),
		Enabled: true, Version: 1, CreatedAt: epoch}
}

func everyEndpoint(merchant checkout.ID) checkout.Endpoint {
	return checkout.Endpoint{ID: "ep_every", Merchant: merchant, Dialect: "kupay", URL: "https://s.example/hook?a=1&b=<2>", Secret: "whsec_Q2FuYXJ5", Former: "whsec_Rm9ybWVy",
		FormerUntil: at(24 * time.Hour), Enabled: true, Reason: "gone", Version: 1, CreatedAt: epoch}
}

// aDelivery is pending and due at epoch.
func aDelivery(id string, e checkout.Endpoint, ev checkout.Event) checkout.Delivery {
	return checkout.Delivery{ID: checkout.ID("dl_" + id), Endpoint: e.ID, Merchant: e.Merchant, Session: ev.Session, Event: ev.ID, Kind: ev.Kind, Version: 1,
		State: checkout.DeliveryPending, NextAt: epoch, CreatedAt: epoch}
}

func everyDelivery(e checkout.Endpoint, ev checkout.Event) checkout.Delivery {
	d := aDelivery("every", e, ev)
	d.Body, d.ContentType = []byte("{ \"a\" : 1.50 }\r\n\x00\xff"), "application/json; charset=utf-8"
	d.Tries, d.Status, d.Reason = 3, 503, "status"
	d.NextAt, d.DoneAt = at(time.Minute), at(time.Hour)
	return d
}

func aTry(d checkout.Delivery, number int) checkout.Try {
	return checkout.Try{Delivery: d.ID, Number: number, At: at(time.Duration(number) * time.Second), Duration: 15*time.Second + 7*time.Microsecond, Status: 503, Reason: "status"}
}

func anAnswer(key string, merchant checkout.ID) store.Answer {
	return store.Answer{AnswerKey: store.AnswerKey{Merchant: merchant, Call: "kaipay POST /v1/client-session", Key: key}, BodyHash: [32]byte{1}, CreatedAt: epoch}
}

func everyAnswer(merchant checkout.ID) store.Answer {
	a := anAnswer("every", merchant)
	a.BodyHash = [32]byte{0xff, 31: 1}
	a.Done, a.Status, a.Body, a.Ref = true, 201, []byte("{\"id\":\"cs_1\"}\n"), "cs_1"
	a.LeaseUntil = at(time.Minute)
	return a
}
