package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"kassa/internal/checkout"
)

// Limits of what is read.
const (
	MaxBody     = 64 << 10 // bytes
	MaxDepth    = 32       // objects and arrays inside one another
	maxProblems = 32       // reported at once
)

// BodyField is the name of the whole body in an error that belongs to no field.
const BodyField = "body"

// Doc is one JSON text that has been read strictly: it is valid UTF-8 and valid JSON with nothing
// behind it, no object in it has a key twice, and it is not nested deeper than MaxDepth. What a
// dialect finds wrong with its fields while it walks is collected in it; Err gives all of it.
//
// A Doc is one flat list of nodes over the text, made in one pass and recycled by Release, so
// fields can be read in any order and a path is only made when something is wrong.
type Doc struct {
	in       bytes.Buffer
	dec      jsontext.Decoder
	text     []byte
	nodes    []node
	open     []int32 // containers around the node being read, while parsing
	problems []checkout.FieldError
}

// node is a value, or the name of a member: in an object names and values alternate.
type node struct {
	kind       jsontext.Kind // n f t " 0 { [
	escaped    bool          // a string with a backslash in it
	start, end int32         // in the text, with the quotes of a string
	next       int32         // the first node behind this one and all that is in it
}

var docs = sync.Pool{New: func() any { return new(Doc) }}

// Release recycles the Doc. Nothing that its methods returned points into it, but Text and Value.
func (d *Doc) Release() {
	if cap(d.nodes) > 4096 {
		return // a strange body; its size is not worth keeping
	}
	d.problems = nil // given away with Err
	docs.Put(d)
}

// ReadJSON reads and parses a request's body. Release the Doc if there is no error. An empty body is a
// Doc too when emptyOK: it reads as {}. Errors: CodeTooLarge, CodeInvalid.
func ReadJSON(r *http.Request, emptyOK bool) (*Doc, error) {
	if r.ContentLength > MaxBody {
		return nil, errTooLarge
	}
	d := docs.Get().(*Doc)
	d.in.Reset()
	if n := r.ContentLength; n > 0 {
		d.in.Grow(int(n) + bytes.MinRead)
	}
	if r.Body != nil {
		n, err := d.in.ReadFrom(io.LimitReader(r.Body, MaxBody+1))
		var big *http.MaxBytesError
		switch {
		case n > MaxBody || errors.As(err, &big):
			d.Release()
			return nil, errTooLarge
		case err != nil:
			d.Release()
			return nil, &checkout.Error{Code: checkout.CodeInvalid, Safe: "the body could not be read to its end", Err: err,
				Fields: []checkout.FieldError{{Field: BodyField, Safe: "could not be read to its end"}}}
		}
	}
	if emptyOK && len(bytes.TrimSpace(d.in.Bytes())) == 0 {
		d.in.Reset()
		d.in.WriteString("{}")
	}
	if err := d.parse(); err != nil {
		d.Release()
		return nil, err
	}
	return d, nil
}

// ParseJSON is ReadJSON for bytes that are here already.
func ParseJSON(text []byte) (*Doc, error) {
	if len(text) > MaxBody {
		return nil, errTooLarge
	}
	d := docs.Get().(*Doc)
	d.in.Reset()
	d.in.Write(text)
	if err := d.parse(); err != nil {
		d.Release()
		return nil, err
	}
	return d, nil
}

var errTooLarge = checkout.Errorf(checkout.CodeTooLarge, "the body must be at most %d KiB", MaxBody>>10)

func (d *Doc) parse() error {
	d.text, d.nodes, d.open = d.in.Bytes(), d.nodes[:0], d.open[:0]
	if len(bytes.TrimSpace(d.text)) == 0 {
		return checkout.Invalid(BodyField, "is required: a JSON object")
	}
	d.dec.Reset(&d.in)
	for {
		kind := d.dec.PeekKind()
		switch kind {
		case '{', '[':
			if len(d.open) == MaxDepth {
				return checkout.Invalid(BodyField, "must not be nested deeper than %d levels", MaxDepth)
			}
			if _, err := d.dec.ReadToken(); err != nil {
				return d.refuse(err)
			}
			at := int32(d.dec.InputOffset())
			d.open = append(d.open, int32(len(d.nodes)))
			d.nodes = append(d.nodes, node{kind: kind, start: at - 1})
			continue
		case '}', ']':
			if _, err := d.dec.ReadToken(); err != nil {
				return d.refuse(err)
			}
			n := &d.nodes[d.open[len(d.open)-1]]
			n.end, n.next = int32(d.dec.InputOffset()), int32(len(d.nodes))
			d.open = d.open[:len(d.open)-1]
		default:
			v, err := d.dec.ReadValue()
			if err != nil {
				return d.refuse(err)
			}
			end := int32(d.dec.InputOffset())
			escaped := kind == '"' && bytes.IndexByte(v, '\\') >= 0
			d.nodes = append(d.nodes, node{kind: kind, escaped: escaped, start: end - int32(len(v)), end: end, next: int32(len(d.nodes)) + 1})
		}
		if len(d.open) == 0 {
			break
		}
	}
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return checkout.Invalid(BodyField, "must be one JSON value with nothing behind it")
	}
	return nil
}

// refuse turns what the decoder found into an error that names the place and quotes nothing.
func (d *Doc) refuse(err error) error {
	field, where := BodyField, ""
	var at *jsontext.SyntacticError
	if errors.As(err, &at) {
		if at.JSONPointer != "" {
			field = pointerPath(at.JSONPointer)
		}
		where = fmt.Sprintf(" (at byte %d)", at.ByteOffset)
	}
	e := checkout.Invalid(field, "is not valid JSON%s", where)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		e = checkout.Invalid(field, "must not be there twice")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e = checkout.Invalid(BodyField, "is not valid JSON: it ends too early")
	}
	e.Err = err
	return e
}

// Bytes is the text as it came, for a hash. It dies with Release.
func (d *Doc) Bytes() []byte { return d.text }

// Err gives all that was found wrong as one CodeInvalid, or nil.
func (d *Doc) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	e := checkout.Invalid(d.problems[0].Field, "%s", d.problems[0].Safe)
	if more := len(d.problems) - 1; more > 0 {
		e.Safe += fmt.Sprintf(" (and %d more)", more)
	}
	e.Fields = d.problems
	return e
}

// Fail notes a problem with a field that is named by its path.
func (d *Doc) Fail(field, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, checkout.FieldError{Field: field, Safe: fmt.Sprintf(format, args...)})
	}
}

// Root is the whole text.
func (d *Doc) Root() Value { return Value{d: d, required: true} }

// path spells where node i is: "order.line_items[0].amount".
func (d *Doc) path(i int32) string {
	if i == 0 {
		return BodyField
	}
	var b []byte
	for at := int32(0); at != i; {
		object := d.nodes[at].kind == '{'
		child := at + 1
		for n := 0; ; n++ {
			value := child
			if object {
				value++
			}
			if i < d.nodes[value].next {
				if object {
					b = appendName(b, d.unquoted(child))
				} else {
					b = fmt.Appendf(b, "[%d]", n)
				}
				at = value
				if i == child { // a member is named by its name, too
					at = i
				}
				break
			}
			child = d.nodes[value].next
		}
	}
	return string(b)
}

// appendName adds a key to a path. Keys are strangers' text: they are bounded, and never repeat a card number.
func appendName(b []byte, name string) []byte {
	if len(b) > 0 {
		b = append(b, '.')
	}
	if checkout.HasCardNumber(name) {
		return append(b, "***"...)
	}
	if len(name) > 64 {
		return append(append(b, strings.ToValidUTF8(name[:64], "")...), "..."...)
	}
	return append(b, name...)
}

// pointerPath writes a JSON pointer as a path. A pointer does not tell an index from a key of digits.
func pointerPath(p jsontext.Pointer) string {
	var b []byte
	for t := range p.Tokens() {
		if n, err := strconv.Atoi(t); err == nil && n >= 0 && len(b) > 0 {
			b = fmt.Appendf(b, "[%d]", n)
			continue
		}
		b = appendName(b, t)
	}
	return string(b)
}

// unquoted is the text of a string or a name.
func (d *Doc) unquoted(i int32) string {
	n := &d.nodes[i]
	raw := d.text[n.start:n.end]
	if !n.escaped {
		return string(raw[1 : len(raw)-1])
	}
	s, _ := jsontext.AppendUnquote(nil, raw) // the decoder has checked it
	return string(s)
}

// isNamed compares a name without making a string of it.
func (d *Doc) isNamed(i int32, name string) bool {
	n := &d.nodes[i]
	if n.escaped {
		return d.unquoted(i) == name
	}
	return string(d.text[n.start+1:n.end-1]) == name
}
