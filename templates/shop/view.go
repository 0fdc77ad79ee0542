package shop

import (
	"strconv"

	"kassa/templates/layout"
)

// Page is what every page of the shop has in common.
type Page struct {
	layout.Page
	Front  string // address of the goods
	Basket string // address of the basket; forms that change it post there
	Bank   string // address of the sandbox's list of what a shopper can play
}

// Front is the page of the goods.
type Front struct {
	Page
	Goods []Good
	Count int    // things in the basket
	Total string // what they cost, without delivery
	Error string // why the last wish was refused
	Note  Exchange
}

// Good is something that the shop sells.
type Good struct {
	ID     string // its drawing is found by it, too
	Name   string
	Line   string
	Price  string
	Have   int // in the basket
	AtMost bool
	Sum    string // what those in the basket cost
}

// BasketPage is the basket, and who it is for.
type BasketPage struct {
	Page
	Goods     []Good // only what is in it
	Totals    []Row
	Total     string
	Minor     string // the total in cents, which the form carries back
	Order     string // the order's number
	Pay       string // address that the order is posted to
	Name      string
	Email     string
	NameError string
	MailError string
	Error     string
	Sent      Exchange // what pressing the button sends, or sent when it was refused
}

// Row is a label and its value.
type Row struct{ Label, Value string }

// OrderPage is an order after its shopper went to pay.
type OrderPage struct {
	Page
	Number string
	Title  string // what happened
	Money  string // whether money moved
	Next   string // what to do now
	Mark   string // of component.Mark
	Class  string // good, bad or empty
	Goods  []Good
	Totals []Row
	Total  string
	Do     layout.Link // the one thing to do now, or empty
	Steps  []Step
	Looks  string // when the page loads itself again; empty: it does not
}

// Step is one way in which the shop knows something.
type Step struct {
	ID       string
	Title    string
	Verdict  string // one sentence, for people
	Class    string // good, bad or empty
	Why      string
	Exchange Exchange
}

// Exchange is a request and its answer, as lines. An empty one is not drawn.
type Exchange struct {
	Title    string // what is folded here: "The request and its answer"
	Request  []Line
	Answer   []Line
	Expected bool // the request was not sent yet
}

// Line is one line of it; Strong is one that matters here.
type Line struct {
	Text   string
	Strong bool
}

// ProblemPage tells of what cannot be shown.
type ProblemPage struct {
	Page
	Title string
	Text  string
}

func (g Good) more() string { return strconv.Itoa(g.Have + 1) }
func (g Good) less() string { return strconv.Itoa(g.Have - 1) }

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return strconv.Itoa(n) + " things"
}

func mark(class string) string {
	switch class {
	case "good":
		return "check"
	case "bad":
		return "warning"
	}
	return "clock"
}
