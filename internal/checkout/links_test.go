package checkout_test

import (
	"testing"

	"kassa/internal/checkout"
)

func TestLinks(t *testing.T) {
	a := &checkout.Attempt{ID: "at_1", Channel: "ch_1", Token: "tok"}
	for _, base := range []string{"https://pay.example/kassa", "https://pay.example/kassa/"} {
		l := checkout.NewLinks(base)
		for got, want := range map[string]string{
			l.Base(): "https://pay.example/kassa", l.Pay("cs_1"): "https://pay.example/kassa/pay/cs_1",
			l.Return(a): "https://pay.example/kassa/return/at_1", l.Notify(a): "https://pay.example/kassa/notify/ch_1/tok",
		} {
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}
