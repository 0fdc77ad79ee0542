package engine

import (
	"context"
	"sync"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

const (
	sweepEvery  = time.Second
	sweepLimit  = 64 // rows of each kind per pass
	sweepAtOnce = 8  // provider calls at once
	sweepLease  = 2 * time.Minute
)

// Run does the work that time makes due, until ctx ends: asking about attempts and refunds, ending
// sessions, forgetting old answers. Several processes may run it on one database.
func (e *Engine) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var tidied time.Time
	for {
		if n, err := e.Sweep(ctx); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "sweep failed", "err", err)
		} else if n >= sweepLimit {
			continue // there is more
		}
		if now := e.Now(); now.Sub(tidied) >= time.Hour {
			tidied = now
			if err := e.tidy(ctx, now); err != nil && ctx.Err() == nil {
				e.log.ErrorContext(ctx, "tidying failed", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) tidy(ctx context.Context, now time.Time) error {
	return e.write(ctx, func(tx store.Tx) error {
		_, err := tx.DropAnswers(now.Add(-answersKept))
		return err
	})
}

// Sweep does one pass and gives the number of things it took up. Each is claimed for a while first, so
// that no other process does it too; one that fails comes again.
func (e *Engine) Sweep(ctx context.Context) (int, error) {
	var attempts []checkout.Attempt
	var refunds []checkout.Refund
	var expired []checkout.Session
	err := e.write(ctx, func(tx store.Tx) (err error) {
		now := e.Now()
		if attempts, err = tx.ClaimAttempts(now, sweepLease, sweepLimit); err != nil {
			return err
		}
		if refunds, err = tx.ClaimRefunds(now, sweepLease, sweepLimit); err != nil {
			return err
		}
		expired, err = tx.ClaimExpired(now, 15*time.Second, sweepLimit)
		return err
	})
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, sweepAtOnce)
	do := func(what string, id checkout.ID, fn func() error) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := fn(); err != nil && ctx.Err() == nil {
				e.log.WarnContext(ctx, what+" failed", "id", id, "err", err)
			}
		})
	}
	for _, a := range attempts {
		do("asking about an attempt", a.ID, func() error { return e.Ask(ctx, a.ID, nil) })
	}
	for _, r := range refunds {
		do("refund", r.ID, func() error { return e.sendRefund(ctx, r.ID) })
	}
	for _, s := range expired {
		do("expiry", s.ID, func() error { return e.expire(ctx, s.ID) })
	}
	wg.Wait()
	return len(attempts) + len(refunds) + len(expired), nil
}
