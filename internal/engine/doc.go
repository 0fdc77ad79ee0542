// Package engine owns the use cases: what a merchant, a shopper, a provider or the clock can make
// happen. One verb a file. It takes and returns the nouns of checkout, calls providers outside of
// transactions, and lets only checkout's tables change a state.
//
// It must not know any dialect, any page, or any provider by name.
package engine
