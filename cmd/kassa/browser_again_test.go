package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// gated opens a market behind a gate.
func (s *story) gated() (*market, *gate) {
	s.Helper()
	g := &gate{}
	m := s.market(func(listen string) string {
		to, err := url.Parse(listen)
		if err != nil {
			s.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		}}
		proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.Errorf("the gate: %v", err)
			}
			w.WriteHeader(http.StatusBadGateway)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/attempts") {
				proxy.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			proxy.ServeHTTP(answer, r)
			g.mu.Lock()
			g.come++
			hold := g.hold
			g.mu.Unlock()
			if hold != nil {
				<-hold
			}
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		}))
		s.Cleanup(server.Close)
		s.Cleanup(g.open)
		return server.URL
	})
	return m, g
}

// clicksTwice clicks again while the first answer is under way.
func clicksTwice(s *story) {
	s.paysTwice(func(tb *tab, x, y float64) { tb.do(chromedp.MouseClickXY(x, y)) })
}

// entersAndClicks presses Enter in the field and clicks on the button.
func entersAndClicks(s *story) {
	s.paysTwice(func(tb *tab, _, _ float64) { tb.do(chromedp.KeyEvent(kb.Enter)) })
}

func (s *story) paysTwice(first func(tb *tab, x, y float64)) {
	s.Helper()
	m, g := s.gated()
	o := m.order(inKenya, tagged("phone"))
	tb := s.visit(m, o.URL)
	tb.choose("mpesa")
	tb.typeIn("#phone", "0712345678")
	x, y := tb.point(pay) // a page on its way to another answers no questions
	g.close()
	first(tb, x, y)
	g.await(tb, 1)
	tb.do(chromedp.MouseClickXY(x, y))
	if !s.js {
		g.await(tb, 2)
	}
	g.open()
	tb.until("document.querySelector('main[data-state=processing] .steps')")
	tb.says("Confirm on your phone")
	tb.until("location.search==='?next=1'") // the answer of the form, and not a reload on the way to it
	if n := g.arrivals(); s.js && n != 1 {
		tb.Errorf("the form was sent %d times", n)
	}
	if l := m.ledger(); len(l) != 1 {
		tb.Errorf("the bank made %d payments, want 1", len(l))
	}
}

// reloads looks again after paying: nothing is ever sent twice, and no browser asks whether to.
func reloads(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.choose("oxxo")
	tb.follow(pay)
	tb.see(".slip")
	for range 2 {
		tb.reload()
		tb.see(".slip")
	}
	if n := tb.watch.posts(); n != 1 || len(m.ledger()) != 1 {
		tb.Errorf("%d posts and %d payments, want one of each", n, len(m.ledger()))
	}
	s.approveElsewhere(m)
	tb.receipt()
	tb.reload()
	tb.receipt()
	if n := tb.watch.posts(); n != 1 {
		tb.Errorf("%d posts, want 1", n)
	}
	m.paidOnce(1)
}

// comesBackFromBank uses the browser's button: the page is of the state as it is, and can be paid from.
func comesBackFromBank(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.away()
	tb.back()
	if s.js { // without scripts a browser may show the page as it was left
		tb.until("document.querySelector('main[data-state=processing]')")
	}
	tb.says("MXN 210.00")
	tb.follow(pay)
	tb.atBank()
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	made := len(m.ledger()) // a page as it was left sends its old version: that is the first payment again
	if m.paidOnce(made); s.js && made != 2 || made > 2 {
		tb.Errorf("the bank made %d payments", made)
	}
	for _, e := range m.ledger() {
		if e.Captured == 0 && e.Status != "cancelled" {
			tb.Errorf("the first payment is %s at the bank, want cancelled", e.Status)
		}
	}
}

// comesBackFromShop goes back all the way: no page of a paid session can be paid from. Without scripts
// a browser may show a page as it was left; then the next action tells.
func comesBackFromShop(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.away()
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.clock.Advance(6 * time.Minute) // so that no receipt leads home by itself any more
	for tb.history() > 2 {           // the first is the blank page of a new tab
		tb.back()
		switch {
		case !strings.HasPrefix(tb.location(), o.URL): // the bank's page
		case !s.js && eval[bool](tb, "!!document.querySelector('main[data-state=open]')"):
			tb.follow("a.way")
			tb.receipt()
			m.paidOnce(1)
			return
		default:
			tb.receipt()
			if n := eval[int](tb, "document.querySelectorAll('form').length"); n != 0 {
				tb.fail("a paid session can be paid or cancelled again")
			}
		}
	}
	m.paidOnce(1)
}

// opensTwoTabs pays in one: the other says so within 2 s, or at the next action.
func opensTwoTabs(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	other := s.another(m, tb, o.URL+"?method=card")
	other.see(pay)
	tb.choose("card")
	tb.follow(pay)
	tb.atBank()
	tb.follow(approve)
	if s.js {
		other.within(2*time.Second, "document.querySelector('main[data-state=paid]')")
	} else {
		other.follow(pay)
	}
	other.receipt()
	tb.receipt()
	m.paidOnce(1)
}

// losesCookies at the bank, as in-app browsers do.
func losesCookies(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL)
	tb.follow(`a[hreflang=es]`)
	tb.away()
	send(tb, network.ClearBrowserCookies, none)
	tb.follow(approve)
	tb.receipt()
	tb.follow(goHome)
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}
