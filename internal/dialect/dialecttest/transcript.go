package dialecttest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"kassa/internal/checkout"
)

var update = flag.Bool("update", false, "write the answers of transcripts anew")

// A transcript is a txtar file that tells one story. Its parts are played in order:
//
//	request   a request line, headers, an empty line and a body, as on the wire
//	answer    what came back: status, the headers that matter, the body with JSON indented
//	pay       a session and a method: the shopper pays at the sandbox bank
//	wait      a duration that passes
//	sweep     the engine's worker makes one round
//	key       a name and scopes: makes {name}, a test key with these scopes only; "live" makes a live key
//
// Ids are written as {cs1}, {rf1} ... in the order in which they first appear, and {key} and {other_key}
// are the two merchants' keys. The clock starts at 2026-01-31T12:00:00Z and moves by a second with each request.

// headers are those that a transcript shows.
var headers = []string{"Content-Type", "Allow", "WWW-Authenticate", "Retry-After", "Idempotent-Replayed", "X-Request-Id", "Location"}

func (rig *Rig) transcripts(t *testing.T) {
	if rig.Transcripts == "" {
		return
	}
	files, err := filepath.Glob(filepath.Join(rig.Transcripts, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", rig.Transcripts, err)
	}
	var doc *openAPI
	if rig.OpenAPI != nil {
		doc = loadOpenAPI(t, rig.OpenAPI)
	}
	played := 0 // fewer than all when the command names some
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			played++
			rig.play(t, file, doc)
		})
	}
	if doc != nil && played == len(files) && !t.Failed() {
		doc.allSeen(t)
	}
}

func (rig *Rig) play(t *testing.T, file string, doc *openAPI) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWorld(t, rig.Kind)
	names := map[string]string{"{key}": w.Key, "{other_key}": w.OtherKey}
	requests := 0
	var answer string
	for i := range archive.Files {
		f := &archive.Files[i]
		words := strings.Fields(fill(string(f.Data), names))
		switch kind, _, _ := strings.Cut(f.Name, " "); kind {
		case "request":
			w.Advance(time.Second)
			requests++
			answer = rig.playRequest(t, w, doc, fill(string(f.Data), names), fmt.Sprintf("req_%d", requests), names)
			if next := i + 1; next == len(archive.Files) || !strings.HasPrefix(archive.Files[next].Name, "answer") {
				t.Fatalf("%s: %q has no answer", file, f.Name)
			}
		case "answer":
			if *update {
				f.Data = []byte(answer)
			} else if string(f.Data) != answer {
				t.Errorf("%s: %q: got\n%s\nwant\n%s", file, f.Name, answer, f.Data)
			}
		case "pay":
			w.Pay(t, words[0], checkout.Method(words[1]))
		case "wait":
			d, err := time.ParseDuration(words[0])
			if err != nil {
				t.Fatal(err)
			}
			w.Advance(d)
		case "sweep":
			if _, err := w.Engine.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		case "key":
			names["{"+words[0]+"}"] = w.transcriptKey(t, words[1:])
		default:
			t.Fatalf("%s: what is %q?", file, f.Name)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func fill(text string, names map[string]string) string {
	for name, v := range names {
		text = strings.ReplaceAll(text, name, v)
	}
	return text
}

func (rig *Rig) playRequest(t *testing.T, w *World, doc *openAPI, text, requestID string, names map[string]string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	in := textproto.NewReader(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
	line, err := in.ReadLine()
	if err != nil {
		t.Fatal(err)
	}
	method, path, ok := strings.Cut(line, " ")
	if !ok {
		t.Fatalf("no request line: %q", line)
	}
	h, err := in.ReadMIMEHeader()
	if err != nil && err != io.EOF {
		t.Fatalf("%s: %v", line, err)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header = http.Header(h)
	rec := httptest.NewRecorder()
	rec.Header().Set("X-Request-Id", requestID) // as the web mounts it
	w.Handler.ServeHTTP(rec, r)
	if rec.Code >= 400 {
		rig.refused(t, line, rec, 0)
	}
	if doc != nil {
		doc.check(t, "/"+rig.Kind.Name, r, body, rec)
	}
	return nameIDs(show(rec), names)
}

// show writes an answer as a transcript does.
func show(rec *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", rec.Code, http.StatusText(rec.Code))
	for _, name := range headers {
		if name == "X-Request-Id" && rec.Code < 400 {
			continue
		}
		for _, v := range rec.Header()[http.CanonicalHeaderKey(name)] {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	body := rec.Body.Bytes()
	if len(body) == 0 {
		return b.String()
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") == nil {
		body = pretty.Bytes()
	}
	fmt.Fprintf(&b, "\n%s\n", body)
	return b.String()
}

var anID = regexp.MustCompile(`\b(cs|rf|mr|at|ky|ev|ch)_[0-9a-v]{36}\b`)

// nameIDs replaces ids by names, and remembers them for the requests that follow.
func nameIDs(text string, names map[string]string) string {
	known := map[string]string{}
	count := map[string]int{}
	for name, id := range names {
		if anID.MatchString(id) {
			known[id] = name
			count[id[:2]]++
		}
	}
	return anID.ReplaceAllStringFunc(text, func(id string) string {
		name, ok := known[id]
		if !ok {
			count[id[:2]]++
			name = fmt.Sprintf("{%s%d}", id[:2], count[id[:2]])
			known[id], names[name] = name, id
		}
		return name
	})
}

func (w *World) transcriptKey(t *testing.T, words []string) string {
	k := newKey(w.Merchant.ID)
	k.Test = !slices.Contains(words, "live")
	for _, s := range checkout.Scopes() {
		if slices.Contains(words, string(s)) {
			k.Scopes = append(k.Scopes, s)
		}
	}
	return w.AddKey(t, k)
}
