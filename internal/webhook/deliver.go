package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// prepare encodes what was claimed and has no body yet, stores all of it in one transaction, and puts it into
// the lanes: a body is durable before it is sent for the first time, so every later try, by whatever
// process, sends the same bytes.
func (w *Worker) prepare(ctx context.Context, claimed []checkout.Delivery, until time.Time) {
	ready := claimed[:0]
	var changed []checkout.Delivery
	for _, d := range claimed {
		if encoded(&d) {
			ready = append(ready, d)
			continue
		}
		d = w.encode(ctx, d)
		d.Version++
		changed = append(changed, d)
		if d.State == checkout.DeliveryPending && d.Reason == "" {
			ready = append(ready, d)
		}
	}
	lost := map[checkout.ID]bool{}
	if len(changed) > 0 {
		err := w.write(ctx, func(tx store.Tx) error {
			clear(lost)
			for _, d := range changed {
				if err := updateOrLose(tx, d, lost); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.Log.ErrorContext(ctx, "storing the bodies of deliveries failed", "err", err)
			w.drop(len(claimed))
			return
		}
	}
	now := w.now()
	var full []checkout.Delivery
	kept := 0
	for _, d := range ready {
		if lost[d.ID] {
			continue
		}
		wait := w.enqueue(ctx, d.Endpoint, item{id: d.ID, retry: d.Tries > 0, until: until})
		if wait == 0 {
			kept++
			continue
		}
		d.NextAt = now.Add(wait)
		full = append(full, d)
	}
	if len(full) > 0 { // back into the queue
		err := w.write(ctx, func(tx store.Tx) error {
			for _, d := range full {
				d.Version++
				if err := updateOrLose(tx, d, lost); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.Log.WarnContext(ctx, "giving back deliveries failed; they come again after their lease", "err", err)
		}
		w.due(full[0].NextAt)
	}
	if n := len(claimed) - kept; n > 0 {
		w.drop(n)
	}
}

// updateOrLose stores d; one that somebody else has changed meanwhile is noted as lost.
func updateOrLose(tx store.Tx, d checkout.Delivery, lost map[checkout.ID]bool) error {
	err := tx.UpdateDelivery(d)
	if checkout.CodeOf(err) == checkout.CodeConflict {
		lost[d.ID] = true
		return nil
	}
	return err
}

// encode gives the delivery with its body, or skipped, or failed with a reason.
func (w *Worker) encode(ctx context.Context, d checkout.Delivery) checkout.Delivery {
	now := w.now()
	body, contentType, tell, reason, err := w.body(ctx, d)
	switch {
	case reason != ReasonNone:
		w.Log.ErrorContext(ctx, "a delivery cannot be encoded", "delivery", d.ID, "event", d.Kind, "reason", string(reason), "err", err)
		d = failed(d, now, 0, reason, 0)
	case !tell:
		d.State, d.NextAt, d.DoneAt = checkout.DeliverySkipped, time.Time{}, now
	default:
		d.Body, d.ContentType, d.Reason = body, contentType, ""
		if !encoded(&d) {
			d.ContentType = "application/octet-stream" // of nothing; a dialect that tells by its URL
		}
	}
	return d
}

// encoded reports whether a delivery has its body, which may be empty: then it has a type all the same.
func encoded(d *checkout.Delivery) bool { return len(d.Body) > 0 || d.ContentType != "" }

func (w *Worker) body(ctx context.Context, d checkout.Delivery) (body []byte, contentType string, tell bool, reason Reason, err error) {
	e, err := w.Store.Event(ctx, d.Event)
	if err != nil {
		return nil, "", false, ReasonEncode, err
	}
	return Encode(ctx, w.Store, w.Encoders, e)
}

// Encode gives an event's body in its session's dialect.
func Encode(ctx context.Context, from store.Reader, encoders map[string]Encoder, e checkout.Event) (body []byte, contentType string, tell bool, reason Reason, err error) {
	defer func() {
		if p := recover(); p != nil {
			reason, err = ReasonEncode, fmt.Errorf("panic: %v", p)
		}
	}()
	s, err := from.Session(ctx, e.Session)
	if err != nil {
		return nil, "", false, ReasonEncode, err
	}
	enc, ok := encoders[s.Dialect]
	if !ok {
		return nil, "", false, ReasonDialect, fmt.Errorf("no dialect %q", s.Dialect)
	}
	var a *checkout.Attempt
	var r *checkout.Refund
	if e.Attempt != "" {
		v, err := from.Attempt(ctx, e.Attempt)
		if err != nil {
			return nil, "", false, ReasonEncode, err
		}
		a = &v
	}
	if e.Refund != "" {
		v, err := from.Refund(ctx, e.Refund)
		if err != nil {
			return nil, "", false, ReasonEncode, err
		}
		r = &v
	}
	body, contentType, tell, err = enc.Encode(ctx, e, s, a, r)
	if err != nil {
		return nil, "", false, ReasonEncode, err
	}
	return body, contentType, tell, ReasonNone, nil
}

// try is one try of one delivery: read it, sign it, send it, write down what came. freed must be called
// once, when the receiver's part is over.
func (w *Worker) try(ctx context.Context, l *lane, it item, freed func(answer)) {
	defer w.drop(1)
	at := w.now()
	w.mu.Lock()
	stopped := w.stopped
	w.mu.Unlock()
	if stopped || it.until.Sub(at) < leaseLeft {
		freed(answer{Slow: l.isSlow(w)})
		if stopped {
			w.giveBack(ctx, it.id)
		}
		return // or its lease is about to end: it comes again
	}
	t, out, reason, err := w.sign(ctx, it.id, at)
	if err != nil {
		freed(answer{Slow: l.isSlow(w)})
		if !errors.Is(err, errNothingToDo) {
			w.Log.ErrorContext(ctx, "a delivery cannot be read", "delivery", it.id, "err", err)
		}
		return
	}
	started := time.Now()
	a := answer{Reason: reason}
	if reason == ReasonNone {
		a = l.client.send(ctx, out)
	}
	freed(a)
	if ctx.Err() != nil && a.Status == 0 {
		w.giveBack(context.WithoutCancel(ctx), it.id) // we stopped it ourselves
		return
	}
	w.record(context.WithoutCancel(ctx), t.Delivery, checkout.Try{Delivery: it.id, At: at, Duration: time.Since(started), Status: a.Status, Reason: string(a.Reason)}, a.RetryAfter)
}

func (l *lane) isSlow(w *Worker) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return l.slow
}

// errNothingToDo: somebody else has dealt with it, or its endpoint is not to be used.
var errNothingToDo = errors.New("nothing to do")

// sign reads a delivery as it is now, with its endpoint's present URL and secrets, and makes the request.
func (w *Worker) sign(ctx context.Context, id checkout.ID, at time.Time) (Try, Request, Reason, error) {
	t := Try{At: time.Now()} // the receiver's clock is the world's, whatever the one that is kept says
	var err error
	if t.Delivery, err = w.Store.Delivery(ctx, id); err != nil {
		return t, Request{}, ReasonNone, err
	}
	if t.Delivery.State != checkout.DeliveryPending || !encoded(&t.Delivery) {
		return t, Request{}, ReasonNone, errNothingToDo
	}
	if t.Endpoint, err = w.Store.Endpoint(ctx, t.Delivery.Endpoint); err != nil {
		return t, Request{}, ReasonNone, err
	}
	if !t.Endpoint.Enabled {
		return t, Request{}, ReasonNone, errNothingToDo
	}
	if t.Session, err = w.Store.Session(ctx, t.Delivery.Session); err != nil {
		return t, Request{}, ReasonNone, err
	}
	t.Endpoint = SecretsAt(t.Endpoint, at)
	out, reason, err := Sign(ctx, w.Encoders, t)
	if err != nil {
		w.Log.ErrorContext(ctx, "a delivery cannot be signed", "delivery", id, "reason", string(reason), "err", err)
	}
	return t, out, reason, nil
}

// Sign makes the request of one try in the session's dialect.
func Sign(ctx context.Context, encoders map[string]Encoder, t Try) (out Request, reason Reason, err error) {
	defer func() {
		if p := recover(); p != nil {
			reason, err = ReasonSecret, fmt.Errorf("panic: %v", p)
		}
	}()
	enc, ok := encoders[t.Session.Dialect]
	if !ok {
		return out, ReasonDialect, fmt.Errorf("no dialect %q", t.Session.Dialect)
	}
	out = newRequest(t)
	if err := enc.Sign(ctx, t, &out); err != nil {
		return out, ReasonSecret, err
	}
	return out, ReasonNone, nil
}
