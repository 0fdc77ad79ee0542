package main

import (
	"kassa/internal/dialect"
	"kassa/internal/dialect/kaipay"
	"kassa/internal/psp"
	"kassa/internal/psp/sandbox"
)

// dialects is THE table of the APIs that Kassa answers in. A new one is its folder, its import and
// its row.
func dialects() []dialect.Kind {
	return []dialect.Kind{
		kaipay.Kind,
	}
}

// psps is THE table of the providers that Kassa drives. A new one is its folder, its import and its
// row. The sandbox's bank lives in this process and is therefore handed in.
func psps(bank *sandbox.Bank) []psp.Kind {
	return []psp.Kind{
		bank.Kind(),
	}
}
