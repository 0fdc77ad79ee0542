package main

import (
	"context"
	"testing"
)

// TestShopKeepsOneEndpoint: a demo that runs again has the same secrets, and at another address it leaves
// nothing behind that is sent to the old one.
func TestShopKeepsOneEndpoint(t *testing.T) {
	s := testSite(t, nil)
	ctx := context.Background()
	secret := []byte("the server's secret key, for once")
	first, err := shopSettings(ctx, s.engine, "http://127.0.0.1:1", secret)
	if err != nil {
		t.Fatal(err)
	}
	again, err := shopSettings(ctx, s.engine, "http://127.0.0.1:1", secret)
	if err != nil {
		t.Fatal(err)
	}
	if again.WebhookSecret != first.WebhookSecret || again.ReturnKey != first.ReturnKey {
		t.Error("the second run has other secrets than the first")
	}
	moved, err := shopSettings(ctx, s.engine, "http://127.0.0.1:2", secret)
	if err != nil {
		t.Fatal(err)
	}
	if moved.WebhookSecret == first.WebhookSecret || moved.ReturnKey != first.ReturnKey {
		t.Error("another address is another endpoint of the same merchant")
	}
	back, err := shopSettings(ctx, s.engine, "http://127.0.0.1:1", secret)
	if err != nil || back.WebhookSecret != first.WebhookSecret {
		t.Errorf("back at the first address it has another secret, %v", err)
	}
	key, err := s.engine.Authenticate(ctx, "kaipay", demoOtherKey)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.engine.Endpoints(ctx, key.Merchant)
	if err != nil {
		t.Fatal(err)
	}
	var on []string
	for _, p := range all {
		if p.Enabled {
			on = append(on, p.URL)
		}
	}
	if len(on) != 1 || on[0] != "http://127.0.0.1:1/demo/callback" {
		t.Errorf("these endpoints are on: %v", on)
	}
}
