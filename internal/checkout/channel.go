package checkout

import "time"

// Channel is a merchant's account with one PSP.
type Channel struct {
	ID       ID
	Merchant ID
	PSP      string // the adapter's name in the registry
	Name     string // the merchant's own name for it
	Test     bool   // test mode: serves only test sessions, and live ones never
	Enabled  bool
	Priority int      // lower comes first
	Methods  []Method // what it offers; empty: all of the adapter's
	// Settings is the adapter's configuration, a JSON object of its own fields. It is sealed at rest.
	Settings  []byte
	Data      []byte // what only the adapter understands (a cursor, an index)
	Version   int64
	CreatedAt time.Time
}
