// Package dialect is the contract between the engine and one of the five APIs that Kassa answers in,
// and what those truly share: reading strict JSON, finding the key of a request. The answers to the
// contract are the child folders; dialecttest is their exam.
//
// A dialect is a small application that is mounted: its routes, its authentication, its JSON, its
// errors, its status words, its return URLs and its callbacks are its own. It holds no rule about
// money or state.
//
// Before it was frozen, two unlike dialects were sketched against it. KaiPay: one bearer key, JSON in
// and out, nothing in the return URL: Handler and ReturnURL are enough. KS Pay: three doors told
// apart by header, tokens and signatures that the dialect mints, ids of its own form, an envelope, and a
// return URL that carries the outcome: ReturnURL gets the session and the attempt that decided it,
// and everything else lies behind Handler.
package dialect
