package static

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pairs are the tokens that meet on the pages, with the contrast that WCAG 2.2 asks of them: 4.5 for
// text, 3 for the edges of controls, marks and the focus ring.
var pairs = []struct {
	front, back string
	least       float64
}{
	{"ink", "bg", 4.5}, {"ink", "tint", 4.5}, {"soft", "bg", 4.5}, {"soft", "tint", 4.5},
	{"on", "accent", 4.5}, {"accent", "bg", 3}, {"bad", "bg", 4.5}, {"good", "bg", 3},
	{"edge", "bg", 3}, {"edge", "tint", 3}, {"ring", "bg", 3}, {"ring", "tint", 3}, {"on-strip", "strip", 4.5},
}

var (
	tokenBlock = regexp.MustCompile(`(?s):root \{(.*?)\}`)
	tokenLine  = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)
)

func TestContrast(t *testing.T) {
	blocks := tokenBlock.FindAllStringSubmatch(read("css/pay.css"), 2)
	if len(blocks) != 2 {
		t.Fatal("no tokens for light and dark")
	}
	themes := map[string]map[string]string{"light": {}, "dark": {}}
	for i, name := range []string{"light", "dark"} {
		for _, m := range tokenLine.FindAllStringSubmatch(blocks[i][1], -1) {
			themes[name][m[1]] = m[2]
		}
	}
	if len(themes["light"]) != len(themes["dark"]) {
		t.Errorf("%d colours in the light, %d in the dark", len(themes["light"]), len(themes["dark"]))
	}
	for name, theme := range themes {
		for _, p := range pairs {
			front, back := theme[p.front], theme[p.back]
			if front == "" || back == "" {
				t.Fatalf("%s: no colour for %s on %s", name, p.front, p.back)
			}
			if got := contrast(t, front, back); got < p.least {
				t.Errorf("%s: %s on %s is %.2f:1, at least %.1f:1", name, p.front, p.back, got, p.least)
			}
		}
	}
}

// contrast is WCAG's ratio of relative luminances.
func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("not a colour: %q", hex)
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
