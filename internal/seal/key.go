package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// NewKey makes a key from the system's random source.
func NewKey() []byte {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails: crypto/rand aborts the program instead
	return key
}

// FormatKey writes a key as the text that ParseKey reads: standard base64.
func FormatKey(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// ParseKey reads a key of 32 bytes written in hexadecimal (64 digits) or in base64 (43 or 44
// characters, either alphabet), with blanks around it. Its errors never hold a part of the key.
func ParseKey(text string) ([]byte, error) {
	s := strings.TrimSpace(text)
	if s == "" {
		return nil, errors.New("the secret key is empty")
	}
	if len(s) == hex.EncodedLen(KeySize) {
		key, err := hex.DecodeString(s)
		if err != nil {
			return nil, errors.New("the secret key has 64 characters, but they are not all hexadecimal digits")
		}
		return checkKey(key)
	}
	s = strings.TrimRight(s, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	key, err := enc.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("the secret key is neither hexadecimal nor base64")
	}
	return checkKey(key)
}

func checkKey(key []byte) ([]byte, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the secret key has %d bytes; it must have %d", len(key), KeySize)
	}
	var any byte
	for _, b := range key {
		any |= b
	}
	if any == 0 {
		return nil, errors.New("the secret key is all zeros; make one that is random")
	}
	return key, nil
}
