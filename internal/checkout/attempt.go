package checkout

import "time"

// Method is how the shopper pays: card, mpesa, oxxo, bank_transfer, paypal ... Lower-case words.
type Method string

// MethodCard is the one code that scripts may rely on (DESIGN.md, section 5).
const MethodCard Method = "card"

// Attempt is one try to pay a session, by one method through one channel.
type Attempt struct {
	ID          ID
	Session     ID
	Merchant    ID
	Channel     ID
	PSP         string // the kind of the channel, for the record
	Method      Method
	Version     int64
	FormVersion int64 // the session's version on the form that started it; unique per session
	State       AttemptState
	Superseded  bool // no longer the active one, still watched
	Excess      bool // it succeeded when the session was already paid: its money goes back
	Review      Review

	Amount Money
	// Token is the unguessable end of the attempt's notification URL.
	Token   string
	PSPRef  string // the provider's object, once known; unique per channel
	PSPData []byte // what only the adapter understands
	Action  NextAction
	Decline Decline
	Code    string // the provider's own code, for the log and the merchant
	Fee     int64  // minor units, what the provider kept, if it said so
	Phone   string // E.164, what the shopper gave for this method
	Why     []byte // routing: the inputs, the rule, the candidates, the reason (JSON)

	PollAt    time.Time // when to ask the provider next; zero: never again
	Polls     int
	CreatedAt time.Time
	UpdatedAt time.Time
	DoneAt    time.Time // when the attempt became final, zero before
}

// Watched reports whether the provider may still bring news that we go and ask for.
func (a *Attempt) Watched() bool { return !a.State.Final() }

// InFlight reports whether the attempt occupies its session: started, not final, not superseded.
func (a *Attempt) InFlight() bool { return !a.State.Final() && !a.Superseded }
