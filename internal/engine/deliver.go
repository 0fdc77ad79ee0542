package engine

import (
	"context"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// target is what the pay path needs to know of an enabled endpoint; secrets are not kept in memory.
type target struct {
	id      checkout.ID
	dialect string
}

// tell writes one pending delivery of an event for each endpoint that listens to the session's dialect.
// It is a part of the event's transaction: no event is told that did not happen, and none that happened
// is forgotten, whatever ends the process before it is sent.
func (e *Engine) tell(tx store.Tx, s *checkout.Session, ev *checkout.Event) error {
	// The transaction answers when the cache cannot: it waits for nobody, and sees every endpoint that
	// was acknowledged.
	targets, err := e.targets.get(s.Merchant, func() ([]target, error) {
		all, err := tx.Endpoints(context.Background(), s.Merchant)
		var enabled []target
		for i := range all {
			if all[i].Enabled {
				enabled = append(enabled, target{all[i].ID, all[i].Dialect})
			}
		}
		return enabled, err
	})
	if err != nil {
		return err
	}
	for _, t := range targets {
		if t.dialect != "" && t.dialect != s.Dialect {
			continue
		}
		err := tx.InsertDelivery(checkout.Delivery{ID: e.ids(checkout.PrefixDelivery, ev.At), Endpoint: t.id, Merchant: s.Merchant, Session: s.ID, Event: ev.ID,
			Kind: ev.Kind, Version: 1, State: checkout.DeliveryPending, NextAt: ev.At, CreatedAt: ev.At})
		if err != nil {
			return err
		}
	}
	return nil
}

// outbox notices that a transaction makes something due to be sent.
type outbox struct {
	store.Tx
	due bool
}

func (o *outbox) InsertDelivery(d checkout.Delivery) error {
	o.due = o.due || d.State == checkout.DeliveryPending
	return o.Tx.InsertDelivery(d)
}

func (o *outbox) UpdateDelivery(d checkout.Delivery) error {
	o.due = o.due || d.State == checkout.DeliveryPending
	return o.Tx.UpdateDelivery(d)
}

func (o *outbox) UpdateEndpoint(p checkout.Endpoint) error {
	o.due = o.due || p.Enabled // what waited for it may go now
	return o.Tx.UpdateEndpoint(p)
}
