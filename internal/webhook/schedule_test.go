package webhook

import (
	"net/http"
	"testing"
	"time"
)

func TestScheduleIsTheStandards(t *testing.T) {
	var sum time.Duration
	for _, p := range pauses {
		sum += p
	}
	if MaxTries != 10 || sum != 75*time.Hour+35*time.Minute+5*time.Second {
		t.Fatalf("%d tries in %s, want ten in 75h35m5s", MaxTries, sum)
	}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for tries := 1; tries < MaxTries; tries++ {
		least, most := pauses[tries], pauses[tries]+min(pauses[tries]/jitterFraction, maxJitter)
		seen := map[time.Duration]bool{}
		for range 200 {
			d := nextTry(tries, now, 0).Sub(now)
			if d < least || d > most {
				t.Fatalf("after try %d the pause is %s, want %s to %s", tries, d, least, most)
			}
			seen[d] = true
		}
		if len(seen) < 100 {
			t.Errorf("after try %d there are only %d pauses in 200: no jitter", tries, len(seen))
		}
	}
	if !nextTry(MaxTries, now, time.Hour).IsZero() || !nextTry(MaxTries+1, now, 0).IsZero() {
		t.Error("there is a try after the last one")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute},
		{503, " 120 ", 2 * time.Minute},
		{500, "120", 0}, // only the two that mean it
		{429, "", 0},
		{429, "-5", 0},
		{429, "soon", 0},
		{429, "1.5", 0},
		{429, "99999999", 24 * time.Hour},
		{429, "99999999999999999999", 0},
		{429, "Sat, 31 Jan 2026 12:10:00 GMT", 10 * time.Minute},
		{429, "Sat, 31 Jan 2026 11:00:00 GMT", 0},
		{503, "Sun, 31 Jan 2027 12:10:00 GMT", 24 * time.Hour},
	} {
		h := http.Header{}
		if c.value != "" {
			h.Set("Retry-After", c.value)
		}
		if got := retryAfter(c.status, h, now); got != c.want {
			t.Errorf("%d with Retry-After %q: %s, want %s", c.status, c.value, got, c.want)
		}
	}
	// It makes a pause longer, never shorter.
	if d := nextTry(1, now, time.Hour).Sub(now); d != time.Hour {
		t.Errorf("5 s and an hour asked for: %s", d)
	}
	if d := nextTry(9, now, time.Second).Sub(now); d < 24*time.Hour {
		t.Errorf("24 h and a second asked for: %s", d)
	}
}
