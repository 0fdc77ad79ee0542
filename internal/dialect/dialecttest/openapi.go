package dialecttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"kassa/internal/checkout"
	"kassa/internal/engine"
)

// openAPI is a dialect's document, and which of its answers transcripts have shown.
type openAPI struct {
	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool
}

func loadOpenAPI(t *testing.T, text []byte) *openAPI {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("the OpenAPI document cannot be read: %v", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("the document is OpenAPI %s, not 3.1", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("the OpenAPI document is not valid: %v", err)
	}
	for _, server := range doc.Servers { // the router wants them absolute
		if strings.HasPrefix(server.URL, "/") {
			server.URL = "https://kassa.test" + server.URL
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &openAPI{doc: doc, router: router, seen: map[string]bool{}}
}

// check holds an exchange against the document: an answer always, a request when it was accepted.
func (d *openAPI) check(t *testing.T, prefix string, sent *http.Request, body string, rec *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(sent.Method, "https://kassa.test"+prefix+sent.URL.RequestURI(), strings.NewReader(body))
	r.Header = sent.Header.Clone()
	if r.Header.Get("Content-Type") == "" && body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed && sent.Method != http.MethodHead {
			t.Errorf("%s %s is answered %d, and the document does not know it: %v", sent.Method, sent.URL, rec.Code, err)
		}
		return
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableJSONSchema2020()}}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if rec.Code < 400 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was accepted, and the document refuses it: %v", sent.Method, sent.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: options}
	if err := openapi3filter.ValidateResponse(t.Context(), out.SetBodyBytes(rec.Body.Bytes())); err != nil {
		t.Errorf("%s %s: the answer %d is not what the document says: %v", sent.Method, sent.URL, rec.Code, err)
	}
	d.seen[fmt.Sprintf("%s %s %d", sent.Method, route.Path, rec.Code)] = true
}

// allSeen finds calls of the document that no story shows the success of.
func (d *openAPI) allSeen(t *testing.T) {
	t.Helper()
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if strings.HasPrefix(status, "2") && !d.seen[fmt.Sprintf("%s %s %s", method, path, status)] {
					t.Errorf("no transcript shows %s %s answered %s", method, path, status)
				}
			}
		}
	}
}

func newKey(merchant checkout.ID) engine.NewKey { return engine.NewKey{Merchant: merchant, Test: true} }
