package checkout

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// ID names one of our objects: a two-letter prefix, an underscore and 36 characters that hold 48
// bits of time (milliseconds) and 128 random bits. Ids of one kind sort by the time they were made.
type ID string

// The prefixes of the kinds of object.
const (
	PrefixMerchant = "mr"
	PrefixKey      = "ky"
	PrefixChannel  = "ch"
	PrefixSession  = "cs"
	PrefixAttempt  = "at"
	PrefixRefund   = "rf"
	PrefixEvent    = "ev"
	PrefixEndpoint = "ep"
	PrefixDelivery = "dl"
	PrefixMessage  = "ms"
)

// base32hex keeps the order of the bytes; lower case survives case-folding file systems and phones.
var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// IDs makes ids. It is injected, so that tests and the simulator can repeat a run.
type IDs func(prefix string, now time.Time) ID

// RandomID makes an ID from now and the system's random source.
func RandomID(prefix string, now time.Time) ID {
	var b [22]byte
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint16(b[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
	_, _ = rand.Read(b[6:]) // never fails: crypto/rand aborts the program instead
	var out [39]byte
	copy(out[:], prefix)
	out[2] = '_'
	idEncoding.Encode(out[3:], b[:])
	return ID(out[:])
}

// ParseID tells whether s has the form of an ID of that kind. Most ids that strangers send do not,
// and need no look at the database.
func ParseID(prefix, s string) (ID, bool) {
	if len(s) != 39 || s[:2] != prefix || s[2] != '_' {
		return "", false
	}
	for i := 3; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'v') {
			return "", false
		}
	}
	return ID(s), true
}

// RandomToken makes an unguessable word of 128 random bits in 26 lower-case characters.
func RandomToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return idEncoding.EncodeToString(b[:])
}
