// Package stories owns the storybook: every shopper's page in every state, from literals, to be looked
// at and to be tested. Rare states (a late payment, a second one) can be seen without playing them.
//
// It must not know how a state comes about.
package stories
