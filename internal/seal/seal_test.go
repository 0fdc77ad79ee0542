package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"kassa/internal/seal"
)

var place = seal.Place{Merchant: "mr_1", Channel: "ch_1", Field: "settings"}

func box(t *testing.T, key []byte, older ...[]byte) *seal.Box {
	t.Helper()
	b, err := seal.New(key, older...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealOpens(t *testing.T) {
	b := box(t, seal.NewKey())
	for _, plain := range []string{"", "x", `{"secret":"sk_live_1"}`, strings.Repeat("long ", 10000)} {
		sealed := b.Seal([]byte(plain), place)
		if len(plain) > 1 && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the sealed value holds the plain one")
		}
		if bytes.Equal(sealed, b.Seal([]byte(plain), place)) {
			t.Error("sealing twice gave the same bytes")
		}
		got, err := b.Open(sealed, place)
		if err != nil || string(got) != plain {
			t.Errorf("opened %.20q, %v; sealed %.20q", got, err, plain)
		}
	}
}

// A row that is copied over another merchant's, channel's or field's must not open there; nor must
// two places whose names run together the same way be taken for one another.
func TestOpenOnlyInItsPlace(t *testing.T) {
	b := box(t, seal.NewKey())
	sealed := b.Seal([]byte("secret"), place)
	for _, other := range []seal.Place{
		{Merchant: "mr_2", Channel: "ch_1", Field: "settings"},
		{Merchant: "mr_1", Channel: "ch_2", Field: "settings"},
		{Merchant: "mr_1", Channel: "ch_1", Field: "data"},
		{Merchant: "mr_1c", Channel: "h_1", Field: "settings"},
		{},
	} {
		if _, err := b.Open(sealed, other); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("opened at %+v: %v", other, err)
		}
	}
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	b := box(t, seal.NewKey())
	sealed := b.Seal([]byte("secret"), place)
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := b.Open(bad, place); err == nil {
			t.Errorf("byte %d was changed, and the value opened", i)
		}
		if _, err := b.Open(sealed[:i], place); err == nil {
			t.Errorf("the value opened with only %d bytes", i)
		}
	}
}

func TestKeys(t *testing.T) {
	first, second := seal.NewKey(), seal.NewKey()
	sealed := box(t, first).Seal([]byte("secret"), place)
	if _, err := box(t, second).Open(sealed, place); !errors.Is(err, seal.ErrKey) {
		t.Errorf("with another key: %v", err)
	}
	both := box(t, second, first)
	if got, err := both.Open(sealed, place); err != nil || string(got) != "secret" {
		t.Errorf("with the older key at hand: %q, %v", got, err)
	}
	if both.Current(sealed) || !both.Current(both.Seal(nil, place)) {
		t.Error("Current does not tell the keys apart")
	}
	if box(t, first).KeyID() == both.KeyID() || len(both.KeyID()) != 8 {
		t.Error("the names of two keys are not two names of eight digits")
	}
	for _, short := range [][]byte{nil, make([]byte, 16), make([]byte, 32)} {
		if _, err := seal.New(short); err == nil {
			t.Errorf("took a key of %d zeros", len(short))
		}
	}
}

func TestParseKey(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xff}, 16) // both alphabets of base64 differ in it
	for _, text := range []string{
		seal.FormatKey(key), hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)),
		base64.RawStdEncoding.EncodeToString(key), base64.URLEncoding.EncodeToString(key),
		base64.RawURLEncoding.EncodeToString(key), "  " + seal.FormatKey(key) + "\n",
	} {
		if got, err := seal.ParseKey(text); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", "empty"},
		{" \n", "empty"},
		{"correct horse battery staple", "neither"},
		{strings.Repeat("zz", 32), "hexadecimal digits"},
		{seal.FormatKey(key[:16]), "16 bytes"},
		{seal.FormatKey(append(key, 1)), "33 bytes"},
		{seal.FormatKey(make([]byte, 32)), "zeros"},
	} {
		_, err := seal.ParseKey(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v; it should say %q", c.text, err, c.says)
		}
		if err != nil && len(c.text) > 8 && strings.Contains(err.Error(), c.text[:8]) {
			t.Errorf("the error shows a part of the key: %v", err)
		}
	}
}
