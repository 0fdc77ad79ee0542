package checkout

import "time"

// AttemptState is where one try stands. Superseded and Excess are flags beside it.
type AttemptState string

const (
	AttemptStarting       AttemptState = "starting" // written before the provider is called; its outcome is not known
	AttemptRequiresAction AttemptState = "requires_action"
	AttemptProcessing     AttemptState = "processing"
	AttemptAuthorized     AttemptState = "authorized"
	AttemptSucceeded      AttemptState = "succeeded"
	AttemptFailed         AttemptState = "failed"
	AttemptCanceled       AttemptState = "canceled"
	AttemptExpired        AttemptState = "expired"
)

// AttemptStates lists every state, for the exams.
func AttemptStates() []AttemptState {
	return []AttemptState{AttemptStarting, AttemptRequiresAction, AttemptProcessing, AttemptAuthorized, AttemptSucceeded,
		AttemptFailed, AttemptCanceled, AttemptExpired}
}

// Final reports a state that only a late success can leave.
func (s AttemptState) Final() bool {
	return s == AttemptSucceeded || s.Lost()
}

// Lost reports an end without money.
func (s AttemptState) Lost() bool {
	return s == AttemptFailed || s == AttemptCanceled || s == AttemptExpired
}

// AttemptEvent is what a provider's answer does to an attempt. There is one for each state it can report.
type AttemptEvent string

const (
	AttemptAct       AttemptEvent = "act"
	AttemptProcess   AttemptEvent = "process"
	AttemptAuthorize AttemptEvent = "authorize"
	AttemptSucceed   AttemptEvent = "succeed"
	AttemptFail      AttemptEvent = "fail"
	AttemptCancel    AttemptEvent = "cancel"
	AttemptExpire    AttemptEvent = "expire"
)

// AttemptEvents lists every event, for the exams.
func AttemptEvents() []AttemptEvent {
	return []AttemptEvent{AttemptAct, AttemptProcess, AttemptAuthorize, AttemptSucceed, AttemptFail, AttemptCancel, AttemptExpire}
}

// eventFor is the event that leads to a reported state; false for starting, which no provider reports.
func eventFor(s AttemptState) (AttemptEvent, bool) {
	switch s {
	case AttemptRequiresAction:
		return AttemptAct, true
	case AttemptProcessing:
		return AttemptProcess, true
	case AttemptAuthorized:
		return AttemptAuthorize, true
	case AttemptSucceeded:
		return AttemptSucceed, true
	case AttemptFailed:
		return AttemptFail, true
	case AttemptCanceled:
		return AttemptCancel, true
	case AttemptExpired:
		return AttemptExpire, true
	}
	return "", false
}

// AttemptTransition is one row of the table.
type AttemptTransition struct {
	From  AttemptState
	Event AttemptEvent
	To    AttemptState
	Emits EventKind
}

// attemptTable is the whole truth about how an attempt's state may change. What is not here is not
// applied: an answer that comes out of order changes nothing.
var attemptTable = []AttemptTransition{
	{AttemptStarting, AttemptAct, AttemptRequiresAction, EventAttemptActionNeeded},
	{AttemptStarting, AttemptProcess, AttemptProcessing, EventAttemptProcessing},
	{AttemptStarting, AttemptAuthorize, AttemptAuthorized, EventAttemptAuthorized},
	{AttemptStarting, AttemptSucceed, AttemptSucceeded, EventAttemptSucceeded},
	{AttemptStarting, AttemptFail, AttemptFailed, EventAttemptFailed},
	{AttemptStarting, AttemptCancel, AttemptCanceled, EventAttemptCanceled},
	{AttemptStarting, AttemptExpire, AttemptExpired, EventAttemptExpired},

	{AttemptRequiresAction, AttemptProcess, AttemptProcessing, EventAttemptProcessing},
	{AttemptRequiresAction, AttemptAuthorize, AttemptAuthorized, EventAttemptAuthorized},
	{AttemptRequiresAction, AttemptSucceed, AttemptSucceeded, EventAttemptSucceeded},
	{AttemptRequiresAction, AttemptFail, AttemptFailed, EventAttemptFailed},
	{AttemptRequiresAction, AttemptCancel, AttemptCanceled, EventAttemptCanceled},
	{AttemptRequiresAction, AttemptExpire, AttemptExpired, EventAttemptExpired},

	{AttemptProcessing, AttemptAct, AttemptRequiresAction, EventAttemptActionNeeded},
	{AttemptProcessing, AttemptAuthorize, AttemptAuthorized, EventAttemptAuthorized},
	{AttemptProcessing, AttemptSucceed, AttemptSucceeded, EventAttemptSucceeded},
	{AttemptProcessing, AttemptFail, AttemptFailed, EventAttemptFailed},
	{AttemptProcessing, AttemptCancel, AttemptCanceled, EventAttemptCanceled},
	{AttemptProcessing, AttemptExpire, AttemptExpired, EventAttemptExpired},

	{AttemptAuthorized, AttemptSucceed, AttemptSucceeded, EventAttemptSucceeded},
	{AttemptAuthorized, AttemptFail, AttemptFailed, EventAttemptFailed},
	{AttemptAuthorized, AttemptCancel, AttemptCanceled, EventAttemptCanceled},
	{AttemptAuthorized, AttemptExpire, AttemptExpired, EventAttemptExpired},

	// Money that is proven after all: never dropped (promise 3).
	{AttemptFailed, AttemptSucceed, AttemptSucceeded, EventAttemptSucceededLate},
	{AttemptCanceled, AttemptSucceed, AttemptSucceeded, EventAttemptSucceededLate},
	{AttemptExpired, AttemptSucceed, AttemptSucceeded, EventAttemptSucceededLate},
}

// AttemptTable gives a copy of the table, for the diagram and the exams.
func AttemptTable() []AttemptTransition { return append([]AttemptTransition(nil), attemptTable...) }

// Apply moves the attempt by one row of the table, and is the only way to change its state. It gives
// the event to write; a pair that the table does not hold is CodeConflict and changes nothing.
func (a *Attempt) Apply(ev AttemptEvent, now time.Time) (EventKind, error) {
	for i := range attemptTable {
		if r := &attemptTable[i]; r.From == a.State && r.Event == ev {
			a.State = r.To
			a.UpdatedAt = now
			if a.State.Final() {
				a.DoneAt = now
				a.PollAt = time.Time{}
			}
			return r.Emits, nil
		}
	}
	return EventNone, Errorf(CodeConflict, "the attempt is %s", a.State)
}
