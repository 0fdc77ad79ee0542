package dialect

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Writer appends one JSON text. It puts the commas; the caller opens and closes.
type Writer struct{ B []byte }

func (w *Writer) comma() {
	if n := len(w.B); n > 0 {
		if c := w.B[n-1]; c != '{' && c != '[' && c != ':' {
			w.B = append(w.B, ',')
		}
	}
}

// Open begins an object or an array: '{' or '['.
func (w *Writer) Open(c byte) { w.comma(); w.B = append(w.B, c) }

// Close ends it: '}' or ']'.
func (w *Writer) Close(c byte) { w.B = append(w.B, c) }

// Key begins a member. The name must not need escaping.
func (w *Writer) Key(name string) {
	w.comma()
	w.B = append(w.B, '"')
	w.B = append(w.B, name...)
	w.B = append(w.B, '"', ':')
}

// Str writes a string. Bytes that are no UTF-8 become U+FFFD.
func (w *Writer) Str(s string) {
	w.comma()
	w.B, _ = jsontext.AppendQuote(w.B, s)
}

// Int writes a whole number.
func (w *Writer) Int(n int64) {
	w.comma()
	w.B = strconv.AppendInt(w.B, n, 10)
}

// Bool writes true or false.
func (w *Writer) Bool(v bool) {
	w.comma()
	w.B = strconv.AppendBool(w.B, v)
}

// Null writes null.
func (w *Writer) Null() {
	w.comma()
	w.B = append(w.B, "null"...)
}

// Raw writes JSON that is valid already; nothing at all is null.
func (w *Writer) Raw(v []byte) {
	if len(v) == 0 {
		w.Null()
		return
	}
	w.comma()
	w.B = append(w.B, v...)
}

// KeyStr writes a member that is a string; an empty one is null.
func (w *Writer) KeyStr(name, s string) {
	w.Key(name)
	if s == "" {
		w.Null()
		return
	}
	w.Str(s)
}

// KeyInt writes a member that is a whole number.
func (w *Writer) KeyInt(name string, n int64) { w.Key(name); w.Int(n) }

// KeyBool writes a member that is true or false.
func (w *Writer) KeyBool(name string, v bool) { w.Key(name); w.Bool(v) }

// KeyNull writes a member that is null.
func (w *Writer) KeyNull(name string) { w.Key(name); w.Null() }

// KeyTime writes a member that is a moment: ISO 8601 in UTC with milliseconds; the zero time is null.
func (w *Writer) KeyTime(name string, t time.Time) {
	w.Key(name)
	if t.IsZero() {
		w.Null()
		return
	}
	w.B = append(w.B, '"')
	w.B = t.UTC().AppendFormat(w.B, "2006-01-02T15:04:05.000Z")
	w.B = append(w.B, '"')
}
