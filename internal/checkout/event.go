package checkout

import "time"

// EventKind names a fact about a session. Each dialect maps the kinds that its merchants hear of to
// its own vocabulary.
type EventKind string

const (
	EventNone EventKind = ""

	EventSessionCreated       EventKind = "session.created"
	EventSessionProcessing    EventKind = "session.processing"
	EventSessionReopened      EventKind = "session.reopened" // an attempt ended without money; another may follow
	EventSessionAuthorized    EventKind = "session.authorized"
	EventSessionPaid          EventKind = "session.paid"
	EventSessionPaidLate      EventKind = "session.paid_late"
	EventSessionCanceled      EventKind = "session.canceled"
	EventSessionExpired       EventKind = "session.expired"
	EventSessionRefunded      EventKind = "session.refunded"
	EventSessionPartRefunded  EventKind = "session.partially_refunded"
	EventSessionRefundUndone  EventKind = "session.refund_undone" // a refund that had succeeded failed after all
	EventSessionNeedsReview   EventKind = "session.needs_review"
	EventAttemptStarted       EventKind = "attempt.started"
	EventAttemptActionNeeded  EventKind = "attempt.requires_action"
	EventAttemptProcessing    EventKind = "attempt.processing"
	EventAttemptAuthorized    EventKind = "attempt.authorized"
	EventAttemptSucceeded     EventKind = "attempt.succeeded"
	EventAttemptSucceededLate EventKind = "attempt.succeeded_late"
	EventAttemptFailed        EventKind = "attempt.failed"
	EventAttemptCanceled      EventKind = "attempt.canceled"
	EventAttemptExpired       EventKind = "attempt.expired"
	EventAttemptSuperseded    EventKind = "attempt.superseded"
	EventRefundPending        EventKind = "refund.pending"
	EventRefundSucceeded      EventKind = "refund.succeeded"
	EventRefundFailed         EventKind = "refund.failed"
	EventRefundCanceled       EventKind = "refund.canceled"
	EventRefundNeedsAction    EventKind = "refund.requires_action"
)

// Event is an append-only fact, written in the transaction that made it true.
type Event struct {
	ID       ID
	Merchant ID
	Session  ID
	Attempt  ID // if it is about one
	Refund   ID // if it is about one
	Kind     EventKind
	Version  int64        // the session's version that it led to
	State    SessionState // the session's state that it led to
	Detail   string       // a closed code that explains it: a decline, a review reason
	At       time.Time
}
