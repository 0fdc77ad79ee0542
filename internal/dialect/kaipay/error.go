package kaipay

import (
	"net/http"
	"strconv"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/dialect"
)

// refusal is what strangers are told of an error. The seed shows no error; the shape is ours:
//
//	{"error":{"type":…,"code":…,"message":…,"field":…,"fields":[{"field":…,"message":…}],"request_id":…}}
//
// type is what a program does about it, code is which one it is, field is the first of fields.
type refusal struct {
	status int
	typ    string
	text   string // where the error has no safe text of its own
}

// refusals holds every code of the core.
var refusals = map[checkout.Code]refusal{
	checkout.CodeInvalid:         {http.StatusBadRequest, "invalid_request", "the request is not valid"},
	checkout.CodeUnauthenticated: {http.StatusUnauthorized, "authentication", "the API key is missing or not valid"},
	checkout.CodeForbidden:       {http.StatusForbidden, "permission", "this API key may not do that"},
	checkout.CodeNotFound:        {http.StatusNotFound, "not_found", "no such object"},
	checkout.CodeConflict:        {http.StatusConflict, "conflict", "the object's state does not allow that"},
	checkout.CodeInFlight:        {http.StatusConflict, "idempotency", "a call with this Idempotency-Key is still running"},
	checkout.CodeKeyReused:       {http.StatusUnprocessableEntity, "idempotency", "this Idempotency-Key was used before with another body"},
	checkout.CodeTooLarge:        {http.StatusRequestEntityTooLarge, "invalid_request", "the body is too large"},
	checkout.CodeRateLimited:     {http.StatusTooManyRequests, "rate_limit", "too many requests"},
	checkout.CodeRefused:         {http.StatusPaymentRequired, "provider", "the payment provider refused"},
	checkout.CodeUnsupported:     {http.StatusUnprocessableEntity, "provider", "the payment provider cannot do that"},
	checkout.CodeUnavailable:     {http.StatusServiceUnavailable, "api", "not available right now, please try again"},
	checkout.CodeInternal:        {http.StatusInternalServerError, "api", "something went wrong on our side"},
}

// What only HTTP can get wrong has codes of its own, beside the core's.
const (
	codeMethod checkout.Code = "method_not_allowed"
	codeMedia  checkout.Code = "unsupported_media_type"
)

var (
	errMethod  = checkout.Errorf(codeMethod, "this path does not take that method; see the header Allow")
	errForm    = checkout.Errorf(codeMedia, "send the body as JSON, with Content-Type: application/json; it came as a form")
	errEncoded = checkout.Errorf(codeMedia, "send the body as plain JSON, without Content-Encoding")
)

func refusalOf(c checkout.Code) (refusal, checkout.Code) {
	switch c {
	case codeMethod:
		return refusal{http.StatusMethodNotAllowed, "invalid_request", ""}, c
	case codeMedia:
		return refusal{http.StatusUnsupportedMediaType, "invalid_request", ""}, c
	}
	if r, ok := refusals[c]; ok {
		return r, c
	}
	return refusals[checkout.CodeInternal], checkout.CodeInternal
}

// fail answers with an error. What is not for strangers goes to the log, under the request's id.
func (k *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := checkout.AsError(err)
	ref, code := refusalOf(e.Code)
	h := w.Header()
	id := h.Get("X-Request-Id") // set by whoever mounted us
	if id == "" {
		id = checkout.RandomToken()
		h.Set("X-Request-Id", id)
	}
	text := e.Safe
	if text == "" || code == checkout.CodeInternal {
		text = ref.text
	}
	if ref.status >= http.StatusInternalServerError {
		// The pattern, not the path: what a stranger typed is not written down.
		k.Log.ErrorContext(r.Context(), "kaipay: request failed", "request_id", id, "method", r.Method, "route", r.Pattern, "code", string(code), "err", err)
	}
	switch code {
	case checkout.CodeUnauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="kaipay"`)
	case checkout.CodeInFlight, checkout.CodeRateLimited, checkout.CodeUnavailable:
		seconds := max(1, int64((e.RetryAfter+time.Second-1)/time.Second))
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	b := dialect.Writer{B: make([]byte, 0, 384)}
	b.Open('{')
	b.Key("error")
	b.Open('{')
	b.KeyStr("type", ref.typ)
	b.KeyStr("code", string(code))
	b.KeyStr("message", text)
	b.Key("field")
	if len(e.Fields) > 0 {
		b.Str(e.Fields[0].Field)
	} else {
		b.Null()
	}
	b.Key("fields")
	b.Open('[')
	for _, f := range e.Fields {
		b.Open('{')
		b.KeyStr("field", f.Field)
		b.KeyStr("message", f.Safe)
		b.Close('}')
	}
	b.Close(']')
	b.KeyStr("request_id", id)
	b.Close('}')
	b.Close('}')
	write(w, r, ref.status, b.B)
}
