package kaipay

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
	"kassa/internal/engine"
)

// Sizes of a page.
const (
	defaultLimit = 20
	maxLimit     = 100
	maxReads     = 10 // from the store for one page
)

// list is GET /v1/client-session (ours): the merchant's sessions, newest first, of every dialect.
// Filters: status (words joined by commas), currency, email, created_from, created_to (ISO 8601; from is included, to
// is not). Pages: limit, starting_after. It answers {"data":[…],"has_more":…,"next_cursor":…}.
func (k *api) list(w http.ResponseWriter, r *http.Request, key checkout.Key) error {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	q.Merchant, q.Test = key.Merchant, &key.Test
	page, next, err := k.page(r, q)
	if err != nil {
		return err
	}
	b := dialect.Writer{B: make([]byte, 0, 128+1536*len(page))}
	b.Open('{')
	b.Key("data")
	b.Open('[')
	for i := range page {
		b.Open('{')
		k.writeSession(&b, &page[i], spellingOf(&page[i]))
		b.Close('}')
	}
	b.Close(']')
	b.KeyBool("has_more", next != "")
	b.KeyStr("next_cursor", string(next))
	b.Close('}')
	write(w, r, http.StatusOK, b.B)
	return nil
}

// page reads on until the page is full and one session more is known, so that has_more is never a
// guess. What the store cannot select is dropped here: sessions whose time is over though their stored state
// does not say so yet.
func (k *api) page(r *http.Request, q engine.SessionQuery) (page []checkout.Session, next checkout.ID, err error) {
	limit := q.Limit
	q.Limit = limit + 1
	for range maxReads {
		got, err := k.Engine.Sessions(r.Context(), q)
		if checkout.CodeOf(err) == checkout.CodeNotFound {
			return nil, "", checkout.Invalid("starting_after", "must be the id of one of your client sessions")
		}
		if err != nil {
			return nil, "", err
		}
		for i := range got {
			s := &got[i]
			q.After = s.ID
			if len(q.States) > 0 && !slices.Contains(q.States, s.State) {
				continue
			}
			if len(page) == limit {
				return page, page[limit-1].ID, nil
			}
			page = append(page, *s)
		}
		if len(got) < q.Limit {
			return page, "", nil
		}
	}
	return page, q.After, nil // a page may be short; the cursor goes on
}

func readQuery(raw string) (engine.SessionQuery, error) {
	q := engine.SessionQuery{Limit: defaultLimit}
	if raw == "" {
		return q, nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, checkout.Invalid("query", "cannot be read")
	}
	var wrong []checkout.FieldError
	read := func(name string, parse func(string) error) {
		v := values[name]
		if len(v) == 0 || (len(v) == 1 && v[0] == "") {
			return
		}
		err := error(checkout.Errorf(checkout.CodeInvalid, "must be sent once"))
		if len(v) == 1 {
			err = parse(v[0])
		}
		if err != nil {
			wrong = append(wrong, checkout.FieldError{Field: name, Safe: checkout.AsError(err).Safe})
		}
	}
	read("status", func(s string) error {
		for word := range strings.SplitSeq(s, ",") {
			state, ok := stateOf(word)
			if !ok {
				return checkout.Errorf(checkout.CodeInvalid, "must be of %s", strings.Join(statusWords(), ", "))
			}
			q.States = append(q.States, state)
		}
		return nil
	})
	read("currency", func(s string) (err error) { q.Currency, err = checkout.ParseCurrency(s); return })
	read("email", func(s string) error { q.Email = s; return checkout.CheckEmail(s) })
	read("created_from", func(s string) (err error) { q.From, err = parseMoment(s); return })
	read("created_to", func(s string) (err error) { q.To, err = parseMoment(s); return })
	read("limit", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return checkout.Errorf(checkout.CodeInvalid, "must be from 1 to %d", maxLimit)
		}
		q.Limit = n
		return nil
	})
	read("starting_after", func(s string) error {
		id, ok := checkout.ParseID(checkout.PrefixSession, s)
		if !ok {
			return checkout.Errorf(checkout.CodeInvalid, "must be the id of a client session")
		}
		q.After = id
		return nil
	})
	if len(wrong) > 0 {
		e := checkout.Invalid(wrong[0].Field, "%s", wrong[0].Safe)
		e.Fields = wrong
		return q, e
	}
	return q, nil
}

func statusWords() []string {
	var words []string
	for _, s := range checkout.SessionStates() {
		words = append(words, status(s))
	}
	return words
}

// parseMoment reads a moment, or a day, which begins at midnight UTC. A plus sign that came unescaped
// in a query reads as a space.
func parseMoment(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return parseTime(strings.ReplaceAll(s, " ", "+"))
}
