// Package checkout owns the nouns of a payment and the rules they live by: money, sessions,
// attempts, refunds, channels, and the three tables that are the only code that changes a state.
//
// It is the standard library only. It knows no clock (times are passed in), no database, no HTTP,
// no provider and none of the five APIs; whatever only one of those understands travels through
// it as opaque bytes.
//
// Where to look: money.go for amounts, *_state.go for the tables, settle.go for what one answer
// of a provider does to a session, error.go for the one error type.
package checkout
