package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"kassa/internal/checkout"
)

// problems reads text as {"a": int, "b": text, "c": {"d": [int]}} and gives what is wrong with it.
func problems(t *testing.T, text string) []checkout.FieldError {
	t.Helper()
	d, err := ParseJSON([]byte(text))
	if err == nil {
		defer d.Release()
		o := d.Root().Object("a", "b", "c")
		o.Need("a").Int(1, 99999999)
		o.Need("b").Text(10)
		for _, v := range o.Get("c").Object("d").Get("d").Items(3) {
			v.Int(0, 9)
		}
		err = d.Err()
	}
	if err == nil {
		return nil
	}
	e := checkout.AsError(err)
	if e.Code != checkout.CodeInvalid || len(e.Fields) == 0 || !strings.HasPrefix(e.Safe, e.Fields[0].Field+" "+e.Fields[0].Safe) {
		t.Errorf("%.60s: %v", text, err)
	}
	return e.Fields
}

func TestReading(t *testing.T) {
	deep := func(n int) string {
		return `{"a":1,"b":"x","z":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	for _, c := range []struct{ text, want string }{
		{`{"a":1,"b":"x"}`, ``},
		{` {"a" : 99999999, "b":"ten chars.","c":{"d":[0,9]},"zz":[{"zz":1e999}]} ` + "\r\n", ``},
		{`{"\u0061":1,"b":"\u00e9\n"}`, `b: must not contain control characters`},
		{`{"\u0061":1,"b":"\u00e9"}`, ``},
		{`{"a":1,"b":"x","c":null}`, ``},
		{`{"a":1,"b":"x","c":{"d":null}}`, ``},
		{`{"a":null,"b":""}`, `a: is required; b: must not be empty`},
		{`{}`, `a: is required; b: is required`},
		{`{"a":"1","b":1}`, `a: must be a whole number, not a string; b: must be a string, not a number`},
		{`{"a":1.0,"b":"x"}`, `a: must be a whole number, written without a point or an exponent`},
		{`{"a":1e2,"b":"x"}`, `a: must be a whole number, written without a point or an exponent`},
		{`{"a":0,"b":"x"}`, `a: must be at least 1`},
		{`{"a":-0,"b":"x"}`, `a: must be at least 1`},
		{`{"a":-99999999999999999999,"b":"x"}`, `a: must be at least 1`},
		{`{"a":100000000,"b":"x"}`, `a: must be at most 99999999`},
		{`{"a":99999999999999999999,"b":"x"}`, `a: must be at most 99999999`},
		{`{"a":01,"b":"x"}`, `body: is not valid JSON (at byte 6)`},
		{`{"a":+1,"b":"x"}`, `a: is not valid JSON (at byte 5)`},
		{`{"a":true,"b":[]}`, `a: must be a whole number, not true; b: must be a string, not an array`},
		{`{"a":1,"b":"eleven char"}`, `b: must be at most 10 characters`},
		{`{"a":1,"b":"x","c":{"d":[1,10,-1]}}`, `c.d[1]: must be at most 9; c.d[2]: must be at least 0`},
		{`{"a":1,"b":"x","c":{"d":[1,2,3,4]}}`, `c.d: must have at most 3 entries`},
		{`{"a":1,"b":"x","c":{"d":{}}}`, `c.d: must be an array, not an object`},
		{`{"a":1,"b":"x","c":[]}`, `c: must be an object, not an array`},
		{`{"a":1,"b":"x","A":2}`, `A: must be spelled "a"`},
		{`{"a":1,"b":"x","c":{"D":2}}`, `c.D: must be spelled "d"`},
		{`{"a":1,"a":2,"b":"x"}`, `a: must not be there twice`},
		{`{"a":1,"\u0061":2,"b":"x"}`, `a: must not be there twice`},
		{`{"a":1,"b":"x","z":[1,{"y":1,"y":2}]}`, `z[1].y: must not be there twice`},
		{`[]`, `body: must be an object, not an array`},
		{`null`, `body: must be an object, not null`},
		{``, `body: is required: a JSON object`},
		{" \n", `body: is required: a JSON object`},
		{`{"a":1,"b":"x"`, `body: is not valid JSON: it ends too early`},
		{`{"a":1,"b":"x"} 1`, `body: must be one JSON value with nothing behind it`},
		{`{"a":1,"b":"x"}}`, `body: must be one JSON value with nothing behind it`},
		{"{\"a\":1,\"b\":\"\xff\"}", `b: is not valid JSON (at byte 12)`},
		{`{"a":1,"b":"\ud800"}`, `b: is not valid JSON (at byte 12)`},
		{`{"a":1,"b":"x",}`, `body: is not valid JSON (at byte 14)`},
		{deep(32), ``},
		{deep(33), `body: must not be nested deeper than 32 levels`},
	} {
		var got []string
		for _, f := range problems(t, c.text) {
			got = append(got, f.Field+": "+f.Safe)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, s, c.want)
		}
	}
}

func TestPathsShowNoCardNumberAndAreShort(t *testing.T) {
	d, err := ParseJSON([]byte(`{"4111111111111111":{"` + strings.Repeat("é", 500) + `":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Release()
	d.Root().CheckAll(100)
	for _, inner := range d.Root().Members(9) {
		for _, v := range inner.Members(9) {
			v.Text(1)
		}
	}
	text := d.Err().Error()
	if strings.Contains(text, "4111") || len(text) > 900 || !strings.Contains(text, "***") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	d, err := ParseJSON([]byte(`[` + strings.Repeat(`"x",`, 5000) + `1]`))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Release()
	for _, v := range d.Root().Items(10000) {
		v.Int(0, 1)
	}
	if n := len(checkout.AsError(d.Err()).Fields); n != maxProblems {
		t.Errorf("%d problems", n)
	}
}

// TestBombsAreCheap: a bomb of any form is judged in 10 ms, or five times that under the race detector; the best of some
// tries counts, because the machine may have other things to do.
func TestBombsAreCheap(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 65000), strings.Repeat(`{"":`, 16000), `{"a":` + strings.Repeat("9", 65000) + `}`, "[" + strings.Repeat("0,", 32000) + "0]",
		`{"a":1,"b":"x","c":{"d":[` + strings.Repeat("-1,", 20000) + `0]}}`, `{` + manyKeys(6000) + `"a":1,"b":"x"}`,
		`{"` + strings.Repeat(`\u0061`, 10000) + `":1}`} {
		best := time.Hour
		for range 20 {
			began := time.Now()
			problems(t, text)
			best = min(best, time.Since(began))
		}
		t.Logf("%.20s: %s", text, best)
		if best > 50*time.Millisecond {
			t.Errorf("%.20s: %s", text, best)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%05d":0,`, i)
	}
	return b.String()
}

func TestBodies(t *testing.T) {
	read := func(body string, length int64) error {
		r := httptest.NewRequest("POST", "/", iotest.OneByteReader(strings.NewReader(body)))
		r.ContentLength = length
		d, err := ReadJSON(r, true)
		if err == nil {
			d.Release()
		}
		return err
	}
	full := `{"x":"` + strings.Repeat("a", MaxBody-8) + `"}`
	if err := read(full, -1); err != nil || len(full) != MaxBody {
		t.Errorf("a body of exactly the limit: %v", err)
	}
	for what, err := range map[string]error{"too long": read(full+" ", -1), "said to be too long": read("{}", MaxBody+1), "longer than said": read(full+"  ", 2)} {
		if checkout.CodeOf(err) != checkout.CodeTooLarge {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := read("", -1); err != nil {
		t.Errorf("an empty body that may be: %v", err)
	}
	r := httptest.NewRequest("POST", "/", iotest.ErrReader(errors.New("cut off")))
	r.ContentLength = 10
	if _, err := ReadJSON(r, false); checkout.CodeOf(err) != checkout.CodeInvalid {
		t.Errorf("a body that breaks off: %v", err)
	}
	r = httptest.NewRequest("POST", "/", nil)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), http.NoBody, 1)
	if _, err := ReadJSON(r, false); checkout.CodeOf(err) != checkout.CodeInvalid {
		t.Errorf("no body: %v", err)
	}
}

// TestRecycling reads different texts in turn: nothing of one may be seen in another.
func TestRecycling(t *testing.T) {
	keep := map[string]string{}
	for i := range 100 {
		text := `{"a":"` + strings.Repeat(string(rune('a'+i%26)), i) + `"}`
		d, err := ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v := d.Root().Object().Get("a")
		keep[text] = v.String() + string(v.Raw())
		d.Fail("x", "y")
		d.Release()
	}
	for text, got := range keep {
		s := strings.TrimSuffix(strings.TrimPrefix(text, `{"a":"`), `"}`)
		if got != s+`"`+s+`"` {
			t.Errorf("%s gave %s", text, got)
		}
	}
	d, err := ParseJSON([]byte(`{}`))
	if err != nil || d.Err() != nil {
		t.Errorf("another text's problems: %v %v", err, d.Err())
	}
}

func TestBearer(t *testing.T) {
	for value, want := range map[string]string{"Bearer abc": "abc", "bearer  abc ": "abc", "BEARER abc": "abc", "Basic abc": "", "Bearer": "", "abc": "", "": "", "Bearer ": ""} {
		if got := Bearer(http.Header{"Authorization": {value}}); got != want {
			t.Errorf("%q gives %q", value, got)
		}
	}
	if got := Bearer(http.Header{"Authorization": {"Bearer a", "Bearer b"}}); got != "" {
		t.Errorf("two headers give %q", got)
	}
}

func TestWriter(t *testing.T) {
	var w Writer
	w.Open('{')
	w.KeyStr("s", "a\"\n\u2028<é\xff")
	w.KeyStr("none", "")
	w.Key("list")
	w.Open('[')
	w.Int(-1)
	w.Str("x,")
	w.Open('{')
	w.Close('}')
	w.Open('[')
	w.Close(']')
	w.Raw(nil)
	w.Raw([]byte(`{"r":1}`))
	w.Close(']')
	w.KeyTime("t", time.Date(2026, 1, 31, 13, 0, 0, 5e6, time.FixedZone("", 3600)))
	w.KeyTime("never", time.Time{})
	w.KeyBool("b", true)
	w.Close('}')
	const want = `{"s":"a\"\n` + "\u2028" + `<é` + "\ufffd" + `","none":null,"list":[-1,"x,",{},[],null,{"r":1}],"t":"2026-01-31T12:00:00.005Z","never":null,"b":true}`
	if string(w.B) != want || !json.Valid(w.B) {
		t.Errorf("got  %s\nwant %s", w.B, want)
	}
}

// FuzzStrictJSON compares with the library's own judgement: what is accepted is valid and unambiguous,
// what is valid, unambiguous, and within the limits is accepted. Every place has a path, and every part is JSON.
func FuzzStrictJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"A":2}`, `{"a":1,"a":2}`, `[[[[]]]]`, `"\ud800"`, "\"\xff\"", `{"a":{"b":[1,2,{"c":"\u0000"}]}} `, `1e999`, `{"a":1}{}`, ``, ` null `, strings.Repeat("[", 40)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		valid := jsontext.Value(text).IsValid() && len(text) <= MaxBody
		d, err := ParseJSON(bytes.Clone(text))
		if err != nil {
			if c := checkout.CodeOf(err); c != checkout.CodeInvalid && c != checkout.CodeTooLarge {
				t.Fatalf("%v", err)
			}
			if valid && depth(text) <= MaxDepth {
				t.Fatalf("valid, and refused: %v", err)
			}
			return
		}
		defer d.Release()
		if !valid || !json.Valid(text) || depth(text) > MaxDepth {
			t.Fatalf("accepted: %q", text)
		}
		if raw := d.Root().Raw(); !json.Valid(raw) {
			t.Fatalf("raw: %q", raw)
		}
		d.Root().CheckAll(100)
		for i := range min(len(d.nodes), 200) {
			if p := d.path(int32(i)); p == "" && i == 0 {
				t.Fatalf("node %d has no path", i)
			}
			Value{d: d, i: int32(i)}.Number(true)
		}
		o := d.Root().Object("a", "b")
		o.Need("a").Int(0, 10)
		Parse(o.Get("b"), checkout.ParseCurrency)
		_ = d.Err()
	})
}

// depth counts brackets outside of strings.
func depth(text []byte) int {
	n, most, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			n++
			most = max(most, n)
		case c == ']' || c == '}':
			n--
		}
	}
	return most
}
