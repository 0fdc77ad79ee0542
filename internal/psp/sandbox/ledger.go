package sandbox

import (
	"sort"
	"time"

	"kassa/internal/checkout"
)

// Entry is a payment as a reader of the ledger sees it.
type Entry struct {
	ID        string              `json:"id"`
	Reference checkout.ID         `json:"reference"` // the attempt
	Session   checkout.ID         `json:"session"`
	Channel   checkout.ID         `json:"channel"`
	Method    checkout.Method     `json:"method"`
	Action    checkout.ActionKind `json:"action"`
	Scenario  string              `json:"scenario"` // the one that was played; empty: none yet
	Amount    int64               `json:"amount"`   // asked for, minor units
	Currency  checkout.Currency   `json:"currency"`
	Status    Status              `json:"status"`
	Code      string              `json:"code,omitempty"`
	Captured  int64               `json:"captured"` // minor units of Moved
	Moved     checkout.Currency   `json:"captured_currency"`
	Refunded  int64               `json:"refunded"`   // refunds that succeeded
	Reserved  int64               `json:"reserved"`   // refunds that succeeded or are under way
	TakenBack int64               `json:"taken_back"` // by the payer's bank, refunds aside
	Page      string              `json:"page"`       // where a tester plays the payer
	CreatedAt time.Time           `json:"created_at"`
	ExpiresAt time.Time           `json:"expires_at"`
	Notices   int                 `json:"notices"`   // notifications planned
	Delivered int                 `json:"delivered"` // of which are delivered or given up
}

// Totals is the sum of the ledger, in minor units by currency.
type Totals struct {
	Payments  int                         `json:"payments"`
	Captured  map[checkout.Currency]int64 `json:"captured"`
	Refunded  map[checkout.Currency]int64 `json:"refunded"`
	TakenBack map[checkout.Currency]int64 `json:"taken_back"`
}

// Ledger gives every payment, oldest first. It fails when the journal cannot be read.
func (b *Bank) Ledger() ([]Entry, error) {
	all, err := b.all()
	if err != nil {
		return nil, err
	}
	now := b.now()
	out := make([]Entry, len(all))
	for i, p := range all {
		out[i] = b.entry(p, now)
	}
	return out, nil
}

// Find gives the payments of one attempt: none or one, more only if it was made through several channels.
func (b *Bank) Find(reference checkout.ID) ([]Entry, error) {
	all, err := b.all()
	if err != nil {
		return nil, err
	}
	now := b.now()
	out := []Entry{}
	for _, p := range all {
		if p.Reference == reference {
			out = append(out, b.entry(p, now))
		}
	}
	return out, nil
}

// Totals sums the ledger.
func (b *Bank) Totals() (Totals, error) {
	all, err := b.all()
	if err != nil {
		return Totals{}, err
	}
	return b.sum(all), nil
}

func (b *Bank) sum(all []*Payment) Totals {
	t := Totals{Payments: len(all), Captured: map[checkout.Currency]int64{}, Refunded: map[checkout.Currency]int64{},
		TakenBack: map[checkout.Currency]int64{}}
	now := b.now()
	for _, p := range all {
		if c := p.captured(now); c != 0 {
			t.Captured[p.Moved.Currency] += c
		}
		if done, _ := p.refunded(now); done != 0 {
			t.Refunded[p.Moved.Currency] += done
		}
		if back := p.takenBack(now); back != 0 {
			t.TakenBack[p.Moved.Currency] += back
		}
	}
	return t
}

// Idle reports whether nothing is due to be told: every notification whose time has come was
// delivered, or given up.
func (b *Bank) Idle() bool {
	all, err := b.all()
	if err != nil {
		return true // a bank that is closed tells nothing
	}
	now := b.now()
	for _, p := range all {
		if _, due := p.dueNotice(now); due {
			return false
		}
	}
	return true
}

// all gives every payment, oldest first.
func (b *Bank) all() ([]*Payment, error) {
	b.mu.Lock()
	if err := b.open(); err != nil {
		b.mu.Unlock()
		return nil, err
	}
	out := make([]*Payment, 0, len(b.byID))
	for _, p := range b.byID {
		out = append(out, p)
	}
	b.mu.Unlock()
	sort.Slice(out, func(i, j int) bool {
		if !out[i].CreatedAt.Equal(out[j].CreatedAt) {
			return out[i].CreatedAt.Before(out[j].CreatedAt)
		}
		return out[i].ID < out[j].ID
	})
	return out, nil
}

func (b *Bank) entry(p *Payment, now time.Time) Entry {
	step := p.now(now)
	done, reserved := p.refunded(now)
	e := Entry{ID: p.ID, Reference: p.Reference, Session: p.Session, Channel: p.Account, Method: p.Method, Action: p.Kind, Scenario: p.Scenario,
		Amount: p.Amount.Minor, Currency: p.Amount.Currency, Status: step.Status, Code: step.Code, Captured: p.captured(now),
		Moved: p.Moved.Currency, Refunded: done, Reserved: reserved, TakenBack: p.takenBack(now), Page: b.url(p.page()), CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt,
		Notices: len(p.Notices)}
	for _, n := range p.Notices {
		if n.Done {
			e.Delivered++
		}
	}
	return e
}

// page is where a person plays the payer, below /sandbox/.
func (p *Payment) page() string {
	switch p.Kind {
	case checkout.ActionConfirmOnPhone:
		return "phone/" + p.ID
	case checkout.ActionFields:
		return "frame/" + p.ID
	}
	return "pay/" + p.ID
}
