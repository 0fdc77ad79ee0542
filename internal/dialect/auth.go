package dialect

import (
	"net/http"
	"strings"
)

// Bearer gives the key of an "Authorization: Bearer <key>" header (the scheme in any case), and "" when there
// is none, another scheme, or more than one header.
func Bearer(h http.Header) string {
	v := h["Authorization"]
	if len(v) != 1 {
		return ""
	}
	scheme, key, ok := strings.Cut(v[0], " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.Trim(key, " ")
}
