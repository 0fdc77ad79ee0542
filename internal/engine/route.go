package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// MethodChoice is a way to pay that a session can be offered, and the channel it would go through.
type MethodChoice struct {
	Method     checkout.Method
	NeedsPhone bool
	Local      bool // at home in the order's country
	channel    checkout.Channel
	spec       psp.Method
}

// Methods lists what a session can be paid with now: the merchant's enabled channels of the session's
// mode, in its currency, by priority; local methods first, then cards, then the rest in the channels' order.
func (e *Engine) Methods(ctx context.Context, s checkout.Session) ([]MethodChoice, error) {
	channels, err := e.channelsOf(ctx, s.Merchant)
	if err != nil {
		return nil, err
	}
	var out []MethodChoice
	for _, c := range channels {
		if !c.Enabled || c.Test != s.Test || (s.Channel != "" && c.ID != s.Channel) {
			continue
		}
		kind, ok := e.kinds[c.PSP]
		if !ok || (kind.TestOnly && !c.Test) {
			continue
		}
		for _, m := range kind.Methods {
			if !containsMethod(c.Methods, m.Code) || !containsMethod(s.Methods, m.Code) {
				continue
			}
			if len(m.Currencies) > 0 && !slices.Contains(m.Currencies, s.Amount.Currency) {
				continue
			}
			if slices.ContainsFunc(out, func(o MethodChoice) bool { return o.Method == m.Code }) {
				continue // a channel of higher priority serves it
			}
			out = append(out, MethodChoice{Method: m.Code, NeedsPhone: m.NeedsPhone, Local: slices.Contains(m.Countries, s.Order.Country), channel: c, spec: m})
		}
	}
	rank := func(m MethodChoice) int {
		switch {
		case m.Local:
			return 0
		case m.Method == checkout.MethodCard:
			return 1
		case len(m.spec.Countries) == 0:
			return 2
		}
		return 3 // at home elsewhere
	}
	slices.SortStableFunc(out, func(a, b MethodChoice) int { return cmp.Compare(rank(a), rank(b)) })
	return out, nil
}

// why is kept with an attempt: what the choice of its channel was made from.
type why struct {
	Rule       string   `json:"rule"`
	Method     string   `json:"method"`
	Amount     string   `json:"amount"`
	Country    string   `json:"country,omitempty"`
	Candidates []string `json:"candidates"`
	Chosen     string   `json:"chosen"`
	Reason     string   `json:"reason"`
}

// route chooses the channel for a method: the enabled one of the lowest priority that serves it.
func (e *Engine) route(ctx context.Context, s checkout.Session, m checkout.Method) (MethodChoice, []byte, error) {
	choices, err := e.Methods(ctx, s)
	if err != nil {
		return MethodChoice{}, nil, err
	}
	for _, c := range choices {
		if c.Method != m {
			continue
		}
		w := why{Rule: "priority/1", Method: string(m), Amount: s.Amount.String(), Country: string(s.Order.Country), Chosen: string(c.channel.ID),
			Candidates: []string{string(c.channel.ID)}, Reason: "first by priority"}
		if s.Channel != "" {
			w.Reason = "pinned by the merchant"
		}
		raw, err := json.Marshal(w)
		return c, raw, err
	}
	return MethodChoice{}, nil, checkout.Invalid("method", "cannot be used for this payment")
}
