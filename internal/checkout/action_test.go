package checkout_test

import (
	"testing"

	"kassa/internal/checkout"
)

// TestCanWait: a shopper may take days over these, and only over these.
func TestCanWait(t *testing.T) {
	waits := map[checkout.ActionKind]bool{checkout.ActionVoucher: true, checkout.ActionInstructions: true, checkout.ActionCrypto: true}
	for _, k := range checkout.ActionKinds() {
		if k.CanWait() != waits[k] {
			t.Errorf("%s: %v", k, k.CanWait())
		}
	}
}
