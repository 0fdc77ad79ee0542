package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kassa/static"
)

// firstPageBytes bounds what the first page costs on the wire: HTML and script, compressed.
const firstPageBytes = 7300

func loadsFirstPage(s *story) {
	m := s.market(nil)
	o := m.order()
	tb := s.visit(m, o.URL)
	// The stream of events is no part of the page: nothing waits for it.
	asked := slices.DeleteFunc(tb.watch.asked(), func(r request) bool { return strings.HasSuffix(r.url, "/events") })
	want := []string{o.URL, m.public + static.Script}
	if !s.js {
		want = want[:1]
	}
	var got []string
	for _, r := range asked {
		got = append(got, r.url)
	}
	if !slices.Equal(got, want) {
		tb.Errorf("the first page asks for %v, want %v", got, want)
	}
	bytes := 0
	for _, address := range got {
		n, err := strconv.Atoi(tb.watch.length(address))
		if err != nil {
			tb.Errorf("%s came without a length", address)
		}
		bytes += n
	}
	if bytes > firstPageBytes {
		tb.Errorf("the first page costs %d bytes, want at most %d", bytes, firstPageBytes)
	}
	tb.Logf("the first page costs %d bytes", bytes)
	ran := tb.watch.scripts()
	if want := scripts(); s.js && !slices.Equal(ran, want) || !s.js && len(ran) != 0 {
		tb.Errorf("these scripts ran: %v, of %v", ran, want)
	}
	for _, address := range want {
		m.comesCompressed(address)
	}
}

func (m *market) comesCompressed(address string) {
	m.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		m.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	z, err := gzip.NewReader(answer.Body)
	if err != nil {
		m.Fatalf("%s: %v", address, err)
	}
	if _, err := io.Copy(io.Discard, z); err != nil {
		m.Fatalf("%s: %v", address, err)
	}
}

// seesViolations breaks every rule that the suite watches over: a watch that sleeps proves nothing.
func seesViolations(s *story) {
	m := s.market(nil)
	tb := s.visit(m, m.shop.base+"/broken")
	tb.watch.meant = true
	for _, want := range []string{"style-src", "script-src", "asked a stranger: http://stranger.localhost/"} {
		tb.saw(want)
	}
	tb.goTo(m.shop.base + "/scripted")
	tb.saw("a stranger's script ran")
	tb.goTo(m.shop.base + "/leaving")
	tb.click("button")
	tb.saw("form-action")
}

// saw waits for the watch to tell of something.
func (tb *tab) saw(what string) {
	tb.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(tick) {
		v := tb.watch.violations()
		if slices.ContainsFunc(v, func(v string) bool { return strings.Contains(v, what) }) {
			return
		}
		if time.Now().After(end) {
			tb.fail(fmt.Sprintf("the watch did not see %q, but %q", what, v))
		}
	}
}

// brokenPages are what no page of ours may be.
var brokenPages = map[string]struct{ policy, body string }{
	"/broken": {"default-src 'none';style-src 'self';img-src 'self';script-src 'self'",
		`<p style="color:red">red</p><img src="http://stranger.localhost/x.png" alt=""><script>document.title='ran'</script>`},
	"/scripted": {"", `<script>document.title='ran'</script>`},
	"/leaving":  {"form-action 'none'", `<form method="post" action="/gone"><button>Leave</button></form>`},
}
