// Package psp is the contract between the engine and a payment service provider. The answers to it
// are its child folders, one per provider; psptest is their exam.
//
// It speaks in values, never in *http.Request, so that whatever a provider sent can be stored and
// played again. It knows the nouns of checkout and nothing of the engine, of pages or of any
// particular provider.
//
// Before it was frozen, two unlike providers were sketched against it. A redirect provider where we
// capture (PayPal): Start makes the order and answers requires_action with a redirect; Fetch finds it
// APPROVED and answers processing with NeedsCapture; the engine calls Capturer under the attempt's
// lock, and the adapter derives its own request id from the attempt, so repeating is safe. A
// push-to-phone provider that never signs (M-Pesa): Start answers processing with confirm_on_phone; its
// callback arrives below Attempt.Token, so Hint.Token names the attempt even when the push's answer was
// lost and PSPRef is unknown; Hint.PSPRef fills it in, Hint.Data carries the receipt to Fetch, and Fetch
// asks the query API, which alone is believed. Ack carries the exact answer Daraja wants.
package psp
