package kaipay

import (
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
)

// name is the dialect's: of its prefix, its keys and its sessions.
const name = "kaipay"

// Kind is KaiPay's row in the registry.
var Kind = dialect.Kind{Name: name, Title: "KaiPay", Native: "/v1", New: New}

// sessions is the one native path (seed: POST /client-session below https://kaipay.com/v1).
const sessions = "/v1/client-session"

// api is KaiPay's API over one engine.
type api struct {
	dialect.Deps
	handler http.Handler
}

// New makes the dialect. Engine, Links and Now are required.
func New(d dialect.Deps) dialect.Dialect {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	k := &api{Deps: d}
	mux := http.NewServeMux()
	mux.Handle(sessions, k.route(methods{
		http.MethodPost: {checkout.ScopeSessionsWrite, k.create},
		http.MethodGet:  {checkout.ScopeSessionsRead, k.list},
	}))
	mux.Handle(sessions+"/{id}", k.route(methods{
		http.MethodGet: {checkout.ScopeSessionsRead, k.get},
	}))
	mux.Handle(sessions+"/{id}/expire", k.route(methods{
		http.MethodPost: {checkout.ScopeSessionsWrite, k.expire},
	}))
	mux.Handle(sessions+"/{id}/refund", k.route(methods{
		http.MethodPost: {checkout.ScopeRefundsWrite, k.refund},
		http.MethodGet:  {checkout.ScopeSessionsRead, k.refunds},
	}))
	mux.HandleFunc("/", k.noRoute)
	k.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect "//" and ".." to a path that lacks our prefix.
		if p := r.URL.Path; p != path.Clean(p) {
			k.noRoute(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return k
}

// Handler serves the native paths.
func (k *api) Handler() http.Handler { return k.handler }

// call answers one request, or gives the error to answer with.
type call struct {
	scope checkout.Scope
	do    func(http.ResponseWriter, *http.Request, checkout.Key) error
}

type methods map[string]call

// route finds the call by method, and lets it run for a key that may make it. HEAD is GET without a body.
func (k *api) route(m methods) http.Handler {
	var allow []string
	for verb := range m {
		allow = append(allow, verb)
		if verb == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		c, ok := m[method]
		if !ok {
			w.Header().Set("Allow", allowed)
			k.fail(w, r, errMethod)
			return
		}
		key, err := k.Engine.Authenticate(r.Context(), name, dialect.Bearer(r.Header))
		if err == nil {
			err = engine.Require(key, c.scope)
		}
		if err == nil {
			err = c.do(w, r, key)
		}
		if err != nil {
			k.fail(w, r, err)
		}
	})
}

func (k *api) noRoute(w http.ResponseWriter, r *http.Request) {
	k.fail(w, r, checkout.Errorf(checkout.CodeNotFound, "no such path; the API is %s", sessions))
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
)

// write sends an answer. Only net/http itself can fail here, when the caller has gone.
func write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Content-Type-Options"] = jsonType, noStore, noSniff
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// reply sends the answer of a call that can be repeated.
func reply(w http.ResponseWriter, r *http.Request, a engine.Reply) {
	if a.Replayed {
		w.Header().Set(dialect.ReplayedHeader, "true")
	}
	write(w, r, a.Status, a.Body)
}

// session gives the session that the path names, if it is the key's: a test key does not see live sessions,
// nor a live key test ones.
func (k *api) session(r *http.Request, key checkout.Key) (checkout.Session, error) {
	s, err := k.Engine.Session(r.Context(), key.Merchant, r.PathValue("id"))
	if err == nil && s.Test != key.Test {
		err = checkout.Errorf(checkout.CodeNotFound, "no such session")
	}
	return s, err
}

func (k *api) get(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	s, err := k.session(r, key)
	if err != nil {
		return err
	}
	write(w, r, http.StatusOK, k.render(&s, spellingOf(&s)))
	return nil
}
