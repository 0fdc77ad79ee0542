package store

import (
	"context"
	"time"

	"kassa/internal/checkout"
)

// DeliveryReader is what can be read of endpoints and of the deliveries to them.
type DeliveryReader interface {
	Endpoint(ctx context.Context, id checkout.ID) (checkout.Endpoint, error)
	// Endpoints lists a merchant's endpoints, oldest first, disabled ones too.
	Endpoints(ctx context.Context, merchant checkout.ID) ([]checkout.Endpoint, error)
	Event(ctx context.Context, id checkout.ID) (checkout.Event, error)
	Delivery(ctx context.Context, id checkout.ID) (checkout.Delivery, error)
	// Deliveries lists a merchant's deliveries, newest first.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]checkout.Delivery, error)
	// Tries lists what was tried, oldest first.
	Tries(ctx context.Context, delivery checkout.ID) ([]checkout.Try, error)
}

// DeliveryWriter is what a transaction can do with them.
type DeliveryWriter interface {
	// InsertEndpoint stores a new endpoint; its secrets are sealed.
	InsertEndpoint(e checkout.Endpoint) error
	// UpdateEndpoint stores e if the stored version is e.Version-1, else CodeConflict.
	UpdateEndpoint(e checkout.Endpoint) error
	// InsertDelivery stores a delivery. CodeConflict when the endpoint has one of the event already.
	InsertDelivery(d checkout.Delivery) error
	// ClaimDeliveries takes up to limit pending deliveries whose NextAt has come, at most perEndpoint of
	// one endpoint, oldest first, and moves NextAt by lease. Those of disabled endpoints stay.
	ClaimDeliveries(now time.Time, lease time.Duration, limit, perEndpoint int) ([]checkout.Delivery, error)
	// UpdateDelivery stores d if the stored version is d.Version-1, else CodeConflict.
	UpdateDelivery(d checkout.Delivery) error
	InsertTry(t checkout.Try) error
}

// DeliveryQuery selects deliveries of one merchant. Empty fields do not select.
type DeliveryQuery struct {
	Merchant checkout.ID // required
	Endpoint checkout.ID
	Session  checkout.ID
	States   []checkout.DeliveryState
	From, To time.Time   // of CreatedAt
	After    checkout.ID // continue behind this one
	Limit    int         // 1 to 1,000
}
