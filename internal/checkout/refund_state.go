package checkout

import "time"

// RefundState is where money going back stands.
type RefundState string

const (
	RefundPending        RefundState = "pending"         // written, perhaps sent; its amount is reserved
	RefundRequiresAction RefundState = "requires_action" // a person has to do it, or to finish it
	RefundSucceeded      RefundState = "succeeded"
	RefundFailed         RefundState = "failed"
	RefundCanceled       RefundState = "canceled"
)

// RefundStates lists every state, for the exams.
func RefundStates() []RefundState {
	return []RefundState{RefundPending, RefundRequiresAction, RefundSucceeded, RefundFailed, RefundCanceled}
}

// Final reports a state after which the provider is not asked again. A succeeded refund can still
// fail when the provider says so.
func (s RefundState) Final() bool {
	return s == RefundSucceeded || s == RefundFailed || s == RefundCanceled
}

// Reserves reports whether the amount counts against what can still be refunded.
func (s RefundState) Reserves() bool { return s != RefundFailed && s != RefundCanceled }

// RefundEvent is what can happen to a refund.
type RefundEvent string

const (
	RefundSucceed RefundEvent = "succeed"
	RefundFail    RefundEvent = "fail"
	RefundCancel  RefundEvent = "cancel"
	RefundAct     RefundEvent = "act"
)

// RefundEvents lists every event, for the exams.
func RefundEvents() []RefundEvent {
	return []RefundEvent{RefundSucceed, RefundFail, RefundCancel, RefundAct}
}

// RefundTransition is one row of the table.
type RefundTransition struct {
	From  RefundState
	Event RefundEvent
	To    RefundState
	Emits EventKind
}

var refundTable = []RefundTransition{
	{RefundPending, RefundSucceed, RefundSucceeded, EventRefundSucceeded},
	{RefundPending, RefundFail, RefundFailed, EventRefundFailed},
	{RefundPending, RefundCancel, RefundCanceled, EventRefundCanceled},
	{RefundPending, RefundAct, RefundRequiresAction, EventRefundNeedsAction},
	{RefundRequiresAction, RefundSucceed, RefundSucceeded, EventRefundSucceeded},
	{RefundRequiresAction, RefundFail, RefundFailed, EventRefundFailed},
	{RefundRequiresAction, RefundCancel, RefundCanceled, EventRefundCanceled},
	{RefundSucceeded, RefundFail, RefundFailed, EventRefundFailed},
}

// RefundTable gives a copy of the table, for the diagram and the exams.
func RefundTable() []RefundTransition { return append([]RefundTransition(nil), refundTable...) }

// Apply moves the refund by one row of the table, and is the only way to change its state. A pair
// that the table does not hold is CodeConflict and changes nothing.
func (r *Refund) Apply(ev RefundEvent, now time.Time) (EventKind, error) {
	for i := range refundTable {
		if t := &refundTable[i]; t.From == r.State && t.Event == ev {
			r.State = t.To
			r.UpdatedAt = now
			if r.State.Final() {
				r.DoneAt = now
				r.PollAt = time.Time{}
			}
			return t.Emits, nil
		}
	}
	return EventNone, Errorf(CodeConflict, "the refund is %s", r.State)
}
