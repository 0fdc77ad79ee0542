package words

import (
	"fmt"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"kassa/internal/checkout"
)

// Locale is a language and the patterns of a region. Get one from Catalogue.Match.
type Locale struct {
	catalogue *Catalogue
	language  Language
	name      string // of the pattern
	region    string
	messages  map[string]message
	fallback  map[string]message
	plural    *i18n.Localizer
	pattern   *pattern
}

// Tag is the language of the words, for <html lang> and the language switch: "es" also for es-MX.
func (l *Locale) Tag() string { return l.language.Tag }

// Key names words and patterns together ("es-MX"): two locales of one Key write the same page.
func (l *Locale) Key() string { return l.name }

// Dir is "ltr" or "rtl".
func (l *Locale) Dir() string { return l.language.Dir }

// In gives the locale as it is written in a country, where the shopper named no region and we know that
// country's patterns: a Mexican merchant's page in "es" writes MXN 1,250.00.
func (l *Locale) In(country checkout.Country) *Locale {
	if l.region == "" {
		if there, ok := l.catalogue.locales[l.language.Tag+"-"+string(country)]; ok {
			return there
		}
	}
	return l
}

// T says a message. Placeholders are given as pairs of name and value; a plural takes its whole number
// as "Count". A message that this language lacks is said in the default one. An id that no language
// knows is a mistake in the program and gives the id; the tests of the pages find those.
func (l *Locale) T(id string, args ...any) string {
	m, ok := l.messages[id]
	if !ok {
		if m, ok = l.fallback[id]; !ok {
			return id
		}
	}
	switch {
	case m.plural:
		return l.count(id, args)
	case len(m.parts) == 1:
		return m.parts[0]
	}
	var b strings.Builder
	for i, part := range m.parts {
		if i%2 == 0 {
			b.WriteString(part)
		} else {
			b.WriteString(isolate(value(part, args)))
		}
	}
	return b.String()
}

// Has reports whether T knows the message in this very language.
func (l *Locale) Has(id string) bool {
	_, ok := l.messages[id]
	return ok
}

// Method is the name of a way to pay: the code in readable form where the catalogue has none.
func (l *Locale) Method(m checkout.Method) string {
	id := "method." + string(m)
	if _, ok := l.fallback[id]; ok {
		return l.T(id)
	}
	name := strings.ReplaceAll(string(m), "_", " ")
	if name == "" {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// MethodLine is the line that helps to decide for a way to pay; "" where the catalogue has none.
func (l *Locale) MethodLine(m checkout.Method) string {
	id := "method." + string(m) + ".line"
	if _, ok := l.fallback[id]; ok {
		return l.T(id)
	}
	return ""
}

func (l *Locale) count(id string, args []any) string {
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			data[name] = args[i+1]
		}
	}
	text, err := l.plural.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: data["Count"]})
	if err != nil && text == "" {
		return id
	}
	return text
}

func value(name string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			switch v := args[i+1].(type) {
			case string:
				return v
			default:
				return fmt.Sprint(v)
			}
		}
	}
	return ""
}

// isolate keeps a value in a right-to-left script from rearranging the sentence around it (Unicode
// bidirectional isolates, as <bdi> does for elements).
func isolate(s string) string {
	for _, r := range s {
		if r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfefc || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff {
			return "\u2068" + s + "\u2069"
		}
	}
	return s
}
