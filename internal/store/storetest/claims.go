package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

const lease = time.Minute

func claimAttempts(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	for i, poll := range []time.Duration{time.Hour, -time.Second, 0, -time.Hour} {
		se := aSession(fmt.Sprint(i), m)
		a := anAttempt(fmt.Sprint(i), se, c, 1)
		a.PollAt = at(poll)
		insert(t, s, se, a)
	}
	never := aSession("never", m)
	insert(t, s, never, anAttempt("never", never, c, 1))
	claim := func(now time.Time, limit int) (ids string) {
		t.Helper()
		write(t, s, func(tx store.Tx) error {
			got, err := tx.ClaimAttempts(now, lease, limit)
			for _, a := range got {
				ids += string(a.ID) + " "
				if stored, err := tx.Attempt(bg, a.ID); err != nil || !stored.PollAt.Equal(a.PollAt) || !a.PollAt.Equal(now.Add(lease)) || a.Version != 1 {
					t.Errorf("claimed %+v, stored %+v, %v", a, stored, err)
				}
			}
			return err
		})
		return ids
	}
	for _, step := range []struct {
		now   time.Duration
		limit int
		want  string
	}{
		{0, 2, "at_3 at_1 "}, {0, 2, "at_2 "}, {0, 2, ""}, {lease - time.Microsecond, 9, ""}, {lease, 9, "at_3 at_1 at_2 "}, {time.Hour, 9, "at_0 at_1 at_2 at_3 "},
	} {
		got := claim(at(step.now), step.limit)
		if len(got) != len(step.want) || (step.limit < 3 && got != step.want) {
			t.Errorf("at %v, %d at most: claimed %q, want %q", step.now, step.limit, got, step.want)
		}
	}
}

func claimRefunds(t *testing.T, s store.Store) {
	m, c := house(t, s, "a")
	se := aSession("1", m)
	a := anAttempt("1", se, c, 1)
	due, later, never := aRefund("due", a), aRefund("later", a), aRefund("never", a)
	due.PollAt, later.PollAt = at(0), at(time.Hour)
	insert(t, s, se, a, due, later, never)
	claim := func(now time.Time, want ...checkout.ID) {
		t.Helper()
		write(t, s, func(tx store.Tx) error {
			got, err := tx.ClaimRefunds(now, lease, 9)
			if err != nil {
				return err
			}
			if len(got) != len(want) {
				t.Errorf("at %v: claimed %d refunds, want %v", now, len(got), want)
				return nil
			}
			for i := range want {
				if got[i].ID != want[i] || !got[i].PollAt.Equal(now.Add(lease)) || got[i].Version != 1 {
					t.Errorf("claimed %+v, want %s", got[i], want[i])
				}
			}
			return nil
		})
	}
	claim(at(-time.Microsecond))
	claim(at(0), due.ID)
	claim(at(0))
	claim(at(lease), due.ID)
	claim(at(time.Hour), due.ID, later.ID)
}

func claimExpired(t *testing.T, s store.Store) {
	m, _ := house(t, s, "a")
	for i, state := range checkout.SessionStates() {
		se := aSession(string(state), m)
		se.State, se.ExpiresAt = state, at(time.Duration(i)*time.Microsecond)
		insert(t, s, se)
	}
	never, later := aSession("never", m), aSession("later", m)
	never.ExpiresAt, later.ExpiresAt = time.Time{}, at(3*time.Hour)
	insert(t, s, never, later)
	claim := func(now time.Time, limit int, want string) {
		t.Helper()
		var got []checkout.Session
		write(t, s, func(tx store.Tx) (err error) {
			got, err = tx.ClaimExpired(now, lease, limit)
			return err
		})
		if names(got) != want {
			t.Errorf("at %v: claimed %q, want %q", now.Sub(epoch), names(got), want)
		}
	}
	update := func(id checkout.ID, change func(se *checkout.Session)) {
		t.Helper()
		se, err := s.Session(bg, id)
		if err != nil {
			t.Fatal(err)
		}
		se.Version++
		change(&se)
		write(t, s, func(tx store.Tx) error { return tx.UpdateSession(se) })
	}
	claim(at(-time.Microsecond), 9, "")
	claim(at(time.Second), 2, "open processing")
	claim(at(time.Second), 2, "authorized")
	claim(at(time.Second), 2, "")
	// An update while the lease runs does not end it: the sweep is at work on that row.
	update("cs_open", func(se *checkout.Session) { se.State = checkout.SessionProcessing })
	update("cs_processing", func(se *checkout.Session) { se.Customer.Email = "late@example.com" })
	claim(at(2*time.Second), 9, "")
	update("cs_authorized", func(se *checkout.Session) { se.State = checkout.SessionPaid })
	claim(at(time.Second+lease), 9, "open processing")
	// One that cannot expire any more is never claimed; one that can again, is.
	update("cs_open", func(se *checkout.Session) { se.State = checkout.SessionExpired })
	update("cs_processing", func(se *checkout.Session) { se.ExpiresAt = at(time.Hour) })
	claim(at(time.Hour-time.Microsecond), 9, "")
	claim(at(time.Hour), 9, "processing")
	update("cs_never", func(se *checkout.Session) { se.ExpiresAt = at(time.Minute) })
	update("cs_authorized", func(se *checkout.Session) { se.State = checkout.SessionAuthorized })
	claim(at(time.Hour), 9, "authorized never")
}

// Whatever the number of workers, each row is taken once in each lease, and again after it.
func claimsByManyWorkers(t *testing.T, s store.Store) {
	const rows, workers = 60, 12
	m, c := house(t, s, "a")
	write(t, s, func(tx store.Tx) error {
		for i := range rows {
			se := aSession(fmt.Sprint(i), m)
			a := anAttempt(fmt.Sprint(i), se, c, 1)
			a.PollAt = at(0)
			r := aRefund(fmt.Sprint(i), a)
			r.PollAt = at(0)
			se.ExpiresAt = at(0)
			if err := insertTx(tx, se, a, r); err != nil {
				return err
			}
		}
		return nil
	})
	for round := range 2 {
		now := at(time.Duration(round) * lease)
		var mu sync.Mutex
		taken := map[checkout.ID]int{}
		take := func(id checkout.ID) { mu.Lock(); taken[id]++; mu.Unlock() }
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rows { // never endless, whatever a claim does
					n := 0
					err := s.Write(bg, func(tx store.Tx) error {
						a, err := tx.ClaimAttempts(now, lease, 3)
						if err != nil {
							return err
						}
						r, err := tx.ClaimRefunds(now, lease, 3)
						if err != nil {
							return err
						}
						e, err := tx.ClaimExpired(now, lease, 3)
						if err != nil {
							return err
						}
						for i := range a {
							take(a[i].ID)
						}
						for i := range r {
							take(r[i].ID)
						}
						for i := range e {
							take(e[i].ID)
						}
						n = len(a) + len(r) + len(e)
						return nil
					})
					if err != nil {
						t.Error(err)
						return
					}
					if n == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		if len(taken) != 3*rows {
			t.Errorf("round %d: %d rows were claimed, want %d", round, len(taken), 3*rows)
		}
		for id, n := range taken {
			if n != 1 {
				t.Errorf("round %d: %s was claimed %d times", round, id, n)
			}
		}
	}
}
