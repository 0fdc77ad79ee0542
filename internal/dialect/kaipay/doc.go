// Package kaipay speaks KaiPay's API: client sessions below /v1, JSON in and out, one bearer key.
//
// It owns the wire: names, spellings, status words, errors, and KaiPay's own rules (a minimum of USD
// 0.50, eight digits). It holds no rule about money or state, and knows no provider, page or store.
//
// The authority is the gateway's public page, quoted as "seed". It describes one call; README.md says
// what is exactly as it stands there and what is ours.
package kaipay
