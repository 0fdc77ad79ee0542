package checkout

import (
	"slices"
	"time"
)

// Observation is what a provider answered when it was asked about an attempt. It is the truth about
// the money; a browser's return and a notification are only reasons to ask.
type Observation struct {
	State   AttemptState
	Amount  Money  // what was authorized or captured; required with authorized and succeeded
	PSPRef  string // the provider's object; empty: not said
	Action  *NextAction
	Decline Decline
	Code    string // the provider's own code or status
	PSPData []byte // nil: unchanged
	Fee     int64  // minor units
	// Review is set when the answer cannot be believed as it stands: the state is kept, whatever State
	// says. ReviewDisputed is the exception: the money did arrive, State says so, and was taken back since.
	Review Review
}

// Change is what one observation does. Session and Attempt are the new values; nothing is stored yet.
type Change struct {
	Session Session
	Attempt Attempt
	// Facts to write, in order. Attempt facts carry the attempt's id.
	Facts []Fact
	// Changed: at least one value differs and must be stored. Without it nothing else is set.
	Changed bool
	// GiveBack: the attempt's money is one too many and must be refunded.
	GiveBack bool
	// Void: the attempt holds an authorization that nobody wants; release it at the provider.
	Void bool
	// Displaced: the session was paid by this attempt while another was in flight; end that one.
	Displaced ID
}

// Fact is an event that is not numbered and dated yet.
type Fact struct {
	Kind    EventKind
	Attempt ID
	Refund  ID
	Detail  string
}

// Settle decides what an observation does to an attempt and its session. It is pure: the same input
// gives the same change. An answer that comes out of order changes nothing. Amount and currency must
// equal the attempt's before anything counts as authorized or paid (promise 6); a mismatch only
// flags both for a person. A dispute changes no state: a session that was paid stays paid, flagged.
func Settle(s Session, a Attempt, o Observation, now time.Time) Change {
	c := Change{Session: s, Attempt: a}
	if o.PSPRef != "" && a.PSPRef != "" && o.PSPRef != a.PSPRef {
		c.review(ReviewReferenceMismatch, now)
		return c
	}
	doubt := o.doubt(&a)
	if doubt == ReviewUnderpaid || doubt == ReviewOverpaid {
		o.Code = "received " + o.Amount.Decimal() + " " + string(o.Amount.Currency) // what the person who looks has to know
	}
	c.learn(o, now)
	if doubt != ReviewNone {
		c.review(doubt, now)
		return c
	}
	c.apply(o, now)
	if o.Review == ReviewDisputed {
		c.review(ReviewDisputed, now)
	}
	return c
}

// doubt is why an answer must not move any state; none when it may.
func (o *Observation) doubt(a *Attempt) Review {
	if o.Review != ReviewNone && o.Review != ReviewDisputed {
		return o.Review
	}
	said := o.State != a.State || o.Amount != Money{} // a repeated state without an amount says nothing of it
	if (o.State != AttemptSucceeded && o.State != AttemptAuthorized) || !said || o.Amount == a.Amount {
		return ReviewNone
	}
	switch {
	case o.State == AttemptAuthorized || o.Amount.Currency != a.Amount.Currency || !o.Amount.IsPositive():
		return ReviewAmountMismatch
	case o.Amount.Minor < a.Amount.Minor:
		return ReviewUnderpaid
	}
	return ReviewOverpaid
}

// apply moves the attempt, and the session with it, to the state that an answer reports.
func (c *Change) apply(o Observation, now time.Time) {
	before := c.Attempt.State
	ev, ok := eventFor(o.State)
	if !ok || o.State == before {
		return
	}
	kind, err := c.Attempt.Apply(ev, now)
	if err != nil {
		return // out of order
	}
	c.Changed = true
	if c.Attempt.State.Lost() {
		c.Attempt.Decline = o.Decline
		switch {
		case o.Decline == DeclineNone:
			c.Attempt.Decline = defaultDecline(c.Attempt.State)
		case !o.Decline.Known():
			c.Attempt.Decline = DeclineUnknown
		}
	} else if c.Attempt.State == AttemptSucceeded {
		c.Attempt.Decline = DeclineNone
	}
	c.fact(kind, string(c.Attempt.Decline))
	switch {
	case o.State == AttemptAuthorized:
		c.authorized(now)
	case o.State == AttemptSucceeded:
		c.succeeded(before, now)
	case c.Attempt.State.Lost():
		c.lost(now)
	}
}

func defaultDecline(s AttemptState) Decline {
	switch s {
	case AttemptCanceled:
		return DeclinePayerCancelled
	case AttemptExpired:
		return DeclineExpired
	default:
		return DeclineGeneric
	}
}

// learn takes over what the answer says beside the state.
func (c *Change) learn(o Observation, now time.Time) {
	a := &c.Attempt
	touch := func() { c.Changed, a.UpdatedAt = true, now }
	if o.PSPRef != "" && a.PSPRef == "" {
		a.PSPRef = o.PSPRef
		touch()
	}
	if o.PSPData != nil && string(o.PSPData) != string(a.PSPData) {
		a.PSPData = o.PSPData
		touch()
	}
	if o.Code != "" && o.Code != a.Code {
		a.Code = o.Code
		touch()
	}
	if o.Fee != 0 && o.Fee != a.Fee {
		a.Fee = o.Fee
		touch()
	}
	if o.Action != nil && !a.State.Final() && !sameAction(a.Action, *o.Action) {
		a.Action = *o.Action
		touch()
		if c.Session.Active == a.ID {
			c.Session.UpdatedAt = now
		}
	}
}

func sameAction(a, b NextAction) bool {
	return a.Kind == b.Kind && a.URL == b.URL && a.Phone == b.Phone && a.Reference == b.Reference && a.Barcode == b.Barcode &&
		a.ExpiresAt.Equal(b.ExpiresAt) && a.Frame == b.Frame && a.Script == b.Script && a.Address == b.Address && a.Amount == b.Amount &&
		a.Network == b.Network && a.Symbol == b.Symbol && a.PayURI == b.PayURI && slices.Equal(a.Fields, b.Fields) && slices.Equal(a.Lines, b.Lines) &&
		slices.Equal(a.Sources.Script, b.Sources.Script) && slices.Equal(a.Sources.Frame, b.Sources.Frame) && slices.Equal(a.Sources.Connect, b.Sources.Connect)
}

func (c *Change) fact(k EventKind, detail string) {
	c.Facts = append(c.Facts, Fact{Kind: k, Attempt: c.Attempt.ID, Detail: detail})
}

// session applies one session event and notes its fact.
func (c *Change) session(ev SessionEvent, now time.Time, detail string) bool {
	kind, err := c.Session.Apply(ev, now)
	if err != nil {
		return false
	}
	c.Facts = append(c.Facts, Fact{Kind: kind, Attempt: c.Attempt.ID, Detail: detail})
	return true
}

// review raises a flag on both. "Unknown" must not cover up a reason that a person has already.
func (c *Change) review(r Review, now time.Time) {
	a, s := &c.Attempt, &c.Session
	weak := r == ReviewUnknownOutcome
	if s.Review != ReviewNone && (a.Review == r || (weak && a.Review != ReviewNone)) {
		return
	}
	c.Changed = true
	a.Review = r
	a.UpdatedAt = now
	if !weak || s.Review == ReviewNone {
		s.Review = r
	}
	s.UpdatedAt = now
	c.Facts = append(c.Facts, Fact{Kind: EventSessionNeedsReview, Attempt: a.ID, Detail: string(r)})
}

func (c *Change) authorized(now time.Time) {
	if c.Session.Active == c.Attempt.ID && c.session(SessionAuthorize, now, "") {
		return
	}
	c.Void = true
}

func (c *Change) succeeded(before AttemptState, now time.Time) {
	s := &c.Session
	if s.State.HasMoney() || (s.State == SessionAuthorized && s.Active != c.Attempt.ID) {
		c.Attempt.Excess = true
		c.GiveBack = true
		return
	}
	switch s.StateAt(now) {
	case SessionOpen: // a superseded or lost attempt that pays after all
		c.session(SessionStart, now, "")
	case SessionExpired: // the sweep may not have written yet what every reader has seen
		c.session(SessionExpire, now, "time")
	}
	if s.Active != c.Attempt.ID {
		c.Displaced = s.Active
	}
	late := before.Lost() || s.State == SessionCanceled || s.State == SessionExpired
	if !c.session(SessionPay, now, "") {
		// The table pays from every state that reaches this line; should it ever not, a person looks.
		c.review(ReviewLatePayment, now)
		return
	}
	s.Active = ""
	s.PaidBy = c.Attempt.ID
	s.Captured = c.Attempt.Amount.Minor
	c.Attempt.Superseded = false
	if late {
		c.review(ReviewLatePayment, now)
	}
}

func (c *Change) lost(now time.Time) {
	s := &c.Session
	if s.Active != c.Attempt.ID {
		return
	}
	s.Active = ""
	if s.State == SessionProcessing {
		c.session(SessionRelease, now, string(c.Attempt.Decline))
		return
	}
	if s.State == SessionAuthorized { // the shopper went home believing it was done
		ev := SessionCancel
		if c.Attempt.State == AttemptExpired {
			ev = SessionExpire
		}
		c.session(ev, now, string(ReviewLostAuthorization))
		c.review(ReviewLostAuthorization, now)
	}
}

// Begin puts a new attempt in flight: the session must be open, and its time not over (CodeConflict).
// The attempt must be new, starting and of the session's amount; anything else is a defect of the
// caller (CodeInternal).
func Begin(s Session, a Attempt, now time.Time) (Change, error) {
	c := Change{Session: s, Attempt: a}
	if a.State != AttemptStarting || a.Superseded || a.Excess || a.Session != s.ID || a.Amount != s.Amount {
		return Change{}, Errorf(CodeInternal, "attempt %s does not fit session %s", a.ID, s.ID)
	}
	if st := s.StateAt(now); st != SessionOpen || s.Active != "" {
		return Change{}, Errorf(CodeConflict, "the session is %s", st)
	}
	kind, err := c.Session.Apply(SessionStart, now)
	if err != nil {
		return Change{}, err
	}
	c.Session.Active = a.ID
	c.Changed = true
	c.Facts = []Fact{{Kind: EventAttemptStarted, Attempt: a.ID, Detail: string(a.Method)}, {Kind: kind, Attempt: a.ID}}
	return c, nil
}

// Supersede frees the session from an attempt that cannot be ended at its provider: it is no longer
// active, and still watched. The session is open afterwards.
func Supersede(s Session, a Attempt, now time.Time) (Change, error) {
	c := Change{Session: s, Attempt: a}
	if s.Active != a.ID || a.State.Final() || a.State == AttemptAuthorized {
		return Change{}, Errorf(CodeConflict, "the attempt is %s", a.State)
	}
	kind, err := c.Session.Apply(SessionRelease, now)
	if err != nil {
		return Change{}, err
	}
	c.Session.Active = ""
	c.Attempt.Superseded = true
	c.Attempt.UpdatedAt = now
	c.Changed = true
	c.Facts = []Fact{{Kind: EventAttemptSuperseded, Attempt: a.ID}, {Kind: kind, Attempt: a.ID, Detail: "superseded"}}
	return c, nil
}

// End cancels or expires a session that has no attempt in flight, or whose attempt was superseded in
// the same breath. ev is SessionCancel or SessionExpire; any other is a defect of the caller (CodeInternal).
func End(s Session, ev SessionEvent, reason string, now time.Time) (Change, error) {
	c := Change{Session: s}
	if ev != SessionCancel && ev != SessionExpire {
		return Change{}, Errorf(CodeInternal, "%s does not end a session", ev)
	}
	if s.Active != "" {
		return Change{}, Errorf(CodeConflict, "a payment is under way")
	}
	kind, err := c.Session.Apply(ev, now)
	if err != nil {
		return Change{}, err
	}
	c.Changed = true
	c.Facts = []Fact{{Kind: kind, Detail: reason}}
	return c, nil
}

// SettleRefund moves a refund and then the session by the sum of its succeeded refunds. others is
// that sum without this refund, in minor units. With an error nothing has changed.
func SettleRefund(s Session, r Refund, ev RefundEvent, others int64, now time.Time) (Session, Refund, []Fact, error) {
	ns, nr := s, r
	kind, err := nr.Apply(ev, now)
	if err != nil {
		return s, r, nil, err
	}
	facts := []Fact{{Kind: kind, Attempt: r.Attempt, Refund: r.ID, Detail: r.Code}}
	if nr.State == RefundFailed || nr.State == RefundRequiresAction {
		ns.Review = ReviewRefundFailed
		ns.UpdatedAt = now
		facts = append(facts, Fact{Kind: EventSessionNeedsReview, Attempt: r.Attempt, Refund: r.ID, Detail: string(ReviewRefundFailed)})
	}
	if r.Excess {
		return ns, nr, facts, nil
	}
	sum := others
	if nr.State == RefundSucceeded {
		sum += r.Amount.Minor
	}
	if sum == s.Refunded {
		return ns, nr, facts, nil
	}
	sev := SessionRefundPart
	switch {
	case sum <= 0:
		sev = SessionRefundNone
	case sum >= s.Captured:
		sev = SessionRefundAll
	}
	if !(sev == SessionRefundAll && s.State == SessionRefunded) { // given back more than all of it: still refunded
		skind, err := ns.Apply(sev, now)
		if err != nil {
			return s, r, nil, err
		}
		if sum < s.Refunded {
			skind = EventSessionRefundUndone // also from part to a smaller part
		}
		facts = append(facts, Fact{Kind: skind, Attempt: r.Attempt, Refund: r.ID})
	}
	ns.Refunded = sum
	ns.UpdatedAt = now
	return ns, nr, facts, nil
}
