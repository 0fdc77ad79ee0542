package kaipay

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kassa/internal/dialect/dialecttest"
)

// sample is the seed's own, as it stands there.
const sample = `{
	"metadata": {},
	"currency": "MXN",
	"success_redirect_url": "<https://kaipay.com>",
	"customer": {
		"name": "Juan Pérez",
		"email": "[email protected]",
		"shipping_address": {
			"name": "Juan Perez",
			"address_line_1": "Calle Prueba #1",
			"city": "San Pedro Garza García",
			"state": "NL",
			"country": "MX",
			"postal_code": "00000"
		}
	},
	"amount": 21000,
	"order": {
		"country": "MX",
		"shipping_amount": 100,
		"line_items": [
			{
				"item_id": 1,
				"description": "First item",
				"amount": 10000,
				"quantity": 1
			},
			{
				"item_id": 2,
				"description": "Second item",
				"amount": 11000,
				"quantity": 1
			}
		],
		"fees": []
	}
}`

// FuzzCreate sends anything as an order. It is never our fault, and what is accepted is answered with JSON
// that a later read repeats byte for byte.
func FuzzCreate(f *testing.F) {
	for _, s := range []string{sample, full, `{}`, `{"currency":"usd","amount":50,"customer":{"name":"A","email":"a@b.c"},"order":{"country":"us","fees":{"a":1},"shipping_amount":0,"line_items":[{"item_id":1.50,"description":"x","amount":1,"quantity":1},{"description":"y","amount":1,"quantity":1}]},"metadata":[1e999,"\u00e9"]}`} {
		f.Add([]byte(s))
	}
	h := overNothing(true).Handler()
	do := func(method, path string, body []byte) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer any")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		made := do("POST", sessions, body)
		switch {
		case made.Code >= 500:
			t.Fatalf("%d: %s", made.Code, made.Body)
		case made.Code == http.StatusCreated:
			if !json.Valid(made.Body.Bytes()) {
				t.Fatalf("not JSON: %s", made.Body)
			}
			read := do("GET", sessions+"/"+idOf(made.Body.Bytes()), nil)
			if !bytes.Equal(read.Body.Bytes(), made.Body.Bytes()) {
				t.Fatalf("made %s\nread %s", made.Body, read.Body)
			}
		default:
			if _, err := readRefusal(made.Code, made.Body.Bytes()); err != nil {
				t.Fatalf("%v: %s", err, made.Body)
			}
		}
	})
}

// TestSeedSampleIsEchoed holds the promise to clients that compare: what was sent comes back in the form it was sent in.
func TestSeedSampleIsEchoed(t *testing.T) {
	w := dialecttest.NewWorld(t, Kind)
	r := httptest.NewRequest("POST", sessions, strings.NewReader(sample))
	r.Header.Set("Authorization", "Bearer "+w.Key)
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	var sent, got map[string]any
	if err := json.Unmarshal([]byte(sample), &sent); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != 201 {
		t.Fatalf("%d %v: %s", rec.Code, err, rec.Body)
	}
	sent["success_redirect_url"] = "https://kaipay.com" // the one thing that is mended
	contains(t, "", sent, got)
}

// contains checks that everything in want is in got, of the same type.
func contains(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range want {
			contains(t, path+"."+k, v, g[k])
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			t.Errorf("%s has %d entries, not %d", path, len(g), len(want))
			return
		}
		for i := range want {
			contains(t, path+"[]", want[i], g[i])
		}
	default:
		if want != got {
			t.Errorf("%s is %v (%T), not %v (%T)", path, got, got, want, want)
		}
	}
}
