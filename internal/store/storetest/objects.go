package storetest

import (
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

func merchants(t *testing.T, s store.Store) {
	m := everyMerchant()
	full(t, m)
	write(t, s, func(tx store.Tx) error { return tx.InsertMerchant(m) })
	got, err := s.Merchant(bg, m.ID)
	same(t, got, err, m)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertMerchant(m) })

	next := checkout.Merchant{ID: m.ID, Name: "B", LegalName: "B", Address: "B", Email: "B", Website: "B", Country: "KE", Locale: "sw",
		AllowedHosts: []string{"b.example"}, ReturnKey: 4, Version: 2, CreatedAt: m.CreatedAt}
	write(t, s, func(tx store.Tx) error { return tx.UpdateMerchant(next) })
	got, err = s.Merchant(bg, m.ID)
	same(t, got, err, next)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateMerchant(next) })

	older, younger := aMerchant("older"), aMerchant("younger")
	older.CreatedAt, younger.CreatedAt = at(-time.Hour), at(time.Hour)
	write(t, s, func(tx store.Tx) error {
		if err := tx.InsertMerchant(younger); err != nil {
			return err
		}
		return tx.InsertMerchant(older)
	})
	all, err := s.Merchants(bg)
	same(t, all, err, []checkout.Merchant{older, next, younger})
}

func keys(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	k := everyKey(m)
	full(t, k)
	write(t, s, func(tx store.Tx) error { return tx.InsertKey(k) })
	got, err := s.KeyByHash(bg, k.Hash)
	same(t, got, err, k)
	twice := k
	twice.ID = "ky_twice"
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertKey(twice) })

	alive := checkout.Key{ID: "ky_alive", Merchant: m, Dialect: "kupay", Hash: [32]byte{9}, CreatedAt: epoch}
	write(t, s, func(tx store.Tx) error { return tx.InsertKey(alive) })
	got, err = s.KeyByHash(bg, alive.Hash)
	same(t, got, err, alive)
	write(t, s, func(tx store.Tx) error { return tx.RevokeKey(alive.ID, at(time.Hour)) })
	write(t, s, func(tx store.Tx) error { return tx.RevokeKey(alive.ID, at(2*time.Hour)) })
	alive.RevokedAt = at(time.Hour)
	got, err = s.KeyByHash(bg, alive.Hash)
	same(t, got, err, alive)
}

func channels(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	house(t, s, "b")
	c := everyChannel(m)
	full(t, c)
	write(t, s, func(tx store.Tx) error { return tx.InsertChannel(c) })
	got, err := s.Channel(bg, c.ID)
	same(t, got, err, c)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertChannel(c) })

	next := c
	next.Version, next.Name, next.Enabled, next.Priority, next.Methods = 2, "B", false, 9, []checkout.Method{"oxxo"}
	next.Settings, next.Data = []byte(`{"secret":"other"}`), []byte("cursor")
	write(t, s, func(tx store.Tx) error { return tx.UpdateChannel(next) })
	got, err = s.Channel(bg, c.ID)
	same(t, got, err, next)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateChannel(next) })
	stale := next
	stale.Version = 9
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateChannel(stale) })

	early, late := aChannel("early"), aChannel("late")
	early.Merchant, late.Merchant = m, m
	early.Priority, late.Priority = 9, 9
	early.CreatedAt, late.CreatedAt = at(-time.Hour), at(time.Hour)
	write(t, s, func(tx store.Tx) error {
		if err := tx.InsertChannel(late); err != nil {
			return err
		}
		return tx.InsertChannel(early)
	})
	all, err := s.Channels(bg, m)
	same(t, all, err, []checkout.Channel{aChannel("a"), early, next, late})
}

func sessions(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	every, little := everySession(m, c), aSession("little", m)
	full(t, every)
	never := aSession("never", m)
	never.ExpiresAt = time.Time{}
	insert(t, s, every, little, never)
	for _, want := range []checkout.Session{every, little, never} {
		got, err := s.Session(bg, want.ID)
		same(t, got, err, want)
		head, err := s.Head(bg, want.ID)
		same(t, head, err, store.Head{Merchant: m, Version: 1, State: want.State, ExpiresAt: want.ExpiresAt, Locale: want.Locale})
	}
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertSession(little) })
	second := aSession("second", m)
	second.Version = 2
	if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(second) }); err == nil {
		t.Error("a new session with version 2 was stored")
	}
	wrong := aSession("wrong", m)
	wrong.State = "nonsense"
	if err := s.Write(bg, func(tx store.Tx) error { return tx.InsertSession(wrong) }); err == nil {
		t.Error("a session in a state that does not exist was stored")
	}
	// What is read is the caller's own.
	a, _ := s.Session(bg, every.ID)
	a.Metadata[0], a.Order.Items[0].Ref, a.Customer.Shipping.City = 'X', "X", "X"
	b, err := s.Session(bg, every.ID)
	same(t, b, err, every)
}

// An update goes through every pair of states, with and without a change of what lists and sweeps
// look at: a database may treat these differently.
func sessionUpdates(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	now := everySession(m, c)
	insert(t, s, now)
	check := func(change func(n *checkout.Session)) {
		t.Helper()
		n := now
		n.Version++
		n.UpdatedAt = n.UpdatedAt.Add(time.Second)
		change(&n)
		write(t, s, func(tx store.Tx) error { return tx.UpdateSession(n) })
		got, err := s.Session(bg, n.ID)
		same(t, got, err, n)
		head, err := s.Head(bg, n.ID)
		same(t, head, err, store.Head{Merchant: n.Merchant, Version: n.Version, State: n.State, ExpiresAt: n.ExpiresAt, Locale: n.Locale})
		refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateSession(n) })
		now = n
	}
	for _, from := range checkout.SessionStates() {
		for _, to := range checkout.SessionStates() {
			check(func(n *checkout.Session) { n.State = from })
			check(func(n *checkout.Session) { n.State = to })
			check(func(n *checkout.Session) { n.ExpiresAt = n.ExpiresAt.Add(time.Minute) })
		}
	}
	check(func(n *checkout.Session) { n.ExpiresAt = time.Time{} })
	check(func(n *checkout.Session) { n.State = checkout.SessionOpen })
	check(func(n *checkout.Session) { n.ExpiresAt = at(time.Hour) })
	check(func(n *checkout.Session) { n.Customer.Email = "other@example.com" })
	check(func(n *checkout.Session) { n.Amount = checkout.Money{Minor: 5, Currency: "JPY"} })
	check(func(n *checkout.Session) {
		other := everySession(m, c)
		other.Version, other.ID = n.Version, n.ID
		other.State, other.Late, other.Review, other.Test = checkout.SessionRefunded, false, checkout.ReviewNone, n.Test
		other.Dialect, other.CreatedAt = n.Dialect, n.CreatedAt
		other.Captured, other.Refunded, other.Active, other.PaidBy, other.Channel = 70, 70, "", "at_9", ""
		other.Order, other.Customer, other.URLs = checkout.Order{Number: "B"}, checkout.Customer{Name: "B"}, checkout.URLs{Success: "https://b.example"}
		other.Metadata, other.Methods, other.DialectData = []byte("[]"), []checkout.Method{"mpesa"}, nil
		other.PaidAt = at(3 * time.Hour)
		*n = other
	})
	gone := aSession("gone", m)
	gone.Version = 2
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateSession(gone) })
}

func attempts(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	se := aSession("1", m)
	a := everyAttempt(se, c)
	full(t, a)
	little := anAttempt("little", se, c, 1)
	little.CreatedAt = at(-time.Second)
	insert(t, s, se, a, little)
	got, err := s.Attempt(bg, a.ID)
	same(t, got, err, a)
	got, err = s.AttemptByToken(bg, a.Token)
	same(t, got, err, a)
	got, err = s.AttemptByPSPRef(bg, c, a.PSPRef)
	same(t, got, err, a)
	got, err = s.Attempt(bg, little.ID)
	same(t, got, err, little)

	next := a
	next.Version, next.State, next.Superseded, next.Excess, next.Review = 2, checkout.AttemptSucceeded, false, false, checkout.ReviewNone
	next.Amount, next.PSPRef, next.PSPData = checkout.Money{Minor: 1, Currency: "USD"}, "other", []byte("other")
	next.Action, next.Decline, next.Code, next.Fee = checkout.NextAction{Kind: checkout.ActionNone}, checkout.DeclineNone, "0", -5
	next.Phone, next.Why, next.PollAt, next.Polls = "+1", []byte("{}"), time.Time{}, 5
	next.UpdatedAt, next.DoneAt = at(time.Hour), at(2*time.Hour)
	write(t, s, func(tx store.Tx) error { return tx.UpdateAttempt(next) })
	got, err = s.Attempt(bg, a.ID)
	same(t, got, err, next)
	got, err = s.AttemptByPSPRef(bg, c, "other")
	same(t, got, err, next)
	_, err = s.AttemptByPSPRef(bg, c, a.PSPRef)
	wantCode(t, err, checkout.CodeNotFound)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateAttempt(next) })
	all, err := s.Attempts(bg, se.ID)
	same(t, all, err, []checkout.Attempt{little, next})
}

func attemptUniqueness(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	_, c2 := house(t, s, "b")
	se, other := aSession("1", m), aSession("2", m)
	first := anAttempt("1", se, c, 1)
	first.PSPRef = "pi_1"
	insert(t, s, se, other, first)

	try := func(why string, change func(a *checkout.Attempt), want checkout.Code) {
		t.Helper()
		a := anAttempt("try", other, c, 1)
		change(&a)
		stop := errStop
		err := s.Write(bg, func(tx store.Tx) error { // taken back in any case
			if err := tx.InsertAttempt(a); err != nil {
				return err
			}
			return stop
		})
		if want == "" && err != stop {
			t.Errorf("%s: %v", why, err)
		} else if want != "" && checkout.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", why, err, want)
		}
	}
	try("in another session", func(a *checkout.Attempt) {}, "")
	try("the same id", func(a *checkout.Attempt) { a.ID = first.ID }, checkout.CodeConflict)
	try("the same token", func(a *checkout.Attempt) { a.Token = first.Token }, checkout.CodeConflict)
	try("the same reference in the channel", func(a *checkout.Attempt) { a.PSPRef = first.PSPRef }, checkout.CodeConflict)
	try("the same reference in another channel", func(a *checkout.Attempt) { a.PSPRef, a.Channel = first.PSPRef, c2 }, "")
	try("no reference, as others", func(a *checkout.Attempt) { a.PSPRef = "" }, "")
	try("a second in flight", func(a *checkout.Attempt) { a.Session, a.FormVersion = se.ID, 2 }, checkout.CodeConflict)
	try("a second that is superseded", func(a *checkout.Attempt) { a.Session, a.FormVersion, a.Superseded = se.ID, 2, true }, "")
	try("the same form", func(a *checkout.Attempt) { a.Session, a.FormVersion, a.Superseded = se.ID, 1, true }, checkout.CodeConflict)
	for _, state := range checkout.AttemptStates() {
		want := checkout.CodeConflict
		if state.Final() {
			want = ""
		}
		try("a second that is "+string(state), func(a *checkout.Attempt) { a.Session, a.FormVersion, a.State = se.ID, 2, state }, want)
	}

	// A reference that is learned later meets the same rule, and so does a return to flight.
	second := anAttempt("2", other, c, 1)
	insert(t, s, second)
	second.Version, second.PSPRef = 2, first.PSPRef
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateAttempt(second) })
	failed := anAttempt("3", se, c, 2)
	failed.State = checkout.AttemptFailed
	insert(t, s, failed)
	failed.Version, failed.State = 2, checkout.AttemptProcessing
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateAttempt(failed) })
	first.Version, first.State = 2, checkout.AttemptCanceled
	write(t, s, func(tx store.Tx) error {
		if err := tx.UpdateAttempt(first); err != nil {
			return err
		}
		return tx.UpdateAttempt(failed)
	})
}

func refunds(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	se := aSession("1", m)
	a := anAttempt("1", se, c, 1)
	r := everyRefund(a)
	full(t, r)
	little := aRefund("little", a)
	little.CreatedAt = at(-time.Second)
	insert(t, s, se, a, r, little)
	got, err := s.Refund(bg, r.ID)
	same(t, got, err, r)
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.InsertRefund(r) })
	next := r
	next.Version, next.State, next.Amount, next.Excess = 2, checkout.RefundSucceeded, checkout.Money{Minor: 4, Currency: "USD"}, false
	next.Reason, next.PSPRef, next.PSPData, next.Code = "other", "other", nil, ""
	next.PollAt, next.Polls, next.UpdatedAt, next.DoneAt = time.Time{}, 9, at(time.Hour), at(2*time.Hour)
	write(t, s, func(tx store.Tx) error { return tx.UpdateRefund(next) })
	refused(t, s, checkout.CodeConflict, func(tx store.Tx) error { return tx.UpdateRefund(next) })
	all, err := s.Refunds(bg, se.ID)
	same(t, all, err, []checkout.Refund{little, next})
}

func eventsAndMessages(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	se, other := aSession("1", m), aSession("2", m)
	e := everyEvent(se)
	full(t, e)
	// The order is that of writing, whatever ids and times say.
	z, y := anEvent("z", se, checkout.EventSessionCreated), anEvent("a", se, checkout.EventSessionProcessing)
	y.At = at(-time.Hour)
	insert(t, s, se, other, z, anEvent("o", other, checkout.EventSessionCreated))
	insert(t, s, y)
	insert(t, s, e)
	got, err := s.Events(bg, se.ID)
	same(t, got, err, []checkout.Event{z, y, e})

	msg := store.Message{ID: "ms_1", Channel: c, Attempt: "at_1", Source: "notification", Verified: true, Method: "POST", Path: "/notify/x", Query: "a=1",
		Header: `{"X":["1"]}`, Body: []byte{0, 1, 2}, At: epoch}
	full(t, msg)
	write(t, s, func(tx store.Tx) error { return tx.InsertMessage(msg) })
	write(t, s, func(tx store.Tx) error {
		return tx.InsertMessage(store.Message{ID: "ms_2", Channel: c, Source: "return", Method: "GET", At: epoch})
	})
}

func answers(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	a := everyAnswer(m)
	full(t, a)
	running := anAnswer("running", m)
	running.LeaseUntil = at(time.Minute)
	insert(t, s, a, running)
	got, err := s.Answer(bg, a.AnswerKey)
	same(t, got, err, a)
	got, err = s.Answer(bg, running.AnswerKey)
	same(t, got, err, running)
	for _, k := range []store.AnswerKey{{Merchant: "mr_b", Call: a.Call, Key: a.Key}, {Merchant: m, Call: "other", Key: a.Key}, {Merchant: m, Call: a.Call, Key: "Every"}} {
		_, err := s.Answer(bg, k)
		wantCode(t, err, checkout.CodeNotFound)
	}
	running.Done, running.Status, running.Body, running.Ref, running.LeaseUntil, running.BodyHash = true, 422, []byte("no"), "cs_2", time.Time{}, [32]byte{7}
	insert(t, s, running)
	got, err = s.Answer(bg, running.AnswerKey)
	same(t, got, err, running)

	old, edge := anAnswer("old", m), anAnswer("edge", m)
	old.CreatedAt, edge.CreatedAt = at(-time.Microsecond), at(0)
	insert(t, s, old, edge)
	write(t, s, func(tx store.Tx) error {
		n, err := tx.DropAnswers(epoch)
		if n != 1 {
			t.Errorf("dropped %d answers, want 1", n)
		}
		return err
	})
	_, err = s.Answer(bg, old.AnswerKey)
	wantCode(t, err, checkout.CodeNotFound)
	got, err = s.Answer(bg, edge.AnswerKey)
	same(t, got, err, edge)
}

func missing(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	_, err := s.Merchant(bg, "mr_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.KeyByHash(bg, [32]byte{})
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Channel(bg, "ch_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Session(bg, "")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Head(bg, "cs_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Attempt(bg, "at_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.AttemptByToken(bg, "")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.AttemptByPSPRef(bg, c, "")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Refund(bg, "rf_x")
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Answer(bg, store.AnswerKey{})
	wantCode(t, err, checkout.CodeNotFound)
	_, err = s.Sessions(bg, store.SessionQuery{Merchant: m, After: "cs_x", Limit: 1})
	wantCode(t, err, checkout.CodeNotFound)

	se := aSession("x", m)
	a := anAttempt("x", se, c, 1)
	r := aRefund("x", a)
	me, ch := aMerchant("x"), aChannel("x")
	a.Version, r.Version, me.Version, ch.Version = 2, 2, 2, 2
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateAttempt(a) })
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateRefund(r) })
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateMerchant(me) })
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.UpdateChannel(ch) })
	refused(t, s, checkout.CodeNotFound, func(tx store.Tx) error { return tx.RevokeKey("ky_x", epoch) })
	for _, list := range []func() (int, error){
		func() (int, error) { v, err := s.Attempts(bg, "cs_x"); return len(v), err },
		func() (int, error) { v, err := s.Refunds(bg, "cs_x"); return len(v), err },
		func() (int, error) { v, err := s.Events(bg, "cs_x"); return len(v), err },
		func() (int, error) { v, err := s.Channels(bg, "mr_x"); return len(v), err },
		func() (int, error) {
			v, err := s.Sessions(bg, store.SessionQuery{Merchant: "mr_x", Limit: 1})
			return len(v), err
		},
	} {
		if n, err := list(); n != 0 || err != nil {
			t.Errorf("a list of nothing: %d, %v", n, err)
		}
	}
}

func times(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	zone := time.FixedZone("UTC-5", -5*3600)
	for i, when := range []time.Time{
		time.Date(2026, 3, 1, 7, 30, 0, 1000, zone), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(2100, 2, 28, 23, 0, 0, 0, zone), time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Unix(0, 0), time.Now(),
	} {
		se := aSession(string(rune('a'+i)), m)
		se.CreatedAt, se.UpdatedAt, se.ExpiresAt, se.PaidAt = when, when, when, when
		a := anAttempt(string(rune('a'+i)), se, c, 1)
		a.Action.ExpiresAt, a.DoneAt = when, when
		insert(t, s, se, a)
		got, err := s.Session(bg, se.ID)
		if err != nil {
			t.Fatal(err)
		}
		at, err := s.Attempt(bg, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := time.UnixMicro(when.UnixMicro())
		for _, back := range []time.Time{got.CreatedAt, got.UpdatedAt, got.ExpiresAt, got.PaidAt, at.Action.ExpiresAt, at.DoneAt} {
			if !back.Equal(want) || back.Location() != time.UTC {
				t.Errorf("%v came back as %v", when, back)
			}
		}
	}
}

// Texts must come back byte for byte, and never be taken for anything but text.
func texts(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	for i, text := range []string{"'; DROP TABLE sessions; --", "é́\u200dक्षि", "\U0001F600", "null", "12345678901234567890", " spaces ", "<script>&\u2028"} {
		se := aSession(string(rune('a'+i)), m)
		se.Order.Number, se.Order.Note, se.Customer.Name = text, text, text
		se.Metadata = []byte(text)
		insert(t, s, se)
		got, err := s.Session(bg, se.ID)
		same(t, got, err, se)
	}
}
