package shop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	testReturnKey = "whret_qS07zwhqs+JoPme4gnBNUYOOS/1kpKyq+C81oYkC/WA="
	testSecret    = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
)

var testNow = time.Unix(1800000000, 0)

func testShop(kassa http.HandlerFunc) (*Shop, func()) {
	api := httptest.NewServer(kassa)
	return New(Options{Public: "http://shop.example/below", API: api.URL, Key: "sk", ReturnKey: testReturnKey, WebhookSecret: testSecret,
		Client: api.Client(), Now: func() time.Time { return testNow }}), api.Close
}

func TestMoney(t *testing.T) {
	for cents, want := range map[int64]string{0: "KES 0.00", 5: "KES 0.05", 65000: "KES 650.00", 320000: "KES 3,200.00", 123456789: "KES 1,234,567.89"} {
		if got := strings.ReplaceAll(money(cents), "\u00a0", " "); got != want {
			t.Errorf("%d is %s, want %s", cents, got, want)
		}
	}
}

func TestBasketIsWhatTheShopSells(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "tea-2.mug-1": "tea-2.mug-1", "mug-1.tea-2": "tea-2.mug-1", "tea-9": "tea-9", "tea-0": "", "tea-10": "", "tea--1": "", "tea-01": "", "tea-+1": "",
		"tea-1e1": "", "tea": "", "gold-1": "", "gold-1.mug-3": "mug-3", "tea-1.tea-2": "tea-2", "-": "", "....": "", "tea-2;mug-1": "",
	} {
		if got := parseBasket(text).String(); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if b := parseBasket("tea-1.mug-2"); b.total() != 650_00+2*950_00+300_00+50_00 || b.count() != 3 {
		t.Errorf("it costs %d for %d", b.total(), b.count())
	}
}

// TestVerifyReturn holds the answer that internal/checkout is held to, too.
func TestVerifyReturn(t *testing.T) {
	const query = "a=1&kassa_session=cs_1&kassa_status=paid&kassa_time=1800000000&kassa_signature=v1,dTpIQi_6fA0OvgYgE--sTf2YqPVe_xv_jkaeyoTd1r4"
	verify := func(query, key string) bool {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r, ok := verifyReturn(q, key)
		return ok && r == signedReturn{"cs_1", "paid", time.Unix(1800000000, 0)}
	}
	if !verify(query, testReturnKey) {
		t.Error("a genuine return is refused")
	}
	for _, change := range [][2]string{{"cs_1", "cs_2"}, {"paid", "open"}, {"1800000000", "1800000001"}, {"v1,d", "v1,e"}, {"v1,", ""}, {"kassa_signature", "signature"}} {
		if verify(strings.Replace(query, change[0], change[1], 1), testReturnKey) {
			t.Errorf("a return with %s for %s is taken for genuine", change[1], change[0])
		}
	}
	for _, key := range []string{"", "whret_", "whret_!", "whret_AAAA"} {
		if verify(query, key) {
			t.Errorf("the key %q verifies it", key)
		}
	}
}

// signed makes a callback as Standard Webhooks 1.0.0 says.
func signed(id string, at time.Time, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/demo/callback", strings.NewReader(body))
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte("012345678901234567890123"))
	mac.Write([]byte(id + "." + stamp + "." + body))
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", stamp)
	r.Header.Set("Webhook-Signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

func TestCallback(t *testing.T) {
	s, stop := testShop(nil)
	defer stop()
	o := &order{number: "DLP-2222-2222", session: "cs_1", basket: basket{"tea": 1}}
	s.keepOrder(o)
	const body = `{"type":"client_session.paid","data":{"id":"cs_1","metadata":{"order":"DLP-2222-2222"}}}`
	answer := func(r *http.Request) int {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"old":               {signed("dl_0", testNow.Add(-6*time.Minute), body), 401},
		"of the future":     {signed("dl_0", testNow.Add(6*time.Minute), body), 401},
		"without an id":     {signed("", testNow, body), 401},
		"not signed":        {httptest.NewRequest(http.MethodPost, "/demo/callback", strings.NewReader(body)), 401},
		"no JSON":           {signed("dl_0", testNow, "paid"), 400},
		"too large":         {signed("dl_0", testNow, strings.Repeat(" ", maxCallback+1)), 413},
		"of another's":      {signed("dl_0", testNow, `{"type":"client_session.paid","data":{"id":"cs_1","metadata":["order"]}}`), 204},
		"by another method": {httptest.NewRequest(http.MethodGet, "/demo/callback", nil), 404},
	} {
		if got := answer(c.r); got != c.want {
			t.Errorf("a callback %s gets %d, want %d", name, got, c.want)
		}
	}
	changed := signed("dl_0", testNow, body)
	changed.Body = http.NoBody
	if got := answer(changed); got != 401 {
		t.Errorf("a callback with another body gets %d", got)
	}
	if len(o.calls) != 0 {
		t.Errorf("these were believed: %+v", o.calls)
	}
	for _, id := range []string{"dl_1", "dl_1", "dl_2"} {
		if got := answer(signed(id, testNow.Add(-4*time.Minute), body)); got != 204 {
			t.Errorf("a genuine callback gets %d", got)
		}
	}
	if len(o.calls) != 2 {
		t.Errorf("%d callbacks are remembered, want 2: the same delivery twice is one", len(o.calls))
	}
}

// TestPricesComeFromTheList: whatever the form and the cookie say, the order holds the shop's own prices.
func TestPricesComeFromTheList(t *testing.T) {
	var sent string
	s, stop := testShop(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sent = string(b)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"cs_1","client_session_url":"http://kassa.example/pay/cs_1"}`))
	})
	defer stop()
	form := url.Values{"order": {"DLP-2222-2222"}, "total": {"100000"}, "name": {"<b>Amina</b>"}, "email": {"a@example.com"}, "price": {"1"}, "amount": {"1"}, "quantity": {"-1"}}
	for range 2 { // twice is one order
		r := httptest.NewRequest(http.MethodPost, "/demo/pay", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", cookieName+"=tea-1.gold-1.mug--1")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "http://kassa.example/pay/cs_1" {
			t.Fatalf("it answers %d %s %s", w.Code, w.Header(), w.Body)
		}
	}
	if !strings.HasPrefix(sent, `{"amount":100000,"currency":"KES",`) || !strings.Contains(sent, `"line_items":[{"item_id":"tea","description":"Kericho black tea","amount":65000,"quantity":1}],"shipping_amount":30000,"fees":[{"Packaging":5000}]`) {
		t.Errorf("the order sent is %s", sent)
	}
	if len(s.orders) != 1 {
		t.Errorf("there are %d orders", len(s.orders))
	}
}

// TestWhatIsTypedIsText: a page shows what a shopper typed, and what Kassa answered, as text.
func TestWhatIsTypedIsText(t *testing.T) {
	s, stop := testShop(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"message":"<script>alert(1)</script>","fields":[]}}`))
	})
	defer stop()
	form := url.Values{"total": {"100000"}, "name": {`"><script>alert(2)</script>`}, "email": {`'><img src=x>@example.com`}}
	r := httptest.NewRequest(http.MethodPost, "/demo/pay", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", cookieName+"=tea-1")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	page := w.Body.String()
	if w.Code != http.StatusUnprocessableEntity || strings.Contains(page, "<script") || strings.Contains(page, "<img") {
		t.Errorf("%d %s", w.Code, page)
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "&lt;script&gt;alert(2)", "&lt;img src=x&gt;", "Kassa refused the order"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "script-src") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, styleHash) {
		t.Errorf("its policy is %s", csp)
	}
}

// TestSilentKassa: a shop that gets no answer says so, and never that money moved.
func TestSilentKassa(t *testing.T) {
	s, stop := testShop(nil)
	stop()
	s.keepOrder(&order{number: "DLP-2222-2222", session: "cs_1", basket: basket{"tea": 1}, customer: whoever})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/demo/orders/DLP-2222-2222?via=success", nil))
	for _, want := range []string{"We cannot tell yet", "The return is not signed", "The API gave no answer", "GET http://shop.example/below/demo/orders/DLP-2222-2222"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(w.Body.String(), "is paid") {
		t.Error("the page says that the order is paid")
	}
}

func TestNumbers(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		n := newNumber()
		if !isNumber(n) || seen[n] {
			t.Fatal(n)
		}
		seen[n] = true
	}
	for _, bad := range []string{"", "DLP-", "DLP-2222-222", "DLP-2222-22222", "DLP-0222-2222", "DLP-22222-222", "XXX-2222-2222", "DLP-2222-222/"} {
		if isNumber(bad) {
			t.Errorf("%q is taken for a number", bad)
		}
	}
}
