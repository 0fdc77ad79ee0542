package checkout

import "time"

// Endpoint is where a merchant listens.
type Endpoint struct {
	ID        ID
	Merchant  ID
	Dialect   string
	URL       string
	Secret    Secret
	Enabled   bool
	CreatedAt time.Time
}
