package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	hashed := regexp.MustCompile(`^/static/[a-z]+/[a-z]+\.[0-9a-f]{10}\.[a-z]+$`)
	for _, f := range Files() {
		if !hashed.MatchString(f.URL) {
			t.Errorf("%s is served as %s", f.Name, f.URL)
		}
		if got, ok := Lookup(f.URL); !ok || got != f || URL(f.Name) != f.URL {
			t.Errorf("%s is not found under its address", f.Name)
		}
		if strings.HasPrefix(f.ContentType, "application/octet") || f.ETag == "" {
			t.Errorf("%s: %s %s", f.Name, f.ContentType, f.ETag)
		}
		if f.Gzip == nil {
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(f.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, f.Body) {
			t.Errorf("%s is not what its compressed form gives", f.Name)
		}
	}
	if _, ok := Lookup("/static/js/pay.0000000000.js"); ok {
		t.Error("a hash that never was is served")
	}
	if !bytes.HasPrefix(Icon().Body, []byte{0, 0, 1, 0}) {
		t.Error("the icon is none")
	}
}

// TestStyle keeps the sheet to what the pages' policy and right-to-left scripts allow, and to the plain
// form that minify relies on.
func TestStyle(t *testing.T) {
	for _, never := range []string{"</", "url(", "@import", "expression", "/*", "  ", "\n"} {
		if strings.Contains(Shop, never) { // which begins with Style
			t.Errorf("the style has %q", never)
		}
	}
	physical := regexp.MustCompile(`[;{](margin|padding|border|inset)?-?(left|right):|(margin|padding|border)-(left|right)|text-align:(left|right)|[;{](width|height):`)
	if found := physical.FindString(Shop); found != "" {
		t.Errorf("the style is not logical: %s", found)
	}
	if strings.Count(Style, "{") != strings.Count(Style, "}") || strings.Count(Shop, "{") != strings.Count(Shop, "}") {
		t.Error("the style's brackets do not match")
	}
	if !strings.HasPrefix(StyleHash, "'sha256-") || StyleHash != Hash(Style) || !strings.HasPrefix(Shop, Style) {
		t.Error(StyleHash)
	}
}

// TestScript keeps the script to text: nothing in it may make markup out of a string.
func TestScript(t *testing.T) {
	script, ok := Lookup(Script)
	if !ok {
		t.Fatal("no script")
	}
	for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval", "Function(", "://", "setAttribute('style'", "//"} {
		if strings.Contains(string(script.Body), never) {
			t.Errorf("the script has %q", never)
		}
	}
}
