package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// These benchmarks call the handler of the whole site in this process, with a recorder in the place of a
// connection: routes, engine, group commit and its fsync are the real ones, HTTP's own cost is not in
// them. What they measure together with HTTP is .perf's business.

const benchOrder = `{"metadata":{},"currency":"MXN","success_redirect_url":"https://kaipay.com","customer":{"name":"Juan Pérez",` +
	`"email":"juan+instant@example.com","shipping_address":{"name":"Juan Perez","address_line_1":"Calle Prueba #1",` +
	`"city":"San Pedro Garza García","state":"NL","country":"MX","postal_code":"00000"}},"amount":21000,"order":{"country":"MX",` +
	`"shipping_amount":100,"line_items":[{"item_id":1,"description":"First item","amount":10000,"quantity":1},` +
	`{"item_id":2,"description":"Second item","amount":11000,"quantity":1}],"fees":[]}}`

// benchCall makes one request and wants one status.
func benchCall(b *testing.B, h http.Handler, want int, method, path, contentType, body string) string {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if strings.HasPrefix(path, "/kaipay/") {
		r.Header.Set("Authorization", "Bearer "+demoKey)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != want {
		b.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

func benchCreate(b *testing.B, h http.Handler) string {
	return sessionID(benchCall(b, h, http.StatusCreated, "POST", "/kaipay/v1/client-session", "application/json", benchOrder))
}

// callers does n things, so many at a time.
func callers(at, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range at {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func eachCallers(b *testing.B, run func(b *testing.B, h http.Handler, at int)) {
	for _, at := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", at), func(b *testing.B) {
			s := testSite(b, nil)
			b.ReportAllocs()
			run(b, s.handler, at)
		})
	}
}

// sessions makes n sessions before the clock starts.
func sessions(b *testing.B, h http.Handler, n int) []string {
	ids := make([]string, n)
	callers(64, n, func(i int) { ids[i] = benchCreate(b, h) })
	b.ResetTimer()
	return ids
}

func BenchmarkCreate(b *testing.B) {
	eachCallers(b, func(b *testing.B, h http.Handler, at int) {
		b.ResetTimer()
		callers(at, b.N, func(int) { benchCreate(b, h) })
	})
}

func BenchmarkPage(b *testing.B) {
	b.Run("cached", func(b *testing.B) {
		eachCallers(b, func(b *testing.B, h http.Handler, at int) {
			ids := sessions(b, h, 100)
			callers(1, len(ids), func(i int) { benchCall(b, h, http.StatusOK, "GET", "/pay/"+ids[i], "", "") })
			b.ResetTimer()
			callers(at, b.N, func(i int) { benchCall(b, h, http.StatusOK, "GET", "/pay/"+ids[i%len(ids)], "", "") })
		})
	})
	b.Run("first", func(b *testing.B) {
		eachCallers(b, func(b *testing.B, h http.Handler, at int) {
			ids := sessions(b, h, b.N)
			callers(at, b.N, func(i int) { benchCall(b, h, http.StatusOK, "GET", "/pay/"+ids[i], "", "") })
		})
	})
}

// BenchmarkPay is the shopper's post that pays at once: two transactions, the bank's answer and its ledger
// between them.
func BenchmarkPay(b *testing.B) {
	eachCallers(b, func(b *testing.B, h http.Handler, at int) {
		ids := sessions(b, h, b.N)
		callers(at, b.N, func(i int) {
			benchCall(b, h, http.StatusSeeOther, "POST", "/pay/"+ids[i]+"/attempts", "application/x-www-form-urlencoded", "version=1&method=card")
		})
	})
}
