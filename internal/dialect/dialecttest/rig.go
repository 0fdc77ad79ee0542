package dialecttest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
)

// Call is a request in a dialect's own words. "{id}" in Path and Body is the session it is about; "{n}" in
// Body is a number of six digits, another one each time, for dialects whose orders have natural keys.
type Call struct {
	Method, Path, Body string
	Header             http.Header
	// Scope that a key needs for it.
	Scope checkout.Scope
}

// Rig is what the exam must know of a dialect.
type Rig struct {
	Kind dialect.Kind
	// Sign puts a key on a request.
	Sign func(w *World, r *http.Request, key string)
	// Create is a good call that makes a session, with every field that the dialect reads.
	Create Call
	// CreatedStatus is its answer's status, 201 if not said.
	CreatedStatus int
	// CreatedID finds the session's id, as clients would, in the answer.
	CreatedID func(answer []byte) string
	// OfSession are the calls about one session; OfMerchant those that name none.
	OfSession, OfMerchant []Call
	// Refusal reads an answer that refuses, and gives the fields that it names. It fails when the
	// answer is not in the dialect's shape.
	Refusal func(status int, answer []byte) (fields []string, err error)
	// Statuses of refusals, where a dialect has others than 401, 403, 404 and 422. Foreign is that of another
	// merchant's object, NotFound's if not said.
	Unauthenticated, Forbidden, NotFound, Foreign, KeyReused int

	// Status is the dialect's word for a state.
	Status func(checkout.SessionState) string
	// Fail writes an error's answer.
	Fail func(d dialect.Dialect, w http.ResponseWriter, r *http.Request, err error)

	// Transcripts is the folder of the API stories, and OpenAPI the document that they must agree with.
	Transcripts string
	OpenAPI     []byte
}

// Run is the exam.
func Run(t *testing.T, rig Rig) {
	for _, d := range []struct {
		status   *int
		standard int
	}{{&rig.CreatedStatus, 201}, {&rig.Unauthenticated, 401}, {&rig.Forbidden, 403}, {&rig.NotFound, 404}, {&rig.KeyReused, 422}} {
		if *d.status == 0 {
			*d.status = d.standard
		}
	}
	if rig.Foreign == 0 {
		rig.Foreign = rig.NotFound
	}
	t.Run("every state has a word", rig.statusMap)
	t.Run("every error has an answer", rig.errorMap)
	t.Run("home as success only with money", rig.returnURL)
	t.Run("tenants are apart", rig.tenants)
	t.Run("keys", rig.keys)
	t.Run("scopes", rig.scopes)
	t.Run("hostile bodies", rig.hostile)
	t.Run("wrong leaves", rig.wrongLeaves)
	t.Run("repeatable", rig.repeatable)
	t.Run("repeatable at once", rig.repeatableAtOnce)
	t.Run("unknown paths and methods", rig.unknown)
	t.Run("transcripts", func(t *testing.T) { rig.transcripts(t) })
}

// send makes one call about a session with a key.
func (rig *Rig) send(w *World, c Call, id, key string) *httptest.ResponseRecorder {
	body := strings.ReplaceAll(w.numbered(c.Body), "{id}", id)
	r := httptest.NewRequest(c.Method, strings.ReplaceAll(c.Path, "{id}", id), strings.NewReader(body))
	if c.Body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, v := range c.Header {
		r.Header[name] = v
	}
	if key != "" {
		rig.Sign(w, r, key)
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec
}

// numbered puts the next number into a body.
func (w *World) numbered(body string) string {
	if !strings.Contains(body, "{n}") {
		return body
	}
	return strings.ReplaceAll(body, "{n}", fmt.Sprintf("%06d", w.numbers.Add(1)))
}

// make gives the id of a new session.
func (rig *Rig) make(t *testing.T, w *World, key string) string {
	t.Helper()
	rec := rig.send(w, rig.Create, "", key)
	if rec.Code != rig.CreatedStatus {
		t.Fatalf("the good call is answered %d: %s", rec.Code, rec.Body)
	}
	return rig.CreatedID(rec.Body.Bytes())
}

// refused checks that an answer refuses in the dialect's shape, and gives the fields that it names.
func (rig *Rig) refused(t *testing.T, what string, rec *httptest.ResponseRecorder, status int) []string {
	t.Helper()
	if rec.Code != status && status != 0 {
		t.Errorf("%s: answered %d, not %d: %.300s", what, rec.Code, status, rec.Body)
		return nil
	}
	fields, err := rig.Refusal(rec.Code, rec.Body.Bytes())
	if err != nil {
		t.Errorf("%s: %d is not in the dialect's shape: %v: %.300s", what, rec.Code, err, rec.Body)
	}
	return fields
}

func (rig *Rig) statusMap(t *testing.T) {
	seen := map[string]checkout.SessionState{}
	for _, s := range checkout.SessionStates() {
		word := rig.Status(s)
		if word == "" {
			t.Errorf("%s has no word", s)
		}
		if other, ok := seen[word]; ok && s.HasMoney() != other.HasMoney() && s != checkout.SessionAuthorized && other != checkout.SessionAuthorized {
			t.Errorf("%q means both %s and %s", word, s, other)
		}
		seen[word] = s
	}
}

func (rig *Rig) errorMap(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	const secret = "CANARY-of-the-log"
	for _, code := range append(checkout.Codes(), "a_code_of_tomorrow", "") {
		for _, safe := range []string{"", "safe words"} {
			e := &checkout.Error{Code: code, Safe: safe, Err: errors.New(secret)}
			if code == checkout.CodeInvalid {
				e.Fields = []checkout.FieldError{{Field: "amount", Safe: safe}}
			}
			r := httptest.NewRequest(rig.Create.Method, rig.Create.Path, nil)
			rec := httptest.NewRecorder()
			rig.Fail(w.Dialect, rec, r, e)
			if rec.Code < 400 || rec.Code > 599 {
				t.Errorf("%q is answered %d", code, rec.Code)
			}
			if slices.Contains(checkout.Codes(), code) && code != checkout.CodeInternal && rec.Code == http.StatusInternalServerError {
				t.Errorf("%q is answered like a defect of ours", code)
			}
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%q tells strangers what is for the log: %s", code, rec.Body)
			}
			if code == checkout.CodeInternal && strings.Contains(rec.Body.String(), "safe words") {
				t.Errorf("an internal error's text reaches strangers: %s", rec.Body)
			}
			rig.refused(t, string(code), rec, 0)
			if code == checkout.CodeInFlight || code == checkout.CodeRateLimited || code == checkout.CodeUnavailable {
				if n, err := strconv.Atoi(rec.Header().Get("Retry-After")); err != nil || n < 1 {
					t.Errorf("%q does not say when to come again: %v", code, rec.Header())
				}
			}
		}
	}
	rec := httptest.NewRecorder()
	rig.Fail(w.Dialect, rec, httptest.NewRequest("GET", "/", nil), io.ErrUnexpectedEOF)
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), io.ErrUnexpectedEOF.Error()) {
		t.Errorf("a foreign error is answered %d: %s", rec.Code, rec.Body)
	}
}

func (rig *Rig) returnURL(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	ctx := t.Context()
	s := checkout.Session{ID: "cs_" + checkout.ID(strings.Repeat("0", 36)), Merchant: w.Merchant.ID, Dialect: rig.Kind.Name, Amount: checkout.Money{Minor: 21000, Currency: "MXN"},
		URLs: checkout.URLs{Success: "https://shop.test/success?order=1&a=b", Failure: "https://shop.test/failure", Cancel: "https://shop.test/cancel",
			Expired: "https://shop.test/expired", Pending: "https://shop.test/pending"}}
	for _, state := range checkout.SessionStates() {
		attempts := []*checkout.Attempt{nil}
		for _, as := range checkout.AttemptStates() {
			attempts = append(attempts, &checkout.Attempt{ID: "at_" + checkout.ID(strings.Repeat("0", 36)), State: as})
		}
		for _, a := range attempts {
			s.State = state
			u, err := w.Dialect.ReturnURL(ctx, s, a)
			if err != nil {
				t.Errorf("%s: %v", state, err)
			}
			success := strings.HasPrefix(u, "https://shop.test/success")
			if success && !state.HasMoney() && state != checkout.SessionAuthorized {
				t.Errorf("a session that is %s sends the shopper home as success: %s", state, u)
			}
			if !success && (state == checkout.SessionPaid || state == checkout.SessionAuthorized) {
				t.Errorf("a session that is %s sends the shopper to %q", state, u)
			}
			if success && !strings.Contains(u, "order=1&a=b") {
				t.Errorf("the merchant's own query is lost: %s", u)
			}
			bare := s
			bare.URLs = checkout.URLs{Success: s.URLs.Success}
			if u, _ := w.Dialect.ReturnURL(ctx, bare, a); u != "" && !state.HasMoney() && state != checkout.SessionAuthorized {
				t.Errorf("without other URLs a session that is %s sends the shopper to %s", state, u)
			}
		}
	}
}

func (rig *Rig) tenants(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	id := rig.make(t, w, w.Key)
	before, err := w.Store.Session(t.Context(), checkout.ID(id))
	for _, c := range rig.OfSession {
		rig.refused(t, c.Method+" "+c.Path+" by another merchant", rig.send(w, c, id, w.OtherKey), rig.Foreign)
		for _, wrong := range []string{"cs_" + strings.Repeat("0", 36), "nothing", "cs_", strings.Repeat("x", 300), "%00", "%F0%9F%98%80"} {
			rig.refused(t, c.Method+" "+c.Path+" about "+wrong, rig.send(w, c, wrong, w.Key), rig.NotFound)
		}
	}
	if err == nil { // the id is the core's
		after, err := w.Store.Session(t.Context(), checkout.ID(id))
		if err != nil || after.Version != before.Version {
			t.Errorf("another merchant changed the session: version %d, then %d (%v)", before.Version, after.Version, err)
		}
	}
}

func (rig *Rig) calls() []Call {
	return append(append([]Call{rig.Create}, rig.OfSession...), rig.OfMerchant...)
}

func (rig *Rig) keys(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	id := rig.make(t, w, w.Key)
	revoked := w.AddKey(t, engine.NewKey{Merchant: w.Merchant.ID, Test: true})
	if rec := rig.send(w, rig.Create, "", revoked); rec.Code != rig.CreatedStatus {
		t.Fatalf("a fresh key is answered %d", rec.Code)
	}
	w.Revoke(t, revoked)
	foreign := w.AddKey(t, engine.NewKey{Merchant: w.Merchant.ID, Dialect: "another", Test: true})
	for what, key := range map[string]string{"no key": "", "unknown": "sk_test_nobody", "long": strings.Repeat("k", 5000), "revoked": revoked,
		"of another dialect": foreign, "with a byte more": w.Key + "x", "with a byte less": w.Key[:len(w.Key)-1], "with a NUL": w.Key + "\x00"} {
		for _, c := range rig.calls() {
			rig.refused(t, c.Method+" "+c.Path+" with a key: "+what, rig.send(w, c, id, key), rig.Unauthenticated)
		}
	}
}

func (rig *Rig) scopes(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	id := rig.make(t, w, w.Key)
	for _, have := range checkout.Scopes() {
		key := w.AddKey(t, engine.NewKey{Merchant: w.Merchant.ID, Test: true, Scopes: []checkout.Scope{have}})
		for _, c := range rig.calls() {
			rec := rig.send(w, c, id, key)
			if c.Scope != have {
				rig.refused(t, c.Method+" "+c.Path+" with only "+string(have), rec, rig.Forbidden)
			} else if rec.Code == rig.Forbidden {
				t.Errorf("%s %s is forbidden with %s", c.Method, c.Path, have)
			}
		}
	}
}

func (rig *Rig) unknown(t *testing.T) {
	w := NewWorld(t, rig.Kind)
	id := rig.make(t, w, w.Key)
	for _, path := range []string{"/", rig.Kind.Native + "/", rig.Kind.Native + "/nothing", rig.Create.Path + "/", "/" + rig.Create.Path, rig.Create.Path + "/../x", rig.Create.Path + "//x", "/%2e%2e/%00"} {
		rec := rig.send(w, Call{Method: "GET", Path: path}, "", w.Key)
		rig.refused(t, "GET "+path, rec, http.StatusNotFound)
		if rec.Header().Get("Location") != "" {
			t.Errorf("GET %s redirects", path)
		}
	}
	for _, c := range rig.calls() {
		rec := rig.send(w, Call{Method: "PATCH", Path: c.Path}, id, w.Key)
		rig.refused(t, "PATCH "+c.Path, rec, http.StatusMethodNotAllowed)
		if !strings.Contains(rec.Header().Get("Allow"), c.Method) {
			t.Errorf("PATCH %s: Allow is %q, without %s", c.Path, rec.Header().Get("Allow"), c.Method)
		}
	}
}
