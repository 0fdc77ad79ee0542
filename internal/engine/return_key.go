package engine

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// ReturnKeyChange is what may be done about the key that a merchant's returns are signed under.
type ReturnKeyChange int

const (
	ReturnKeyOn     ReturnKeyChange = iota // sign, under the key that was last used, or the first
	ReturnKeyRotate                        // sign under the next key; the one before is over at once
	ReturnKeyOff                           // do not sign; the number is remembered
)

// SetReturnKey changes whether, and under which of its keys, the way home of a merchant's shoppers is
// signed, and gives the merchant as stored. Other processes notice within 5 s. CodeNotFound.
func (e *Engine) SetReturnKey(ctx context.Context, merchant checkout.ID, change ReturnKeyChange) (checkout.Merchant, error) {
	var m checkout.Merchant
	err := e.write(ctx, func(tx store.Tx) (err error) {
		if m, err = tx.Merchant(ctx, merchant); err != nil {
			return err
		}
		before, last := m.ReturnKey, max(m.ReturnKey, -m.ReturnKey)
		switch change {
		case ReturnKeyOn:
			m.ReturnKey = max(last, 1)
		case ReturnKeyRotate:
			m.ReturnKey = last + 1
		case ReturnKeyOff:
			m.ReturnKey = -last
		}
		if m.ReturnKey == before {
			return nil
		}
		m.Version++
		return tx.UpdateMerchant(m)
	})
	return m, err
}
