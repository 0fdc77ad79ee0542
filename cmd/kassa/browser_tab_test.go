package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a condition may take to come true; longer than any pause of a page.
const patience = 20 * time.Second

// tick is how often a condition is looked at.
const tick = 20 * time.Millisecond

// tab is one open page. Its methods end the test when something does not come true.
type tab struct {
	testing.TB
	ctx   context.Context
	js    bool
	watch *watch
}

// visit opens a tab in a new profile, as another shopper, at an address.
func (s *story) visit(m *market, url string) *tab {
	s.Helper()
	return s.open(m, s.browser, url, own())
}

// own is a profile of the tab's own: no cookies, no cache.
func own() chromedp.ContextOption { return chromedp.WithNewBrowserContext() }

var none cdp.Empty

// another opens a second tab of the same shopper.
func (s *story) another(m *market, of *tab, url string) *tab {
	s.Helper()
	return s.open(m, of.ctx, url)
}

func (s *story) open(m *market, parent context.Context, url string, o ...chromedp.ContextOption) *tab {
	s.Helper()
	tb := s.blank(m, parent, o...)
	tb.goTo(url)
	return tb
}

// blank opens a tab that is watched, at no address yet.
func (s *story) blank(m *market, parent context.Context, o ...chromedp.ContextOption) *tab {
	s.Helper()
	ctx, cancel := chromedp.NewContext(parent, o...)
	s.Cleanup(cancel)
	tb := &tab{TB: s.T, ctx: ctx, js: s.js}
	// The first action binds the tab's life to the context that it is given.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1000, 900)); err != nil {
		tb.Fatal(err)
	}
	tb.watch = watchTab(tb, m)
	if !s.js {
		send(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	return tb
}

func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tb.fail(err)
	}
}

// send sends one command of the browser's protocol.
func send[P, R any](tb *tab, c cdp.Command[P, R], p P) R {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, c, p)
	if err != nil {
		tb.fail(fmt.Errorf("%s: %w", c.Method, err))
	}
	return r
}

func (tb *tab) fail(why any) {
	tb.Helper()
	at, _ := try[string](tb, "location.href+'\\n'+document.title+'\\n'+(document.body?document.body.innerText:'')")
	tb.Fatalf("%v\nat %s", why, at)
}

// eval gives the value of an expression; it works where pages run no scripts too.
func eval[T any](tb *tab, expression string) T {
	tb.Helper()
	v, err := try[T](tb, expression)
	if err != nil {
		tb.fail(fmt.Errorf("%s: %w", expression, err))
	}
	return v
}

// try asks the page itself, also while it is on its way to another.
func try[T any](tb *tab, expression string) (T, error) {
	var value T
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ReturnByValue: new(true)})
	switch {
	case err != nil:
		return value, err
	case r.ExceptionDetails != nil:
		return value, errors.New(r.ExceptionDetails.Exception.Description)
	}
	return value, json.Unmarshal(r.Result.Value, &value)
}

// until waits for an expression to be true, in whatever page the tab is by then.
func (tb *tab) until(expression string) {
	tb.Helper()
	tb.within(patience, expression)
}

func (tb *tab) within(d time.Duration, expression string) {
	tb.Helper()
	for end := time.Now().Add(d); ; time.Sleep(tick) {
		// An error is a page on its way to another.
		if ok, err := try[bool](tb, "document.readyState==='complete'&&!!("+expression+")"); err == nil && ok {
			return
		}
		if time.Now().After(end) {
			tb.fail("this did not come true: " + expression)
		}
	}
}

// leftBehind makes the page that is left behind known, so that it is not taken for the next one.
const leftBehind = "globalThis.left=true"

func (tb *tab) arrived() {
	tb.Helper()
	tb.until("!globalThis.left")
}

// goTo opens an address and waits for the page.
func (tb *tab) goTo(url string) {
	tb.Helper()
	eval[bool](tb, leftBehind)
	if r := send(tb, page.Navigate, page.NavigateParams{URL: url}); r.ErrorText != "" {
		tb.fail(r.ErrorText)
	}
	tb.arrived()
}

func (tb *tab) reload() {
	tb.Helper()
	eval[bool](tb, leftBehind)
	send(tb, page.Reload, page.ReloadParams{})
	tb.arrived()
}

// back goes to the page before, as the browser's button does.
func (tb *tab) back() {
	tb.Helper()
	h, i := tb.entries()
	if i == 0 {
		tb.fail("there is no page before")
	}
	send(tb, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h[i-1].ID})
	// A page that the browser kept alive comes back as it was left, marks and all.
	for end := time.Now().Add(patience); ; time.Sleep(tick) {
		if _, now := tb.entries(); now == i-1 {
			break
		}
		if time.Now().After(end) {
			tb.fail("the browser does not go back")
		}
	}
	tb.until("true")
}

// entries are the pages that the tab was at, and which of them it is at.
func (tb *tab) entries() ([]*page.NavigationEntry, int) {
	tb.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(tick) {
		h, err := chromedp.Call(tb.ctx, page.GetNavigationHistory, none)
		if err == nil {
			return h.Entries, int(h.CurrentIndex)
		}
		if time.Now().After(end) { // between two pages there is none
			tb.fail(err)
		}
	}
}

// history counts the pages that lie before this one, and this one.
func (tb *tab) history() int {
	tb.Helper()
	_, i := tb.entries()
	return i + 1
}

// find is an expression for the first element that can be seen, perhaps inside a frame of our own origin.
func find(selector string) string {
	frame, inner, ok := strings.Cut(selector, " >>> ")
	if !ok {
		return "[...document.querySelectorAll(" + quote(selector) + ")].find(e=>e.getClientRects().length)"
	}
	return "[...(document.querySelector(" + quote(frame) + ")?.contentDocument?.querySelectorAll(" + quote(inner) + ")??[])].find(e=>e.getClientRects().length)"
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// see waits for an element that can be seen.
func (tb *tab) see(selector string) {
	tb.Helper()
	tb.until(find(selector))
}

// point gives the middle of an element on the screen, and that nothing lies above it.
func (tb *tab) point(selector string) (x, y float64) {
	tb.Helper()
	tb.see(selector)
	p := eval[[]float64](tb, `(()=>{const e=`+find(selector)+`;e.scrollIntoView({block:'center',behavior:'instant'});
		const r=e.getClientRects()[0];let x=r.left+r.width/2,y=r.top+r.height/2;
		const above=e.ownerDocument.elementFromPoint(x,y);
		const free=above&&(e===above||e.contains(above)||above.contains(e))?1:0;
		const f=e.ownerDocument.defaultView.frameElement;
		if(f){f.scrollIntoView({block:'center',behavior:'instant'});const o=f.getBoundingClientRect();x+=o.left+f.clientLeft;y+=o.top+f.clientTop}
		return [x,y,free]})()`)
	if p[2] == 0 {
		tb.fail("something lies above " + selector)
	}
	return p[0], p[1]
}

// click clicks with the mouse, and waits for nothing.
func (tb *tab) click(selector string) {
	tb.Helper()
	x, y := tb.point(selector)
	tb.do(chromedp.MouseClickXY(x, y))
}

// follow clicks on what leads to another page, and waits for it.
func (tb *tab) follow(selector string) {
	tb.Helper()
	tb.see(selector)
	eval[bool](tb, leftBehind)
	tb.click(selector)
	tb.arrived()
}

// typeIn writes into a field, key by key.
func (tb *tab) typeIn(selector, text string) {
	tb.Helper()
	tb.click(selector)
	eval[bool](tb, find(selector)+".select(),true")
	tb.do(chromedp.KeyEvent(text))
}

func (tb *tab) text(selector string) string {
	tb.Helper()
	tb.see(selector)
	return eval[string](tb, find(selector)+".innerText")
}

// says asserts words that can be seen on the page.
func (tb *tab) says(words ...string) {
	tb.Helper()
	all := plain(eval[string](tb, "document.body.innerText"))
	for _, w := range words {
		if !strings.Contains(all, w) {
			tb.fail(fmt.Sprintf("the page does not say %q", w))
		}
	}
}

// plain takes out the marks that keep an amount in one piece and names in their own direction.
func plain(s string) string {
	return strings.NewReplacer("\u2068", "", "\u2069", "", "\u00a0", " ", "\u202f", " ").Replace(s)
}

func (tb *tab) is(what, got, want string) {
	tb.Helper()
	if got != want {
		tb.fail(fmt.Sprintf("%s is %q, want %q", what, got, want))
	}
}

func (tb *tab) location() string { tb.Helper(); return eval[string](tb, "location.href") }

func (tb *tab) title() string { tb.Helper(); return eval[string](tb, "document.title") }

// headers adds headers to everything that the tab asks for.
func (tb *tab) headers(h network.Headers) {
	tb.Helper()
	send(tb, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: h})
}
