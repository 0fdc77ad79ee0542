package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"sync"
)

// driver is a crowd of merchants and shoppers on one demo.
type driver struct {
	p    *process
	log  *ackLog
	name string // begins every Idempotency-Key of this round

	mu    sync.Mutex
	wrong []string // answers that nobody should get while the server lives
}

const (
	driverWorkers = 8
	chaosAmount   = 21000
)

// load works until ctx ends or the server is gone.
func (d *driver) load(ctx context.Context, seed uint64) {
	var wg sync.WaitGroup
	for w := range driverWorkers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for i := 0; ctx.Err() == nil && d.story(rng, fmt.Sprintf("%s-%d-%d", d.name, w, i)); i++ {
			}
		})
	}
	wg.Wait()
}

func (d *driver) complain(format string, args ...any) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = append(d.wrong, fmt.Sprintf(format, args...))
	return false
}

// story is one order from its beginning to wherever chance takes it. False: the server is gone, or
// something went wrong.
func (d *driver) story(rng *rand.Rand, name string) bool {
	way := rng.IntN(5) // 0: never paid; 1, 2: at once; 3, 4: on the bank's page
	email := "juan@example.com"
	if way == 1 || way == 2 {
		email = "juan+instant@example.com"
	}
	create, err := d.log.begin(op{Kind: "create", Key: name, Sent: fmt.Sprintf(
		`{"amount":%d,"currency":"MXN","success_redirect_url":"https://example.com/thanks","metadata":{"order":%q},`+
			`"customer":{"name":"Juan Pérez","email":%q},"order":{"country":"MX"}}`, chaosAmount, name, email)})
	if err != nil {
		return d.complain("log: %v", err)
	}
	a, err := d.p.api("POST", "", create.Key, create.Sent)
	if err != nil {
		return false
	}
	id := sessionID(a.body)
	if a.status != http.StatusCreated || id == "" {
		return d.complain("create %s: %d %s", name, a.status, a.body)
	}
	if create, err = d.log.ack(create, id, a.body); err != nil {
		return d.complain("log: %v", err)
	}
	if rng.IntN(6) == 0 { // a merchant whose network is bad
		again, err := d.p.api("POST", "", create.Key, create.Sent)
		if err != nil {
			return false
		}
		if again.status != a.status || again.body != a.body || !again.replayed {
			return d.complain("create %s repeated: %d %s, and was %s", name, again.status, again.body, a.body)
		}
	}
	if way == 0 {
		return true
	}
	pay, err := d.log.begin(op{Kind: "pay", Session: id})
	if err != nil {
		return d.complain("log: %v", err)
	}
	paid, err := d.pay(id, way >= 3)
	if err != nil {
		return false
	}
	if !paid {
		return d.complain("pay %s: refused", id)
	}
	if _, err := d.log.ack(pay, id, ""); err != nil {
		return d.complain("log: %v", err)
	}
	if rng.IntN(2) == 0 {
		return true
	}
	return d.refund(rng, id, name)
}

func (d *driver) refund(rng *rand.Rand, id, name string) bool {
	body := `{}`
	if rng.IntN(2) == 0 {
		body = fmt.Sprintf(`{"amount":%d}`, 1+rng.IntN(chaosAmount))
	}
	o, err := d.log.begin(op{Kind: "refund", Key: name + "-refund", Session: id, Sent: body})
	if err != nil {
		return d.complain("log: %v", err)
	}
	a, err := d.p.api("POST", "/"+id+"/refund", o.Key, o.Sent)
	if err != nil {
		return false
	}
	if a.status != http.StatusCreated {
		return d.complain("refund %s: %d %s", o.Key, a.status, a.body)
	}
	if _, err := d.log.ack(o, id, a.body); err != nil {
		return d.complain("log: %v", err)
	}
	return true
}

var continueLink = regexp.MustCompile(`<a id="continue"[^>]* href="([^"]+)"`)

// pay is the shopper: the first page's form, and where it leads. Being sent on is the acknowledgement:
// the state was stored before.
func (d *driver) pay(id string, redirected bool) (bool, error) {
	a, err := d.p.browse("POST", "/pay/"+id+"/attempts", "version=1&method=card")
	if err != nil || a.status != http.StatusSeeOther || !redirected {
		return a.status == http.StatusSeeOther, err
	}
	a, err = d.p.browse("GET", "/pay/"+id, "")
	link := continueLink.FindStringSubmatch(a.body)
	if err != nil || link == nil {
		return false, err
	}
	if a, err = d.p.browse("GET", link[1], ""); err != nil || a.status != http.StatusSeeOther {
		return false, err
	}
	if a, err = d.p.browse("POST", pathOf(a.location), "scenario=approve"); err != nil || a.status != http.StatusSeeOther {
		return false, err
	}
	a, err = d.p.browse("GET", pathOf(a.location), "")
	return a.status == http.StatusSeeOther, err
}

// pathOf takes the host off: the next process listens on another port.
func pathOf(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "/" + location
	}
	return u.RequestURI()
}

func sessionID(body string) string {
	var s struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(body), &s)
	return s.ID
}
