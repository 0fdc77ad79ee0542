package layout

import (
	"strconv"

	"github.com/a-h/templ"

	"kassa/static"
)

// Words says a message of the catalogue in the page's language. Placeholders are given as pairs of
// name and value: T("pay.button", "Amount", "MXN 210.00"). A plural takes its number as "Count".
type Words func(id string, args ...any) string

// Page is what every page has in common. T, Lang and Dir are required; everything else may be empty.
type Page struct {
	T    Words
	Lang string // of <html>, BCP 47
	Dir  string // "ltr" or "rtl"

	Base      string // path below which the whole site lives: "" or "/checkout"
	Merchant  Merchant
	Test      bool   // draws the strip that says that no money moves
	Style     string // the page's one style sheet, under the hash that its policy names; empty: static.Style
	Languages []Language
	// Scriptless leaves our script out, where a page's policy lets none run.
	Scriptless bool

	// Self is this page's own address, without a method: what an open tab loads when Events says
	// that the session has changed. Required where Events is given.
	Self    string
	Events  string // address of the server-sent events to follow; empty: a page that cannot change
	Version string // the session's version that this page was drawn from
	// State is the session's state at the time of drawing. An expiry shows here before it is written
	// and the version counts it.
	State   string
	Refresh Refresh

	// Cancel is the address that gives the payment up, by POST with the field version. Empty where
	// it cannot be given up.
	Cancel string
}

// Merchant is the host. On a page that belongs to no session (404) it is empty.
type Merchant struct {
	Name      string // what shoppers know it as
	Logo      string // address of a raster logo, or empty
	LegalName string
	Address   string
	Email     string
	Website   string // shown in the footer; absolute or empty
	Privacy   string // absolute address or empty
	Terms     string // absolute address or empty
}

// Language is one choice of the language switch: a plain link that keeps the method.
type Language struct {
	Tag     string // BCP 47
	Name    string // in itself: "Español"
	URL     string
	Current bool
}

// Refresh makes the page load by itself. The zero value does not.
type Refresh struct {
	URL   string // where to; required
	After int    // seconds
	// Always: for everyone. Otherwise only where scripts are off; where they run, Events does better.
	Always bool
}

// Content is the attribute of that name.
func (r Refresh) Content() string { return strconv.Itoa(r.After) + "; url=" + r.URL }

// Link is an address and the words to click on.
type Link struct{ Text, URL string }

// Time is a moment as the shopper reads it and as machines do.
type Time struct {
	Text string // in the shopper's language, with the zone where it matters: "14:45", "20 November 2026, 14:45 UTC"
	ISO  string // RFC 3339
}

// StyleHash is the source expression, quotes included, that a page's policy must allow in style-src.
func StyleHash(p Page) string {
	if p.Style == "" {
		return static.StyleHash
	}
	return static.Hash(p.Style)
}

var ownStyle = templ.Raw("<style>" + static.Style + "</style>")

// styleSheet writes the very bytes that the hash was taken of.
func styleSheet(style string) templ.Component {
	if style == "" {
		return ownStyle
	}
	return templ.Raw("<style>" + style + "</style>")
}
