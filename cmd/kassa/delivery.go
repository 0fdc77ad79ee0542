package main

import (
	"context"
	"fmt"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// moment is nil for a time that has not come to be, so that JSON has null.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func deliveryRow(d checkout.Delivery) map[string]any {
	return map[string]any{"id": d.ID, "endpoint": d.Endpoint, "merchant": d.Merchant, "session": d.Session, "event": d.Event, "kind": d.Kind, "state": d.State,
		"tries": d.Tries, "next_at": moment(d.NextAt), "status": d.Status, "reason": d.Reason, "created_at": d.CreatedAt, "done_at": moment(d.DoneAt)}
}

func deliveryLine(d checkout.Delivery) string {
	line := fmt.Sprintf("%s  %s  %-9s  %-26s  tries %d", d.CreatedAt.Format(time.RFC3339), d.ID, d.State, d.Kind, d.Tries)
	if d.Reason != "" {
		line += "  " + d.Reason
		if d.Status != 0 {
			line += fmt.Sprintf(" (%d)", d.Status)
		}
	}
	if d.State == checkout.DeliveryPending && !d.NextAt.IsZero() {
		line += "  next " + d.NextAt.Format(time.RFC3339)
	}
	return line
}

type deliveryListCommand struct {
	databaseFlags
	Merchant string   `help:"The merchant's id." required:"" placeholder:"ID"`
	Endpoint string   `help:"To this endpoint only." placeholder:"ID"`
	Session  string   `help:"About this session only." placeholder:"ID"`
	States   []string `help:"In this state only: pending, delivered, parked or skipped." name:"state" enum:"pending,delivered,parked,skipped" placeholder:"STATE"`
	Limit    int      `help:"At most so many, 1 to 1000." default:"100"`
	After    string   `help:"Continue behind this delivery." placeholder:"ID"`
}

func (c *deliveryListCommand) Run(ctx context.Context, io streams) error {
	q := engine.DeliveryQuery{Limit: c.Limit}
	if c.Limit < 1 || c.Limit > 1000 {
		return checkout.Invalid("limit", "must be from 1 to 1000")
	}
	var err error
	for _, id := range []struct {
		to                   *checkout.ID
		prefix, flag, spoken string
	}{{&q.Merchant, checkout.PrefixMerchant, "merchant", c.Merchant}, {&q.Endpoint, checkout.PrefixEndpoint, "endpoint", c.Endpoint},
		{&q.Session, checkout.PrefixSession, "session", c.Session}, {&q.After, checkout.PrefixDelivery, "after", c.After}} {
		if id.spoken == "" {
			continue
		}
		if *id.to, err = parseID(id.prefix, id.flag, id.spoken); err != nil {
			return err
		}
	}
	for _, s := range c.States {
		q.States = append(q.States, checkout.DeliveryState(s))
	}
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	list, err := e.Deliveries(ctx, q)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, []string{}
	for _, d := range list {
		rows, lines = append(rows, deliveryRow(d)), append(lines, deliveryLine(d))
	}
	return io.print(c.JSON, rows, lines...)
}

// findDelivery gives a delivery by its id alone.
func findDelivery(ctx context.Context, e *engine.Engine, typed string) (d checkout.Delivery, tries []checkout.Try, err error) {
	id, err := parseID(checkout.PrefixDelivery, "id", typed)
	if err != nil {
		return d, nil, err
	}
	_, err = ownerOf(ctx, e, "delivery", func(m checkout.ID) (bool, error) {
		d, tries, err = e.Delivery(ctx, m, id)
		if checkout.CodeOf(err) == checkout.CodeNotFound {
			return false, nil
		}
		return err == nil, err
	})
	return d, tries, err
}

type deliveryShowCommand struct {
	databaseFlags
	ID string `arg:"" help:"The delivery's id."`
}

func (c *deliveryShowCommand) Run(ctx context.Context, io streams) error {
	e, closeAll, err := c.engine(ctx, false)
	if err != nil {
		return err
	}
	defer closeAll()
	d, tries, err := findDelivery(ctx, e, c.ID)
	if err != nil {
		return err
	}
	row, lines := deliveryRow(d), []string{deliveryLine(d)}
	made := []map[string]any{}
	for _, t := range tries {
		made = append(made, map[string]any{"number": t.Number, "at": t.At, "duration_ms": t.Duration.Milliseconds(), "status": t.Status, "reason": t.Reason})
		said := t.Reason
		if said == "" {
			said = "delivered"
		}
		lines = append(lines, fmt.Sprintf("  %2d  %s  %6d ms  %3d  %s", t.Number, t.At.Format(time.RFC3339), t.Duration.Milliseconds(), t.Status, said))
	}
	row["attempts"], row["content_type"], row["body"] = made, d.ContentType, string(d.Body)
	if len(d.Body) > 0 {
		lines = append(lines, "", string(d.Body))
	}
	return io.print(c.JSON, row, lines...)
}

type deliveryReplayCommand struct {
	databaseFlags
	ID       string `arg:"" optional:"" help:"The delivery's id."`
	From     string `help:"Instead of one: all that were made from this moment on (RFC 3339, or a day)." placeholder:"TIME"`
	To       string `help:"... and before this one. Default: to the last." placeholder:"TIME"`
	Merchant string `help:"With --from: one merchant's only." placeholder:"ID"`
	Endpoint string `help:"With --from: to this endpoint only; needs --merchant." placeholder:"ID"`
}

func (c *deliveryReplayCommand) Run(ctx context.Context, io streams) error {
	if (c.ID == "") == (c.From == "") {
		return checkout.Invalid("id", "or --from is needed, and not both")
	}
	c.demo()
	e, closeAll, err := c.engine(ctx, true)
	if err != nil {
		return err
	}
	defer closeAll()
	if c.From != "" {
		return c.replayRange(ctx, e, io)
	}
	d, _, err := findDelivery(ctx, e, c.ID)
	if err != nil {
		return err
	}
	if d, err = e.Replay(ctx, d.Merchant, d.ID); err != nil {
		return err
	}
	return io.print(c.JSON, deliveryRow(d), "delivery "+string(d.ID)+" is due now")
}

func (c *deliveryReplayCommand) replayRange(ctx context.Context, e *engine.Engine, io streams) error {
	from, err := parseMoment("from", c.From)
	if err != nil {
		return err
	}
	var to time.Time // none: to the last
	if c.To != "" {
		if to, err = parseMoment("to", c.To); err != nil {
			return err
		}
	}
	var endpoint checkout.ID
	if c.Endpoint != "" {
		if c.Merchant == "" {
			return checkout.Invalid("merchant", "is needed with --endpoint")
		}
		if endpoint, err = parseID(checkout.PrefixEndpoint, "endpoint", c.Endpoint); err != nil {
			return err
		}
	}
	merchants, err := merchantsOf(ctx, e, c.Merchant)
	if err != nil {
		return err
	}
	total := 0
	for _, m := range merchants {
		n, err := e.ReplayRange(ctx, m, from, to, endpoint)
		total += n
		if err != nil {
			return fmt.Errorf("%d deliveries are due now; then: %w", total, err)
		}
	}
	return io.print(c.JSON, map[string]any{"replayed": total}, fmt.Sprintf("%d deliveries are due now", total))
}

// parseMoment reads a time, or a day, which begins at midnight UTC.
func parseMoment(flag, s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, checkout.Invalid(flag, "%q is neither a time (2026-01-31T12:00:00Z) nor a day (2026-01-31)", s)
}
