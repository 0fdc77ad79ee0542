package engine

import (
	"context"
	"encoding/json"
	"sync"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

// openedPSPs keeps one adapter per channel, as long as the channel's row does not change.
type openedPSPs struct {
	mu sync.Mutex
	m  map[checkout.ID]openedPSP
}

type openedPSP struct {
	version int64
	psp     psp.PSP
}

// open gives the adapter of a channel. A channel that cannot be opened (an unknown adapter, a missing
// secret) is CodeUnavailable for shoppers and providers alike; the log says why.
func (e *Engine) open(c checkout.Channel) (psp.PSP, error) {
	e.opened.mu.Lock()
	defer e.opened.mu.Unlock()
	if o, ok := e.opened.m[c.ID]; ok && o.version == c.Version {
		return o.psp, nil
	}
	kind, ok := e.kinds[c.PSP]
	if !ok {
		return nil, checkout.Errorf(checkout.CodeUnavailable, "this way to pay is not available now")
	}
	settings := map[string]string{}
	if err := json.Unmarshal(c.Settings, &settings); err != nil {
		return nil, checkout.Wrap(checkout.CodeUnavailable, "this way to pay is not available now", err)
	}
	p, err := kind.Open(psp.Config{Channel: c.ID, Test: c.Test, Settings: settings, Client: e.client, Now: e.now})
	if err != nil {
		return nil, checkout.Wrap(checkout.CodeUnavailable, "this way to pay is not available now", err)
	}
	if e.opened.m == nil {
		e.opened.m = map[checkout.ID]openedPSP{}
	}
	e.opened.m[c.ID] = openedPSP{c.Version, p}
	return p, nil
}

func (e *Engine) openFor(ctx context.Context, a checkout.Attempt) (psp.PSP, error) {
	c, err := e.channelByID(ctx, a.Channel)
	if err != nil {
		return nil, err
	}
	return e.open(c)
}
