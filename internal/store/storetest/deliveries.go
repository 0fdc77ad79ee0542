package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

func endpoints(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	other, _ := house(t, s, "b")
	e := everyEndpoint(m)
	full(t, e)
	insert(t, s, e)
	got, err := s.Endpoint(bg, e.ID)
	same(t, got, err, e)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertEndpoint(e) })

	next := checkout.Endpoint{ID: e.ID, Merchant: m, Dialect: e.Dialect, URL: "https://s.example/b", Secret: "whsec_bmV4dA==", Version: 2, CreatedAt: e.CreatedAt}
	write(t, s, func(tx store.Tx) error { return tx.UpdateEndpoint(next) })
	got, err = s.Endpoint(bg, e.ID)
	same(t, got, err, next)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateEndpoint(next) })
	stale := next
	stale.Version = 9
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateEndpoint(stale) })
	// The secrets belong to the merchant's row: they cannot be carried into another's.
	stolen := next
	stolen.Merchant, stolen.Version = other, 3
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateEndpoint(stolen) })
	// Every secret comes back as it was, whichever of the two there are.
	next.Version, next.Secret, next.Former = 3, "", "whsec_Zm9ybWVy"
	write(t, s, func(tx store.Tx) error { return tx.UpdateEndpoint(next) })
	got, err = s.Endpoint(bg, e.ID)
	same(t, got, err, next)

	older, younger := anEndpoint("older", m), anEndpoint("younger", m)
	older.CreatedAt, younger.CreatedAt, younger.Enabled = at(-time.Hour), at(time.Hour), false
	insert(t, s, younger, older, anEndpoint("other", other))
	all, err := s.Endpoints(bg, m)
	same(t, all, err, []checkout.Endpoint{older, next, younger})
	all, err = s.Endpoints(bg, "mr_x")
	same(t, all, err, nil)
	_, err = s.Endpoint(bg, "ep_x")
	wantCode(t, err, checkout.CodeNotFound)
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error {
		x := anEndpoint("x", m)
		x.Version = 2
		return tx.UpdateEndpoint(x)
	})
}

// told stores a session and n of its events, which endpoints may be told.
func told(t *testing.T, s store.Store, name string, merchant checkout.ID, n int) []checkout.Event {
	t.Helper()
	se := aSession(name, merchant)
	rows := []any{se}
	var events []checkout.Event
	for i := range n {
		ev := anEvent(fmt.Sprintf("%s-%d", name, i), se, checkout.EventSessionPaid)
		events, rows = append(events, ev), append(rows, ev)
	}
	insert(t, s, rows...)
	return events
}

func deliveries(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	e := anEndpoint("1", m)
	events := told(t, s, "1", m, 2)
	every, little := everyDelivery(e, events[0]), aDelivery("little", e, events[1])
	little.NextAt = time.Time{}
	full(t, every)
	insert(t, s, e, every, little)
	for _, want := range []checkout.Delivery{every, little} {
		got, err := s.Delivery(bg, want.ID)
		same(t, got, err, want)
	}
	for i, ev := range events {
		got, err := s.Event(bg, ev.ID)
		same(t, got, err, events[i])
	}
	// In every state, with what it was told and without.
	for i, state := range checkout.DeliveryStates() {
		every.Version++
		every.State, every.Tries, every.Status, every.Reason = state, i, 200+i, fmt.Sprint("r", i)
		every.Body, every.ContentType = []byte{byte(i), 0, 0xfe}, fmt.Sprint("t/", i)
		every.NextAt, every.DoneAt = time.Time{}, at(time.Duration(i)*time.Hour)
		write(t, s, func(tx store.Tx) error { return tx.UpdateDelivery(every) })
		got, err := s.Delivery(bg, every.ID)
		same(t, got, err, every)
	}
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateDelivery(every) })
	stale := every
	stale.Version = 99
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateDelivery(stale) })
	wrong := every
	wrong.Version, wrong.State = every.Version+1, "nonsense"
	if err := s.Write(bg, func(tx store.Tx) error { return tx.UpdateDelivery(wrong) }); err == nil {
		t.Error("a delivery in a state that does not exist was stored")
	}
	// What is read is the caller's own.
	a, _ := s.Delivery(bg, every.ID)
	a.Body[0] = 'X'
	b, err := s.Delivery(bg, every.ID)
	same(t, b, err, every)

	_, err = s.Delivery(bg, "dl_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Event(bg, "ev_x")
	wantCode(t, err, checkout.CodeNotFound)
	missing := little
	missing.ID, missing.Version = "dl_x", 2
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateDelivery(missing) })
	// A transaction sees its own.
	err = s.Write(bg, func(tx store.Tx) error {
		ev := anEvent("own", aSession("1", m), checkout.EventSessionRefunded)
		d := aDelivery("own", e, ev)
		if err := insertTx(tx, ev, d, aTry(d, 1)); err != nil {
			return err
		}
		gotE, err := tx.Event(bg, ev.ID)
		same(t, gotE, err, ev)
		gotD, err := tx.Delivery(bg, d.ID)
		same(t, gotD, err, d)
		list, err := tx.Deliveries(bg, store.DeliveryQuery{Merchant: m, Limit: 1})
		same(t, list, err, []checkout.Delivery{d})
		gotT, err := tx.Tries(bg, d.ID)
		same(t, gotT, err, []checkout.Try{aTry(d, 1)})
		gotP, err := tx.Endpoint(bg, e.ID)
		same(t, gotP, err, e)
		gotPs, err := tx.Endpoints(bg, m)
		same(t, gotPs, err, []checkout.Endpoint{e})
		return errStop
	})
	if err != errStop {
		t.Error(err)
	}
	_, err = s.Delivery(bg, "dl_own")
	wantCode(t, err, checkout.CodeNotFound)
}

// An endpoint is told of an event once; other endpoints and other events are their own.
func deliveryUniqueness(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	e, f := anEndpoint("e", m), anEndpoint("f", m)
	ev := told(t, s, "1", m, 2)
	insert(t, s, e, f, aDelivery("e0", e, ev[0]), aDelivery("f0", f, ev[0]), aDelivery("e1", e, ev[1]))
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertDelivery(aDelivery("again", e, ev[0])) })
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertDelivery(aDelivery("e0", f, ev[1])) })
	if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertDelivery(aDelivery("nowhere", anEndpoint("x", m), ev[0])) }); err == nil {
		t.Error("a delivery to an endpoint that does not exist was stored")
	}
}

func deliveryNames(list []checkout.Delivery) string {
	var out []string
	for _, d := range list {
		out = append(out, strings.TrimPrefix(string(d.ID), "dl_"))
	}
	return strings.Join(out, " ")
}

func deliveryList(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	e := anEndpoint("1", m)
	insert(t, s, e)
	for i, ev := range told(t, s, "1", m, 25) {
		d := aDelivery(fmt.Sprint((i*7)%25), e, ev)
		d.CreatedAt = at(time.Duration((i*7)%25/3) * time.Microsecond) // three of each time
		insert(t, s, d)
	}
	whole, err := s.Deliveries(bg, store.DeliveryQuery{Merchant: m, Limit: 1000})
	if err != nil || len(whole) != 25 {
		t.Fatalf("the list is %s: %v", deliveryNames(whole), err)
	}
	for i := range whole[1:] {
		if whole[i+1].CreatedAt.After(whole[i].CreatedAt) {
			t.Errorf("the list is %s", deliveryNames(whole))
		}
	}
	for _, q := range []store.DeliveryQuery{{}, {Session: "cs_1"}, {Endpoint: e.ID}} {
		for _, size := range []int{1, 2, 7, 24, 25, 26} {
			var pages []checkout.Delivery
			q.Merchant, q.Limit, q.After = m, size, ""
			for range 30 {
				page, err := s.Deliveries(bg, q)
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
				q.After = page[len(page)-1].ID
			}
			if deliveryNames(pages) != deliveryNames(whole) {
				t.Errorf("pages of %d give %s, the whole is %s", size, deliveryNames(pages), deliveryNames(whole))
			}
		}
	}
	for _, bad := range []store.DeliveryQuery{{Merchant: m}, {Merchant: m, Limit: 1001}, {Merchant: m, Limit: -1}, {Limit: 1}} {
		_, err := s.Deliveries(bg, bad)
		wantCode(t, err, checkout.CodeInvalid)
	}
}

func deliveryListFilters(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	other, _ := house(t, s, "b")
	e, f, g := anEndpoint("e", m), anEndpoint("f", m), anEndpoint("g", other)
	one, two, theirs := told(t, s, "1", m, 2), told(t, s, "2", m, 1), told(t, s, "3", other, 1)
	insert(t, s, e, f, g)
	for i, c := range []struct {
		endpoint checkout.Endpoint
		event    checkout.Event
		state    checkout.DeliveryState
	}{
		{e, one[0], checkout.DeliveryDelivered}, {f, one[0], checkout.DeliveryPending}, {e, one[1], checkout.DeliveryParked}, {e, two[0], checkout.DeliverySkipped},
		{f, two[0], checkout.DeliveryDelivered}, {g, theirs[0], checkout.DeliveryDelivered},
	} {
		d := aDelivery(fmt.Sprint(i), c.endpoint, c.event)
		d.State, d.CreatedAt = c.state, at(time.Duration(i)*time.Hour)
		insert(t, s, d)
	}
	for _, c := range []struct {
		q    store.DeliveryQuery
		want string
	}{
		{store.DeliveryQuery{}, "4 3 2 1 0"},
		{store.DeliveryQuery{Merchant: other}, "5"},
		{store.DeliveryQuery{Endpoint: e.ID}, "3 2 0"},
		{store.DeliveryQuery{Endpoint: g.ID}, ""},
		{store.DeliveryQuery{Session: "cs_1"}, "2 1 0"},
		{store.DeliveryQuery{Session: "cs_3"}, ""},
		{store.DeliveryQuery{Session: "cs_1", Endpoint: f.ID}, "1"},
		{store.DeliveryQuery{States: []checkout.DeliveryState{checkout.DeliveryDelivered}}, "4 0"},
		{store.DeliveryQuery{States: []checkout.DeliveryState{checkout.DeliveryParked, checkout.DeliverySkipped}}, "3 2"},
		{store.DeliveryQuery{From: at(time.Hour), To: at(3 * time.Hour)}, "2 1"},
		{store.DeliveryQuery{From: at(3 * time.Hour).In(time.FixedZone("x", 7200))}, "4 3"},
		{store.DeliveryQuery{To: at(time.Hour)}, "0"},
		{store.DeliveryQuery{After: "dl_3", Endpoint: e.ID}, "2 0"},
		{store.DeliveryQuery{After: "dl_3", Endpoint: e.ID, Session: "cs_1", States: []checkout.DeliveryState{checkout.DeliveryDelivered}, From: epoch, To: at(time.Minute)}, "0"},
	} {
		if c.q.Merchant == "" {
			c.q.Merchant = m
		}
		c.q.Limit = 100
		got, err := s.Deliveries(bg, c.q)
		if err != nil || deliveryNames(got) != c.want {
			t.Errorf("%+v gives %q, want %q: %v", c.q, deliveryNames(got), c.want, err)
		}
	}
	for _, after := range []checkout.ID{"dl_5", "dl_x"} { // another merchant's, nobody's
		_, err := s.Deliveries(bg, store.DeliveryQuery{Merchant: m, After: after, Limit: 1})
		wantCode(t, err, checkout.CodeNotFound)
	}
}

func tries(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	e := anEndpoint("1", m)
	ev := told(t, s, "1", m, 2)
	d, quiet := aDelivery("1", e, ev[0]), aDelivery("2", e, ev[1])
	full(t, aTry(d, 1))
	answered := checkout.Try{Delivery: d.ID, Number: 3, At: at(time.Hour), Status: 204}
	insert(t, s, e, d, quiet, aTry(d, 2), aTry(d, 1), answered)
	got, err := s.Tries(bg, d.ID)
	same(t, got, err, []checkout.Try{aTry(d, 1), aTry(d, 2), answered})
	got, err = s.Tries(bg, quiet.ID)
	same(t, got, err, nil)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertTry(aTry(d, 2)) })
	if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertTry(aTry(aDelivery("x", e, ev[0]), 1)) }); err == nil {
		t.Error("a try of a delivery that does not exist was stored")
	}
	if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertTry(aTry(d, 0)) }); err == nil {
		t.Error("a try with number 0 was stored")
	}
}
