package component

import (
	"strconv"

	"rsc.io/qr"
)

// drawing is a monochrome SVG: its size in modules and one path.
type drawing struct {
	Width, Height int
	Path          string
}

// ViewBox is the attribute of that name.
func (d drawing) ViewBox() string {
	return "0 0 " + strconv.Itoa(d.Width) + " " + strconv.Itoa(d.Height)
}

// barcode draws text as a Code 128 with the quiet zones that readers need (10 modules). Width 0: it
// cannot be drawn.
func barcode(text string) drawing {
	const quiet, height = 10, 50
	symbols := code128Symbols(text)
	if symbols == nil {
		return drawing{}
	}
	var path []byte
	x := quiet
	for _, s := range symbols {
		for i, w := range []byte(code128[s]) {
			width := int(w - '0')
			if i%2 == 0 {
				path = append(path, 'M')
				path = strconv.AppendInt(path, int64(x), 10)
				path = append(path, " 0h"...)
				path = strconv.AppendInt(path, int64(width), 10)
				path = append(path, "v50h-"...)
				path = strconv.AppendInt(path, int64(width), 10)
				path = append(path, 'z')
			}
			x += width
		}
	}
	return drawing{x + quiet, height, string(path)}
}

// qrCode draws text as a QR code of level M with its quiet zone (4 modules). Width 0: it does not fit.
func qrCode(text string) drawing {
	const quiet = 4
	code, err := qr.Encode(text, qr.M)
	if text == "" || err != nil {
		return drawing{}
	}
	var path []byte
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			path = append(path, 'M')
			path = strconv.AppendInt(path, int64(from+quiet), 10)
			path = append(path, ' ')
			path = strconv.AppendInt(path, int64(y+quiet), 10)
			path = append(path, 'h')
			path = strconv.AppendInt(path, int64(x-from), 10)
			path = append(path, "v1h-"...)
			path = strconv.AppendInt(path, int64(x-from), 10)
			path = append(path, 'z')
		}
	}
	return drawing{code.Size + 2*quiet, code.Size + 2*quiet, string(path)}
}

// groups cuts a reference of letters and digits into pieces of four, to be read aloud and typed; a
// rest of one joins the piece before it. Any other sign may mean something: then it stays whole.
func groups(reference string) []string {
	for i := range len(reference) {
		c := reference[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return []string{reference}
		}
	}
	var out []string
	for len(reference) > 5 {
		out = append(out, reference[:4])
		reference = reference[4:]
	}
	return append(out, reference)
}

// Field is the path of the white ground.
func (d drawing) Field() string {
	return "M0 0h" + strconv.Itoa(d.Width) + "v" + strconv.Itoa(d.Height) + "H0z"
}
