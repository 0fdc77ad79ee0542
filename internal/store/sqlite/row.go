package sqlite

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/internal/checkout"
)

// row reads the columns of a result from left to right. The first column that does not hold what
// was asked for is kept as err, and the row is then refused as a whole.
type row struct {
	c    *conn
	vals []driver.Value
	next int
	err  error
}

func (r *row) take() driver.Value {
	v := r.vals[r.next]
	r.next++
	return v
}

func (r *row) wrong(want string, v driver.Value) {
	if r.err == nil {
		r.err = fmt.Errorf("sqlite: column %d holds a %T where %s is expected", r.next, v, want)
	}
}

// text gives "" for NULL.
func (r *row) text() string {
	switch v := r.take().(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		r.wrong("text", v)
		return ""
	}
}

func (r *row) id() checkout.ID { return checkout.ID(r.text()) }

// int gives 0 for NULL.
func (r *row) int() int64 {
	switch v := r.take().(type) {
	case int64:
		return v
	case nil:
		return 0
	default:
		r.wrong("an integer", v)
		return 0
	}
}

func (r *row) flag() bool { return r.int() != 0 }

// time gives the zero time for NULL.
func (r *row) time() time.Time {
	switch v := r.take().(type) {
	case int64:
		return time.UnixMicro(v).UTC()
	case nil:
		return time.Time{}
	default:
		r.wrong("a time", v)
		return time.Time{}
	}
}

// blob gives nil for NULL and for no bytes. The bytes are the caller's own.
func (r *row) blob() []byte {
	switch v := r.take().(type) {
	case []byte:
		return v
	case nil:
		return nil
	default:
		r.wrong("bytes", v)
		return nil
	}
}

func (r *row) hash() (h [32]byte) {
	b := r.blob()
	if len(b) != len(h) {
		r.wrong("a hash", b)
		return h
	}
	return [32]byte(b)
}

// doc reads the row's JSON value.
func (r *row) doc(into any) {
	s := r.text()
	if r.err == nil && s != "" {
		r.err = json.Unmarshal([]byte(s), into, docOptions)
	}
}

var docOptions = json.JoinOptions(
	json.OmitZeroStructFields(true),
	// A provider's text that is not UTF-8 must not keep a payment from being recorded.
	jsontext.AllowInvalidUTF8(true),
)

// doc writes a JSON value without the fields that are zero.
func doc(v any) (string, error) {
	b, err := json.Marshal(v, docOptions)
	if err != nil {
		return "", internal(err)
	}
	return string(b), nil
}

// opt writes a text, "" as NULL.
func opt[S ~string](s S) driver.Value {
	if s == "" {
		return nil
	}
	return string(s)
}

// bytesOpt writes bytes, none as NULL.
func bytesOpt(b []byte) driver.Value {
	if len(b) == 0 {
		return nil
	}
	return b
}

// micros writes a time, the zero time as NULL.
func micros(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func bit(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}
