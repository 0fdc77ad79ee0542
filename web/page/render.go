package page

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"
)

// Rendered is a page as bytes, plain and compressed. It is never changed after it was made.
type Rendered struct {
	HTML []byte
	Gzip []byte
}

var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// Render draws a component to the end before anything is sent: a page that fails half-way is an
// error page, never half a page.
func Render(ctx context.Context, c templ.Component) (*Rendered, error) {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := c.Render(ctx, buf); err != nil {
		return nil, err
	}
	r := &Rendered{HTML: bytes.Clone(buf.Bytes())}
	buf.Reset()
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(buf)
	if _, err := z.Write(r.HTML); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	r.Gzip = bytes.Clone(buf.Bytes())
	return r, nil
}

var (
	typeHTML = []string{"text/html; charset=utf-8"}
	varyAll  = []string{"Accept-Encoding, Accept-Language"}
	isGzip   = []string{"gzip"}
)

// Write sends a rendered page. The security headers are set before.
func (r *Rendered) Write(w http.ResponseWriter, req *http.Request, status int) error {
	h := w.Header()
	h["Content-Type"] = typeHTML
	h["Vary"] = varyAll
	body := r.HTML
	if AcceptsGzip(req.Header) {
		h["Content-Encoding"] = isGzip
		body = r.Gzip
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if req.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// AcceptsGzip reports whether the client takes gzip. Quality 0 is a no.
func AcceptsGzip(h http.Header) bool {
	for _, line := range h["Accept-Encoding"] {
		for part := range strings.SplitSeq(line, ",") {
			name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
			if name = strings.TrimSpace(name); name == "gzip" || name == "*" {
				q = strings.ReplaceAll(q, " ", "")
				return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
			}
		}
	}
	return false
}
