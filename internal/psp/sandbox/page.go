package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kassa/internal/checkout"
)

//go:embed page.html panel.html style.css
var files embed.FS

// pages is the one template and its style, with the hash under which the policy allows it.
type pages struct {
	template *template.Template
	style    template.CSS
	hash     string
}

func loadPages() *pages {
	css, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	sum := sha256.Sum256(css)
	return &pages{
		template: template.Must(template.ParseFS(files, "page.html", "panel.html")),
		style:    template.CSS(css),
		hash:     "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// Handler serves everything below /sandbox/.
func (b *Bank) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, b.url(""), http.StatusSeeOther) })
	mux.HandleFunc("GET /sandbox/{$}", b.serveIndex)
	mux.HandleFunc("GET /sandbox/till", b.serveTill)
	mux.HandleFunc("GET /sandbox/pay/{id}", b.servePayment)
	mux.HandleFunc("POST /sandbox/pay/{id}", b.postPayment)
	mux.HandleFunc("GET /sandbox/frame/{id}", b.servePayment)
	mux.HandleFunc("POST /sandbox/frame/{id}", b.postPayment)
	mux.HandleFunc("GET /sandbox/phone/{id}", b.servePayment)
	mux.HandleFunc("POST /sandbox/phone/{id}", b.postPayment)
	mux.HandleFunc("POST /sandbox/enter/{id}", b.postEnter)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b.message(w, r, http.StatusNotFound, "There is nothing here")
	})
	if b.opts.Clock != nil {
		mux.HandleFunc("GET /sandbox/ledger", b.serveLedger)
		mux.HandleFunc("POST /sandbox/clock", b.postClock)
		mux.HandleFunc("POST /sandbox/play/{id}", b.postPlay)
	}
	return http.MaxBytesHandler(mux, 64<<10)
}

// view is what the template draws.
type view struct {
	View, Title, Class, Text string
	Style                    template.CSS
	Errors                   []fieldError
	Refresh                  string

	Merchant, Order, Amount string
	Preset, PresetTitle     string
	Offer, OfferTitle       string
	Fields                  []field
	Cards                   []cardRow
	Groups                  []group
	Phone, Until            string
	Soon                    bool
	Return                  string
	Clock                   *clockView // nil: no laboratory
	Payments                []paymentCard
	Table                   []scenarioRow
}

type field struct {
	ID, Label, Hint, Value, Autocomplete, Error, Described string
	Numeric                                                bool
}

type cardRow struct{ Number, Title string }

type group struct {
	Title     string
	Scenarios []*Scenario
}

// render writes a page. Only the page for fields may be framed, and only by the bank's own origin.
func (b *Bank) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	p := b.pages()
	v.Style = p.style
	ancestors := "'none'"
	if strings.HasPrefix(r.URL.Path, "/sandbox/frame/") {
		ancestors, v.Class = "'self'", "frame"
	}
	var body bytes.Buffer
	if err := p.template.ExecuteTemplate(&body, "page.html", v); err != nil {
		b.log.Error("sandbox: page", "err", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src "+p.hash+"; form-action 'self'; base-uri 'none'; frame-ancestors "+ancestors)
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

func (b *Bank) message(w http.ResponseWriter, r *http.Request, status int, title string) {
	b.render(w, r, status, view{View: "message", Title: title, Text: "Nothing was paid by coming here."})
}

// fail answers an error of the bank's books.
func (b *Bank) fail(w http.ResponseWriter, r *http.Request, err error) {
	var no refusal
	switch {
	case errors.Is(err, errNotFound):
		b.message(w, r, http.StatusNotFound, "There is no such payment")
	case errors.As(err, &no):
		b.message(w, r, http.StatusUnprocessableEntity, "That cannot be chosen for this payment")
	default:
		b.log.Error("sandbox: page", "err", err)
		b.message(w, r, http.StatusServiceUnavailable, "The bank is closed for the moment")
	}
}

func (b *Bank) servePayment(w http.ResponseWriter, r *http.Request) {
	p, err := b.payment(r.PathValue("id"))
	if err != nil {
		b.fail(w, r, err)
		return
	}
	b.show(w, r, http.StatusOK, p, cardForm{}, nil)
}

// postPayment takes the payer's choice: a button, or a test card. The choice is made once; posting
// again leads to where the first post led.
func (b *Bank) postPayment(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		b.message(w, r, http.StatusBadRequest, "The form could not be read")
		return
	}
	p, err := b.payment(r.PathValue("id"))
	if err != nil {
		b.fail(w, r, err)
		return
	}
	scenario := r.PostForm.Get("scenario")
	if scenario == "" && p.open(b.now()) && p.takesCard() {
		f := cardForm{number: r.PostForm.Get(fieldNumber), name: r.PostForm.Get(fieldName), expiry: r.PostForm.Get(fieldExpiry), code: r.PostForm.Get(fieldCode)}
		s, errs := b.table.check(f, b.now())
		if len(errs) > 0 {
			b.show(w, r, http.StatusUnprocessableEntity, p, f, errs)
			return
		}
		scenario = s.Name
	}
	if p, err = b.decide(p.ID, scenario); err != nil {
		b.fail(w, r, err)
		return
	}
	s := b.table.byName[p.Scenario]
	walked := p.Challenged && s != nil && s.Never
	if p.open(b.now()) && !walked || p.Kind != checkout.ActionRedirect && p.Kind != checkout.ActionRedirectPost || p.ReturnURL == "" {
		http.Redirect(w, r, b.url(p.page()), http.StatusSeeOther)
		return
	}
	if s != nil && s.Notify == NotifyBeforeReturn {
		b.awaitNotices(r.Context(), p.ID)
	}
	if sameOrigin(p.ReturnURL, b.origin()) {
		http.Redirect(w, r, p.ReturnURL, http.StatusSeeOther)
		return
	}
	b.show(w, r, http.StatusOK, p, cardForm{}, nil) // form-action 'self' forbids a redirect to elsewhere
}

// postEnter is where a form post of the shop's page arrives (redirect_post).
func (b *Bank) postEnter(w http.ResponseWriter, r *http.Request) {
	p, err := b.payment(r.PathValue("id"))
	if err != nil {
		b.fail(w, r, err)
		return
	}
	if r.PostFormValue("payment") != p.ID {
		b.message(w, r, http.StatusUnprocessableEntity, "The form does not belong to this payment")
		return
	}
	http.Redirect(w, r, b.url(p.page()), http.StatusSeeOther)
}

// awaitNotices waits until everything that is due about a payment has been answered, at most 5 s.
func (b *Bank) awaitNotices(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := b.payment(id)
		if err != nil {
			return
		}
		if _, due := p.dueNotice(b.now()); !due {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// show draws the page that a payment has now.
func (b *Bank) show(w http.ResponseWriter, r *http.Request, status int, p *Payment, f cardForm, errs []fieldError) {
	now := b.now()
	v := view{View: "pay", Title: "Pay by card", Merchant: p.Merchant, Order: p.Order, Amount: money(p.Amount), Errors: errs}
	if !p.open(now) {
		v.View, v.Title = "done", outcome(p.now(now).Status)
		if u, err := url.Parse(p.ReturnURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			v.Return = p.ReturnURL
			if r.Method == http.MethodPost {
				v.Refresh = p.ReturnURL
			}
		}
		b.render(w, r, status, v)
		return
	}
	switch {
	case p.Challenged:
		v.View, v.Title = "challenge", "Confirm your payment"
	case p.Kind == checkout.ActionConfirmOnPhone:
		v.View, v.Title, v.Phone, v.Until = "phone", "Payment request", p.Phone, p.ExpiresAt.UTC().Format("15:04:05 MST")
		v.Soon = p.Scenario != ""
	case p.Kind == checkout.ActionVoucher:
		v.Title, v.OfferTitle, v.Offer = "Pay a voucher", "Voucher", grouped(p.Offer)
	case p.Kind == checkout.ActionInstructions:
		v.Title, v.OfferTitle, v.Offer = "Make a transfer", "Reference", p.Offer
	case p.Kind == checkout.ActionCrypto:
		v.Title, v.OfferTitle, v.Offer = "Send a coin", "Address", p.Offer
	}
	if p.Preset != "" {
		v.Preset, v.PresetTitle = p.Preset, b.table.byName[p.Preset].Title
	}
	v.Fields = cardFields(f, errs)
	v.Groups = b.groups(p.Method)
	for i := range b.table.rows {
		for _, n := range b.table.rows[i].Cards {
			v.Cards = append(v.Cards, cardRow{grouped(n), b.table.rows[i].Title})
		}
	}
	b.render(w, r, status, v)
}

// takesCard reports whether the payment's page has the card form.
func (p *Payment) takesCard() bool {
	switch p.Kind {
	case checkout.ActionRedirect, checkout.ActionRedirectPost, checkout.ActionFields:
		return p.Preset == "" && !p.Challenged
	}
	return false
}

// cardFields draws the form. The number and the security code are never written back.
func cardFields(f cardForm, errs []fieldError) []field {
	name := f.name
	if checkout.CheckText(name, 100) != nil {
		name = "" // it may hold a card number
	}
	expiry := f.expiry
	if checkout.CheckText(expiry, 20) != nil {
		expiry = ""
	}
	out := []field{
		{ID: fieldNumber, Label: "Card number", Hint: "Spaces are welcome", Autocomplete: "cc-number", Numeric: true},
		{ID: fieldName, Label: "Name on the card", Value: name, Autocomplete: "cc-name"},
		{ID: fieldExpiry, Label: "Expiry date", Hint: "For example 03/30", Value: expiry, Autocomplete: "cc-exp", Numeric: true},
		{ID: fieldCode, Label: "Card security code", Hint: "3 on the back, Amex 4 on the front", Autocomplete: "cc-csc", Numeric: true},
	}
	for i := range out {
		d := &out[i]
		if d.Hint != "" {
			d.Described = d.ID + "-hint"
		}
		for _, e := range errs {
			if e.Field == d.ID {
				d.Error = e.Text
				d.Described = strings.TrimSpace(d.Described + " " + d.ID + "-error")
			}
		}
	}
	return out
}

// groups gives the buttons for a method.
func (b *Bank) groups(m checkout.Method) []group {
	var out []group
	for i := range b.table.rows {
		s := &b.table.rows[i]
		if !s.Button || !s.Applies(m) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Title != s.Group {
			out = append(out, group{Title: s.Group})
		}
		g := &out[len(out)-1]
		g.Scenarios = append(g.Scenarios, s)
	}
	return out
}

func outcome(s Status) string {
	switch s {
	case Paid:
		return "The payment was made"
	case Held:
		return "The money is reserved"
	case ChargedBack:
		return "The payment was made, and taken back by the payer’s bank"
	case Refused:
		return "The payment was refused. Nothing was charged."
	case Cancelled:
		return "The payment was cancelled. Nothing was charged."
	case Expired:
		return "The time to pay is over. Nothing was charged."
	}
	return "The bank is working on it"
}

// money writes an amount with its currency and a space between thousands.
func money(m checkout.Money) string {
	whole, decimals, _ := strings.Cut(m.Decimal(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u00a0" + whole[i:]
	}
	if decimals != "" {
		whole += "." + decimals
	}
	return string(m.Currency) + "\u00a0" + whole
}

// sameOrigin reports whether a URL is http or https at an origin.
func sameOrigin(raw, origin string) bool {
	u, err := url.Parse(raw)
	return err == nil && origin != "" && (u.Scheme == "http" || u.Scheme == "https") && u.Scheme+"://"+u.Host == origin
}
