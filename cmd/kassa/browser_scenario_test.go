package main

import (
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp/sandbox"
)

// TestBrowserScenarios plays a row of each group of the bank's table in Chromium, from the shop to what
// the shopper reads in the end, with scripts and without, and works the control panel. The end of every
// row is held by the engine's own tests.
func TestBrowserScenarios(t *testing.T) {
	browser := startBrowser(t)
	played := map[string]bool{}
	for _, s := range sandbox.Scenarios() {
		if _, ok := scenes[s.Name]; ok {
			played[s.Group] = true
		}
	}
	for _, s := range sandbox.Scenarios() {
		if !played[s.Group] {
			t.Errorf("nothing of %q is played", s.Group)
			played[s.Group] = true
		}
		scene, ok := scenes[s.Name]
		if !ok {
			continue
		}
		for mode, js := range map[string]bool{"js": true, "nojs": false} {
			t.Run(s.Name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				scene.play(&story{T: t, browser: browser, js: js}, s)
			})
		}
	}
	for mode, js := range map[string]bool{"js": true, "nojs": false} {
		t.Run("panel/"+mode, func(t *testing.T) {
			t.Parallel()
			worksThePanel(&story{T: t, browser: browser, js: js})
		})
	}
}

// scene is what a shopper sees of a row that is played on the bank's page.
type scene struct {
	final  bool          // the page waits for nothing: what came later is read by opening it again
	tagged bool          // chosen by the e-mail tag, because there is no button
	later  time.Duration // what the demo's clock is moved by after the decision
	state  string        // the page's in the end
	says   []string
}

var scenes = map[string]scene{
	"challenge_abandoned": {final: true, later: sandbox.ChallengeLife + time.Minute, state: "open", says: []string{"The bank’s check that it is you did not go through.", "You have not been charged."}},
	"server_error":        {later: sandbox.Delay + time.Second, state: "paid", says: []string{"Payment received"}},
	"notify_never":        {state: "paid", says: []string{"Payment received"}},
	"partial":             {state: "processing", says: []string{"Less money arrived than the order’s amount", "Do not pay again."}},
	"overpaid":            {state: "processing", says: []string{"More money arrived than the order’s amount", "Do not pay again."}},
	"chargeback":          {final: true, later: sandbox.ChargebackDelay + time.Second, state: "paid", says: []string{"Payment received", "your bank has taken the money back"}},
	"start_server_error":  {tagged: true, later: 2 * time.Minute, state: "paid", says: []string{"Payment received"}},
	"crypto":              {tagged: true, state: "paid", says: []string{"Payment received"}},
}

func (c scene) play(s *story, row sandbox.Scenario) {
	m := s.market(nil)
	change := []func(map[string]any){without("success_redirect_url")} // a receipt would leave by itself
	if c.tagged {
		change = append(change, tagged(row.Name))
	}
	tb := s.visit(m, m.order(change...).URL)
	tb.choose("card")
	tb.follow(pay)
	switch {
	case row.Kind == checkout.ActionCrypto:
		tb.see(".slip svg.qr")
		s.approveElsewhere(m)
	case !c.tagged:
		tb.atBank()
		tb.follow(`button[name=scenario][value="` + row.Name + `"]`)
		tb.until("location.pathname.startsWith('/pay/')")
	}
	if c.later > 0 {
		if row.Name == "chargeback" { // the money is there before it goes
			tb.until("document.querySelector('main[data-state=paid]')")
		}
		m.clock.Advance(c.later)
	}
	for end := time.Now().Add(patience); c.final && time.Now().Before(end); time.Sleep(tick) {
		if text := plain(eval[string](tb, "document.body.innerText")); strings.Contains(text, c.says[0]) && strings.Contains(text, c.says[1]) {
			break
		}
		tb.reload()
	}
	tb.until("document.querySelector('main[data-state=" + c.state + "]')&&document.body.innerText.includes(" + quote(c.says[0]) + ")")
	tb.says(c.says...)
}

// worksThePanel pays a payment, moves the clock, and sees both, on a phone and on a desk.
func worksThePanel(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	tb.choose("oxxo")
	tb.follow(pay)
	tb.see(".slip svg.bars")
	panel := s.visit(m, m.public+"/sandbox/")
	panel.says("Latest payments", "MXN 210.00", "oxxo", "Waiting", "Expired (offer_expired), still to come", "payment.expired: planned", "Ahead by\nnothing")
	panel.follow(`button[name=advance][value="24h"]`)
	panel.says("Ahead by\n1 day")
	if panel.is("the fragment", eval[string](panel, "location.hash"), "#clock"); m.clock.Ahead() != 24*time.Hour {
		panel.fail("the demo's clock did not move")
	}
	panel.click("article summary")
	panel.follow(`article button[value=pending_then_success]`)
	panel.says("Pending", "Paid, still to come", "payment.paid: planned")
	panel.follow(`button[name=advance][value="1m"]`)
	panel.says("1 day 1 minute")
	tb.receipt() // the engine goes by the same clock
	panel.reload()
	panel.says("payment.paid: delivered")
	// An order that nobody pays runs out with the clock.
	idle := s.visit(m, m.order().URL)
	panel.follow(`button[name=advance][value="72h"]`)
	idle.reload()
	idle.until("document.querySelector('main[data-state=expired]')")
	for _, wrong := range eval[[]string](panel, basics) {
		panel.Error(wrong)
	}
}
