package shop

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"kassa/static"
	"kassa/templates/layout"
	view "kassa/templates/shop"
	"kassa/web/page"
)

// Options is what a merchant would put into its shop's settings.
type Options struct {
	Public        string // where shoppers reach the shop's site; the shop lives below /demo
	API           string // KaiPay's base URL, "https://.../kaipay/v1"
	Key           string // of the API. It is shown on the pages: the demo's is known to everybody
	ReturnKey     string // "whret_...", which verifies signed returns
	WebhookSecret string // "whsec_...", which verifies callbacks
	Client        *http.Client
	Now           func() time.Time
}

// Shop is the site below /demo.
type Shop struct {
	Options
	path    string // of the public URL, "" or "/checkout"
	secure  bool
	headers *page.Headers
	mux     *http.ServeMux

	paying sync.Mutex // one order is sent at a time: a form that is posted twice is one order
	mu     sync.Mutex // guards what follows
	orders map[string]*order
	queue  []string // their numbers, oldest first
}

// New makes the shop.
func New(o Options) *Shop {
	s := &Shop{Options: o, orders: map[string]*order{}, mux: http.NewServeMux()}
	if u, err := url.Parse(o.Public); err == nil {
		s.path, s.secure = strings.TrimRight(u.Path, "/"), u.Scheme == "https"
	}
	s.headers = page.NewHeaders("", s.secure)
	s.mux.HandleFunc("GET /demo", s.front)
	s.mux.HandleFunc("GET /demo/{$}", s.front)
	s.mux.HandleFunc("GET /demo/basket", s.basketPage)
	s.mux.HandleFunc("POST /demo/basket", s.change)
	s.mux.HandleFunc("POST /demo/pay", s.pay)
	s.mux.HandleFunc("GET /demo/orders/{number}", s.orderPage)
	s.mux.HandleFunc("POST /demo/callback", s.callback)
	s.mux.HandleFunc("/demo/", s.nothing)
	return s
}

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// page is what every page of the shop shows.
func (s *Shop) page() view.Page {
	return view.Page{
		Page: layout.Page{
			T: words, Lang: "en", Dir: "ltr", Base: s.path, Test: true, Style: static.Shop, Scriptless: true,
			Merchant: layout.Merchant{Name: "Duka la Pili", LegalName: "Duka la Pili Ltd", Address: "Moi Avenue 7, Nairobi, Kenya", Email: "msaada@duka.example"},
		},
		Front: s.path + "/demo", Basket: s.path + "/demo/basket", Bank: s.path + "/sandbox/",
	}
}

// words says what the layout needs; the shop speaks English only.
func words(id string, _ ...any) string {
	return map[string]string{"layout.skip": "Skip to the shop", "layout.test": "TEST – no money will be taken"}[id]
}

// draw sends a page under the strictest policy: nothing on it may run.
func (s *Shop) draw(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	drawn, err := page.Render(r.Context(), c)
	if err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	s.headers.Set(w.Header(), &page.Policy{Style: styleHash, ScriptLess: true})
	_ = drawn.Write(w, r, status) // a browser that has gone away
}

var styleHash = static.Hash(static.Shop)

func (s *Shop) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	s.draw(w, r, status, view.Problem(view.ProblemPage{Page: s.page(), Title: title, Text: text}))
}

func (s *Shop) nothing(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, http.StatusNotFound, "There is nothing here", "This address leads to nothing in the shop.")
}

// form reads a posted form of a size that a page of ours can send.
func (s *Shop) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "That could not be read", "Nothing was changed.")
		return false
	}
	return true
}

// The digits of an order's number: none looks like another.
const digits = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newNumber draws the number of an order, "DLP-7Q2K-M4TX": 40 random bits, as it is the address of the
// order's page.
func newNumber() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	for i := range b {
		b[i] = digits[b[i]%32]
	}
	return "DLP-" + string(b[:4]) + "-" + string(b[4:])
}

func isNumber(text string) bool {
	return len(text) == 13 && text[:4] == "DLP-" && text[8] == '-' && strings.Trim(text[4:8]+text[9:], digits) == ""
}
