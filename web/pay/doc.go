// Package pay is the shopper's pages. dispatch.go alone chooses the page, from the stored state;
// allowed.go says which action is possible in which state. Every form post ends in a redirect to the
// page of the state that it led to, except that a form with a mistake in it is shown again at once.
//
// It must not change a state, know a provider, or believe anything that the browser says about money.
package pay
