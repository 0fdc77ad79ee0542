// Package mail owns the durable queue of e-mails and sending them. It must not know when a mail is
// due; the engine decides that. Nothing is sent yet.
package mail
