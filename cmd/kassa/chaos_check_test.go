package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// kept is what the API says about a session.
type kept struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Refunded int64  `json:"amount_refunded"`
	Late     bool   `json:"late"`
	Review   bool   `json:"needs_review"`
}

func (k kept) paid() bool {
	return slices.Contains([]string{"paid", "partially_refunded", "refunded"}, k.Status)
}

// booked is a payment in the bank's ledger.
type booked struct {
	Session  string `json:"session"`
	Status   string `json:"status"`
	Captured int64  `json:"captured"`
	Refunded int64  `json:"refunded"`
	Reserved int64  `json:"reserved"`
}

// checker compares what a server keeps with what it acknowledged. Its findings are the differences.
type checker struct {
	p        *process
	patience time.Duration // for the sweep
	later    func()        // lets the time pass after which leases and pauses are over

	mu    sync.Mutex
	found []string
}

func (c *checker) differ(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// each runs fn for many operations, several at a time.
func each(ops []op, fn func(*op)) {
	next := make(chan *op)
	var wg sync.WaitGroup
	for range driverWorkers {
		wg.Go(func() {
			for o := range next {
				fn(o)
			}
		})
	}
	for i := range ops {
		next <- &ops[i]
	}
	close(next)
	wg.Wait()
}

// check is the exam after a restart: ops from fresh on are of the last round, and are looked at one by
// one; the sums are compared over everything. It completes what was in flight, and gives the differences.
func (c *checker) check(ops []op, fresh int) []string {
	last := ops[fresh:]
	each(last, func(o *op) { // first of all, before anything can heal
		if o.Acked {
			c.present(o)
		}
	})
	each(last, func(o *op) {
		if o.Acked {
			c.repeatAcknowledged(o)
		}
	})
	// What was in flight is done again by whoever asked for it, once its lease is over.
	c.later()
	each(last, func(o *op) {
		if !o.Acked {
			c.finish(o)
		}
	})
	for deadline := time.Now().Add(c.patience); ; time.Sleep(50 * time.Millisecond) {
		ours, bank, err := c.books()
		differences := reconcile(ops, ours, bank)
		if err != nil {
			differences = []string{err.Error()}
		}
		if len(differences) == 0 || time.Now().After(deadline) {
			return append(c.found, differences...)
		}
	}
}

// present looks for one acknowledged effect.
func (c *checker) present(o *op) {
	a, err := c.p.api("GET", "/"+o.Session, "", "")
	var s kept
	if err != nil || a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &s) != nil {
		c.differ("%s %d was acknowledged, and session %s answers %d %v", o.Kind, o.N, o.Session, a.status, err)
		return
	}
	switch o.Kind {
	case "create":
		if s.ID != sessionID(o.Answer) || s.Amount != chaosAmount {
			c.differ("create %d: kept as %+v", o.N, s)
		}
	case "pay":
		if !s.paid() {
			c.differ("pay %d was acknowledged, and session %s is %s", o.N, o.Session, s.Status)
		}
	case "refund":
		id := refundID(o.Answer)
		a, err := c.p.api("GET", "/"+o.Session+"/refund", "", "")
		if err != nil || id == "" || !strings.Contains(a.body, `"id":"`+id+`"`) || !strings.Contains(a.body, `"status":"succeeded"`) {
			c.differ("refund %d (%s) was acknowledged, and the session's refunds are %d %s %v", o.N, id, a.status, a.body, err)
		}
	}
}

func refundID(body string) string {
	var s struct {
		Refund struct {
			ID string `json:"id"`
		} `json:"refund"`
	}
	_ = json.Unmarshal([]byte(body), &s)
	return s.Refund.ID
}

// repeat makes an idempotent call again.
func (c *checker) repeat(o *op) (answer, error) {
	if o.Kind == "refund" {
		return c.p.api("POST", "/"+o.Session+"/refund", o.Key, o.Sent)
	}
	return c.p.api("POST", "", o.Key, o.Sent)
}

// repeatAcknowledged: the same call again gets the same answer, byte for byte.
func (c *checker) repeatAcknowledged(o *op) {
	if o.Key == "" {
		return
	}
	a, err := c.repeat(o)
	if err != nil || a.status != http.StatusCreated || a.body != o.Answer || !a.replayed {
		c.differ("%s %d repeated: %d %s %v\n  and was acknowledged as %s", o.Kind, o.N, a.status, a.body, err, o.Answer)
	}
}

// finish does again what was in flight when the server was killed: the merchant repeats the call with its key, the
// shopper posts the same form. No key may be stuck, and twice is once.
func (c *checker) finish(o *op) {
	if o.Kind == "pay" {
		if a, err := c.p.browse("POST", "/pay/"+o.Session+"/attempts", "version=1&method=card"); err != nil || a.status != http.StatusSeeOther {
			c.differ("form of %s posted again: %d %v", o.Session, a.status, err)
		}
		return
	}
	a, err := c.repeat(o)
	if err != nil || a.status != http.StatusCreated {
		c.differ("the key of %s %d, in flight at the kill, is stuck: %d %s %v", o.Kind, o.N, a.status, a.body, err)
		return
	}
	again, err := c.repeat(o)
	if err != nil || again.status != a.status || again.body != a.body {
		c.differ("%s %d: two answers to one key: %s, and then %d %s %v", o.Kind, o.N, a.body, again.status, again.body, err)
	}
	o.Session, o.Answer = sessionID(a.body), a.body // it is acknowledged now
}

// books reads both sides.
func (c *checker) books() (ours map[string]kept, bank []booked, err error) {
	// The ledger first: what the bank does meanwhile is a difference that the next look settles.
	a, err := c.p.browse("GET", "/sandbox/ledger", "")
	if err != nil {
		return nil, nil, err
	}
	var ledger struct {
		Payments []booked `json:"payments"`
	}
	if err := json.Unmarshal([]byte(a.body), &ledger); err != nil {
		return nil, nil, err
	}
	ours = map[string]kept{}
	for after := ""; ; {
		a, err := c.p.api("GET", "?limit=100"+after, "", "")
		if err != nil {
			return nil, nil, err
		}
		var page struct {
			Data []kept `json:"data"`
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			return nil, nil, err
		}
		for _, s := range page.Data {
			ours[s.ID] = s
		}
		if page.Next == "" {
			return ours, ledger.Payments, nil
		}
		after = "&starting_after=" + page.Next
	}
}

// reconcile compares our books with the bank's and with what was asked for. Every operation has been
// acknowledged by now, or was repeated until it was.
func reconcile(ops []op, ours map[string]kept, bank []booked) (differences []string) {
	differ := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	asked, paid, refunds := map[string]bool{}, map[string]bool{}, map[string]int64{}
	for _, o := range ops {
		switch o.Kind {
		case "create":
			asked[o.Session] = true
		case "pay":
			paid[o.Session] = paid[o.Session] || o.Acked
		case "refund":
			var in struct{ Amount int64 }
			_ = json.Unmarshal([]byte(o.Sent), &in)
			if in.Amount == 0 {
				in.Amount = chaosAmount
			}
			refunds[o.Session] += in.Amount
		}
	}
	at := map[string][]booked{}
	for _, b := range bank {
		at[b.Session] = append(at[b.Session], b)
		if _, ok := ours[b.Session]; !ok {
			differ("the bank has a payment of session %s, which we do not have", b.Session)
		}
	}
	for id := range asked {
		if _, ok := ours[id]; !ok {
			differ("session %s was acknowledged and is gone", id)
		}
	}
	for id, s := range ours {
		if !asked[id] {
			differ("session %s was made by no call that is known: a key made two", id)
		}
		var captured, refunded, reserved int64
		times, waiting := 0, 0
		for _, b := range at[id] {
			captured, refunded, reserved = captured+b.Captured, refunded+b.Refunded, reserved+b.Reserved
			if b.Captured > 0 {
				times++
			}
			if b.Status == "waiting" {
				waiting++
			}
		}
		if times > 1 || captured > s.Amount {
			differ("session %s was captured %d times: %d of %d", id, times, captured, s.Amount)
		}
		if len(at[id]) > 1 {
			differ("session %s: one form made %d payments", id, len(at[id]))
		}
		if paid[id] && captured != s.Amount {
			differ("session %s was acknowledged as paid, and the bank captured %d of %d", id, captured, s.Amount)
		}
		if refunded != refunds[id] || reserved != refunds[id] {
			differ("session %s: refunds of %d were asked for, the bank did %d and reserved %d", id, refunds[id], refunded, reserved)
		}
		want := "open"
		switch {
		case captured > 0 && refunded == captured:
			want = "refunded"
		case captured > 0 && refunded > 0:
			want = "partially_refunded"
		case captured > 0:
			want = "paid"
		case waiting > 0:
			want = "processing"
		}
		if s.Status != want || s.Refunded != refunded || s.Late || s.Review {
			differ("session %s: ours is %+v, the bank's is %s with %d captured and %d refunded", id, s, want, captured, refunded)
		}
	}
	return differences
}
