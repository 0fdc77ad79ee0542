package checkout

import "time"

// Refund is money going back for one attempt.
type Refund struct {
	ID       ID
	Session  ID
	Attempt  ID
	Merchant ID
	Version  int64
	State    RefundState
	Amount   Money
	Excess   bool // gives back a second success; does not count against the session
	Reason   string
	PSPRef   string
	PSPData  []byte
	Code     string // the provider's own code

	PollAt    time.Time // when to send or ask next; zero: never again
	Polls     int
	CreatedAt time.Time
	UpdatedAt time.Time
	DoneAt    time.Time
}
