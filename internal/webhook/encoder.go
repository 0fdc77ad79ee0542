package webhook

import (
	"context"
	"net/http"
	"time"

	"kassa/internal/checkout"
)

// Encoder is how one dialect tells its merchants of events. A session's events are told in the dialect that
// made the session. Its methods are called from many goroutines.
type Encoder interface {
	// Encode gives the body that tells of an event, once for each delivery: what it gives is stored, and every
	// try sends those bytes. s is the session as it is at that moment, which may be further than e.State; a and
	// r are what the event is about, or nil. tell is false when the dialect has no word for the event: the
	// delivery is skipped. An error is tried again like a failed delivery.
	Encode(ctx context.Context, e checkout.Event, s checkout.Session, a *checkout.Attempt, r *checkout.Refund) (body []byte, contentType string, tell bool, err error)

	// Sign completes one try. It is given a POST of the stored body to the endpoint's URL and may change all
	// of it: headers, method, URL (a dialect that tells by query parameters) and body. SignStandard is what
	// most dialects do. The URL is looked at by the guard afterwards.
	Sign(ctx context.Context, t Try, r *Request) error
}

// Try is what a signature may depend on.
type Try struct {
	Delivery checkout.Delivery // Body and ContentType as they were stored
	Endpoint checkout.Endpoint // with the secrets that sign now: no former one whose overlap is over
	Session  checkout.Session
	At       time.Time // when the try is made, in the world; its timestamp
}

// Request is one try on its way out.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// newRequest is what Sign begins with.
func newRequest(t Try) Request {
	h := http.Header{"User-Agent": {userAgent}}
	if len(t.Delivery.Body) > 0 {
		h.Set("Content-Type", t.Delivery.ContentType)
	}
	return Request{Method: http.MethodPost, URL: t.Endpoint.URL, Header: h, Body: t.Delivery.Body}
}

const userAgent = "Kassa-Webhooks/1"
