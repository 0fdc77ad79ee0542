package kaipay

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/dialect/dialecttest"
)

func BenchmarkDecodeCreate(b *testing.B) {
	text := []byte(sample)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		doc, err := dialect.ParseJSON(text)
		if err != nil {
			b.Fatal(err)
		}
		readSession(doc, rules{})
		if err := doc.Err(); err != nil {
			b.Fatal(err)
		}
		doc.Release()
	}
}

func BenchmarkRender(b *testing.B) {
	doc, err := dialect.ParseJSON([]byte(sample))
	if err != nil {
		b.Fatal(err)
	}
	s, _ := readSession(doc, rules{})
	s.ID, s.Dialect, s.State = checkout.RandomID("cs", time.Now()), name, checkout.SessionOpen
	s.CreatedAt, s.UpdatedAt, s.ExpiresAt = time.Now(), time.Now(), time.Now()
	k := &api{Deps: dialect.Deps{Links: checkout.NewLinks("https://kassa.test")}}
	b.ReportAllocs()
	for b.Loop() {
		k.render(&s, spellingOf(&s))
	}
}

// BenchmarkCreateHandler measures a create call without and with the database under it.
func BenchmarkCreateHandler(b *testing.B) {
	b.Run("no store", func(b *testing.B) {
		create(b, overNothing(false).Handler(), "any key")
	})
	b.Run("sqlite", func(b *testing.B) {
		w := dialecttest.NewWorld(b, Kind)
		b.SetParallelism(32) // group commit needs company
		create(b, w.Handler, w.Key)
	})
}

func BenchmarkGetHandler(b *testing.B) {
	w := dialecttest.NewWorld(b, Kind)
	r := httptest.NewRequest("POST", sessions, strings.NewReader(sample))
	r.Header.Set("Authorization", "Bearer "+w.Key)
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	path := sessions + "/" + idOf(rec.Body.Bytes())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+w.Key)
			out := &discard{h: http.Header{}}
			w.Handler.ServeHTTP(out, r)
			if out.status != 200 {
				b.Errorf("%d", out.status)
			}
		}
	})
}

func create(b *testing.B, h http.Handler, secret string) {
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequest("POST", sessions, strings.NewReader(sample))
			r.Header.Set("Authorization", "Bearer "+secret)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", "bench-"+strconv.FormatInt(n.Add(1), 10))
			w := &discard{h: http.Header{}}
			h.ServeHTTP(w, r)
			if w.status != http.StatusCreated {
				b.Errorf("answered %d", w.status)
			}
		}
	})
}

// discard is an answer that nobody reads.
type discard struct {
	h      http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
