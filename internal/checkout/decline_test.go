package checkout_test

import (
	"testing"

	"kassa/internal/checkout"
)

func TestDeclineKnown(t *testing.T) {
	seen := map[checkout.Decline]bool{checkout.DeclineNone: true}
	for _, d := range checkout.Declines() {
		if !d.Known() || seen[d] {
			t.Errorf("%q: known %v, twice %v", d, d.Known(), seen[d])
		}
		seen[d] = true
	}
	if !checkout.DeclineNone.Known() || checkout.Decline("do_not_honor").Known() {
		t.Error("none is known, a provider's own word is not")
	}
}
