// Package webhook owns the deliveries of events to merchants: claim, encode, sign, send, record; the
// schedule of tries, and the guard that keeps a merchant's URL from reaching into the server's own network.
//
// It must not know any dialect's vocabulary: a dialect hands it an Encoder. It knows no API, page or provider.
//
// What a receiver can rely on (Standard Webhooks 1.0.0; reliability.md, section 1.2):
//
//   - every event that its dialect tells of arrives at least once, or is parked after ten tries over
//     75 hours and can be replayed; nothing is deleted;
//   - every try of a delivery has the same id and, byte for byte, the same body; its timestamp and its
//     signature are the try's own;
//   - only 2xx is success; a redirect is a failure and is never followed; 410 disables the endpoint.
//
// The order of events is not promised: a receiver tells it by what a body says.
//
// What a receiver cannot do: hold up another endpoint's deliveries, keep a worker longer than 15 s, make
// it read more than 64 KiB or unpack anything, or have its answer kept or shown.
package webhook
