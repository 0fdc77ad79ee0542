package webhook

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"kassa/internal/checkout"
)

// BenchmarkBurst is G6 of performance.md: many events at once for one endpoint, from commit to arrival. It reports
// the p99 beside the rate.
func BenchmarkBurst(b *testing.B) {
	r := newRig(b, nil)
	var mu sync.Mutex
	arrived := map[string]time.Time{}
	all := make(chan struct{}, b.N)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		mu.Lock()
		arrived[q.Header.Get(HeaderID)] = time.Now()
		mu.Unlock()
		all <- struct{}{}
	}))
	defer srv.Close()
	e := r.endpoint(srv.URL)
	r.run()
	committed := make([]time.Time, b.N)
	ids := make([]checkout.ID, b.N)
	b.ResetTimer()
	var tellers sync.WaitGroup
	next := make(chan int, b.N)
	for i := range b.N {
		next <- i
	}
	close(next)
	for range 64 {
		tellers.Go(func() {
			for i := range next {
				ids[i] = r.tell(checkout.EventSessionPaid, e)[0]
				committed[i] = time.Now()
			}
		})
	}
	tellers.Wait()
	for range b.N {
		<-all
	}
	b.StopTimer()
	var lag []time.Duration
	for i, id := range ids {
		lag = append(lag, arrived[string(id)].Sub(committed[i]))
	}
	slices.Sort(lag)
	b.ReportMetric(float64(lag[len(lag)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	r.halt()
}
