package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"
)

// Prefix is where the files are served, below whatever path the whole site has.
const Prefix = "/static/"

//go:embed css js img
var files embed.FS

// Style is the style sheet of the shopper's pages, without comments and idle space: the very bytes
// between <style> and </style>.
var Style = minify(read("css/pay.css"))

// StyleHash is the source expression of Style for a style-src directive, in its quotes:
// 'sha256-...'.
var StyleHash = Hash(Style)

// Shop is the style sheet of the demo's shop: the same clothes, and what only a shop has.
var Shop = Style + minify(read("css/shop.css"))

// Hash is the CSP source expression, in its quotes, of an inline style sheet.
func Hash(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// File is one embedded file, ready to be served as immutable. Body is without comments and idle space.
type File struct {
	Name        string // "js/pay.js"
	URL         string // "/static/js/pay.1a2b3c4d5e.js"
	ContentType string
	ETag        string // strong, in quotes
	Body        []byte
	Gzip        []byte // nil where compressing saves nothing
}

var byName, byURL = index()

// Script is the one script of the shopper's pages.
var Script = URL("js/pay.js")

// Icon is served at /favicon.ico, where browsers ask for it unasked.
func Icon() *File { return byName["img/favicon.ico"] }

// URL gives the address of a file. A name that is not embedded is a mistake in the program: it panics.
func URL(name string) string {
	f, ok := byName[name]
	if !ok {
		panic("static: no file " + name)
	}
	return f.URL
}

// Lookup finds the file that an address names, hash included.
func Lookup(url string) (*File, bool) {
	f, ok := byURL[url]
	return f, ok
}

// Files lists every file, in no particular order.
func Files() []*File {
	out := make([]*File, 0, len(byName))
	for _, f := range byName {
		out = append(out, f)
	}
	return out
}

func index() (names, urls map[string]*File) {
	names, urls = map[string]*File{}, map[string]*File{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body := []byte(read(name))
		ext := path.Ext(name)
		switch ext {
		case ".js":
			body = []byte(lean(string(body)))
		case ".css":
			body = []byte(minify(string(body)))
		}
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:5])
		f := &File{
			Name:        name,
			URL:         Prefix + strings.TrimSuffix(name, ext) + "." + hash + ext,
			ContentType: contentType(ext),
			ETag:        `"` + hash + `"`,
			Body:        body,
		}
		if z := compress(body); len(z) < len(body) {
			f.Gzip = z
		}
		names[name], urls[f.URL] = f, f
		return nil
	})
	if err != nil {
		panic(err)
	}
	return names, urls
}

// contentType does not ask the machine's own table first: it differs from host to host.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	case ".png":
		return "image/png"
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

func read(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
