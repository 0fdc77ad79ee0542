// Package webhook owns the deliveries of events to merchants: claim, encode, sign, send, record. It
// must not know any dialect's vocabulary; a dialect hands it an Encoder. Nothing is delivered yet.
package webhook
