package page

import (
	"net/http"
	"sync"

	"github.com/gorilla/sessions"

	"kassa/internal/words"
)

// LanguageParam is the query parameter of the language switch.
const LanguageParam = "lang"

const (
	cookieName  = "kassa"
	cookieLang  = "lang"
	cookieYears = 365 * 24 * 3600
)

// Languages chooses the language of a page. The shopper's own choice is kept in the browser session.
type Languages struct {
	words *words.Catalogue
	store *sessions.CookieStore

	mu    sync.Mutex
	known map[string]*words.Locale // by Accept-Language header and default; at most 1,024
}

// NewLanguages makes the chooser. key signs the browser session's cookie, at least 32 bytes; secure
// is for sites whose public URL is https; path is the cookie's.
func NewLanguages(w *words.Catalogue, key []byte, secure bool, path string) *Languages {
	s := sessions.NewCookieStore(key)
	if path == "" {
		path = "/"
	}
	s.Options = &sessions.Options{Path: path, MaxAge: cookieYears, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	s.MaxAge(cookieYears)
	return &Languages{words: w, store: s, known: map[string]*words.Locale{}}
}

// For gives the language of a page: the merchant's forced one, the shopper's choice (this request's,
// or an earlier one's), the browser's, the merchant's default, English.
func (l *Languages) For(r *http.Request, forced, fallback string) *words.Locale {
	if forced != "" {
		return l.match(forced, "", fallback)
	}
	if r.URL.RawQuery != "" {
		if q := r.URL.Query().Get(LanguageParam); q != "" {
			return l.match(q, r.Header.Get("Accept-Language"), fallback)
		}
	}
	if len(r.Header["Cookie"]) > 0 {
		if s, err := l.store.Get(r, cookieName); err == nil {
			if tag, ok := s.Values[cookieLang].(string); ok {
				return l.match(tag, r.Header.Get("Accept-Language"), fallback)
			}
		}
	}
	return l.match("", r.Header.Get("Accept-Language"), fallback)
}

// Remember keeps the choice that a request makes, if it makes one, in the browser session.
func (l *Languages) Remember(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query().Get(LanguageParam)
	if q == "" {
		return
	}
	// A cookie that cannot be read gives a new session; that is all there is to do about it.
	s, _ := l.store.Get(r, cookieName)
	s.Values[cookieLang] = l.match(q, "", "").Tag()
	_ = s.Save(r, w)
}

// All lists the languages for the switch.
func (l *Languages) All() []words.Language { return l.words.Languages() }

// match remembers its answers: reading an Accept-Language header costs more than a page.
func (l *Languages) match(choice, accept, fallback string) *words.Locale {
	key := choice + "\x00" + accept + "\x00" + fallback
	l.mu.Lock()
	defer l.mu.Unlock()
	if loc, ok := l.known[key]; ok {
		return loc
	}
	loc := l.words.Match(choice, accept, fallback)
	if len(l.known) >= 1024 || len(key) > 512 {
		clear(l.known)
	}
	l.known[key] = loc
	return loc
}
