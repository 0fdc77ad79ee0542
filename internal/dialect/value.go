package dialect

import (
	"bytes"
	"iter"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"kassa/internal/checkout"
)

// Value is a place in a Doc. The zero Value is absent, and so reads a null: every method of an absent
// Value gives the zero value and finds nothing wrong. A method that finds something wrong notes it
// in the Doc and gives the zero value as well, so a dialect reads all fields and asks Err once.
type Value struct {
	d        *Doc
	i        int32
	required bool
}

func (v Value) node() *node { return &v.d.nodes[v.i] }

// Present reports that there is a value, and that it is not null.
func (v Value) Present() bool { return v.d != nil }

// Path is where the value is: "order.line_items[0].amount".
func (v Value) Path() string { return v.d.path(v.i) }

// Fail notes what is wrong with the value. An absent value is never wrong.
func (v Value) Fail(format string, args ...any) {
	if v.Present() && len(v.d.problems) < maxProblems { // a path costs a walk
		v.d.Fail(v.Path(), format, args...)
	}
}

// Check notes err, if it is one, by its safe text, and reports whether all is well.
func (v Value) Check(err error) bool {
	if err != nil {
		v.Fail("%s", checkout.AsError(err).Safe)
	}
	return err == nil
}

// IsString, IsNumber, IsObject and IsArray tell what was sent.
func (v Value) IsString() bool { return v.Present() && v.node().kind == '"' }
func (v Value) IsNumber() bool { return v.Present() && v.node().kind == '0' }
func (v Value) IsObject() bool { return v.Present() && v.node().kind == '{' }
func (v Value) IsArray() bool  { return v.Present() && v.node().kind == '[' }

func (v Value) must(want string) {
	got := map[jsontext.Kind]string{'"': "a string", '0': "a number", '{': "an object", '[': "an array", 't': "true", 'f': "false", 'n': "null"}[v.node().kind]
	v.Fail("must be %s, not %s", want, got)
}

// String gives a string as it was sent, unchecked but for its type and, where it is required, for not being blank.
func (v Value) String() string {
	if !v.Present() {
		return ""
	}
	if !v.IsString() {
		v.must("a string")
		return ""
	}
	s := v.d.unquoted(v.i)
	if v.required && strings.TrimSpace(s) == "" {
		v.Fail("must not be empty")
		return ""
	}
	return s
}

// Text gives a string that checkout.CheckText has passed, of at most max characters.
func (v Value) Text(max int) string {
	s := v.String()
	if s == "" || !v.Check(checkout.CheckText(s, max)) {
		return ""
	}
	return s
}

// Parse gives what parse makes of a string; its error's safe text is noted.
func Parse[T any](v Value, parse func(string) (T, error)) T {
	var zero T
	s := v.String()
	if s == "" && !v.IsString() {
		return zero
	}
	if s == "" && v.required {
		return zero // noted
	}
	t, err := parse(s)
	if !v.Check(err) {
		return zero
	}
	return t
}

// Int gives a whole number from lo to hi. A point, an exponent and a number in quotes are refused: an
// amount must never depend on how somebody's float was printed.
func (v Value) Int(lo, hi int64) int64 {
	if !v.Present() {
		return 0
	}
	if !v.IsNumber() {
		v.must("a whole number")
		return 0
	}
	raw := v.d.text[v.node().start:v.node().end]
	if bytes.ContainsAny(raw, ".eE") {
		v.Fail("must be a whole number, written without a point or an exponent")
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case raw[0] == '-' && (err != nil || n < lo), n < lo:
		v.Fail("must be at least %d", lo)
		return 0
	case err != nil || n > hi:
		v.Fail("must be at most %d", hi)
		return 0
	}
	return n
}

// Number gives a number as it was written, for dialects with decimal amounts; quoted tells that a
// string is welcome, too ("100.00").
func (v Value) Number(quoted bool) string {
	switch {
	case !v.Present():
		return ""
	case v.IsNumber():
		return string(v.d.text[v.node().start:v.node().end])
	case quoted && v.IsString():
		return v.String()
	}
	v.must("a number")
	return ""
}

// Bool gives true or false.
func (v Value) Bool() bool {
	if !v.Present() {
		return false
	}
	k := v.node().kind
	if k != 't' && k != 'f' {
		v.must("true or false")
	}
	return k == 't'
}

// Raw gives the value as JSON without white space, every string and number as it was written.
// It is a copy.
func (v Value) Raw() []byte {
	if !v.Present() {
		return nil
	}
	raw := jsontext.Value(bytes.Clone(v.d.text[v.node().start:v.node().end]))
	if len(raw) > 2 {
		_ = raw.Compact() // the decoder has checked it
	}
	return raw
}

// Size is the length of the value as it was sent, in bytes.
func (v Value) Size() int {
	if !v.Present() {
		return 0
	}
	return int(v.node().end - v.node().start)
}

// CheckAll runs CheckText over every key and every string in the value, and looks for card numbers in
// its numbers, for JSON that is kept without being understood.
func (v Value) CheckAll(max int) {
	if !v.Present() {
		return
	}
	for i := v.i; i < v.node().next; i++ {
		at := Value{d: v.d, i: i}
		switch at.node().kind {
		case '"':
			at.Check(checkout.CheckText(v.d.unquoted(i), max))
		case '0':
			if n := v.d.text[at.node().start:at.node().end]; len(n) >= 13 {
				at.Check(checkout.CheckText(string(n), max))
			}
		}
	}
}

// Items goes through an array of at most max values.
func (v Value) Items(max int) iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if !v.Present() {
			return
		}
		if !v.IsArray() {
			v.must("an array")
			return
		}
		if v.Len() > max {
			v.Fail("must have at most %d entries", max)
			return
		}
		n := 0
		for i := v.i + 1; i < v.node().next; i = v.d.nodes[i].next {
			if !yield(n, Value{d: v.d, i: i, required: true}) {
				return
			}
			n++
		}
	}
}

// Len is the number of entries of an array or members of an object.
func (v Value) Len() int {
	if !v.IsArray() && !v.IsObject() {
		return 0
	}
	n := 0
	for i := v.i + 1; i < v.node().next; i = v.d.nodes[i].next {
		n++
	}
	if v.IsObject() {
		n /= 2
	}
	return n
}

// Members goes through an object whose keys are data: names and values in the order in which they were sent.
func (v Value) Members(max int) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if !v.Present() {
			return
		}
		if !v.IsObject() {
			v.must("an object")
			return
		}
		if v.Len() > max {
			v.Fail("must have at most %d members", max)
			return
		}
		for i := v.i + 1; i < v.node().next; i = v.d.nodes[i+1].next {
			if !yield(v.d.unquoted(i), Value{d: v.d, i: i + 1, required: true}) {
				return
			}
		}
	}
}

// Object is a JSON object with a known set of keys. The zero Object has no members, and none is
// missing from it.
type Object struct {
	d *Doc
	i int32
}

// Object reads the value as an object. Other keys than the known ones are ignored, but for those that
// are a known one in another case: who sends "Amount" believes that it counts.
func (v Value) Object(known ...string) Object {
	if !v.Present() {
		return Object{}
	}
	if !v.IsObject() {
		v.must("an object")
		return Object{}
	}
	for i := v.i + 1; i < v.node().next; i = v.d.nodes[i+1].next {
		if want := v.d.variantOf(i, known); want != "" {
			Value{d: v.d, i: i}.Fail("must be spelled %q", want)
		}
	}
	return Object{d: v.d, i: v.i}
}

func (d *Doc) variantOf(name int32, known []string) string {
	for _, k := range known {
		if d.isNamed(name, k) {
			return ""
		}
	}
	n := d.unquoted(name)
	for _, k := range known {
		if strings.EqualFold(n, k) {
			return k
		}
	}
	return ""
}

// Exists reports that there is an object.
func (o Object) Exists() bool { return o.d != nil }

// Get gives a member. One that is null is absent.
func (o Object) Get(name string) Value {
	if o.d == nil {
		return Value{}
	}
	for i := o.i + 1; i < o.d.nodes[o.i].next; i = o.d.nodes[i+1].next {
		if o.d.isNamed(i, name) {
			if o.d.nodes[i+1].kind == 'n' {
				return Value{}
			}
			return Value{d: o.d, i: i + 1}
		}
	}
	return Value{}
}

// Need gives a member that must be there.
func (o Object) Need(name string) Value {
	v := o.Get(name)
	v.required = true
	if o.d != nil && !v.Present() {
		field := name
		if o.i != 0 {
			field = o.d.path(o.i) + "." + name
		}
		o.d.Fail(field, "is required")
	}
	return v
}

// AsSent gives a string as it was sent if it differs from its plain form, else "".
func (v Value) AsSent(plain string) string {
	if !v.IsString() || v.d.isNamed(v.i, plain) {
		return ""
	}
	return v.d.unquoted(v.i)
}
