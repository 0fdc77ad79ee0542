package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	format1    = 1
	keyIDSize  = 4
	headerSize = 1 + keyIDSize
)

var (
	// ErrKey says that a value was sealed with a key that the box does not have.
	ErrKey = errors.New("seal: the value was sealed with another key")
	// ErrOpen says that a value is damaged, or stands in another place than it was sealed for.
	ErrOpen = errors.New("seal: the value is damaged or belongs to another row")
)

// Place is where a sealed value stands. A value opens only in the place that it was sealed for.
type Place struct {
	Merchant string
	Channel  string
	Field    string
}

type keyID [keyIDSize]byte

// Box seals with one key, and opens what was sealed with it or with an older one. It is safe for
// concurrent use.
type Box struct {
	id   keyID
	aead map[keyID]cipher.AEAD
}

// New makes a box from a key of 32 bytes. Values sealed with one of the older keys still open; new
// ones are always sealed with key.
func New(key []byte, older ...[]byte) (*Box, error) {
	b := &Box{id: idOf(key), aead: make(map[keyID]cipher.AEAD, 1+len(older))}
	for _, k := range append([][]byte{key}, older...) {
		if _, err := checkKey(k); err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		gcm, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		b.aead[idOf(k)] = gcm
	}
	return b, nil
}

// idOf names a key without telling anything useful about it.
func idOf(key []byte) keyID {
	sum := sha256.Sum256(append([]byte("kassa seal key id\x00"), key...))
	return keyID(sum[:keyIDSize])
}

// KeyID names the key that the box seals with, in eight hexadecimal digits.
func (b *Box) KeyID() string { return hex.EncodeToString(b.id[:]) }

// Seal encrypts plain for one place. Sealing the same value twice gives different bytes.
func (b *Box) Seal(plain []byte, at Place) []byte {
	gcm := b.aead[b.id]
	out := make([]byte, headerSize, headerSize+gcm.Overhead()+len(plain))
	out[0] = format1
	copy(out[1:], b.id[:])
	ad := associated(out[:headerSize], at)
	return gcm.Seal(out, nil, plain, ad)
}

// Open decrypts what Seal made for the same place. It fails with ErrKey or ErrOpen.
func (b *Box) Open(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) < headerSize || sealed[0] != format1 {
		return nil, ErrOpen
	}
	gcm, ok := b.aead[keyID(sealed[1:headerSize])]
	if !ok {
		return nil, fmt.Errorf("%w (%x, and this one is %s)", ErrKey, sealed[1:headerSize], b.KeyID())
	}
	plain, err := gcm.Open(nil, nil, sealed[headerSize:], associated(sealed[:headerSize], at))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Current reports whether a sealed value was made with the key that the box seals with now.
func (b *Box) Current(sealed []byte) bool {
	return len(sealed) >= headerSize && sealed[0] == format1 && keyID(sealed[1:headerSize]) == b.id
}

// associated writes header and place so that no two places give the same bytes: each part is
// preceded by its length.
func associated(header []byte, at Place) []byte {
	out := append(make([]byte, 0, 128), header...)
	for _, part := range []string{at.Merchant, at.Channel, at.Field} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out
}
