package main

import (
	"strings"

	"github.com/chromedp/cdproto/network"
)

func (tb *tab) inSpanish() {
	tb.Helper()
	tb.is("the language of the page", eval[string](tb, "document.documentElement.lang.slice(0,2)"), "es")
	tb.see("nav b[lang=es]")
}

func speaksSpanish(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.blank(m, s.browser, own())
	tb.headers(network.Headers{"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"})
	tb.goTo(o.URL)
	tb.inSpanish()
	tb.says("¿Cómo quieres pagar?")
	tb.away()
	tb.follow(approve)
	tb.until("document.querySelector('main[data-state=paid]')")
	tb.inSpanish()
	tb.says("Pago recibido")
}

// switchesLanguage keeps the chosen method, and the choice. A stranger who read the same page in the
// same language before must not change that.
func switchesLanguage(s *story) {
	m := s.market(nil)
	o := m.order()
	stranger := s.blank(m, s.browser, own())
	stranger.headers(network.Headers{"Accept-Language": "es"})
	stranger.goTo(o.URL + "?method=oxxo")
	tb := s.visit(m, o.URL)
	tb.choose("oxxo")
	tb.follow("a[hreflang=es]")
	tb.inSpanish()
	tb.is("the method", eval[string](tb, "document.querySelector('input[name=method]').value"), "oxxo")
	tb.goTo(o.URL)
	tb.inSpanish()
	tb.choose("oxxo")
	tb.follow(pay)
	tb.see(".slip")
	tb.inSpanish()
}

// switchesWithoutCookies: the choice stays in the address for browsers that keep none, at least until
// the form is sent.
func switchesWithoutCookies(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.follow("a[hreflang=es]")
	send(tb, network.ClearBrowserCookies, none)
	tb.choose("bank_transfer")
	tb.inSpanish()
}

// livesBelowPath is the program behind a proxy's path.
func livesBelowPath(s *story) {
	m := s.market(func(listen string) string { return listen + "/checkout" })
	o := m.order()
	if !strings.HasPrefix(o.URL, m.public+"/pay/") {
		s.Fatalf("the session's address is %s", o.URL)
	}
	tb := s.visit(m, o.URL)
	tb.follow("a[hreflang=es]")
	tb.follow("a[hreflang=en]")
	tb.away()
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	for _, r := range tb.watch.asked() {
		if strings.HasPrefix(r.url, strings.TrimSuffix(m.public, m.path)) && !strings.HasPrefix(r.url, m.public+"/") {
			tb.Errorf("asked for %s, outside the path", r.url)
		}
	}
}
