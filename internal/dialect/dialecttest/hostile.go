package dialecttest

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostile sends bodies that no decent client sends. Each is refused, fast, by name, and changes nothing.
func (rig *Rig) hostile(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	good := rig.Create.Body
	first := good[strings.Index(good, `"`):]
	key := first[:strings.Index(first, ":")] // the first member's name, with its quotes
	name := strings.Trim(strings.TrimSpace(key), `"`)
	rest := strings.TrimPrefix(strings.TrimSpace(good), "{")
	for what, body := range map[string]string{
		"oversized":              `{"x":"` + strings.Repeat("a", 70<<10) + `"}`,
		"oversized white space":  good + strings.Repeat(" ", 70<<10),
		"deep arrays":            `{"x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`,
		"deep objects":           `{"x":` + strings.Repeat(`{"x":`, 9000) + `1` + strings.Repeat("}", 9000) + `}`,
		"deep and broken":        strings.Repeat("[", 60000),
		"a key twice":            `{` + key + `:null,` + rest,
		"a key twice, escaped":   fmt.Sprintf(`{"\u%04x%s":null,%s`, name[0], name[1:], rest),
		"an unknown key twice":   `{"zz":1,"zz":2,` + rest,
		"a key twice, far below": `{"zz":[{"a":{"b":1,"b":2}}],` + rest,
		"another case":           `{"` + strings.ToUpper(name) + `":1,` + rest,
		"a title case":           `{"` + strings.ToUpper(name[:1]) + name[1:] + `":1,` + rest,
		"not UTF-8":              strings.Replace(good, `"`, "\"\xff\xfe", 1),
		"a lone surrogate":       `{"zz":"\ud800",` + rest,
		"an overlong slash":      `{"zz":"` + "\xc0\xaf" + `",` + rest,
		"two values":             good + good,
		"a tail":                 good + ` x`,
		"a tail of NUL":          good + "\x00",
		"a byte order mark":      "\ufeff" + good,
		"UTF-16":                 string([]byte{0xff, 0xfe, '{', 0, '}', 0}),
		"cut off":                good[:len(good)/2],
		"single quotes":          strings.ReplaceAll(good, `"`, `'`),
		"a comment":              `/* */` + good,
		"a trailing comma":       strings.TrimSuffix(strings.TrimSpace(good), "}") + ",}",
		"NaN":                    `{"zz":NaN,` + rest,
		"nothing":                "",
		"null":                   "null",
		"true":                   "true",
		"a number":               "1",
		"a string":               `"x"`,
		"an array":               "[" + good + "]",
		"a form":                 "amount=100&currency=MXN",
	} {
		began := time.Now()
		rec := rig.send(w, Call{Method: rig.Create.Method, Path: rig.Create.Path, Body: body, Header: rig.Create.Header}, "", w.Key)
		if rec.Code < 400 || rec.Code >= 500 {
			t.Errorf("%s: answered %d: %.200s", what, rec.Code, rec.Body)
			continue
		}
		fields := rig.refused(t, what, rec, 0)
		if len(fields) == 0 && rec.Code != 413 && rec.Code != 415 {
			t.Errorf("%s: no field is named: %s", what, rec.Body)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: answered after %s", what, took)
		}
	}
	if rec := rig.send(w, Call{Method: rig.Create.Method, Path: rig.Create.Path, Header: rig.Create.Header, Body: `{"an_unknown_key":{"deep":[1,2,{"er":null}]},` + rest}, "", w.Key); rec.Code != rig.CreatedStatus {
		t.Errorf("an unknown key is answered %d: %s", rec.Code, rec.Body)
	}
}

// wrongLeaves puts values of every type in the place of each leaf and each branch of the good body. None
// may be answered with 500; one that is refused must be refused by name.
func (rig *Rig) wrongLeaves(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	wrong := []string{`null`, `true`, `0`, `-1`, `1.5`, `100.0`, `1e2`, `1e999`, `99999999999999999999999`, `-9223372036854775808`, `"x"`, `""`, `" "`, `"100"`, `"4111 1111 1111 1111"`,
		`4111111111111111`, `"\u0000"`, `"\u202e"`, `"` + strings.Repeat("a", 20000) + `"`, `[]`, `[[]]`, `[null]`, `{}`, `{"":""}`, `{"a":{"b":[{}]}}`, `"javascript:alert(1)"`, `"<script>"`}
	refusals := 0
	for _, leaf := range leaves(t, rig.Create.Body) {
		for _, v := range wrong {
			body := leaf.with(v)
			rec := rig.send(w, Call{Method: rig.Create.Method, Path: rig.Create.Path, Body: body, Header: rig.Create.Header}, "", w.Key)
			if rec.Code == rig.CreatedStatus {
				if !json.Valid(rec.Body.Bytes()) {
					t.Errorf("%s = %.40s: the answer is not JSON: %s", leaf.path, v, rec.Body)
				}
				if strings.Contains(v, "4111") {
					t.Errorf("%s = %s: a card number was taken", leaf.path, v)
				}
				continue
			}
			refusals++
			rig.namesIt(t, rec, leaf.path, v)
		}
	}
	if refusals < 50 {
		t.Errorf("only %d wrong values were refused", refusals)
	}
}

func (rig *Rig) namesIt(t *testing.T, rec *httptest.ResponseRecorder, path, value string) {
	t.Helper()
	what := fmt.Sprintf("%s = %.40s", path, value)
	if rec.Code >= 500 || rec.Code < 400 {
		t.Errorf("%s: answered %d: %.200s", what, rec.Code, rec.Body)
		return
	}
	fields := rig.refused(t, what, rec, 0)
	if !slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, path) || strings.HasPrefix(path, f) }) {
		t.Errorf("%s: the answer names %q: %s", what, fields, rec.Body)
	}
}

// leaf is a place in a JSON text.
type leaf struct {
	path string
	with func(value string) string
}

// leaves gives every place in a JSON text but the whole.
func leaves(t *testing.T, text string) []leaf {
	t.Helper()
	const mark = "\"\U0010FFFD\"" // no body holds it
	var root any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		t.Fatalf("the good body is not JSON: %v", err)
	}
	var out []leaf
	var walk func(v any, path string, put func(any))
	walk = func(v any, path string, put func(any)) {
		if path != "" {
			put(strings.Trim(mark, `"`))
			raw, err := json.Marshal(root)
			put(v)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, leaf{path, func(value string) string { return strings.Replace(string(raw), mark, value, 1) }})
		}
		switch v := v.(type) {
		case map[string]any:
			for name, child := range v {
				p := name
				if path != "" {
					p = path + "." + name
				}
				walk(child, p, func(x any) { v[name] = x })
			}
		case []any:
			for i, child := range v {
				walk(child, fmt.Sprintf("%s[%d]", path, i), func(x any) { v[i] = x })
			}
		}
	}
	walk(root, "", func(any) {})
	return out
}
