package stories_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"kassa/internal/checkout"
	"kassa/internal/words"
	"kassa/static"
	"kassa/templates/layout"
	"kassa/templates/pay/stories"
)

// reviews is every reason but none.
var reviews = []string{"amount_mismatch", "underpaid", "overpaid", "disputed", "reference_mismatch", "late_payment", "second_payment", "refund_failed", "unknown_outcome",
	"lost_authorization"}

func tell(tb testing.TB, lang string, T layout.Words) []stories.Story {
	tb.Helper()
	var declines []string
	for _, d := range checkout.Declines() {
		declines = append(declines, string(d))
	}
	return stories.Teller{T: T, Lang: lang, Dir: "ltr", Declines: declines, Reviews: reviews, Languages: []layout.Language{
		{Tag: "en", Name: "English", URL: "?lang=en", Current: lang == "en"},
		{Tag: "es", Name: "Español", URL: "?lang=es", Current: lang == "es"}}}.All()
}

func catalogue(tb testing.TB) *words.Catalogue {
	tb.Helper()
	c, err := words.New()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func render(tb testing.TB, s stories.Story) string {
	tb.Helper()
	var b bytes.Buffer
	if err := s.Page.Render(context.Background(), &b); err != nil {
		tb.Fatalf("%s: %v", s.Name, err)
	}
	return b.String()
}

// TestStories holds every page in every language to what the checklist and the page's policy demand.
func TestStories(t *testing.T) {
	c := catalogue(t)
	for _, lang := range []string{"en", "es"} {
		loc := c.Match(lang)
		T := func(id string, args ...any) string {
			if !loc.Has(id) {
				t.Errorf("%s has no words for %s", lang, id)
			}
			said := loc.T(id, args...)
			if strings.Contains(said, "{{") || strings.Contains(said, "<no value>") {
				t.Errorf("%s: %s has an unfilled placeholder: %s", lang, id, said)
			}
			return said
		}
		for _, s := range tell(t, lang, T) {
			t.Run(lang+"/"+s.Name, func(t *testing.T) { inspect(t, lang, s.Name, render(t, s)) })
		}
	}
}

// TestGolden holds a few pages to the last byte, to be read in a review. UPDATE=1 writes them anew.
func TestGolden(t *testing.T) {
	golden := map[string]bool{"choose/phone-error": true, "choose/failed/card": true, "wait/unknown": true, "receipt/paid": true}
	c := catalogue(t)
	for _, s := range tell(t, "en", c.Match("en").T) {
		if !golden[s.Name] {
			continue
		}
		page := strings.Replace(render(t, s), static.Style, "...", 1)
		page = strings.Replace(page, static.Script, "/static/js/pay.js", 1)
		page = strings.ReplaceAll(page, "><", ">\n<") + "\n"
		name := filepath.Join("testdata", strings.ReplaceAll(s.Name, "/", "-")+".html")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if page != string(want) {
			t.Errorf("%s is not what %s says; UPDATE=1 go test writes it anew", s.Name, name)
		}
	}
}

// TestWrite puts every page into the folder named by STORIES, to be opened in a browser.
func TestWrite(t *testing.T) {
	dir := os.Getenv("STORIES")
	if dir == "" {
		t.Skip("STORIES is not set")
	}
	c := catalogue(t)
	for _, lang := range []string{"en", "es"} {
		for _, s := range tell(t, lang, c.Match(lang).T) {
			name := filepath.Join(dir, lang, strings.ReplaceAll(s.Name, "/", "-")+".html")
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(render(t, s)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range static.Files() {
		name := filepath.Join(dir, filepath.FromSlash(f.URL))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return strings.TrimSpace(b.String())
}

func inspect(t *testing.T, lang, name, page string) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(page, "<!doctype html>") && !strings.HasPrefix(page, "<!DOCTYPE html>") {
		t.Error("no doctype")
	}
	count := map[string]int{}
	ids := map[string]bool{}
	labels := map[string]bool{}
	var refs []string
	var money, title string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s>: refused by the policy", n.Data, a.Key)
			}
			switch a.Key {
			case "id":
				if ids[a.Val] {
					t.Errorf("id %s twice", a.Val)
				}
				ids[a.Val] = true
			case "for":
				labels[a.Val] = true
			case "aria-describedby":
				refs = append(refs, strings.Fields(a.Val)...)
			case "data-money":
				money = text(n)
				if n.Data != "p" || money == "" {
					t.Error("no sentence about money")
				}
			}
		}
		id, _ := attr(n, "id")
		for _, key := range []string{"src", "href", "action"} {
			v, ok := attr(n, key)
			if !ok {
				continue
			}
			if v == "" {
				t.Errorf("<%s %s> is empty", n.Data, key)
			}
			outward := id == "return" || id == "continue" || key == "href" && (strings.HasSuffix(v, "/privacy") || strings.HasSuffix(v, "/terms")) ||
				n.Data == "form" && strings.Contains(name, "redirect-post")
			if strings.Contains(v, "//") && !outward {
				t.Errorf("<%s %s=%q> names another host", n.Data, key, v)
			}
			if strings.HasPrefix(v, "#") {
				refs = append(refs, v[1:])
			}
		}
		switch n.Data {
		case "html":
			if v, _ := attr(n, "lang"); v != lang {
				t.Errorf("lang is %q", v)
			}
			if v, _ := attr(n, "dir"); v != "ltr" && v != "rtl" {
				t.Errorf("dir is %q", v)
			}
		case "title":
			title = text(n)
		case "h1":
			if text(n) == "" {
				t.Error("<h1> is empty")
			}
		case "script":
			if _, ok := attr(n, "src"); !ok || n.FirstChild != nil {
				t.Error("inline script")
			}
		case "style":
			if text(n) != strings.TrimSpace(static.Style) {
				t.Error("the style is not what its hash was taken of")
			}
		case "input":
			kind, _ := attr(n, "type")
			if kind == "number" {
				t.Error("type=number")
			}
			if kind != "hidden" {
				refs = append(refs, id)
				if !labels[id] {
					t.Errorf("<input id=%s> has no label before it", id)
				}
			}
		case "iframe":
			if v, _ := attr(n, "title"); v == "" {
				t.Error("<iframe> without title")
			}
		case "img":
			if _, ok := attr(n, "alt"); !ok {
				t.Error("<img> without alt")
			}
		case "svg":
			_, hidden := attr(n, "aria-hidden")
			if label, _ := attr(n, "aria-label"); !hidden && label == "" {
				t.Error("<svg> is neither hidden nor named")
			}
		case "button":
			if text(n) == "" {
				t.Error("<button> without words")
			}
		}
	}
	for tag, want := range map[string]int{"h1": 1, "main": 1, "header": 1, "footer": 1, "title": 1, "style": 1} {
		if count[tag] != want {
			t.Errorf("%d <%s>, want %d", count[tag], tag, want)
		}
	}
	for _, ref := range refs {
		if !ids[ref] {
			t.Errorf("nothing has the id %q", ref)
		}
	}
	if title == "" {
		t.Error("no title")
	}
	if strings.Contains(name, "phone-error") != strings.HasPrefix(title, "Error: ") {
		t.Errorf("title is %q", title)
	}
	chooses := strings.HasPrefix(name, "choose") && !strings.Contains(name, "failed") && !strings.Contains(name, "stale")
	if (money == "") != chooses {
		t.Errorf("the sentence about money is %q", money)
	}
	if cancel := strings.Contains(page, `action="/pay/7f3c/cancel"`); (strings.HasPrefix(name, "choose") || strings.HasPrefix(name, "redirect") ||
		strings.HasPrefix(name, "voucher") || strings.HasPrefix(name, "instructions") || strings.HasPrefix(name, "fields") || strings.HasPrefix(name, "crypto")) != cancel {
		t.Errorf("cancel is there: %v", cancel)
	}
}

// TestFirstPage holds KaiPay's order of two items to its weight: the page with its style, and the script.
func TestFirstPage(t *testing.T) {
	const most = 6500 // bytes, gzip
	c := catalogue(t)
	script, ok := static.Lookup(static.Script)
	if !ok {
		t.Fatal("no script")
	}
	for _, lang := range []string{"en", "es"} {
		for _, s := range tell(t, lang, c.Match(lang).T) {
			var out bytes.Buffer
			w, err := gzip.NewWriterLevel(&out, 6)
			if err != nil {
				t.Fatal(err)
			}
			page := render(t, s)
			if _, err := io.WriteString(w, page); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			size := out.Len() + len(script.Gzip)
			switch s.Name {
			case "choose", "choose/card", "choose/phone-error", "choose/failed/card", "receipt/paid":
				t.Logf("%s %s: %d bytes, page %d gzip, with script %d", lang, s.Name, len(page), out.Len(), size)
				if size > most {
					t.Errorf("%s %s: %d bytes, at most %d", lang, s.Name, size, most)
				}
			}
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	c := catalogue(b)
	for _, s := range tell(b, "en", c.Match("en").T) {
		if s.Name != "choose/card" {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Page.Render(context.Background(), io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	}
}
