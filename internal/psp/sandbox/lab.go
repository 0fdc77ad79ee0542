package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

type paymentRow struct{ Made, Amount, Method, Status, Kind, Page string }

type scenarioRow struct {
	Title, Email, Phone, Amount, Methods string
	Cards                                []string
}

const latest = 50

// serveIndex is the bank's front page: the table of scenarios and, in a laboratory, the payments.
func (b *Bank) serveIndex(w http.ResponseWriter, r *http.Request) {
	v := view{View: "index", Class: "wide", Title: "The test bank"}
	if b.opts.Clock != nil {
		entries, err := b.Ledger()
		if err != nil {
			b.fail(w, r, err)
			return
		}
		for i := len(entries) - 1; i >= 0 && len(v.Payments) < latest; i-- {
			e := entries[i]
			v.Payments = append(v.Payments, paymentRow{e.CreatedAt.Format("15:04:05 MST"), money(checkout.Money{Minor: e.Amount, Currency: e.Currency}),
				string(e.Method), string(e.Status), strings.ReplaceAll(string(e.Action), "_", " "), e.Page})
		}
	}
	for i := range b.table.rows {
		s := &b.table.rows[i]
		row := scenarioRow{Title: s.Title, Email: s.Email(), Phone: s.Phone, Methods: "all"}
		if s.Amount != 0 {
			row.Amount = strconv.FormatInt(s.Amount, 10)
		}
		for _, c := range s.Cards {
			row.Cards = append(row.Cards, grouped(c))
		}
		if len(s.Methods) > 0 {
			row.Methods = ""
			for _, m := range s.Methods {
				row.Methods = strings.TrimSpace(row.Methods + " " + string(m))
			}
		}
		v.Table = append(v.Table, row)
	}
	b.render(w, r, http.StatusOK, v)
}

// serveTill leads from what a shopper quotes to the page on which a tester pays it.
func (b *Bank) serveTill(w http.ResponseWriter, r *http.Request) {
	quoted := strings.ReplaceAll(strings.TrimSpace(r.URL.Query().Get("reference")), " ", "")
	b.mu.Lock()
	err := b.open()
	p := b.byID[b.byOffer[quoted]]
	b.mu.Unlock()
	if err == nil && p == nil {
		err = errNotFound
	}
	if err != nil {
		b.fail(w, r, err)
		return
	}
	http.Redirect(w, r, b.url(p.page()), http.StatusSeeOther)
}

// serveLedger answers the ledger as JSON, or with ?reference= the payments of one attempt.
func (b *Bank) serveLedger(w http.ResponseWriter, r *http.Request) {
	var entries []Entry
	var err error
	if reference := r.URL.Query().Get("reference"); reference != "" {
		entries, err = b.Find(checkout.ID(reference))
	} else {
		entries, err = b.Ledger()
	}
	if err == nil {
		var totals Totals
		if totals, err = b.Totals(); err == nil {
			writeJSON(w, http.StatusOK, map[string]any{"payments": entries, "totals": totals, "now": b.now().UTC()})
			return
		}
	}
	b.log.Error("sandbox: ledger", "err", err)
	writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "the ledger cannot be read"})
}

// postClock moves the virtual clock forward: advance=15m.
func (b *Bank) postClock(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.PostFormValue("advance"))
	if err != nil || d < 0 {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "advance must be a duration such as 15m, not below zero"})
		return
	}
	b.opts.Clock.Advance(d)
	writeJSON(w, http.StatusOK, map[string]any{"now": b.now().UTC()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
