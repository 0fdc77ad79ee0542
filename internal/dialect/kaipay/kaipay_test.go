package kaipay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/dialect/dialecttest"
	"kassa/internal/engine"
)

// full has every field that create reads.
const full = `{"metadata":{"cart":"A-17","tags":["new",7]},"currency":"MXN","success_redirect_url":"https://shop.test/ok?order=7","failure_redirect_url":"https://shop.test/no",
"cancel_redirect_url":"https://shop.test/cancel","customer":{"name":"Juan Pérez","email":"juan@example.com","mobile":"+525512345678",
"shipping_address":{"name":"Juan Pérez","address_line_1":"Calle Prueba #1","city":"San Pedro","state":"NL","country":"MX","int_number":"3","ext_number":"12","reference":"blue door","postal_code":"66220"},
"billing_address":{"name":"Juan Pérez","address_line_1":"Calle Prueba #1","city":"San Pedro","state":"NL","country":"MX","postal_code":"66220"}},
"amount":21000,"order":{"country":"MX","shipping_amount":100,"line_items":[{"item_id":1,"description":"First","amount":10000,"quantity":1},{"item_id":"B","description":"Second","amount":11000,"quantity":1}],
"fees":[{"service":50},{"wrapping":25}]},"expiration_date":"2026-06-01T00:00:00Z","locale":"es-MX","payment_methods":["card","oxxo"]}`

func rig() dialecttest.Rig {
	return dialecttest.Rig{
		Kind:      Kind,
		Sign:      func(_ *dialecttest.World, r *http.Request, key string) { r.Header.Set("Authorization", "Bearer "+key) },
		Create:    dialecttest.Call{Method: "POST", Path: sessions, Body: full, Scope: checkout.ScopeSessionsWrite},
		CreatedID: func(answer []byte) string { return idOf(answer) },
		OfSession: []dialecttest.Call{
			{Method: "GET", Path: sessions + "/{id}", Scope: checkout.ScopeSessionsRead},
			{Method: "POST", Path: sessions + "/{id}/expire", Scope: checkout.ScopeSessionsWrite},
			{Method: "POST", Path: sessions + "/{id}/refund", Scope: checkout.ScopeRefundsWrite},
			{Method: "GET", Path: sessions + "/{id}/refund", Scope: checkout.ScopeSessionsRead},
		},
		OfMerchant: []dialecttest.Call{{Method: "GET", Path: sessions, Scope: checkout.ScopeSessionsRead}},
		Refusal:    readRefusal,
		Status:     status,
		Fail: func(d dialect.Dialect, w http.ResponseWriter, r *http.Request, err error) {
			d.(*api).fail(w, r, err)
		},
		Transcripts: "testdata",
		OpenAPI:     OpenAPI,
	}
}

func TestDialect(t *testing.T) { dialecttest.Run(t, rig()) }

// TestAllowedHosts: a merchant's list of hosts is asked for each of its URLs.
func TestAllowedHosts(t *testing.T) {
	w := dialecttest.NewWorld(t, Kind)
	m, err := w.Engine.AddMerchant(t.Context(), checkout.Merchant{Name: "Careful shop", AllowedHosts: []string{"careful.test"}})
	if err != nil {
		t.Fatal(err)
	}
	key := w.AddKey(t, engine.NewKey{Merchant: m.ID, Test: true})
	for host, want := range map[string]int{"careful.test": 201, "shop.test": 400} {
		r := httptest.NewRequest("POST", sessions, strings.NewReader(strings.ReplaceAll(full, "shop.test", host)))
		r.Header.Set("Authorization", "Bearer "+key)
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		if fields, _ := readRefusal(rec.Code, rec.Body.Bytes()); rec.Code != want || (want == 400 && len(fields) != 3) {
			t.Errorf("%s: %d %s", host, rec.Code, rec.Body)
		}
	}
}

func idOf(answer []byte) string {
	var s struct{ ID string }
	_ = json.Unmarshal(answer, &s)
	return s.ID
}

func readRefusal(_ int, answer []byte) ([]string, error) {
	var body struct {
		Error struct {
			Type, Code, Message string
			Field               *string
			Fields              []struct{ Field, Message string }
			RequestID           string `json:"request_id"`
		}
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return nil, err
	}
	e := body.Error
	if e.Type == "" || e.Code == "" || e.Message == "" || e.RequestID == "" {
		return nil, errors.New("a member is missing")
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Field)
	}
	if (len(fields) > 0) != (e.Field != nil) || (len(fields) > 0 && fields[0] != *e.Field) {
		return nil, fmt.Errorf("field is %v and fields are %q", e.Field, fields)
	}
	return fields, nil
}

// TestEveryCurrencyHasAMinimum holds the table against the rates that it was drawn from: no minimum is above
// USD 0.50, none is far below it.
func TestEveryCurrencyHasAMinimum(t *testing.T) {
	f, err := os.Open("testdata/rates.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rates := map[checkout.Currency]float64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if code, rate, ok := strings.Cut(lines.Text(), " "); ok && code != "#" {
			if rates[checkout.Currency(code)], err = strconv.ParseFloat(rate, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(rates) != len(minimums) {
		t.Errorf("%d rates and %d minimums", len(rates), len(minimums))
	}
	for _, c := range checkout.Currencies() {
		least, ok := minimums[c]
		if !ok || rates[c] == 0 {
			t.Errorf("%s has no minimum or no rate", c)
			continue
		}
		major := float64(least)
		for range c.Exponent() {
			major /= 10
		}
		if usd := major / rates[c]; usd > 0.5001 || usd < 0.42 {
			t.Errorf("%s: %d is USD %.3f", c, least, usd)
		}
	}
	if minimum("USD") != 50 {
		t.Errorf("USD: %d, and the seed says 50", minimum("USD"))
	}
}
