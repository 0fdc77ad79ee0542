package webhook

import (
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kassa/internal/checkout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDelivers is the plain way: an event arrives once, signed, soon after its commit.
func TestDelivers(t *testing.T) {
	r := newRig(t, nil)
	shop := &receiver{}
	srv := httptest.NewServer(shop)
	defer srv.Close()
	e := r.endpoint(srv.URL + "/hook?shop=1")
	r.run()
	time.Sleep(20 * time.Millisecond)
	started := time.Now()
	id := r.tell(checkout.EventSessionPaid, e)[0]
	d := r.until(id, checkout.DeliveryDelivered, 5*time.Second)
	if took := time.Since(started); took > 500*time.Millisecond {
		t.Errorf("it took %s: the worker was not woken", took)
	}
	got := shop.arrivals()
	if len(got) != 1 || got[0].id != string(id) || got[0].body != string(d.Body) || got[0].header.Get("Content-Type") != "application/json" {
		t.Fatalf("arrived: %+v, stored %s", got, d.Body)
	}
	if got[0].header.Get("Accept-Encoding") != "" || got[0].header.Get("Cookie") != "" {
		t.Errorf("headers: %v", got[0].header)
	}
	tries := r.tries(id)
	if len(tries) != 1 || tries[0].Number != 1 || tries[0].Status != 200 || tries[0].Reason != "" || d.Tries != 1 || d.Status != 200 || d.DoneAt.IsZero() {
		t.Errorf("tries %+v, delivery %+v", tries, d)
	}
}

// TestSkipsWhatTheDialectDoesNotTell holds that a skipped event is done, and nothing is sent.
func TestSkipsWhatTheDialectDoesNotTell(t *testing.T) {
	r := newRig(t, nil)
	shop := &receiver{}
	srv := httptest.NewServer(shop)
	defer srv.Close()
	e := r.endpoint(srv.URL)
	r.run()
	id := r.tell(checkout.EventSessionReopened, e)[0]
	d := r.until(id, checkout.DeliverySkipped, 5*time.Second)
	if len(shop.arrivals()) != 0 || d.Tries != 0 || d.DoneAt.IsZero() || !d.NextAt.IsZero() {
		t.Errorf("arrived %d, %+v", len(shop.arrivals()), d)
	}
}
