package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// pauses come before each try, counted from the one before (Standard Webhooks 1.0.0, the example
// schedule). Ten tries: 75 h 35 m 05 s from the first to the last.
var pauses = []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
	20 * time.Hour, 24 * time.Hour}

// MaxTries is how often a delivery is tried before it is parked.
var MaxTries = len(pauses)

const (
	// maxJitter bounds what is added to a pause: up to a twentieth of it, and never more than 20 minutes, so
	// that what failed together does not come back together. It is only ever added: ten tries never
	// take less than the 75 hours, and at most 77 h 18 m besides the tries themselves.
	maxJitter      = 20 * time.Minute
	jitterFraction = 20
	// maxRetryAfter bounds what a receiver's Retry-After can ask for: a day, like the longest pause.
	maxRetryAfter = 24 * time.Hour
)

// nextTry is when to try again after so many tries (at least one), the last of which ended at now; zero when
// there is none left. ask is what the receiver asked for (Retry-After), which only ever makes a pause longer.
func nextTry(tries int, now time.Time, ask time.Duration) time.Time {
	if tries >= MaxTries {
		return time.Time{}
	}
	pause := pauses[tries]
	if spread := min(pause/jitterFraction, maxJitter); spread > 0 {
		pause += rand.N(spread) // #nosec G404 -- spreading load, not a secret
	}
	return now.Add(max(pause, min(ask, maxRetryAfter)))
}

// retryAfter reads what a receiver that is busy asks for: 429 and 503 only, in seconds or as a date
// (RFC 9110, 10.2.3). Anything else is nothing.
func retryAfter(status int, h http.Header, now time.Time) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return min(time.Duration(s)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return min(at.Sub(now), maxRetryAfter)
	}
	return 0
}
