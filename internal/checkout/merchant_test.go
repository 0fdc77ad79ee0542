package checkout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const word = "hunter2"
	e := checkout.Endpoint{Secret: checkout.Secret(word)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%t", "%10s", "%!"} {
		for _, v := range []any{e.Secret, e, &e, []checkout.Secret{e.Secret}, map[string]checkout.Secret{"a": e.Secret}} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, word) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", word)) {
				t.Errorf("%s of %T prints %s", verb, v, text)
			}
		}
	}
	if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), word) {
		t.Errorf("JSON holds %s, %v", text, err)
	}
	if e.Secret.Reveal() != word {
		t.Error("Reveal does not")
	}
}

func TestKeyAllows(t *testing.T) {
	k := checkout.Key{Scopes: []checkout.Scope{checkout.ScopeSessionsRead}}
	if !k.Allows(checkout.ScopeSessionsRead) || k.Allows(checkout.ScopeRefundsWrite) {
		t.Error("a key covers its scopes and no other")
	}
	k.RevokedAt = time.Unix(1, 0)
	if k.Allows(checkout.ScopeSessionsRead) {
		t.Error("a revoked key covers nothing")
	}
	if (&checkout.Key{}).Allows(checkout.ScopeSessionsRead) {
		t.Error("a key without scopes covers nothing")
	}
}
