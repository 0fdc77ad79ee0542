package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/debugger"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"kassa/static"
)

// scripts is the whole of what may run in a shopper's browser (PCI DSS 6.4.3).
func scripts() []string { return []string{static.Script} }

// watch is what a tab did: what it asked for, which scripts ran, and what went wrong. A tab that broke
// a policy, ran a script that is not on the list, or asked a host that is neither ours nor the shop's
// fails its test.
type watch struct {
	meant bool // the test breaks the rules itself

	mu       sync.Mutex
	wrong    []string
	ran      []string // paths of scripts
	requests []request
	lengths  map[string]string // Content-Length by URL
}

type request struct{ method, url string }

func watchTab(tb *tab, m *market) *watch {
	tb.Helper()
	w := &watch{lengths: map[string]string{}}
	hosts := []string{hostOf(m.public), hostOf(m.shop.base)}
	ours := hostOf(m.public)
	if err := chromedp.Listen(tb.ctx, func(event any) { w.note(event, hosts, ours) }); err != nil {
		tb.fail(err)
	}
	send(tb, audits.Enable, none)
	send(tb, debugger.Enable, debugger.EnableParams{})
	tb.Cleanup(func() {
		if w.meant {
			return
		}
		for _, v := range w.violations() {
			tb.Errorf("in the browser: %s", v)
		}
		for _, path := range w.scripts() {
			if !slices.Contains(scripts(), strings.TrimPrefix(path, m.path)) {
				tb.Errorf("a script ran that is not on the list: %s", path)
			}
		}
	})
	return w
}

// note is called on the goroutine that reads the browser's messages: it only writes down.
func (w *watch) note(event any, hosts []string, ours string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, request{e.Request.Method, e.Request.URL})
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "about" && u.Scheme != "data" && !slices.Contains(hosts, u.Host) {
			w.wrong = append(w.wrong, "asked a stranger: "+e.Request.URL)
		}
	case *network.EventResponseReceived:
		for name, value := range e.Response.Headers {
			if strings.EqualFold(name, "Content-Length") {
				w.lengths[e.Response.URL] = fmt.Sprint(value)
			}
		}
	case *debugger.EventScriptParsed:
		// Without an address: the tests' own expressions. An inline script has its page's address.
		if u, err := url.Parse(e.URL); err != nil || u.Host == ours {
			w.ran = append(w.ran, u.Path)
		} else if e.URL != "" {
			w.wrong = append(w.wrong, "a stranger's script ran: "+e.URL)
		}
	case *log.EventEntryAdded:
		// A page that answers 404 or 422 is an entry too, and meant.
		if e.Entry.Level == log.EntryLevelError && !strings.HasPrefix(e.Entry.Text, "Failed to load resource: the server responded with a status of 4") ||
			e.Entry.Source == log.EntrySourceSecurity {
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		w.wrong = append(w.wrong, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		w.wrong = append(w.wrong, "a script wrote to the console")
	case *audits.EventIssueAdded:
		text := string(e.Issue.Code)
		if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
			text += " " + d.ContentSecurityPolicyIssueDetails.ViolatedDirective + " " + d.ContentSecurityPolicyIssueDetails.BlockedURL
		}
		if d := e.Issue.Details; d != nil && d.GenericIssueDetails != nil {
			if d.GenericIssueDetails.ErrorType == audits.GenericIssueErrorTypeNavigationEntryMarkedSkippable {
				return // of the browser's own Back button, where pages reload themselves
			}
			text += " " + string(d.GenericIssueDetails.ErrorType)
		}
		w.wrong = append(w.wrong, text)
	}
}

func (w *watch) violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.wrong)
}

func (w *watch) scripts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ran)
}

// asked gives what was asked for, without icons.
func (w *watch) asked() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []request
	for _, r := range w.requests {
		if !strings.HasSuffix(r.url, "/favicon.ico") {
			out = append(out, r)
		}
	}
	return out
}

func (w *watch) posts() int {
	n := 0
	for _, r := range w.asked() {
		if r.method == "POST" {
			n++
		}
	}
	return n
}

func (w *watch) length(url string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lengths[url]
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
