package checkout

import "time"

// SessionState is where a session stands. Late and Review are flags beside it.
type SessionState string

const (
	SessionOpen              SessionState = "open"
	SessionProcessing        SessionState = "processing"
	SessionAuthorized        SessionState = "authorized"
	SessionPaid              SessionState = "paid"
	SessionCanceled          SessionState = "canceled"
	SessionExpired           SessionState = "expired"
	SessionPartiallyRefunded SessionState = "partially_refunded"
	SessionRefunded          SessionState = "refunded"
)

// SessionStates lists every state, for the exams.
func SessionStates() []SessionState {
	return []SessionState{SessionOpen, SessionProcessing, SessionAuthorized, SessionPaid, SessionCanceled, SessionExpired,
		SessionPartiallyRefunded, SessionRefunded}
}

// HasMoney reports whether the merchant has, or had, the shopper's money.
func (s SessionState) HasMoney() bool {
	return s == SessionPaid || s == SessionPartiallyRefunded || s == SessionRefunded
}

// Payable reports whether an attempt may be started, or is under way.
func (s SessionState) Payable() bool { return s == SessionOpen || s == SessionProcessing }

// SessionEvent is what can happen to a session.
type SessionEvent string

const (
	SessionStart      SessionEvent = "start"       // an attempt begins
	SessionRelease    SessionEvent = "release"     // the active attempt ended without money, or was superseded
	SessionAuthorize  SessionEvent = "authorize"   // the active attempt holds the money
	SessionPay        SessionEvent = "pay"         // an attempt brought the money
	SessionCancel     SessionEvent = "cancel"      // shopper or merchant gave up
	SessionExpire     SessionEvent = "expire"      // its time is over
	SessionRefundPart SessionEvent = "refund_part" // succeeded refunds are more than nothing, less than all
	SessionRefundAll  SessionEvent = "refund_all"  // succeeded refunds are all of it
	SessionRefundNone SessionEvent = "refund_none" // no refund stands any more
)

// SessionEvents lists every event, for the exams.
func SessionEvents() []SessionEvent {
	return []SessionEvent{SessionStart, SessionRelease, SessionAuthorize, SessionPay, SessionCancel, SessionExpire,
		SessionRefundPart, SessionRefundAll, SessionRefundNone}
}

// SessionTransition is one row of the table.
type SessionTransition struct {
	From  SessionState
	Event SessionEvent
	To    SessionState
	Emits EventKind
}

// sessionTable is the whole truth about how a session's state may change. What is not here is
// refused with CodeConflict.
var sessionTable = []SessionTransition{
	{SessionOpen, SessionStart, SessionProcessing, EventSessionProcessing},
	{SessionOpen, SessionCancel, SessionCanceled, EventSessionCanceled},
	{SessionOpen, SessionExpire, SessionExpired, EventSessionExpired},

	{SessionProcessing, SessionRelease, SessionOpen, EventSessionReopened},
	{SessionProcessing, SessionAuthorize, SessionAuthorized, EventSessionAuthorized},
	{SessionProcessing, SessionPay, SessionPaid, EventSessionPaid},
	{SessionProcessing, SessionCancel, SessionCanceled, EventSessionCanceled},
	{SessionProcessing, SessionExpire, SessionExpired, EventSessionExpired},

	{SessionAuthorized, SessionPay, SessionPaid, EventSessionPaid},
	{SessionAuthorized, SessionCancel, SessionCanceled, EventSessionCanceled},
	{SessionAuthorized, SessionExpire, SessionExpired, EventSessionExpired},

	{SessionCanceled, SessionPay, SessionPaid, EventSessionPaidLate},
	{SessionExpired, SessionPay, SessionPaid, EventSessionPaidLate},

	{SessionPaid, SessionRefundPart, SessionPartiallyRefunded, EventSessionPartRefunded},
	{SessionPaid, SessionRefundAll, SessionRefunded, EventSessionRefunded},
	{SessionPartiallyRefunded, SessionRefundPart, SessionPartiallyRefunded, EventSessionPartRefunded},
	{SessionPartiallyRefunded, SessionRefundAll, SessionRefunded, EventSessionRefunded},
	{SessionPartiallyRefunded, SessionRefundNone, SessionPaid, EventSessionRefundUndone},
	{SessionRefunded, SessionRefundPart, SessionPartiallyRefunded, EventSessionRefundUndone},
	{SessionRefunded, SessionRefundNone, SessionPaid, EventSessionRefundUndone},
}

// SessionTable gives a copy of the table, for the diagram and the exams.
func SessionTable() []SessionTransition { return append([]SessionTransition(nil), sessionTable...) }

// Apply moves the session by one row of the table, and is the only way to change its state. It
// gives the event to write; a pair that the table does not hold is CodeConflict and changes nothing.
// The caller counts the version, once per transaction.
func (s *Session) Apply(ev SessionEvent, now time.Time) (EventKind, error) {
	for i := range sessionTable {
		if r := &sessionTable[i]; r.From == s.State && r.Event == ev {
			s.State = r.To
			s.UpdatedAt = now
			if r.Event == SessionPay {
				s.PaidAt = now
				s.Late = s.Late || r.Emits == EventSessionPaidLate
			}
			return r.Emits, nil
		}
	}
	return EventNone, Errorf(CodeConflict, "the session is %s", s.State)
}
