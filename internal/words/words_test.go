package words

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

func catalogue(tb testing.TB) *Catalogue {
	tb.Helper()
	c, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// texts gives every text of a language, plural forms one by one.
func texts(t *testing.T, lang string) map[string][]string {
	t.Helper()
	raw, err := files.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for id, v := range file {
		switch v := v.(type) {
		case string:
			out[id] = []string{v}
		case map[string]any:
			for _, form := range v {
				out[id] = append(out[id], form.(string))
			}
		}
	}
	return out
}

// TestLanguagesAgree: every language says everything, with the same placeholders.
func TestLanguagesAgree(t *testing.T) {
	names := func(forms []string) []string {
		var out []string
		for _, f := range forms {
			for _, m := range placeholder.FindAllStringSubmatch(f, -1) {
				out = append(out, m[1])
			}
			if strings.Contains(f, "{n}") {
				out = append(out, "n")
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	base := texts(t, Default)
	for _, l := range languages {
		other := texts(t, l.Tag)
		for id, forms := range base {
			if len(other[id]) == 0 {
				t.Errorf("%s does not say %s", l.Tag, id)
			} else if want, got := names(forms), names(other[id]); !slices.Equal(want, got) {
				t.Errorf("%s: %s has the placeholders %v, want %v", l.Tag, id, got, want)
			}
		}
		for id := range other {
			if base[id] == nil {
				t.Errorf("%s says %s, which nobody else does", l.Tag, id)
			}
		}
	}
}

// TestManner: short, plain, no exclamation marks, no false apology, nothing left of a template.
func TestManner(t *testing.T) {
	odd := regexp.MustCompile(`(?i)[!¡]|\boops\b|\bups\b|sorry|lo sentimos|please wait|  |<|>`)
	for _, l := range languages {
		for id, forms := range texts(t, l.Tag) {
			for _, f := range forms {
				if m := odd.FindString(f); m != "" {
					t.Errorf("%s: %s has %q", l.Tag, id, m)
				}
				if strings.Count(f, "{{") != len(placeholder.FindAllString(f, -1)) {
					t.Errorf("%s: %s has a placeholder that is none: %s", l.Tag, id, f)
				}
				if f != strings.TrimSpace(f) || f == "" {
					t.Errorf("%s: %s is %q", l.Tag, id, f)
				}
			}
		}
	}
}

// constants reads the values of a string type out of checkout's own source, so that a new one is not
// forgotten here.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../checkout/"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ {
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
						out = append(out, s)
					}
				}
			}
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("no constants of %s", typ)
	}
	return out
}

// TestClosedSets: whatever the core can say has its words.
func TestClosedSets(t *testing.T) {
	var ids []string
	for _, d := range checkout.Declines() {
		ids = append(ids, "decline."+string(d), "decline."+string(d)+".next")
	}
	for _, r := range constants(t, "decline.go", "Review") {
		for _, part := range []string{"title", "money", "next", "note"} {
			ids = append(ids, "review."+r+"."+part)
		}
	}
	for _, l := range checkout.LineLabels() {
		ids = append(ids, "line."+string(l))
	}
	for _, k := range checkout.ActionKinds() {
		ids = append(ids, "kind."+string(k))
	}
	for _, s := range checkout.SessionStates() {
		ids = append(ids, "state."+string(s))
	}
	for id := range texts(t, Default) {
		if name, ok := strings.CutPrefix(id, "method."); ok && !strings.Contains(name, ".") {
			ids = append(ids, id+".line")
		}
	}
	c := catalogue(t)
	for _, l := range languages {
		loc := c.Match(l.Tag)
		for _, id := range ids {
			if !loc.Has(id) {
				t.Errorf("%s does not say %s", l.Tag, id)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	c := catalogue(t)
	for _, row := range []struct {
		prefer    []string
		tag, name string
	}{
		{nil, "en", "en"},
		{[]string{""}, "en", "en"},
		{[]string{"es"}, "es", "es"},
		{[]string{"es-MX"}, "es", "es-MX"},
		{[]string{"es-MX,es;q=0.9,en;q=0.8"}, "es", "es-MX"},
		{[]string{"es-ES"}, "es", "es-ES"},
		{[]string{"es_MX"}, "es", "es-MX"},
		{[]string{"ES-mx"}, "es", "es-MX"},
		{[]string{"es-419"}, "es", "es-419"},
		{[]string{"fr"}, "en", "en"},
		{[]string{"fr, es;q=0.5"}, "es", "es"},
		{[]string{"", "xx", "es"}, "es", "es"},
		{[]string{"en", "es"}, "en", "en"},
		{[]string{"es", "en-KE"}, "es", "es"},
		{[]string{"en-KE"}, "en", "en-KE"},
		{[]string{"-;;;", "es"}, "es", "es"},
		{[]string{strings.Repeat("es-MX-", 500)}, "en", "en"},
	} {
		for range 2 { // the second is remembered
			if got := c.Match(row.prefer...); got.Tag() != row.tag || got.Key() != row.name {
				t.Errorf("%q: %s %s, want %s %s", row.prefer, got.Tag(), got.Key(), row.tag, row.name)
			}
		}
	}
	if got := c.Match("es").In("MX").Key(); got != "es-MX" {
		t.Errorf("es in Mexico is written as %s", got)
	}
	if got := c.Match("es-ES").In("MX").Key(); got != "es-ES" {
		t.Errorf("es-ES in Mexico is written as %s", got)
	}
	if got := c.Match("es").In("KE").Key(); got != "es" {
		t.Errorf("es in Kenya is written as %s", got)
	}
}

func FuzzMatch(f *testing.F) {
	c := catalogue(f)
	f.Add("es-MX,es;q=0.9", "en")
	f.Fuzz(func(t *testing.T, a, b string) {
		if loc := c.Match(a, b); loc == nil || loc.T("money.none") == "money.none" {
			t.Errorf("%q %q has no words", a, b)
		}
	})
}

func TestT(t *testing.T) {
	c := catalogue(t)
	en, es := c.Match("en"), c.Match("es")
	for _, row := range []struct{ got, want string }{
		{en.T("action.pay", "Amount", "MXN 210.00"), "Pay MXN 210.00"},
		{es.T("action.return", "Merchant", "Café Luna"), "Volver a Café Luna"},
		{en.T("action.return", "Merchant", "مقهى"), "Return to \u2068مقهى\u2069"},
		{en.T("order.items", "Count", 1), "1 item"},
		{en.T("order.items", "Count", 30), "30 items"},
		{es.T("order.items", "Count", 1), "1 artículo"},
		{es.T("order.items", "Count", 1000000), "1000000 artículos"},
		{en.T("receipt.leaving", "Count", 5), "You return to the shop in 5 seconds."},
		{en.T("no.such.id"), "no.such.id"},
		{en.Method("card"), "Card"},
		{es.Method("card"), "Tarjeta"},
		{en.Method("some_new_one"), "Some new one"},
		{en.MethodLine("some_new_one"), ""},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

func TestMoney(t *testing.T) {
	c := catalogue(t)
	for _, row := range []struct {
		tag   string
		minor int64
		code  checkout.Currency
		want  string
	}{
		{"en", 21000, "MXN", "MXN\u00a0210.00"},
		{"en", 125000, "KES", "KES\u00a01,250.00"},
		{"en", 1000, "JPY", "JPY\u00a01,000"},
		{"en", 1234567, "KWD", "KWD\u00a01,234.567"},
		{"en", 5, "USD", "USD\u00a00.05"},
		{"en", -21000, "MXN", "-MXN\u00a0210.00"},
		{"en-IN", 1234567890, "INR", "INR\u00a01,23,45,678.90"},
		{"es", 125000, "EUR", "1.250,00\u00a0EUR"},
		{"es-ES", 125000000, "EUR", "1.250.000,00\u00a0EUR"},
		{"es", -5, "EUR", "-0,05\u00a0EUR"},
		{"es-MX", 125000, "MXN", "MXN\u00a01,250.00"},
		{"en", 100, "HUF", "HUF\u00a01.00"},
		{"en", math.MaxInt64, "USD", "USD\u00a092,233,720,368,547,758.07"},
		{"en", math.MinInt64, "USD", "-USD\u00a092,233,720,368,547,758.08"},
	} {
		if got := c.Match(row.tag).Money(checkout.Money{Minor: row.minor, Currency: row.code}); got != row.want {
			t.Errorf("%s: %q, want %q", row.tag, got, row.want)
		}
	}
	if got := c.Match("es").Amount(checkout.Money{Minor: -125000, Currency: "EUR"}); got != "-1.250,00" {
		t.Error(got)
	}
	if got := c.Match("en").Number(12500); got != "12,500" {
		t.Error(got)
	}
}

// TestMoneyIsExact: with its signs taken away, what is written is what is owed, in every locale and
// currency.
func TestMoneyIsExact(t *testing.T) {
	c := catalogue(t)
	for name, loc := range c.locales {
		for _, code := range checkout.Currencies() {
			for _, minor := range []int64{0, 1, 99, 100, 12345, 123456789, -1, -123456, math.MaxInt64, math.MinInt64} {
				m := checkout.Money{Minor: minor, Currency: code}
				text := loc.Money(m)
				plain := strings.NewReplacer(string(code), "", "\u00a0", "", loc.pattern.Group, "").Replace(text)
				plain = strings.Replace(plain, loc.pattern.Decimal, ".", 1)
				if plain != m.Decimal() || strings.Contains(text, " ") || !strings.Contains(text, string(code)) {
					t.Fatalf("%s: %s is written %q", name, m, text)
				}
			}
		}
	}
}

func TestMoments(t *testing.T) {
	c := catalogue(t)
	at := time.Date(2026, 11, 20, 20, 5, 0, 0, time.UTC)
	mexico := time.FixedZone("", -6*3600)
	nepal := time.FixedZone("", 5*3600+45*60)
	for _, row := range []struct{ got, want string }{
		{c.Match("en-KE").Clock(at, time.UTC), "20:05"},
		{c.Match("en").Clock(at, time.UTC), "8:05\u202fPM"},
		{c.Match("en").Clock(at.Add(4*time.Hour), time.UTC), "12:05\u202fAM"},
		{c.Match("es").Clock(at.Add(-12*time.Hour), time.UTC), "8:05"},
		{c.Match("en-GB").Clock(at.Add(-12*time.Hour), time.UTC), "08:05"},
		{c.Match("es").Time(at, mexico), "14:05\u00a0UTC−6"},
		{c.Match("en-GB").Time(at, nepal), "01:50\u00a0UTC+5:45"},
		{c.Match("en").Date(at, mexico), "November 20, 2026"},
		{c.Match("es-MX").Date(at, mexico), "20 de noviembre de 2026"},
		{c.Match("en-KE").DateTime(at, time.UTC), "20 November 2026 at 20:05\u00a0UTC"},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

func BenchmarkT(b *testing.B) {
	loc := catalogue(b).Match("es-MX")
	b.ReportAllocs()
	for b.Loop() {
		loc.T("money.none")
	}
}

func BenchmarkTWithPlaceholder(b *testing.B) {
	loc := catalogue(b).Match("es-MX")
	b.ReportAllocs()
	for b.Loop() {
		loc.T("action.pay", "Amount", "MXN 210.00")
	}
}
