package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed en.json es.json patterns/patterns.json
var files embed.FS

// Default is the language of a shopper whose own we do not speak. It has every message.
const Default = "en"

// languages are those we speak, each with its name in itself.
var languages = []Language{{"en", "English", "ltr"}, {"es", "Español", "ltr"}}

// Language is one that the catalogue speaks.
type Language struct {
	Tag  string // BCP 47, without region
	Name string // in itself
	Dir  string // "ltr" or "rtl"
}

// Catalogue holds every message in every language. It is safe for many goroutines.
type Catalogue struct {
	locales map[string]*Locale // by pattern: "en", "es-MX"
	tags    []language.Tag
	order   []string // of tags
	matcher language.Matcher

	mu   sync.Mutex
	seen map[string]*Locale // what Match has found before
}

// New reads the embedded files. An error is a mistake in them, which the tests find first.
func New() (*Catalogue, error) {
	patterns := map[string]*pattern{}
	raw, err := files.ReadFile("patterns/patterns.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &patterns); err != nil {
		return nil, fmt.Errorf("words: patterns: %w", err)
	}
	bundle := i18n.NewBundle(language.MustParse(Default))
	messages := map[string]map[string]message{}
	for _, l := range languages {
		raw, err := files.ReadFile(l.Tag + ".json")
		if err != nil {
			return nil, err
		}
		file, err := bundle.ParseMessageFileBytes(raw, l.Tag+".json")
		if err != nil {
			return nil, fmt.Errorf("words: %s: %w", l.Tag, err)
		}
		messages[l.Tag] = make(map[string]message, len(file.Messages))
		for _, m := range file.Messages {
			messages[l.Tag][m.ID] = compile(m)
		}
	}
	c := &Catalogue{locales: map[string]*Locale{}, seen: map[string]*Locale{}}
	for name, p := range patterns {
		base, region, _ := strings.Cut(name, "-")
		for _, l := range languages {
			if l.Tag == base {
				c.locales[name] = &Locale{catalogue: c, language: l, name: name, region: region, messages: messages[base],
					fallback: messages[Default], plural: i18n.NewLocalizer(bundle, base), pattern: p}
				c.order = append(c.order, name)
			}
		}
	}
	// The matcher prefers what comes first among equals: the default, then languages before regions.
	sort.Slice(c.order, func(i, j int) bool {
		a, b := c.order[i], c.order[j]
		if (a == Default) != (b == Default) {
			return a == Default
		}
		if len(a) != len(b) {
			return len(a) < len(b)
		}
		return a < b
	})
	for _, name := range c.order {
		c.tags = append(c.tags, language.MustParse(name))
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

// Languages lists what the catalogue speaks, the default first.
func (c *Catalogue) Languages() []Language { return append([]Language(nil), languages...) }

const (
	longestPreference = 256  // bytes of one header or tag that are read
	mostRemembered    = 1024 // answers of Match that are kept
)

// Match finds the locale for a shopper. The preferences come strongest first, each a tag ("es-MX") or an
// Accept-Language header; the first that names a language we speak decides, empty and unreadable ones
// are passed over. It always gives a locale.
func (c *Catalogue) Match(prefer ...string) *Locale {
	key := strings.Join(prefer, "\n")
	c.mu.Lock()
	loc, ok := c.seen[key]
	c.mu.Unlock()
	if ok {
		return loc
	}
	loc = c.match(prefer)
	if len(key) <= longestPreference {
		c.mu.Lock()
		if len(c.seen) >= mostRemembered {
			clear(c.seen)
		}
		c.seen[strings.Clone(key)] = loc
		c.mu.Unlock()
	}
	return loc
}

func (c *Catalogue) match(prefer []string) *Locale {
	for _, p := range prefer {
		if len(p) > longestPreference {
			p = p[:strings.LastIndexByte(p[:longestPreference], ',')+1]
		}
		if p = strings.ReplaceAll(p, "_", "-"); p == "" {
			continue
		}
		if loc, ok := c.locales[p]; ok {
			return loc
		}
		tags, _, err := language.ParseAcceptLanguage(p)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := c.matcher.Match(tags...); sure > language.No {
			return c.locales[c.order[i]]
		}
	}
	return c.locales[Default]
}

// message is a text cut at its placeholders: literal, name, literal, name, ... literal. A plural is
// left to go-i18n, which knows the rules.
type message struct {
	parts  []string
	plural bool
}

var placeholder = regexp.MustCompile(`\{\{\.([A-Za-z]+)\}\}`)

func compile(m *i18n.Message) message {
	if m.One != "" || m.Many != "" {
		return message{plural: true}
	}
	var out message
	from := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(m.Other, -1) {
		out.parts = append(out.parts, m.Other[from:at[0]], m.Other[at[2]:at[3]])
		from = at[1]
	}
	out.parts = append(out.parts, m.Other[from:])
	return out
}
