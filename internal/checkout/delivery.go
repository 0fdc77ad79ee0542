package checkout

import "time"

// DeliveryState is where an event on its way to an endpoint stands.
type DeliveryState string

const (
	DeliveryPending   DeliveryState = "pending"   // to be tried, at once or again
	DeliveryDelivered DeliveryState = "delivered" // the receiver said 2xx
	DeliveryParked    DeliveryState = "parked"    // every try failed, or the endpoint was disabled; kept for replay
	DeliverySkipped   DeliveryState = "skipped"   // the session's dialect does not tell of this event
)

// DeliveryStates lists every state, for the exams.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{DeliveryPending, DeliveryDelivered, DeliveryParked, DeliverySkipped}
}

// Delivery is an event on its way to one endpoint. It is written in the transaction of its event, and
// encoded once: every try sends the same bytes under the same id.
type Delivery struct {
	ID       ID // constant over tries; receivers tell duplicates by it
	Endpoint ID
	Merchant ID
	Session  ID
	Event    ID
	Kind     EventKind
	Version  int64
	State    DeliveryState

	Body        []byte // nil until it was encoded
	ContentType string

	Tries     int
	NextAt    time.Time // when to try next; zero: never again by itself
	Status    int       // HTTP status of the last try; 0: none came
	Reason    string    // why the last try failed, in a closed vocabulary of package webhook
	CreatedAt time.Time
	DoneAt    time.Time
}

// Try is one attempt at a delivery, append-only.
type Try struct {
	Delivery ID
	Number   int // from 1
	At       time.Time
	Duration time.Duration
	Status   int
	Reason   string
}

// Told reports whether merchants hear of events of this kind at all; a dialect may still skip it.
func (k EventKind) Told() bool {
	switch k {
	case EventSessionAuthorized, EventSessionPaid, EventSessionPaidLate, EventSessionCanceled, EventSessionExpired, EventSessionRefunded,
		EventSessionPartRefunded, EventSessionRefundUndone, EventSessionNeedsReview, EventSessionReopened:
		return true
	}
	return false
}
