package engine

import (
	"context"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// DeliveryQuery selects deliveries; see the store.
type DeliveryQuery = store.DeliveryQuery

var errNoDelivery = checkout.Errorf(checkout.CodeNotFound, "no such delivery")

// Deliveries lists a merchant's deliveries, newest first.
func (e *Engine) Deliveries(ctx context.Context, q DeliveryQuery) ([]checkout.Delivery, error) {
	return e.store.Deliveries(ctx, q)
}

// Delivery gives one of a merchant's deliveries and what was tried of it, oldest first. CodeNotFound.
func (e *Engine) Delivery(ctx context.Context, merchant, id checkout.ID) (checkout.Delivery, []checkout.Try, error) {
	d, err := deliveryOf(ctx, e.store, merchant, id)
	if err != nil {
		return d, nil, err
	}
	tries, err := e.store.Tries(ctx, id)
	return d, tries, err
}

func deliveryOf(ctx context.Context, r store.Reader, merchant, id checkout.ID) (checkout.Delivery, error) {
	d, err := r.Delivery(ctx, id)
	if err == nil && d.Merchant == merchant {
		return d, nil
	}
	if err == nil || checkout.CodeOf(err) == checkout.CodeNotFound {
		err = errNoDelivery
	}
	return checkout.Delivery{}, err
}

// Replay makes a delivery due now, whether it was delivered, parked or waits for its next try: the same
// id, the same bytes, and its tries go on counting. Errors: CodeNotFound; CodeConflict for an event that
// the session's dialect does not tell, or when the endpoint is disabled.
func (e *Engine) Replay(ctx context.Context, merchant, id checkout.ID) (checkout.Delivery, error) {
	var d checkout.Delivery
	err := e.write(ctx, func(tx store.Tx) (err error) {
		if d, err = deliveryOf(ctx, tx, merchant, id); err != nil {
			return err
		}
		if d.State == checkout.DeliverySkipped {
			return checkout.Errorf(checkout.CodeConflict, "events of this kind are not told in the session's dialect")
		}
		if err := requireEnabled(ctx, tx, merchant, d.Endpoint); err != nil {
			return err
		}
		return e.again(tx, &d, e.Now())
	})
	if err != nil {
		return checkout.Delivery{}, err
	}
	return d, nil
}

func requireEnabled(ctx context.Context, tx store.Tx, merchant, endpoint checkout.ID) error {
	p, err := endpointOf(ctx, tx, merchant, endpoint)
	if err == nil && !p.Enabled {
		err = checkout.Errorf(checkout.CodeConflict, "the endpoint is disabled; enable it first")
	}
	return err
}

// again makes a delivery pending. The version moves on, so a try that is under way cannot end it: its
// worker loses the compare-and-swap.
func (e *Engine) again(tx store.Tx, d *checkout.Delivery, now time.Time) error {
	d.State, d.NextAt, d.DoneAt = checkout.DeliveryPending, now, time.Time{}
	d.Version++
	return tx.UpdateDelivery(*d)
}

// replayPage is how many deliveries of a range are made due in one transaction, which others wait for.
const replayPage = 100

// ReplayRange replays every delivery that was made from a moment (included) to another (not included), as
// Replay does: to one endpoint or, if endpoint is empty, to all that are enabled. It gives their number. What is due already, and
// what no dialect tells, is left alone. An error may come after some were made due; a second call is harmless.
func (e *Engine) ReplayRange(ctx context.Context, merchant checkout.ID, from, to time.Time, endpoint checkout.ID) (int, error) {
	total := 0
	q := DeliveryQuery{Merchant: merchant, Endpoint: endpoint, From: from, To: to, Limit: replayPage,
		States: []checkout.DeliveryState{checkout.DeliveryPending, checkout.DeliveryDelivered, checkout.DeliveryParked}}
	for {
		n, more := 0, false
		err := e.write(ctx, func(tx store.Tx) error {
			now := e.Now()
			if endpoint != "" {
				if err := requireEnabled(ctx, tx, merchant, endpoint); err != nil {
					return err
				}
			}
			page, err := tx.Deliveries(ctx, q)
			if err != nil {
				return err
			}
			enabled := map[checkout.ID]bool{}
			all, err := tx.Endpoints(ctx, merchant)
			if err != nil {
				return err
			}
			for _, p := range all {
				enabled[p.ID] = p.Enabled
			}
			for i := range page {
				d := &page[i]
				due := d.State == checkout.DeliveryPending && !d.NextAt.After(now) && !d.NextAt.IsZero()
				if due || !enabled[d.Endpoint] {
					continue
				}
				if err := e.again(tx, d, now); err != nil {
					return err
				}
				n++
			}
			if more = len(page) == replayPage; more {
				q.After = page[len(page)-1].ID
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += n
		if !more {
			return total, nil
		}
		if err := ctx.Err(); err != nil {
			return total, checkout.Wrap(checkout.CodeUnavailable, "the replay was stopped", err)
		}
	}
}
