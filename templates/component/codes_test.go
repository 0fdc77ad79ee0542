package component

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCode128Table holds the table to the standard's own rules: eleven modules a symbol (13 for stop),
// an even number of them black, no two alike.
func TestCode128Table(t *testing.T) {
	seen := map[string]bool{}
	for i, s := range code128 {
		sum, black := 0, 0
		for j, w := range []byte(s) {
			sum += int(w - '0')
			if j%2 == 0 {
				black += int(w - '0')
			}
		}
		if want := 11; sum != want && (i != code128Stop || sum != 13) {
			t.Errorf("symbol %d has %d modules", i, sum)
		}
		if black%2 != 0 && i != code128Stop {
			t.Errorf("symbol %d has %d black modules", i, black)
		}
		if seen[s] {
			t.Errorf("symbol %d is there twice", i)
		}
		seen[s] = true
	}
}

func TestCode128(t *testing.T) {
	for text, want := range map[string][]int{
		"93000123456789": {105, 93, 0, 1, 23, 45, 67, 89, 89, 106},
		"12":             {105, 12, 14, 106},
		"AB":             {104, 33, 34, 102, 106},
		"A1234":          {104, 33, 99, 12, 34, 14, 106},
		"12345":          {105, 12, 34, 100, 21, 54, 106},
	} {
		got := code128Symbols(text)
		want[len(want)-2] = checksum(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "ñ", "\n", strings.Repeat("1", 81)} {
		if code128Symbols(text) != nil {
			t.Errorf("%q was encoded", text)
		}
	}
}

func checksum(symbols []int) int {
	sum := symbols[0]
	for i, s := range symbols[1 : len(symbols)-2] {
		sum += (i + 1) * s
	}
	return sum % 103
}

// TestCode128Reads reads every barcode back as a scanner would.
func TestCode128Reads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,40}|[0-9]{1,40}|[A-Z]{0,5}[0-9]{0,12}[a-z]{1,3}`).Draw(t, "text")
		symbols := code128Symbols(text)
		if symbols[len(symbols)-1] != code128Stop || symbols[len(symbols)-2] != checksum(symbols) {
			t.Fatalf("no end or a wrong check: %v", symbols)
		}
		var b strings.Builder
		c := symbols[0] == code128StartC
		for _, s := range symbols[1 : len(symbols)-2] {
			switch {
			case c && s == code128CodeB:
				c = false
			case c:
				b.WriteString(string([]byte{byte('0' + s/10), byte('0' + s%10)}))
			case s == code128CodeC:
				c = true
			default:
				b.WriteByte(byte(' ' + s))
			}
		}
		if b.String() != text {
			t.Fatalf("%q reads as %q", text, b.String())
		}
	})
}

func TestGroups(t *testing.T) {
	for reference, want := range map[string]string{
		"93000123456789": "9300|0123|4567|89",
		"K7QX2MPA":       "K7QX|2MPA",
		"123456789":      "1234|56789",
		"12345":          "12345",
		"KA-7730-2":      "KA-7730-2",
		"":               "",
	} {
		got := groups(reference)
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %s", reference, got, want)
		}
		if strings.Join(got, "") != reference {
			t.Errorf("%s is not whole any more: %q", reference, got)
		}
	}
}

func TestQR(t *testing.T) {
	if d := qrCode("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"); d.Width < 21+8 || d.Width != d.Height || d.Path == "" {
		t.Errorf("%+v", d)
	}
	if d := qrCode(strings.Repeat("x", 5000)); d.Width != 0 {
		t.Error("more was drawn than fits")
	}
}
