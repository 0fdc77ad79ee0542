package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"

	"kassa/internal/checkout"
)

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

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
