package dialecttest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"kassa/internal/dialect"
	"kassa/internal/engine"
)

// keyed is the good call with an idempotency key.
func (rig *Rig) keyed(w *World, key string) Call {
	c := rig.Create
	c.Body = w.numbered(c.Body)
	c.Header = c.Header.Clone()
	if c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header[dialect.IdempotencyHeader] = []string{key}
	return c
}

// count gives the merchant's sessions.
func (w *World) count(t *testing.T) int {
	t.Helper()
	list, err := w.Engine.Sessions(t.Context(), engine.SessionQuery{Merchant: w.Merchant.ID, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func (rig *Rig) repeatable(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	c := rig.keyed(w, "order-1")
	first := rig.send(w, c, "", w.Key)
	if first.Code != rig.CreatedStatus || first.Header().Get(dialect.ReplayedHeader) != "" {
		t.Fatalf("first: %d, %q: %s", first.Code, first.Header().Get(dialect.ReplayedHeader), first.Body)
	}
	for _, later := range []time.Duration{0, time.Hour, 22 * time.Hour} {
		w.Advance(later)
		again := rig.send(w, c, "", w.Key)
		if again.Code != first.Code || !bytes.Equal(again.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s later: %d %s, not %s", later, again.Code, again.Body, first.Body)
		}
		if again.Header().Get(dialect.ReplayedHeader) != "true" {
			t.Errorf("a replay does not say so: %v", again.Header())
		}
	}
	if n := w.count(t); n != 1 {
		t.Errorf("one key made %d sessions", n)
	}
	other := c
	other.Body = strings.TrimSuffix(strings.TrimSpace(c.Body), "}") + `,"zz":1}`
	rig.refused(t, "another body", rig.send(w, other, "", w.Key), rig.KeyReused)
	if rec := rig.send(w, c, "", w.OtherKey); rec.Header().Get(dialect.ReplayedHeader) != "" || bytes.Equal(rec.Body.Bytes(), first.Body.Bytes()) {
		t.Errorf("another merchant's key of the same text gets the first one's answer: %s", rec.Body)
	}
	broken := rig.keyed(w, "order-2")
	broken.Body = `{}`
	rig.refused(t, "an invalid call", rig.send(w, broken, "", w.Key), 0)
	if rec := rig.send(w, rig.keyed(w, "order-2"), "", w.Key); rec.Code != rig.CreatedStatus {
		t.Errorf("a key that was refused is used up: %d %s", rec.Code, rec.Body)
	}
	for what, key := range map[string]string{"empty": "", "long": strings.Repeat("k", 256), "spaces": "a b", "control": "a\tb", "not ASCII": "é", "a card number": "4111-1111-1111-1111"} {
		rec := rig.send(w, rig.keyed(w, key), "", w.Key)
		if rec.Code < 400 || rec.Code >= 500 {
			t.Errorf("a key that is %s is answered %d", what, rec.Code)
		}
	}
	if rec := rig.send(w, rig.keyed(w, strings.Repeat("k", 255)), "", w.Key); rec.Code != rig.CreatedStatus {
		t.Errorf("a key of 255 characters is answered %d", rec.Code)
	}
}

func (rig *Rig) repeatableAtOnce(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	const n = 16
	var recs [n]*httptest.ResponseRecorder
	var wg sync.WaitGroup
	start := make(chan struct{})
	c := rig.keyed(w, "at-once")
	for i := range n {
		wg.Go(func() {
			<-start
			recs[i] = rig.send(w, c, "", w.Key)
		})
	}
	close(start)
	wg.Wait()
	firsts := 0
	for _, rec := range recs {
		if rec.Code != rig.CreatedStatus || !bytes.Equal(rec.Body.Bytes(), recs[0].Body.Bytes()) {
			t.Errorf("answers differ: %d %s", rec.Code, rec.Body)
		}
		if rec.Header().Get(dialect.ReplayedHeader) == "" {
			firsts++
		}
	}
	if n := w.count(t); n != 1 || firsts != 1 {
		t.Errorf("%d sessions were made, %d answers say that they are the first", n, firsts)
	}
}
