package webhook

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// reasonGone is why an endpoint is disabled that answered 410 (checkout.Endpoint.Reason).
const reasonGone = "gone"

// failed gives the delivery after a try that failed: due again, or parked after the last try.
func failed(d checkout.Delivery, now time.Time, status int, reason Reason, ask time.Duration) checkout.Delivery {
	d.Tries++
	d.Status, d.Reason = status, string(reason)
	d.NextAt = nextTry(d.Tries, now, ask)
	if d.NextAt.IsZero() {
		d.State, d.DoneAt = checkout.DeliveryParked, now
	}
	return d
}

// record writes down what a try brought: the try, the delivery's new state, and an endpoint that is gone. d is
// the delivery as it was read for the try. When it was changed meanwhile, by a replay, the try is only
// noted: the replay is still owed.
func (w *Worker) record(ctx context.Context, d checkout.Delivery, t checkout.Try, ask time.Duration) {
	var next time.Time
	err := w.write(ctx, func(tx store.Tx) error {
		now := w.now()
		cur, err := tx.Delivery(ctx, d.ID)
		if err != nil {
			return err
		}
		t.Number = 1
		if before, err := tx.Tries(ctx, d.ID); err != nil {
			return err
		} else if n := len(before); n > 0 {
			t.Number = before[n-1].Number + 1
		}
		if err := tx.InsertTry(t); err != nil {
			return err
		}
		reason := Reason(t.Reason)
		switch {
		case cur.State != checkout.DeliveryPending || cur.Version != d.Version:
			return nil
		case reason == ReasonNone:
			cur.Tries++
			cur.State, cur.Status, cur.Reason, cur.NextAt, cur.DoneAt = checkout.DeliveryDelivered, t.Status, "", time.Time{}, now
		default:
			cur = failed(cur, now, t.Status, reason, ask)
			if reason == ReasonGone {
				cur.State, cur.NextAt, cur.DoneAt = checkout.DeliveryParked, time.Time{}, now
				if err := disable(ctx, tx, cur.Endpoint); err != nil {
					return err
				}
			}
		}
		next = cur.NextAt
		cur.Version++
		return tx.UpdateDelivery(cur)
	})
	if err != nil {
		w.Log.ErrorContext(ctx, "writing down a try failed; the delivery comes again after its lease", "delivery", d.ID, "err", err)
		return
	}
	if !next.IsZero() {
		w.due(next)
	}
	if Reason(t.Reason) == ReasonGone {
		w.Log.WarnContext(ctx, "the receiver is gone; its endpoint is disabled", "endpoint", d.Endpoint, "merchant", d.Merchant)
	}
}

// disable ends an endpoint that answered 410. What is pending for it stays, and goes on when the merchant
// enables it again.
func disable(ctx context.Context, tx store.Tx, id checkout.ID) error {
	e, err := tx.Endpoint(ctx, id)
	if err != nil || !e.Enabled {
		return err
	}
	e.Enabled, e.Reason = false, reasonGone
	e.Version++
	return tx.UpdateEndpoint(e)
}

// giveBack makes a delivery due again at once that was claimed and not tried.
func (w *Worker) giveBack(ctx context.Context, id checkout.ID) {
	err := w.write(ctx, func(tx store.Tx) error {
		d, err := tx.Delivery(ctx, id)
		if err != nil || d.State != checkout.DeliveryPending {
			return err
		}
		d.NextAt = w.now()
		d.Version++
		return tx.UpdateDelivery(d)
	})
	if err != nil {
		w.Log.WarnContext(ctx, "giving back a delivery failed; it comes again after its lease", "delivery", id, "err", err)
	}
}

// write runs fn in a transaction, and again when the database was busy or another process was faster.
func (w *Worker) write(ctx context.Context, fn func(tx store.Tx) error) error {
	var err error
	for n := range storeAttempts {
		if n > 0 {
			pause(ctx, time.Duration(10<<n)*time.Millisecond)
		}
		bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
		err = w.Store.Write(bounded, fn)
		cancel()
		if c := checkout.CodeOf(err); c != checkout.CodeUnavailable && c != checkout.CodeConflict {
			return err
		}
	}
	return err
}
