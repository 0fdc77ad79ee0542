// Package sandbox is the adapter to a provider that lives in the same process: a pretend bank that
// serves cards, a push to a phone, a voucher and a bank transfer, in test mode only.
//
// It has two layers. sandbox.go, refund.go and notify.go speak the contract of package psp and know
// of the bank only what a provider's API would tell them. The bank has payments and words of its own
// (payment.go), a ledger that survives kill -9 (ledger.go, journal.go), pages (page.go, card.go),
// a clock that tests can move (clock.go), and signed notifications (sender.go). Money exists only in
// its ledger, which is therefore the oracle of every test about money.
//
// What happens to a payment is a scenario. rows.go holds the one table of them (scenario.go says what a
// row is made of); behaviour, the bank's pages, README.md and the end-to-end tests are drawn from it.
// In a laboratory, which is a bank with a Clock, its front page is a control panel (panel.go).
//
// It must not know the engine, the store, the dialects or Kassa's pages.
package sandbox
