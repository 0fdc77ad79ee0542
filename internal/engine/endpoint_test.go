package engine_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
	"kassa/internal/store"
)

// still is a clock that moves only when it is told to.
type still struct{ atomic.Int64 }

func (c *still) now() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.Load()))
}
func (c *still) advance(d time.Duration) { c.Add(int64(d)) }
func (c *still) use(o *engine.Options)   { o.Now = c.now }

func TestAddEndpoint(t *testing.T) {
	r := newRig(t, new(still).use)
	strict, err := r.AddMerchant(r.ctx, checkout.Merchant{Name: "Strict", AllowedHosts: []string{"shop.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		merchant checkout.ID
		url      string
		loopback bool
		want     checkout.Code
	}{
		{r.merchant.ID, "https://shop.example/hook?a=1", false, ""},
		{r.merchant.ID, " <https://shop.example/hook> ", false, ""},
		{r.merchant.ID, "http://127.0.0.1:9000/hook", true, ""},
		{strict.ID, "https://shop.example:8443/hook", false, ""},
		{r.merchant.ID, "", false, checkout.CodeInvalid},
		{r.merchant.ID, "/hook", false, checkout.CodeInvalid},
		{r.merchant.ID, "ftp://shop.example/hook", false, checkout.CodeInvalid},
		{r.merchant.ID, "http://shop.example/hook", false, checkout.CodeInvalid},
		{r.merchant.ID, "http://shop.example/hook", true, checkout.CodeInvalid},
		{r.merchant.ID, "http://127.0.0.1:9000/hook", false, checkout.CodeInvalid},
		{r.merchant.ID, "https://u:p@shop.example/hook", false, checkout.CodeInvalid},
		{strict.ID, "https://evil.example/hook", false, checkout.CodeInvalid},
		{"mr_x", "https://shop.example/hook", false, checkout.CodeNotFound},
	} {
		p, err := r.AddEndpoint(r.ctx, checkout.Endpoint{Merchant: c.merchant, Dialect: "kaipay", URL: c.url, Former: "whsec_forged", Reason: "gone"}, c.loopback)
		if checkout.CodeOf(err) != c.want {
			t.Errorf("%q (loopback %v): %v, want %q", c.url, c.loopback, err, c.want)
		}
		if c.want == checkout.CodeInvalid && (len(checkout.AsError(err).Fields) != 1 || checkout.AsError(err).Fields[0].Field != "url") {
			t.Errorf("%q: the error does not name the field: %v", c.url, err)
		}
		if err != nil {
			continue
		}
		stored, err := r.store.Endpoint(r.ctx, p.ID)
		if err != nil || !reflect.DeepEqual(stored, p) {
			t.Errorf("gave %+v, stored %+v: %v", p, stored, err)
		}
		if _, ok := checkout.ParseID(checkout.PrefixEndpoint, string(p.ID)); !ok || p.URL != strings.Trim(c.url, " <>") || p.Dialect != "kaipay" || !p.Enabled || p.Version != 1 ||
			p.Former != "" || p.Reason != "" || !p.CreatedAt.Equal(r.Now()) {
			t.Errorf("made %+v", p)
		}
		checkSecret(t, p.Secret)
	}
	if list, err := r.Endpoints(r.ctx, r.merchant.ID); err != nil || len(list) != 3 {
		t.Errorf("%d endpoints: %v", len(list), err)
	}
}

func checkSecret(t *testing.T, s checkout.Secret) {
	t.Helper()
	text, ok := strings.CutPrefix(s.Reveal(), "whsec_")
	if raw, err := base64.StdEncoding.DecodeString(text); !ok || err != nil || len(raw) != 32 {
		t.Errorf("the secret has %d bytes: %v", len(raw), err)
	}
}

func TestRotateEndpointSecret(t *testing.T) {
	r := newRig(t, new(still).use)
	p := r.endpoint("")
	if q := r.endpoint(""); q.Secret == p.Secret {
		t.Error("two endpoints have one secret")
	}
	for _, c := range []struct{ overlap, lasts time.Duration }{{0, 24 * time.Hour}, {time.Hour, time.Hour}, {-1, 0}} {
		next, err := r.RotateEndpointSecret(r.ctx, r.merchant.ID, p.ID, c.overlap)
		if err != nil {
			t.Fatal(err)
		}
		checkSecret(t, next.Secret)
		former, until := p.Secret, r.Now().Add(c.lasts)
		if c.overlap < 0 {
			former, until = "", time.Time{}
		}
		if next.Secret == p.Secret || next.Former != former || !next.FormerUntil.Equal(until) || next.Version != p.Version+1 {
			t.Errorf("overlap %v: former secret kept: %v, until %v, version %d", c.overlap, next.Former == p.Secret, next.FormerUntil, next.Version)
		}
		if stored, err := r.store.Endpoint(r.ctx, p.ID); err != nil || !reflect.DeepEqual(stored, next) {
			t.Errorf("gave %+v, stored %+v: %v", next, stored, err)
		}
		p = next
	}
}

func TestSetEndpointEnabled(t *testing.T) {
	woken := 0
	r := newRig(t, func(o *engine.Options) { o.Deliver = func() { woken++ } })
	p := r.endpoint("")
	gone := p
	gone.Enabled, gone.Reason, gone.Version = false, "gone", 2
	if err := r.store.Write(r.ctx, func(tx store.Tx) error { return tx.UpdateEndpoint(gone) }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		on      bool
		version int64
	}{{true, 3}, {true, 3}, {false, 4}, {false, 4}} {
		got, err := r.SetEndpointEnabled(r.ctx, r.merchant.ID, p.ID, c.on)
		if err != nil || got.Enabled != c.on || got.Reason != "" || got.Version != c.version || got.Secret != p.Secret {
			t.Errorf("%+v gives %+v: %v", c, got, err)
		}
	}
	if woken != 1 {
		t.Errorf("woken %d times; what waited is due once it is switched on", woken)
	}
}

// Another merchant's endpoints and deliveries are not there.
func TestEndpointsOfOthers(t *testing.T) {
	r := newRig(t)
	p := r.endpoint("")
	s := r.open("instant")
	r.pay(s.ID, "card")
	d := r.deliveries(store.DeliveryQuery{})[0]
	other, err := r.AddMerchant(r.ctx, checkout.Merchant{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct{ merchant, endpoint, delivery checkout.ID }{{other.ID, p.ID, d.ID}, {r.merchant.ID, "ep_x", "dl_x"}} {
		_, e1 := r.RotateEndpointSecret(r.ctx, who.merchant, who.endpoint, 0)
		_, e2 := r.SetEndpointEnabled(r.ctx, who.merchant, who.endpoint, false)
		_, e3 := r.Replay(r.ctx, who.merchant, who.delivery)
		_, _, e4 := r.Delivery(r.ctx, who.merchant, who.delivery)
		_, e5 := r.ReplayRange(r.ctx, who.merchant, time.Time{}, time.Time{}, who.endpoint)
		for i, err := range []error{e1, e2, e3, e4, e5} {
			if checkout.CodeOf(err) != checkout.CodeNotFound {
				t.Errorf("call %d: %v", i+1, err)
			}
		}
	}
	if n, err := r.ReplayRange(r.ctx, other.ID, time.Time{}, time.Time{}, ""); n != 0 || err != nil {
		t.Errorf("replayed %d of another merchant: %v", n, err)
	}
	if now, err := r.store.Endpoint(r.ctx, p.ID); err != nil || !reflect.DeepEqual(now, p) {
		t.Errorf("the endpoint was changed to %+v: %v", now, err)
	}
	if now, _, err := r.Delivery(r.ctx, r.merchant.ID, d.ID); err != nil || !reflect.DeepEqual(now, d) {
		t.Errorf("the delivery was changed to %+v: %v", now, err)
	}
}
