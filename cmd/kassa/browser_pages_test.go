package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// everyPage leads a tab to each kind of page in turn.
func (s *story) everyPage(m *market, look func(name string, tb *tab)) {
	s.Helper()
	tb := s.visit(m, m.order().URL)
	at := func(name, condition string) {
		tb.until(condition)
		look(name, tb)
	}
	// paying goes by a method and looks at the page that follows.
	paying := func(name, method, condition string, changes ...func(map[string]any)) {
		tb.goTo(m.order(changes...).URL + "?method=" + method)
		tb.follow(pay)
		at(name, condition)
	}
	// atBank decides something at the bank and looks at the page that follows.
	atBank := func(name, scenario, condition string, changes ...func(map[string]any)) {
		tb.goTo(m.order(changes...).URL + "?method=card")
		tb.follow(pay)
		tb.atBank()
		tb.follow(`button[name=scenario][value="` + scenario + `"]`)
		tb.until(condition)
		tb.goTo(strings.Split(tb.location(), "?")[0] + "?stay=1")
		at(name, condition)
	}
	state := func(s string) string { return "document.querySelector('main[data-state=" + s + "]')" }

	at("choose", state("open"))
	tb.choose("card")
	at("choose card", find(pay))
	tb.goTo(m.order(crowded).URL)
	at("choose, much in the basket", state("open"))
	tb.goTo(m.order(only("card")).URL)
	at("choose, one method", find(pay))
	tb.goTo(m.order(inKenya).URL + "?method=mpesa")
	at("choose mpesa", find("#phone"))
	tb.typeIn("#phone", "07")
	tb.follow(pay)
	at("choose, wrong number", find("#errors"))
	tb.headers(network.Headers{"Accept-Language": "es-MX"})
	tb.goTo(m.order(crowded).URL + "?method=card")
	at("choose in Spanish", find(pay))
	tb.headers(network.Headers{"Accept-Language": "en"})

	o := m.order()
	tb.goTo(o.URL + "?method=card")
	tb.follow(pay)
	tb.atBank()
	at("bank", find("#card_number"))
	tb.follow("button[name=pay]")
	at("bank, errors", find(".summary"))
	tb.goTo(o.URL)
	at("redirect", find("a#continue"))
	tb.goTo(o.URL + "?method=card")
	at("choose another", state("processing"))

	atBank("declined", "decline", find(".note.bad"))
	atBank("processing", "pending_then_success", state("processing"))
	atBank("asking", "timeout_then_success", state("processing"))
	atBank("review", "wrong_amount", "document.querySelector('[data-money]')")
	atBank("paid", "approve", state("paid"))
	atBank("authorized", "authorize", state("authorized"))
	tb.goTo(m.order().URL + "?method=card")
	tb.follow(pay)
	tb.atBank()
	tb.follow(`button[name=scenario][value=challenge]`)
	at("bank, challenge", find(approve))
	paid := m.ledger()
	tb.goTo(paid[len(paid)-2].Page)
	at("bank, done", find("h1"))

	paying("redirect post", "card", find("button#continue"), tagged("redirect_post"))
	paying("fields", "card", find("iframe >>> #card_number"), tagged("fields"))
	paying("crypto", "card", find("svg.qr"), tagged("crypto"))
	paying("voucher", "oxxo", find("svg.bars"))
	tb.follow(giveUp)
	tb.goTo(strings.Split(tb.location(), "?")[0] + "?stay=1")
	at("canceled with a voucher out", state("canceled"))
	paying("transfer", "bank_transfer", find(".slip .ref"))
	l := m.ledger()
	tb.goTo(l[len(l)-1].Page)
	at("bank, transfer", find(approve))
	tb.goTo(m.order(inKenya, tagged("phone")).URL + "?method=mpesa")
	tb.typeIn("#phone", "0712 345 678")
	tb.follow(pay)
	at("phone", find(".steps"))
	l = m.ledger()
	tb.goTo(l[len(l)-1].Page)
	at("bank, phone", find(approve))

	atBank("paid, then refunded", "approve", state("paid"))
	id := tb.location()[strings.LastIndexByte(tb.location(), '/')+1:]
	id, _, _ = strings.Cut(id, "?")
	if _, err := m.api("POST", "/client-session/"+id+"/refund", []byte(`{"amount":1000}`)); err != nil {
		tb.Fatal(err)
	}
	if !s.js {
		tb.reload()
	}
	at("partly refunded", state("partially_refunded"))

	tb.goTo(m.order(without("cancel_redirect_url")).URL)
	tb.follow(giveUp)
	at("canceled", state("canceled"))
	tb.goTo(m.public + "/nothing")
	at("not found", find("h1"))
	tb.goTo(o.URL + "/cancel")
	at("refused", find("h1"))
	tb.goTo(m.public + "/sandbox/")
	at("bank, index", find("h1"))
	o = m.order()
	m.clock.Advance(25 * time.Hour)
	tb.goTo(o.URL)
	at("expired", state("expired"))
}

// crowded has many items, and names that are hard to break.
func crowded(body map[string]any) {
	var items []any
	for i, name := range []string{"Café de Chiapas, molido, 500 g", "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen",
		"Taza", "Servilletas", "مطحنة قهوة", "Filtro", "Azúcar morena sin refinar de comercio justo, en bolsa de papel reciclado, 1 kg"} {
		items = append(items, map[string]any{"item_id": i, "description": name, "amount": 3000 * (i + 1), "quantity": i%3 + 1})
	}
	body["amount"] = 12345600
	body["order"].(map[string]any)["line_items"] = items
}

func only(method string) func(map[string]any) {
	return func(body map[string]any) { body["payment_methods"] = []any{method} }
}

// takesPictures writes a picture of each kind of page: phone and desk, light and dark.
func takesPictures(s *story, dir string, pages func(*market, func(string, *tab))) {
	m := s.market(nil)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.Fatal(err)
	}
	pages(m, func(name string, tb *tab) {
		for _, theme := range []string{"light", "dark"} {
			send(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			for size, metrics := range map[string]emulation.SetDeviceMetricsOverrideParams{
				"phone": {Width: 390, Height: 844, DeviceScaleFactor: 1, Mobile: true}, "desk": {Width: 1280, Height: 800, DeviceScaleFactor: 1}} {
				send(tb, emulation.SetDeviceMetricsOverride, metrics)
				shot := send(tb, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(size == "phone")})
				file := strings.NewReplacer(" ", "_", ",", "").Replace(name) + "-" + size + "-" + theme + ".png"
				if err := os.WriteFile(filepath.Join(dir, file), shot.Data, 0o644); err != nil {
					s.Fatal(err)
				}
			}
		}
		send(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	})
}
