package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// basics lists what a page lacks of what everybody needs. Links within a sentence are exempt from the
// size of targets (WCAG 2.2, 2.5.8).
const basics = `(() => {
	const wrong = [], seen = (e) => e.getClientRects().length && !e.closest('.hide,.skip:not(:focus)');
	const all = (s) => [...document.querySelectorAll(s)], name = (e) => e.outerHTML.slice(0, 90);
	if (all('h1').filter(seen).length !== 1) wrong.push(all('h1').length + ' h1');
	if (!document.documentElement.lang || !document.documentElement.dir) wrong.push('no lang or dir');
	if (!document.title) wrong.push('no title');
	if (/maximum-scale|user-scalable/.test(document.querySelector('meta[name=viewport]')?.content ?? 'maximum-scale')) wrong.push('zoom is blocked');
	for (const e of all('input:not([type=hidden]),select,textarea')) if (!e.labels.length && !e.ariaLabel) wrong.push('no label: ' + name(e));
	for (const e of all('a[href],button,summary')) if (!(e.innerText || e.textContent).trim() && !e.ariaLabel) wrong.push('no name: ' + name(e));
	for (const e of all('iframe')) if (!e.title) wrong.push('no title: ' + name(e));
	for (const e of all('svg')) if (e.getAttribute('aria-hidden') !== 'true' && !(e.getAttribute('role') === 'img' && e.getAttribute('aria-label'))) wrong.push('no name or hidden: ' + name(e));
	for (const e of all('[tabindex]')) if (e.tabIndex > 0) wrong.push('tabindex: ' + name(e));
	for (const e of all('[style]')) wrong.push('style attribute: ' + name(e));
	for (const e of all('[aria-describedby]')) for (const id of e.getAttribute('aria-describedby').split(' ')) if (!document.getElementById(id)) wrong.push('described by nothing: ' + name(e));
	const ids = all('[id]').map(e => e.id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('twice: #' + id);
	for (const e of all('a[href],button,summary,input:not([type=hidden])').filter(seen)) {
		const r = e.getBoundingClientRect(), inText = e.matches('p a') && e.parentElement.innerText.trim() !== e.innerText.trim();
		if (!inText && (r.width < 24 || r.height < 24)) wrong.push('small, ' + Math.round(r.width) + 'x' + Math.round(r.height) + ': ' + name(e));
	}
	return wrong;
})()`

// sideways is what is wider than the screen. A table of the bank's own may scroll in its box.
const sideways = `(() => {
	const d = document.documentElement;
	if (d.scrollWidth <= innerWidth) return [];
	return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).slice(-3).map(e => e.outerHTML.slice(0, 90)).concat('scrolls to ' + d.scrollWidth);
})()`

// readsEveryPage holds the basics on every kind of page, on a small phone, at 400 % zoom and on a desk.
func readsEveryPage(s *story) { s.reads(s.everyPage) }

func readsTheShop(s *story) { s.reads(s.everyShopPage) }

func (s *story) reads(pages func(*market, func(name string, tb *tab))) {
	s.Helper()
	m := s.market(nil)
	pages(m, func(name string, tb *tab) {
		for _, size := range []struct {
			width, height int64
			scale         float64
		}{{320, 568, 1}, {320, 256, 4}, {1280, 800, 1}} {
			send(tb, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: size.width, Height: size.height, DeviceScaleFactor: size.scale})
			tb.until("!!document.body&&document.readyState==='complete'") // a page that follows may just be loading itself anew
			for _, wrong := range eval[[]string](tb, sideways) {
				tb.Errorf("%s at %d px: too wide: %s", name, size.width, wrong)
			}
			if size.height == 256 {
				continue
			}
			for _, wrong := range eval[[]string](tb, basics) {
				tb.Errorf("%s at %d px: %s", name, size.width, wrong)
			}
		}
		send(tb, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 568, DeviceScaleFactor: 1})
		if strings.HasPrefix(name, "choose") {
			if !eval[bool](tb, "scrollTo(0,0),document.querySelector('.total').getBoundingClientRect().bottom<=innerHeight") {
				tb.Errorf("%s: the total is out of sight on a small phone", name)
			}
		}
	})
}

// stop is an element that Tab leads to.
type stop struct {
	Name    string
	Index   int // in the order of the document
	Outline float64
	InSight bool
}

const focused = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	return {Name: e.matches('form[action$="/attempts"] button') ? 'the button that pays' : e.outerHTML.slice(0, 90), Index: [...document.querySelectorAll('*')].indexOf(e),
		Outline: s.outlineStyle === 'none' ? 0 : parseFloat(s.outlineWidth), InSight: r.bottom > 0 && r.top < innerHeight && r.width > 0};
})()`

// paysByKeyboard reaches the button with Tab alone and presses it with Enter: at our page and at the
// bank's. Wherever the focus is, it can be seen.
func paysByKeyboard(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.order().URL+"?method=card")
	tb.tabTo("the button that pays")
	tb.press()
	tb.atBank()
	tb.tabTo(`value="approve"`)
	tb.press()
	tb.receipt()
	tb.tabTo(`id="return"`)
	tb.press()
	tb.home(m, thanks, "paid")
	m.paidOnce(1)
}

// tabTo presses Tab until the focus is on an element.
func (tb *tab) tabTo(name string) {
	tb.Helper()
	var order []int
	for range 60 {
		tb.do(chromedp.KeyEvent(kb.Tab))
		at := eval[stop](tb, focused)
		order = append(order, at.Index)
		if at.Outline < 3 || !at.InSight {
			tb.fail(fmt.Sprintf("the focus cannot be seen: %+v", at))
		}
		if strings.Contains(at.Name, name) {
			if !slices.IsSorted(order) {
				tb.fail(fmt.Sprintf("Tab leads to and fro: %v", order))
			}
			return
		}
	}
	tb.fail("Tab does not lead to " + name)
}

func (tb *tab) press() {
	tb.Helper()
	eval[bool](tb, leftBehind)
	tb.do(chromedp.KeyEvent(kb.Enter))
	tb.arrived()
}
