package checkout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

// A matrix says for every state (row) and event (column) where it leads and what it emits; "-" is
// refused. It is written by hand, so that a wrong row in a table cannot agree with itself.

const sessionMatrix = `
|                    | start              | release          | authorize             | pay               | cancel           | expire          | refund_part                           | refund_all        | refund_none        |
| open               | processing *processing | -            | -                     | -                 | canceled *canceled | expired *expired | -                                   | -                 | -                  |
| processing         | -                  | open *reopened   | authorized *authorized | paid *paid       | canceled *canceled | expired *expired | -                                   | -                 | -                  |
| authorized         | -                  | -                | -                     | paid *paid        | canceled *canceled | expired *expired | -                                   | -                 | -                  |
| paid               | -                  | -                | -                     | -                 | -                | -               | partially_refunded *partially_refunded | refunded *refunded | -                |
| canceled           | -                  | -                | -                     | paid *paid_late   | -                | -               | -                                     | -                 | -                  |
| expired            | -                  | -                | -                     | paid *paid_late   | -                | -               | -                                     | -                 | -                  |
| partially_refunded | -                  | -                | -                     | -                 | -                | -               | partially_refunded *partially_refunded | refunded *refunded | paid *refund_undone |
| refunded           | -                  | -                | -                     | -                 | -                | -               | partially_refunded *refund_undone     | -                 | paid *refund_undone |
`

const attemptMatrix = `
|                 | act                              | process                | authorize              | succeed                   | fail           | cancel             | expire           |
| starting        | requires_action *requires_action | processing *processing | authorized *authorized | succeeded *succeeded      | failed *failed | canceled *canceled | expired *expired |
| requires_action | -                                | processing *processing | authorized *authorized | succeeded *succeeded      | failed *failed | canceled *canceled | expired *expired |
| processing      | requires_action *requires_action | -                      | authorized *authorized | succeeded *succeeded      | failed *failed | canceled *canceled | expired *expired |
| authorized      | -                                | -                      | -                      | succeeded *succeeded      | failed *failed | canceled *canceled | expired *expired |
| succeeded       | -                                | -                      | -                      | -                         | -              | -                  | -                |
| failed          | -                                | -                      | -                      | succeeded *succeeded_late | -              | -                  | -                |
| canceled        | -                                | -                      | -                      | succeeded *succeeded_late | -              | -                  | -                |
| expired         | -                                | -                      | -                      | succeeded *succeeded_late | -              | -                  | -                |
`

const refundMatrix = `
|                 | succeed              | fail           | cancel             | act                              |
| pending         | succeeded *succeeded | failed *failed | canceled *canceled | requires_action *requires_action |
| requires_action | succeeded *succeeded | failed *failed | canceled *canceled | -                                |
| succeeded       | -                    | failed *failed | -                  | -                                |
| failed          | -                    | -              | -                  | -                                |
| canceled        | -                    | -              | -                  | -                                |
`

// cells reads a matrix: states, events, and what stands at [state, event].
func cells(matrix string) (states, events []string, at map[[2]string]string) {
	at = map[[2]string]string{}
	for i, line := range strings.Split(strings.TrimSpace(matrix), "\n") {
		row := strings.Split(strings.Trim(line, "|"), "|")
		for j := range row {
			row[j] = strings.TrimSpace(row[j])
		}
		if i == 0 {
			events = row[1:]
			continue
		}
		states = append(states, row[0])
		for j, ev := range events {
			at[[2]string{row[0], ev}] = row[j+1]
		}
	}
	return states, events, at
}

// checkMatrix tries every pair. apply gives the state that follows, what was emitted, whether
// anything at all changed, and the error.
func checkMatrix(t *testing.T, kind, matrix string, states, events []string, apply func(state, ev string) (to, emits string, changed bool, err error)) {
	t.Helper()
	wantStates, wantEvents, at := cells(matrix)
	if !reflect.DeepEqual(states, wantStates) || !reflect.DeepEqual(events, wantEvents) {
		t.Fatalf("the matrix has %v and %v, the package %v and %v", wantStates, wantEvents, states, events)
	}
	reached := map[string]bool{states[0]: true}
	for range states {
		for pair, cell := range at {
			if to, _, ok := strings.Cut(cell, " *"); ok && reached[pair[0]] {
				reached[to] = true
			}
		}
	}
	for _, s := range states {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
		for _, e := range events {
			to, emits, changed, err := apply(s, e)
			got := "-"
			if err == nil {
				got = to + " *" + strings.TrimPrefix(emits, kind+".")
			}
			if want := at[[2]string{s, e}]; got != want {
				t.Errorf("%s, %s: %s, want %s", s, e, got, want)
			}
			if err != nil && (checkout.CodeOf(err) != checkout.CodeConflict || changed || emits != "" || !strings.Contains(err.Error(), s)) {
				t.Errorf("%s, %s: refused with %v, emitting %q, changed: %v", s, e, err, emits, changed)
			}
		}
	}
}

func texts[T ~string](in []T) (out []string) {
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}

func TestSessionMatrix(t *testing.T) {
	now := time.Unix(1000, 0)
	checkMatrix(t, "session", sessionMatrix, texts(checkout.SessionStates()), texts(checkout.SessionEvents()), func(state, ev string) (string, string, bool, error) {
		s := checkout.Session{State: checkout.SessionState(state), Version: 3}
		before := s
		kind, err := s.Apply(checkout.SessionEvent(ev), now)
		if err == nil && (!s.UpdatedAt.Equal(now) || s.Version != 3 || s.Late != (kind == checkout.EventSessionPaidLate) || s.PaidAt.Equal(now) != (ev == "pay")) {
			t.Errorf("%s, %s: %+v", state, ev, s)
		}
		return string(s.State), string(kind), !reflect.DeepEqual(s, before), err
	})
}

func TestAttemptMatrix(t *testing.T) {
	now := time.Unix(1000, 0)
	checkMatrix(t, "attempt", attemptMatrix, texts(checkout.AttemptStates()), texts(checkout.AttemptEvents()), func(state, ev string) (string, string, bool, error) {
		a := checkout.Attempt{State: checkout.AttemptState(state), PollAt: now.Add(time.Hour)}
		before := a
		kind, err := a.Apply(checkout.AttemptEvent(ev), now)
		if err == nil && (!a.UpdatedAt.Equal(now) || a.State.Final() != a.DoneAt.Equal(now) || a.State.Final() != a.PollAt.IsZero()) {
			t.Errorf("%s, %s: %+v", state, ev, a)
		}
		return string(a.State), string(kind), !reflect.DeepEqual(a, before), err
	})
}

func TestRefundMatrix(t *testing.T) {
	now := time.Unix(1000, 0)
	checkMatrix(t, "refund", refundMatrix, texts(checkout.RefundStates()), texts(checkout.RefundEvents()), func(state, ev string) (string, string, bool, error) {
		r := checkout.Refund{State: checkout.RefundState(state), PollAt: now.Add(time.Hour)}
		before := r
		kind, err := r.Apply(checkout.RefundEvent(ev), now)
		if err == nil && (!r.UpdatedAt.Equal(now) || r.State.Final() != r.DoneAt.Equal(now) || r.State.Final() != r.PollAt.IsZero()) {
			t.Errorf("%s, %s: %+v", state, ev, r)
		}
		return string(r.State), string(kind), !reflect.DeepEqual(r, before), err
	})
}

func TestUnknownStatesAndEventsAreRefused(t *testing.T) {
	if _, err := (&checkout.Session{}).Apply(checkout.SessionPay, time.Time{}); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Error(err)
	}
	if _, err := (&checkout.Attempt{State: checkout.AttemptStarting}).Apply("", time.Time{}); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Error(err)
	}
	if _, err := (&checkout.Refund{State: checkout.RefundPending}).Apply("start", time.Time{}); checkout.CodeOf(err) != checkout.CodeConflict {
		t.Error(err)
	}
}

func TestTablesAreCopies(t *testing.T) {
	checkout.SessionTable()[0].To = "x"
	checkout.AttemptTable()[0].To = "x"
	checkout.RefundTable()[0].To = "x"
	if checkout.SessionTable()[0].To == "x" || checkout.AttemptTable()[0].To == "x" || checkout.RefundTable()[0].To == "x" {
		t.Error("whoever reads a table can change it")
	}
}

// TestPredicates writes out what each state is said to be.
func TestPredicates(t *testing.T) {
	sets := func(words string) map[string]bool {
		m := map[string]bool{}
		for _, w := range strings.Fields(words) {
			m[w] = true
		}
		return m
	}
	money, payable := sets("paid partially_refunded refunded"), sets("open processing")
	for _, s := range checkout.SessionStates() {
		if s.HasMoney() != money[string(s)] || s.Payable() != payable[string(s)] {
			t.Errorf("session %s: HasMoney %v, Payable %v", s, s.HasMoney(), s.Payable())
		}
	}
	final, lost := sets("succeeded failed canceled expired"), sets("failed canceled expired")
	for _, s := range checkout.AttemptStates() {
		a := checkout.Attempt{State: s}
		if s.Final() != final[string(s)] || s.Lost() != lost[string(s)] || a.Watched() == s.Final() || a.InFlight() == s.Final() {
			t.Errorf("attempt %s: Final %v, Lost %v, Watched %v, InFlight %v", s, s.Final(), s.Lost(), a.Watched(), a.InFlight())
		}
		a.Superseded = true
		if a.InFlight() || a.Watched() == s.Final() {
			t.Errorf("superseded attempt %s: InFlight %v, Watched %v", s, a.InFlight(), a.Watched())
		}
	}
	rfinal, reserves := sets("succeeded failed canceled"), sets("pending requires_action succeeded")
	for _, s := range checkout.RefundStates() {
		if s.Final() != rfinal[string(s)] || s.Reserves() != reserves[string(s)] {
			t.Errorf("refund %s: Final %v, Reserves %v", s, s.Final(), s.Reserves())
		}
	}
}
