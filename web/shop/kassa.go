package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	view "kassa/templates/shop"
)

// session is what the shop reads of KaiPay's answers.
type session struct {
	ID     string `json:"id"`
	URL    string `json:"client_session_url"`
	Status string `json:"status"`
	Amount int64  `json:"amount"`
	// Metadata comes back as it was sent: the shop put its order's number there.
	Metadata json.RawMessage `json:"metadata"`
}

// order is the number of the order that a session is for; another of the merchant's programs may have
// made sessions that name none.
func (s *session) order() string {
	var m struct {
		Order string `json:"order"`
	}
	if json.Unmarshal(s.Metadata, &m) != nil {
		return ""
	}
	return m.Order
}

// apiError is KaiPay's error.
type apiError struct {
	Message string `json:"message"`
	Fields  []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"fields"`
}

func (e *apiError) Error() string { return e.Message }

const (
	callTitle = "The request and its answer"
	maxAnswer = 1 << 20 // bytes
)

// call asks Kassa's API and keeps what went over the wire, also when it fails. The error is an *apiError
// when Kassa answered with one.
func (s *Shop) call(ctx context.Context, method, path, idempotency string, body []byte) (session, view.Exchange, error) {
	x := s.request(method, path, idempotency, body)
	r, err := http.NewRequestWithContext(ctx, method, s.API+path, bytes.NewReader(body))
	if err != nil {
		return session{}, x, err
	}
	r.Header.Set("Authorization", "Bearer "+s.Key)
	if idempotency != "" {
		r.Header.Set("Idempotency-Key", idempotency)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.Client.Do(r)
	if err != nil {
		x.Answer = []view.Line{{Text: "No answer came.", Strong: true}}
		return session{}, x, err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return session{}, x, err
	}
	x.Answer = append([]view.Line{{Text: answer.Proto + " " + answer.Status, Strong: true}}, headerLines(answer.Header, "Content-Type", "Idempotent-Replayed")...)
	x.Answer = append(append(x.Answer, view.Line{}), jsonLines(b, "client_session_url", "status", "paid_at", "error")...)
	if answer.StatusCode >= 300 {
		refused := struct{ Error apiError }{}
		if err := json.Unmarshal(b, &refused); err != nil || refused.Error.Message == "" {
			return session{}, x, fmt.Errorf("kassa answered %s", answer.Status)
		}
		return session{}, x, &refused.Error
	}
	var made session
	return made, x, json.Unmarshal(b, &made)
}

// request is a call of the API as lines, sent or to be sent.
func (s *Shop) request(method, path, idempotency string, body []byte) view.Exchange {
	x := view.Exchange{Title: callTitle, Request: []view.Line{{Text: method + " " + s.API + path, Strong: true}, {Text: "Authorization: Bearer " + s.Key}}}
	if idempotency != "" {
		x.Request = append(x.Request, view.Line{Text: "Idempotency-Key: " + idempotency})
	}
	if body != nil {
		x.Request = append(x.Request, view.Line{Text: "Content-Type: application/json"}, view.Line{})
		x.Request = append(x.Request, jsonLines(body, "amount", "success_redirect_url")...)
	}
	return x
}

// headerLines are some of the headers that came, in the order asked for.
func headerLines(h http.Header, names ...string) []view.Line {
	var out []view.Line
	for _, name := range names {
		if v := h.Get(name); v != "" {
			out = append(out, view.Line{Text: name + ": " + v})
		}
	}
	return out
}

// jsonLines prints JSON over several lines, its keys in the order in which they came. The lines of the
// outermost object's keys that matter are strong.
func jsonLines(b []byte, matter ...string) []view.Line {
	var pretty bytes.Buffer
	if json.Indent(&pretty, b, "", "  ") != nil {
		return textLines(string(b))
	}
	var out []view.Line
	for text := range strings.SplitSeq(strings.TrimSpace(pretty.String()), "\n") {
		l := view.Line{Text: text}
		for _, key := range matter {
			l.Strong = l.Strong || strings.HasPrefix(text, `  "`+key+`":`)
		}
		out = append(out, l)
	}
	return out
}

func textLines(text string) []view.Line {
	var out []view.Line
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, view.Line{Text: line})
	}
	return out
}
