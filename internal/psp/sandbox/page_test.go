package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
)

func goodCard(now time.Time) url.Values {
	return url.Values{fieldNumber: {"4111 1111-1111\u00a01111"}, fieldName: {"Ana Pérez"}, fieldExpiry: {now.AddDate(1, 0, 0).Format("01/06")}, fieldCode: {"123"}}
}

func TestCardForm(t *testing.T) {
	next := time.Now().AddDate(1, 0, 0)
	for name, c := range map[string]struct {
		field, value string
		wrong        string // the field with an error; empty: none
		text         string
	}{
		"good":                  {fieldName, "Ana Pérez", "", ""},
		"amex needs four":       {fieldNumber, "3782 822463 10005", fieldCode, "4 digits"},
		"mastercard":            {fieldNumber, "5555555555554444", "", ""},
		"no number":             {fieldNumber, " ", fieldNumber, "Enter the card number"},
		"letters":               {fieldNumber, "4111 1111 1111 111O", fieldNumber, "digits only"},
		"luhn":                  {fieldNumber, "4111111111111112", fieldNumber, "a digit is wrong"},
		"short":                 {fieldNumber, "41111111111111", fieldNumber, "too short"},
		"very short":            {fieldNumber, "4111", fieldNumber, "too short"},
		"brand":                 {fieldNumber, "6011111111111117", fieldNumber, "Visa, Mastercard"},
		"a card that is real":   {fieldNumber, "4539578763621486", fieldNumber, "Never type a real card"},
		"no name":               {fieldName, "", fieldName, "Enter the name"},
		"a number for a name":   {fieldName, "4111111111111111", fieldName, "without a card number"},
		"no expiry":             {fieldExpiry, "", fieldExpiry, "Enter the expiry date"},
		"month 13":              {fieldExpiry, "13/30", fieldExpiry, "month and year"},
		"month 0":               {fieldExpiry, "00/30", fieldExpiry, "month and year"},
		"words":                 {fieldExpiry, "next year", fieldExpiry, "month and year"},
		"signs":                 {fieldExpiry, "+3/28", fieldExpiry, "month and year"},
		"past":                  {fieldExpiry, "01/20", fieldExpiry, "has expired"},
		"last month":            {fieldExpiry, time.Now().AddDate(0, -1, -time.Now().Day()+1).Format("01/06"), fieldExpiry, "has expired"},
		"this month":            {fieldExpiry, time.Now().UTC().Format("01/06"), "", ""},
		"far":                   {fieldExpiry, "01/99", fieldExpiry, "too far"},
		"one digit":             {fieldExpiry, "3/" + next.Format("06"), "", ""},
		"four digits of a year": {fieldExpiry, "03/" + next.Format("2006"), "", ""},
		"no slash":              {fieldExpiry, "03" + next.Format("06"), "", ""},
		"spaces":                {fieldExpiry, "03 / " + next.Format("06"), "", ""},
		"dash":                  {fieldExpiry, "03-" + next.Format("06"), "", ""},
		"no code":               {fieldCode, "", fieldCode, "Enter the card security code"},
		"code of four":          {fieldCode, "1234", fieldCode, "3 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, Options{})
			a := l.open("ch_test")
			r := l.request(checkout.MethodCard, "")
			id := l.start(a, r).PSPRef
			form := goodCard(l.clock.Now())
			form.Set(c.field, c.value)
			w := l.do(http.MethodPost, "/sandbox/pay/"+id, form)
			s, err := a.Fetch(t.Context(), psp.FetchRequest{Attempt: r.Attempt})
			if err != nil {
				t.Fatal(err)
			}
			if c.wrong == "" {
				if w.Code != http.StatusSeeOther || w.Header().Get("Location") != r.ReturnURL || s.State != checkout.AttemptSucceeded {
					t.Errorf("%d to %q, %s", w.Code, w.Header().Get("Location"), s.State)
				}
				return
			}
			body := w.Body.String()
			if w.Code != http.StatusUnprocessableEntity || s.State != checkout.AttemptRequiresAction {
				t.Errorf("%d, %s", w.Code, s.State)
			}
			for _, want := range []string{"<title>Error: ", `role="alert"`, `<a href="#` + c.wrong + `">`, c.text, `id="` + c.wrong + `-error"`, `aria-invalid="true"`} {
				if !strings.Contains(body, want) {
					t.Errorf("the page has no %s", want)
				}
			}
			if n := strings.Count(body, `aria-invalid="true"`); n != 1 {
				t.Errorf("%d fields are wrong", n)
			}
			// What was typed is kept, but never the number or the code.
			if c.field != fieldName && !strings.Contains(body, `value="Ana Pérez"`) {
				t.Error("the name is lost")
			}
			digits, _ := cardDigits(form.Get(fieldNumber))
			for _, secret := range []string{form.Get(fieldNumber), digits, `value="` + form.Get(fieldCode) + `"`} {
				if secret = strings.TrimSpace(secret); len(secret) > 8 && strings.Contains(strings.ReplaceAll(inputs(body), " ", ""), strings.ReplaceAll(secret, " ", "")) {
					t.Errorf("the page repeats %q", secret)
				}
			}
		})
	}
}

// inputs gives the page's input elements.
func inputs(body string) string {
	return strings.Join(regexp.MustCompile(`<input[^>]*>`).FindAllString(body, -1), "\n")
}

// A card number lives for one request: neither the journal nor the ledger has it.
func TestCardNumberIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := newLab(t, Options{JournalPath: path})
	a := l.open("ch_test")
	l.do(http.MethodPost, "/sandbox/pay/"+l.start(a, l.request(checkout.MethodCard, "")).PSPRef, goodCard(l.clock.Now()))
	kept, err := os.ReadFile(path)
	if err != nil || len(kept) == 0 {
		t.Fatal(err)
	}
	ledger := l.do(http.MethodGet, "/sandbox/ledger", nil).Body.String()
	if !strings.Contains(ledger, `"status":"paid"`) {
		t.Error("not paid")
	}
	for _, s := range []string{string(kept), ledger} {
		if strings.Contains(s, "4111") || strings.Contains(s, "Ana Pérez") {
			t.Errorf("kept: %s", s)
		}
	}
}

func TestPagePolicy(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	pay := l.start(a, l.request(checkout.MethodCard, ""))
	frame := l.start(a, l.request(checkout.MethodCard, "x+fields@x.y"))
	phone := l.start(a, l.request(MethodMPesa, "x+phone@x.y"))
	voucher := l.start(a, l.request(MethodOXXO, ""))
	for path, ancestors := range map[string]string{"pay/" + pay.PSPRef: "'none'", "frame/" + frame.PSPRef: "'self'", "phone/" + phone.PSPRef: "'none'",
		"pay/" + voucher.PSPRef: "'none'", "": "'none'", "pay/nothing": "'none'", "elsewhere": "'none'"} {
		w := l.do(http.MethodGet, "/sandbox/"+path, nil)
		body := w.Body.String()
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
		if style == nil {
			t.Fatalf("%s: %d without a style", path, w.Code)
		}
		sum := sha256.Sum256([]byte(style[1]))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", path, got, want)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, w.Header())
		}
		for _, bad := range []string{"<script", " style=", " onclick", "http-equiv"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: %s", path, bad)
			}
		}
		if strings.Count(body, "<h1>") != 1 || !strings.Contains(body, "This is a test bank. No money moves") || !strings.Contains(body, `<html lang="en"`) {
			t.Errorf("%s: heading, warning or language", path)
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if ids[m[1]] {
				t.Errorf("%s: two elements %q", path, m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`(?:for|aria-describedby)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !ids[id] {
					t.Errorf("%s: nothing is called %q", path, id)
				}
			}
		}
		if n := strings.Count(body, "<label "); strings.Count(body, "<input ") != n {
			t.Errorf("%s: inputs without a label", path)
		}
	}
	body := l.do(http.MethodGet, "/sandbox/pay/"+pay.PSPRef, nil).Body.String()
	for _, s := range Scenarios() {
		button := fmt.Sprintf(`<button name="scenario" value="%s">`, s.Name)
		if strings.Contains(body, button) != s.Button {
			t.Errorf("button %s: %t", s.Name, !s.Button)
		}
	}
}

func TestHostileText(t *testing.T) {
	for _, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</style><script>`, `{{.Style}}`, `' onmouseover='x`, "javascript:alert(1)"} {
		l := newLab(t, Options{})
		a := l.open("ch_test")
		for _, m := range []checkout.Method{checkout.MethodCard, MethodMPesa, MethodOXXO, MethodTransfer} {
			r := l.request(m, "x+phone@x.y")
			if m != MethodMPesa {
				r.Session.Customer.Email = ""
			}
			r.Merchant.Name, r.Session.Order.Number, r.Attempt.Phone, r.ReturnURL = evil, evil, evil, evil
			id := l.start(a, r).PSPRef
			bodies := []string{l.do(http.MethodGet, "/sandbox/pay/"+id, nil).Body.String(), l.do(http.MethodGet, "/sandbox/phone/"+id, nil).Body.String(),
				l.do(http.MethodPost, "/sandbox/pay/"+id, url.Values{fieldName: {evil}, fieldExpiry: {evil}}).Body.String()}
			bodies = append(bodies, l.press(id, "approve").Body.String(), l.do(http.MethodGet, "/sandbox/pay/"+id, nil).Body.String())
			for _, b := range bodies {
				for _, bad := range []string{"<script", "<img", "onmouseover='", `href="javascript:`, "url=javascript:", "</style><"} {
					if strings.Contains(b, bad) {
						t.Errorf("%s: %q reached the page as %q", m, evil, bad)
					}
				}
			}
		}
	}
}

func TestWhereThePayerGoes(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	t.Run("same origin", func(t *testing.T) {
		r := l.request(checkout.MethodCard, "")
		id := l.start(a, r).PSPRef
		for range 2 { // the second press of an impatient payer leads to the same place
			if w := l.press(id, "approve"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != r.ReturnURL {
				t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
			}
		}
		if w := l.press(id, "decline"); w.Code != http.StatusSeeOther {
			t.Errorf("%d", w.Code)
		}
		if e, _ := l.bank.Find(r.Attempt.ID); e[0].Status != Paid {
			t.Errorf("decided twice: %s", e[0].Status)
		}
	})
	for _, to := range []string{"https://elsewhere.example/return", "http://127.0.0.1:8081/return", "https://127.0.0.1:8080/return"} {
		r := l.request(checkout.MethodCard, "")
		r.ReturnURL = to
		w := l.press(l.start(a, r).PSPRef, "approve")
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, `<meta http-equiv="refresh" content="0;url=`+to+`">`) || !strings.Contains(body, `id="continue" href="`+to+`"`) {
			t.Errorf("%s: %d %s", to, w.Code, body)
		}
	}
	t.Run("redirect_post", func(t *testing.T) {
		s := l.start(a, l.request(checkout.MethodCard, "x+redirect_post@x.y"))
		form := url.Values{}
		for _, f := range s.Action.Fields {
			form.Set(f.Name, f.Value)
		}
		path := strings.TrimPrefix(s.Action.URL, testBase)
		if w := l.do(http.MethodPost, path, form); w.Code != http.StatusSeeOther || w.Header().Get("Location") != testBase+"/sandbox/pay/"+s.PSPRef {
			t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
		}
		if w := l.do(http.MethodPost, path, url.Values{"payment": {"sbx_other"}}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("another payment's form: %d", w.Code)
		}
	})
	t.Run("fields", func(t *testing.T) {
		r := l.request(checkout.MethodCard, "x+fields@x.y")
		s := l.start(a, r)
		if got := s.Action.Sources.Frame; len(got) != 1 || got[0] != testBase {
			t.Errorf("sources %v", got)
		}
		path := strings.TrimPrefix(s.Action.Frame, testBase)
		if w := l.do(http.MethodPost, path, goodCard(l.clock.Now())); w.Code != http.StatusSeeOther || w.Header().Get("Location") != s.Action.Frame {
			t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
		}
		if body := l.do(http.MethodGet, path, nil).Body.String(); !strings.Contains(body, `href="`+r.ReturnURL+`" target="_top"`) {
			t.Error("no way out of the frame")
		}
	})
	t.Run("wrong scenarios", func(t *testing.T) {
		id := l.start(a, l.request(MethodOXXO, "")).PSPRef
		for _, s := range []string{"nonsense", "", "fields", "start_rejected", "expired_card", "authorize"} {
			if w := l.press(id, s); w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%q: %d", s, w.Code)
			}
		}
	})
	t.Run("till", func(t *testing.T) {
		for m, page := range map[checkout.Method]string{MethodOXXO: "pay/", MethodTransfer: "pay/"} {
			s := l.start(a, l.request(m, ""))
			w := l.do(http.MethodGet, "/sandbox/till?reference="+url.QueryEscape(s.Action.Reference), nil)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != testBase+"/sandbox/"+page+s.PSPRef {
				t.Errorf("%s: %d to %q", m, w.Code, w.Header().Get("Location"))
			}
		}
		if w := l.do(http.MethodGet, "/sandbox/till?reference=", nil); w.Code != http.StatusNotFound {
			t.Errorf("%d", w.Code)
		}
	})
}

func TestOffers(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	v := l.start(a, l.request(MethodOXXO, "")).Action
	if !regexp.MustCompile(`^\d{14}$`).MatchString(v.Reference) || !regexp.MustCompile(`^\d{24}$`).MatchString(v.Barcode) {
		t.Errorf("voucher %+v", v)
	}
	if w := l.start(a, l.request(MethodOXXO, "")).Action; w.Reference == v.Reference || w.Barcode == v.Barcode {
		t.Error("two vouchers with one reference")
	}
	i := l.start(a, l.request(MethodTransfer, "")).Action
	if len(i.Lines) != 3 || i.Lines[2].Label != checkout.LineCLABE || len(i.Lines[2].Value) != 18 {
		t.Errorf("transfer %+v", i)
	}
	// A CLABE and an IBAN whose check digits are known.
	if got := clabe("03218000011835971"); got != "032180000118359719" {
		t.Errorf("clabe %s", got)
	}
	if got := iban("DE", "370400440532013000"); got != "DE89370400440532013000" {
		t.Errorf("iban %s", got)
	}
}

func TestLedgerAndClockFromOutside(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(MethodMPesa, "")
	l.start(a, r)
	l.start(a, l.request(checkout.MethodCard, "x+instant@x.y"))
	if w := l.do(http.MethodPost, "/sandbox/clock", url.Values{"advance": {"3s"}}); w.Code != http.StatusOK {
		t.Errorf("clock: %d", w.Code)
	}
	for _, bad := range []string{"", "soon", "-1s"} {
		if w := l.do(http.MethodPost, "/sandbox/clock", url.Values{"advance": {bad}}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("clock by %q: %d", bad, w.Code)
		}
	}
	var got struct {
		Payments []Entry
		Totals   Totals
	}
	read := func(query string) {
		t.Helper()
		got.Payments = nil
		if err := json.Unmarshal(l.do(http.MethodGet, "/sandbox/ledger"+query, nil).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
	}
	read("")
	if len(got.Payments) != 2 || got.Totals.Payments != 2 || got.Totals.Captured["MXN"] != 42000 {
		t.Errorf("%+v", got)
	}
	read("?reference=" + string(r.Attempt.ID))
	if len(got.Payments) != 1 || got.Payments[0].Reference != r.Attempt.ID || got.Payments[0].Status != Paid {
		t.Errorf("%+v", got)
	}
	read("?reference=at_nothing")
	if got.Payments == nil || len(got.Payments) != 0 {
		t.Errorf("%+v", got)
	}

	// Without a clock it is nobody's laboratory: strangers learn nothing of other people's payments.
	closed := New(Options{BaseURL: func() string { return testBase }})
	defer func() { _ = closed.Close() }()
	m := &lab{t: t, clock: &Clock{}, bank: closed}
	m.start(m.open("ch_test"), m.request(checkout.MethodCard, "x+instant@x.y"))
	for _, c := range [][2]string{{http.MethodGet, "ledger"}, {http.MethodPost, "clock"}} {
		if w := m.do(c[0], "/sandbox/"+c[1], url.Values{"advance": {"1h"}}); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", c[1], w.Code)
		}
	}
	if body := m.do(http.MethodGet, "/sandbox/", nil).Body.String(); strings.Contains(body, "The clock") || strings.Contains(body, "Latest payments") || !strings.Contains(body, "Scenarios") {
		t.Error("the front page lists payments")
	}
}

func TestMoneyWriting(t *testing.T) {
	for want, m := range map[string]checkout.Money{"MXN 12 345.00": {Minor: 1234500, Currency: "MXN"}, "JPY 1 000": {Minor: 1000, Currency: "JPY"},
		"KWD 0.005": {Minor: 5, Currency: "KWD"}, "KES 999.99": {Minor: 99999, Currency: "KES"}} {
		if got := strings.ReplaceAll(money(m), "\u00a0", " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The panel plays a payment, moves the clock, and says what is and what will be.
func TestPanel(t *testing.T) {
	l := newLab(t, Options{})
	a := l.open("ch_test")
	r := l.request(checkout.MethodCard, "")
	r.NotifyURL = testBase + "/nowhere"
	id := l.start(a, r).PSPRef
	preset := l.start(a, l.request(checkout.MethodCard, "x+limit@x.y")).PSPRef
	article := func(id string) string {
		t.Helper()
		_, rest, ok := strings.Cut(l.do(http.MethodGet, "/sandbox/", nil).Body.String(), `<article class="sheet payment" id="`+id+`">`)
		if !ok {
			t.Fatal("the payment is not there")
		}
		own, _, _ := strings.Cut(rest, "</article>")
		return own
	}
	has := func(in string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(in, w) {
				t.Errorf("no %q in %s", w, in)
			}
		}
	}
	for _, s := range Scenarios() {
		button := fmt.Sprintf(`name="scenario" value="%s"`, s.Name)
		if strings.Contains(article(id), button) != s.Button {
			t.Errorf("button %s: %t", s.Name, !s.Button)
		}
		if strings.Contains(article(preset), button) != (s.Name == "limit") {
			t.Errorf("a payment whose scenario is named offers %s", s.Name)
		}
	}
	has(article(id), "Waiting", "Expired (offer_expired), still to come", "payment.expired: planned", `action="play/`+id+`"`)
	w := l.do(http.MethodPost, "/sandbox/play/"+id, url.Values{"scenario": {"chargeback"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != testBase+"/sandbox/#"+id {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	has(article(id), ">Paid<", "Charged back (payer_disputed), still to come", "payment.charged_back: planned")
	if strings.Contains(article(id), "<button") {
		t.Error("a payment that was decided can be decided again")
	}
	post := httptest.NewRequest(http.MethodPost, "/sandbox/clock", strings.NewReader("advance=15m"))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header.Set("Accept", "text/html,application/xhtml+xml")
	to := httptest.NewRecorder()
	l.bank.Handler().ServeHTTP(to, post)
	if to.Code != http.StatusSeeOther || to.Header().Get("Location") != testBase+"/sandbox/#clock" {
		t.Errorf("%d to %q", to.Code, to.Header().Get("Location"))
	}
	has(article(id), ">Charged back<")
	body := l.do(http.MethodGet, "/sandbox/", nil).Body.String()
	has(body, "15 minutes", stamp(l.clock.Now())[:16])
	for _, s := range Scenarios() {
		has(body, s.Name+"@example.com")
	}
	for path, want := range map[string]int{id: http.StatusSeeOther, "sbx_none": http.StatusNotFound, preset: http.StatusSeeOther} {
		if w := l.do(http.MethodPost, "/sandbox/play/"+path, url.Values{"scenario": {"limit"}}); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	real := newLab(t, Options{})
	real.bank.opts.Clock = nil
	if w := real.do(http.MethodPost, "/sandbox/play/"+id, url.Values{"scenario": {"approve"}}); w.Code != http.StatusNotFound {
		t.Errorf("outside of a laboratory: %d", w.Code)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "", time.Minute: "1 minute", 74*time.Hour + 15*time.Minute + 2*time.Second: "3 days 2 hours 15 minutes 2 seconds"} {
		if got := span(d); got != want {
			t.Errorf("%s: %q", d, got)
		}
	}
}
