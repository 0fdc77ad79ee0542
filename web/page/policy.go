package page

import (
	"net/http"
	"strings"

	"kassa/internal/checkout"
	"kassa/static"
)

// Policy is what a page's Content-Security-Policy allows beyond nothing at all (DESIGN.md, promise 9).
// The zero value is the policy of an ordinary page.
type Policy struct {
	Style     string           // source expression of the inline style sheet; empty: the shopper's pages'
	Ancestors []string         // exact origins that may frame the page; empty: none
	Sources   checkout.Sources // what a page of the provider's own fields needs, and nothing more
	// FormsLeave: the page holds nothing but a form that posts to a provider, which may redirect on to
	// hosts that only it knows; browsers judge the whole chain by this page's policy.
	FormsLeave bool
	// ScriptLess: nothing on the page may run.
	ScriptLess bool
}

// Headers are the names and values that a policy comes down to, in canonical form.
type Headers struct {
	report string
	hsts   bool
	plain  string // the policy of the zero Policy, made once
}

// NewHeaders makes the headers of a site. reportURI, if not empty, is told of violations; hsts is for
// sites whose public URL is https.
func NewHeaders(reportURI string, hsts bool) *Headers {
	h := &Headers{report: reportURI, hsts: hsts}
	h.plain = h.policy(Policy{})
	return h
}

func (h *Headers) policy(p Policy) string {
	if p.Style == "" {
		p.Style = static.StyleHash
	}
	var b strings.Builder
	b.WriteString("default-src 'none';base-uri 'none';form-action 'self'")
	if p.FormsLeave {
		b.WriteString(" https:")
	}
	b.WriteString(";frame-ancestors ")
	if len(p.Ancestors) == 0 {
		b.WriteString("'none'")
	} else {
		b.WriteString(strings.Join(p.Ancestors, " "))
	}
	b.WriteString(";style-src ")
	b.WriteString(p.Style)
	b.WriteString(";img-src 'self'")
	if !p.ScriptLess {
		b.WriteString(";script-src 'self'")
		list(&b, p.Sources.Script)
		b.WriteString(";connect-src 'self'")
		list(&b, p.Sources.Connect)
	}
	if len(p.Sources.Frame) > 0 {
		b.WriteString(";frame-src")
		list(&b, p.Sources.Frame)
	}
	if len(p.Sources.Script) == 0 {
		// A provider's script may need policies of its own; ours needs none.
		b.WriteString(";require-trusted-types-for 'script';trusted-types 'none'")
	}
	if h.report != "" {
		b.WriteString(";report-uri ")
		b.WriteString(h.report)
	}
	return b.String()
}

func list(b *strings.Builder, sources []string) {
	for _, s := range sources {
		// A source is an origin; anything that could end the directive is left out.
		if s == "" || strings.ContainsAny(s, ";, \t\r\n'\"") {
			continue
		}
		b.WriteByte(' ')
		b.WriteString(s)
	}
}

// Set writes the security headers of a page.
func (h *Headers) Set(to http.Header, p *Policy) {
	policy := h.plain
	if p != nil {
		policy = h.policy(*p)
	}
	to["Content-Security-Policy"] = []string{policy}
	to["Cache-Control"] = noStore
	to["X-Content-Type-Options"] = noSniff
	to["Referrer-Policy"] = sameOrigin
	to["X-Robots-Tag"] = noIndex
	if h.hsts {
		to["Strict-Transport-Security"] = hstsYear
	}
}

var (
	noStore    = []string{"no-store"}
	noSniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"} // nothing leaves the site; "no-referrer" would make our own posts come from nowhere
	noIndex    = []string{"noindex"}
	hstsYear   = []string{"max-age=31536000"}
)
