// Package psptest is the exam that every adapter passes against an emulator of its provider.
//
// An adapter's own test describes its emulator in a Rig: how to make a payment go one way or
// another, and what the provider's notifications look like. Run does the rest. It drives the adapter
// as the engine does, through checkout.Begin and checkout.Settle, so that what is examined is not
// what an adapter says but what would become of the money.
//
// It must not know any provider. What a provider cannot do stands in the Rig, where a reader sees it.
package psptest
