package checkout

import "time"

// Endpoint is where a merchant listens for the events of sessions that one dialect made.
type Endpoint struct {
	ID       ID
	Merchant ID
	Dialect  string // empty: of every dialect
	URL      string
	// Secret signs what is sent, "whsec_" and base64 of 24 to 64 bytes. It is sealed at rest. A former
	// one signs beside it until FormerUntil, so that a receiver can be changed over without a gap.
	Secret      Secret
	Former      Secret
	FormerUntil time.Time
	Enabled     bool
	Reason      string // why it was disabled, if it was not the merchant's wish: "gone" (410)
	Version     int64
	CreatedAt   time.Time
}
