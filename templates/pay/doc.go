// Package pay owns the shopper's pages: one for each state of a session and for each kind of next
// action, never one for a provider. Its view models are shaped like the page: amounts, times and
// addresses are ready to be shown, and words come from the page's T.
//
// It must not decide which page is due (web/pay does), nor add up, format or translate anything. It
// imports nothing of internal/.
package pay
