package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

func names(list []checkout.Session) string {
	var out []string
	for _, s := range list {
		out = append(out, strings.TrimPrefix(string(s.ID), "cs_"))
	}
	return strings.Join(out, " ")
}

func list(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	var want []checkout.Session
	for i := range 25 {
		se := aSession(fmt.Sprintf("%02d", i), m)
		se.CreatedAt = at(time.Duration(i/3) * time.Microsecond) // three of each time
		want = append(want, se)
	}
	shuffled := slices.Clone(want)
	for i := range shuffled { // a fixed shuffle
		j := (i*7 + 3) % len(shuffled)
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	for _, se := range shuffled {
		insert(t, s, se)
	}
	whole, err := s.Sessions(bg, store.SessionQuery{Merchant: m, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(whole, func(a, b checkout.Session) int { return b.CreatedAt.Compare(a.CreatedAt) }) || len(whole) != 25 {
		t.Errorf("the list is %s", names(whole))
	}
	for _, size := range []int{1, 2, 7, 24, 25, 26} {
		var pages []checkout.Session
		after := checkout.ID("")
		for range 30 {
			page, err := s.Sessions(bg, store.SessionQuery{Merchant: m, Limit: size, After: after})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			if len(page) > size {
				t.Fatalf("a page of %d has %d", size, len(page))
			}
			pages = append(pages, page...)
			after = page[len(page)-1].ID
		}
		if names(pages) != names(whole) {
			t.Errorf("pages of %d give %s, the whole is %s", size, names(pages), names(whole))
		}
	}
	for _, bad := range []store.SessionQuery{{Merchant: m}, {Merchant: m, Limit: 102}, {Merchant: m, Limit: -1}, {Limit: 1}} {
		_, err := s.Sessions(bg, bad)
		wantCode(t, err, checkout.CodeInvalid)
	}
}

func listFilters(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	for i, c := range []struct {
		state    checkout.SessionState
		currency checkout.Currency
		email    string
	}{
		{checkout.SessionOpen, "MXN", "Ana@Example.com"}, {checkout.SessionPaid, "MXN", "bob@example.com"}, {checkout.SessionPaid, "USD", "ana@example.com"},
		{checkout.SessionExpired, "USD", ""}, {checkout.SessionOpen, "JPY", "ana@example.com.mx"},
	} {
		se := aSession(fmt.Sprint(i), m)
		se.State, se.Amount.Currency, se.Customer.Email, se.CreatedAt = c.state, c.currency, c.email, at(time.Duration(i)*time.Hour)
		insert(t, s, se)
	}
	for _, c := range []struct {
		q    store.SessionQuery
		want string
	}{
		{store.SessionQuery{}, "4 3 2 1 0"},
		{store.SessionQuery{States: []checkout.SessionState{checkout.SessionPaid}}, "2 1"},
		{store.SessionQuery{States: []checkout.SessionState{checkout.SessionPaid, checkout.SessionOpen}}, "4 2 1 0"},
		{store.SessionQuery{Currency: "USD"}, "3 2"},
		{store.SessionQuery{Email: "ANA@example.com"}, "2 0"},
		{store.SessionQuery{Email: "ana@example.com", Currency: "MXN"}, "0"},
		{store.SessionQuery{From: at(time.Hour), To: at(3 * time.Hour)}, "2 1"},
		{store.SessionQuery{From: at(3 * time.Hour).In(time.FixedZone("x", 7200))}, "4 3"},
		{store.SessionQuery{To: at(time.Hour)}, "0"},
		{store.SessionQuery{States: []checkout.SessionState{checkout.SessionPaid}, After: "cs_2"}, "1"},
		{store.SessionQuery{After: "cs_3", From: at(time.Hour), Currency: "MXN"}, "1"},
		{store.SessionQuery{Email: "nobody@example.com"}, ""},
	} {
		c.q.Merchant, c.q.Limit = m, 100
		got, err := s.Sessions(bg, c.q)
		if err != nil || names(got) != c.want {
			t.Errorf("%+v gives %q, want %q: %v", c.q, names(got), c.want, err)
		}
	}
	// A filter looks at what is stored now, whether the session has ended (0) or not (4).
	change := func(id checkout.ID, change func(se *checkout.Session)) {
		t.Helper()
		se, err := s.Session(bg, id)
		if err != nil {
			t.Fatal(err)
		}
		se.Version++
		change(&se)
		write(t, s, func(tx store.Tx) error { return tx.UpdateSession(se) })
	}
	change("cs_0", func(se *checkout.Session) { se.State, se.Customer.Email = checkout.SessionPaid, "New@example.com" })
	change("cs_4", func(se *checkout.Session) { se.Amount.Currency = "KES" })
	change("cs_4", func(se *checkout.Session) { se.Customer.Email = "new@example.com" })
	for want, q := range map[string]store.SessionQuery{
		"0":   {Email: "new@EXAMPLE.com", States: []checkout.SessionState{checkout.SessionPaid}},
		"4 0": {Email: "NEW@example.com"},
		"4":   {Currency: "KES"},
		"":    {Currency: "JPY"},
	} {
		q.Merchant, q.Limit = m, 9
		if got, err := s.Sessions(bg, q); err != nil || names(got) != want {
			t.Errorf("after the update %+v gives %q, want %q: %v", q, names(got), want, err)
		}
	}
}

func tenants(t *testing.T, s store.Store) {
	a, _ := house(t, s, "a")
	b, _ := house(t, s, "b")
	insert(t, s, aSession("a", a), aSession("b", b), anAnswer("k", a))
	for m, want := range map[checkout.ID]string{a: "a", b: "b"} {
		got, err := s.Sessions(bg, store.SessionQuery{Merchant: m, Limit: 100})
		if err != nil || names(got) != want {
			t.Errorf("the sessions of %s are %q, %v", m, names(got), err)
		}
		list, err := s.Channels(bg, m)
		if err != nil || len(list) != 1 || list[0].Merchant != m {
			t.Errorf("the channels of %s are %+v, %v", m, list, err)
		}
	}
	_, err := s.Sessions(bg, store.SessionQuery{Merchant: a, After: "cs_b", Limit: 100})
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Answer(bg, store.AnswerKey{Merchant: b, Call: anAnswer("k", a).Call, Key: "k"})
	wantCode(t, err, checkout.CodeNotFound)
}
