package checkout_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

func TestCheckText(t *testing.T) {
	for _, s := range []string{
		"", "plain", strings.Repeat("x", 20), strings.Repeat("é", 20), strings.Repeat("\U0001F600", 20), "Zoë", "日本語", "علی", "می\u200cخواهم", "क्\u200dष",
		"a\u00a0b", "123456789012", "<script>", "100% & 'quoted'",
	} {
		if err := checkout.CheckText(s, 20); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, c := range []struct{ s, why string }{
		{strings.Repeat("x", 21), "at most 20"}, {strings.Repeat("é", 21), "at most 20"},
		{"a\x00b", "control"}, {"a\nb", "control"}, {"a\r\nb", "control"}, {"a\tb", "control"}, {"\x1b[31m", "control"}, {"a\x7f", "control"}, {"a\u0085", "control"},
		{"a\u2028b", "control"}, {"a\u2029b", "control"},
		{"\u202egnp.exe", "direction"}, {"a\u200fb", "direction"}, {"a\u200eb", "direction"}, {"\u061c", "direction"}, {"\u2066x\u2069", "direction"},
		{"a\u200bb", "cannot be seen"}, {"\ufeffa", "cannot be seen"}, {"a\u2060b", "cannot be seen"}, {"a\u2063b", "cannot be seen"}, {"a\u180eb", "cannot be seen"},
		{"a\u206eb", "cannot be seen"}, {"\ufff9a\ufffb", "cannot be seen"},
		{"a\xff", "UTF-8"}, {"\xed\xa0\x80", "UTF-8"}, {"\xc0\x80", "UTF-8"},
		{"4111111111111111", "card"}, {"né 4111111111111111", "card"},
	} {
		err := checkout.CheckText(c.s, 20)
		if checkout.CodeOf(err) != checkout.CodeInvalid || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q: %v, want %q", c.s, err, c.why)
		}
	}
}

// TestCheckTextFastPath: what plain ASCII is answered does not depend on the short way it takes.
func TestCheckTextFastPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789 -a\x00\x1f\x7f~4")), 0, 40, -1).Draw(t, "s")
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		control := strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
		want := !control && utf8.RuneCountInString(s) <= limit && !checkout.HasCardNumber(s)
		if err := checkout.CheckText(s, limit); (err == nil) != want {
			t.Fatalf("CheckText(%q, %d) = %v", s, limit, err)
		}
	})
}

func TestHasCardNumber(t *testing.T) {
	for what, s := range map[string]string{
		"Visa":                          "4111111111111111",
		"Visa of 13":                    "4222222222222",
		"Visa of 19":                    "4000000000000000006",
		"Mastercard":                    "5555555555554444",
		"Mastercard, 2 series":          "2223003122003222",
		"American Express":              "378282246310005",
		"Diners of 14":                  "30569309025904",
		"Discover":                      "6011111111111117",
		"JCB":                           "3530111333300000",
		"UnionPay":                      "6200000000000005",
		"Mir":                           "2200000000000004",
		"RuPay":                         "6074820000000009",
		"spaces":                        "4111 1111 1111 1111",
		"dashes":                        "4111-1111-1111-1111",
		"points":                        "4111.1111.1111.1111",
		"a space after each digit":      "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
		"two spaces":                    "4111  1111  1111  1111",
		"space dash space":              "4111 - 1111 - 1111 - 1111",
		"underscores":                   "4111_1111_1111_1111",
		"no-break spaces":               "4111\u00a01111\u00a01111\u00a01111",
		"non-breaking hyphens":          "4111\u20111111\u20111111\u20111111",
		"en dashes":                     "4111–1111–1111–1111",
		"joiners":                       "4111\u200d1111\u200c1111\u200d1111",
		"soft hyphens":                  "4111\u00ad1111\u00ad1111\u00ad1111",
		"full-width digits":             "４１１１１１１１１１１１１１１１",
		"Arabic digits":                 "٤١١١١١١١١١١١١١١١",
		"Arabic digits up to nine":      "٣٠٥٦٩٣٠٩٠٢٥٩٠٤",
		"Devanagari digits, grouped":    "४१११ ११११ ११११ ११११",
		"mathematical digits":           "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
		"letters around":                "card4111111111111111x",
		"a quantity before":             "order 1 4111 1111 1111 1111",
		"a quantity before, whole":      "order 1 4111111111111111",
		"a reference before":            "20261120-4111-1111-1111-1111",
		"expiry behind":                 "4111 1111 1111 1111 12/27",
		"expiry and code behind":        "4111 1111 1111 1111 12 27 123",
		"both sides":                    "7 4111 1111 1111 1111 123",
		"many groups before":            strings.Repeat("12 ", 30) + "4111 1111 1111 1111",
		"one long row before":           strings.Repeat("1", 40) + " 4111 1111 1111 1111",
		"long rows on both sides":       strings.Repeat("1", 20) + " 4111 1111 1111 1111 " + strings.Repeat("1", 20),
		"two cards":                     "4111 1111 1111 1112 5555 5555 5555 4444",
		"in JSON":                       `{"note":"4111111111111111"}`,
		"at the end, behind a point":    "pay.4111111111111111",
		"trailing separators":           "4111 1111 1111 1111 --- ",
		"the longest row and nothing":   "  4000000000000000006",
		"a group that ends in 19 + 1":   "4000000000000000006 1",
		"19 digits in front, in groups": "1111 1111 1111 1111 111 4111 1111 1111 1111",
	} {
		if !checkout.HasCardNumber(s) {
			t.Errorf("%s: %q passes", what, s)
		}
	}
	for what, s := range map[string]string{
		"nothing":                         "",
		"wrong check digit":               "4111111111111112",
		"no scheme's prefix":              "1111111111111117",
		"a scheme's prefix, wrong length": "411111111111116",
		"American Express of 16":          "3782822463100050",
		"12 digits":                       "411111111111",
		"inside a longer row":             "94111111111111111",
		"inside a very long row":          strings.Repeat("7", 10) + "4111111111111111" + strings.Repeat("7", 10),
		"19 good digits of 20":            "40000000000000000061",
		"halves of two groups":            "12344111 11111111 11115678",
		"letters between":                 "4111a1111b1111c1111",
		"commas between: a list":          "4111,1111,1111,1111",
		"slashes between":                 "4111/1111/1111/1111",
		"four separators between":         "4111    1111    1111    1111",
		"a phone number":                  "+254 712 345 678",
		"two phone numbers":               "+254712345678 +254712345679",
		"a moment":                        "2026-11-20 11:05:55.123456",
		"a moment in one row":             "20261120110555",
		"a UUID":                          "1dabeb8c-d9e7-11ec-a7b6-fd796692aca4",
		"an IBAN":                         "DE89 3704 0044 0532 0130 00",
		"a CLABE":                         "032180000118359719",
		"a reference of Kipay":            "KIPAY17000000001234",
		"an amount":                       "123456789012.34",
		"a price list":                    "10000.00 11000.00 21000.00",
	} {
		if checkout.HasCardNumber(s) {
			t.Errorf("%s: %q is taken for a card number", what, s)
		}
	}
}

// TestHasCardNumberAnywhere hides numbers among whole groups of other digits.
func TestHasCardNumberAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.StringMatching(`[0-9]{1,25}[ .-]{1,3}`)
		before := strings.Join(rapid.SliceOfN(group, 0, 6).Draw(t, "before"), "")
		behind := rapid.StringMatching(`([ .-]{1,3}[0-9]{1,25}){0,6}`).Draw(t, "behind")
		card := rapid.SampledFrom([]string{"4111111111111111", "5555-5555-5555-4444", "3782 822463 10005", "3 0 5 6 9 3 0 9 0 2 5 9 0 4"}).Draw(t, "card")
		if s := before + card + behind; !checkout.HasCardNumber(s) {
			t.Fatalf("%q passes", s)
		}
	})
}

func TestCheckURL(t *testing.T) {
	for _, s := range []string{
		"https://shop.example", "https://shop.example/", "https://shop.example/ok?order=1&status=completed#top", "HTTPS://Shop.Example/ok", "https://shop.example:8443/ok",
		"https://xn--caf-dma.example/", "https://a_b.example", "https://203.0.113.7/", "https://[2001:db8::7]/", "https://[2001:db8::7]:8443/", "https://shop.example/café",
		"https://shop.example/?key=wc_order_x&#038;status=completed", "https://shop.example/o'brien", "https://shop.example/?u=https://b.example/@x:y",
	} {
		if err := checkout.CheckURL(s, nil, false); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for what, s := range map[string]string{
		"empty": "", "relative": "/ok", "scheme-relative": "//evil.example", "no slashes": "https:evil.example", "one slash": "https:/evil.example",
		"three slashes": "https:///evil.example", "no host": "https://", "only a port": "https://:443", "host missing, path there": "https:///ok", "only a query": "https://?x",
		"http": "http://shop.example", "ftp": "ftp://shop.example", "script": "javascript:alert(1)", "script as a host": "javascript://shop.example/%0aalert(1)",
		"script in capitals": "JaVaScRiPt:alert(1)//https://shop.example", "data": "data:text/html,x", "scheme twice": "https:https://evil.example",
		"user": "https://user@shop.example", "user and password": "https://a:b@shop.example", "empty user": "https://@shop.example", "host as user": "https://shop.example@evil.example",
		"host and port as user": "https://shop.example:443@evil.example",
		"backslash":             `https://shop.example\@evil.example`, "backslashes for slashes": `https:\\evil.example`, "backslash in front": `\\evil.example`,
		"tab in the scheme": "java\tscript:alert(1)", "tab in the host": "https://shop\t.example", "line end": "https://shop.example/\r\nSet-Cookie: a=b", "line feed in front": "\nhttps://shop.example",
		"NUL": "https://shop.example/\x00", "space": "https://shop.example/a b", "space in front": " https://shop.example", "no-break space in front": "\u00a0https://shop.example",
		"angle brackets": "<https://shop.example>", "quote": `https://shop.example/"onload=`, "turned text": "https://shop.example/\u202egpj.exe",
		"port 0": "https://shop.example:0", "port 65536": "https://shop.example:65536", "port with letters": "https://shop.example:44x", "port twice": "https://shop.example:1:2",
		"semicolon in the host": "https://shop.example;script-src", "comma in the host": "https://shop.example,evil.example", "star": "https://*", "star label": "https://*.example",
		"quote in the host": "https://'none'", "percent in the host": "https://shop%2eexample", "percent-coded Unicode host": "https://%E2%80%AE.example", "bang": "https://a!b",
		"Unicode host": "https://café.example", "full-width host": "https://ｅvil.example", "Kelvin sign": "https://\u212aassa.example", "ideographic stop": "https://shop。example",
		"empty label": "https://shop..example", "leading point": "https://.example", "point": "https://.", "zone": "https://[fe80::1%25eth0]/", "brackets around a name": "https://[shop]/",
		"brackets around IPv4": "https://[127.0.0.1]/", "card number": "https://shop.example/4111111111111111", "too long": "https://shop.example/" + strings.Repeat("a", 2048),
		"too long in bytes": "https://shop.example/" + strings.Repeat("é", 1024), "bad escape": "https://shop.example/%zz", "not UTF-8": "https://shop.example/\xff",
	} {
		if err := checkout.CheckURL(s, nil, true); checkout.CodeOf(err) != checkout.CodeInvalid {
			t.Errorf("%s: %q passes (%v)", what, s, err)
		}
	}
}

func TestCheckURLLoopback(t *testing.T) {
	for _, s := range []string{"http://localhost", "http://LocalHost:8081/x", "http://shop.localhost/", "http://127.0.0.1:9000/cb", "http://127.9.9.9", "http://[::1]:9000/"} {
		if err := checkout.CheckURL(s, nil, true); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
		if err := checkout.CheckURL(s, nil, false); err == nil {
			t.Errorf("%q passes outside the demo", s)
		}
	}
	for _, s := range []string{"http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "http://0.0.0.0", "http://[::]", "http://evil.example/localhost",
		"http://evil.example#@localhost", "http://localhost@evil.example", "http://evillocalhost"} {
		if err := checkout.CheckURL(s, nil, true); err == nil {
			t.Errorf("%q passes", s)
		}
	}
}

func TestCheckURLHosts(t *testing.T) {
	hosts := []string{"shop.example", "www.shop.example"}
	for s, want := range map[string]bool{
		"https://shop.example/ok": true, "https://SHOP.example:8443/": true, "https://www.shop.example": true,
		"https://evil.example": false, "https://shop.example.evil.example": false, "https://xshop.example": false, "https://api.shop.example": false,
		"https://evil.example?https://shop.example": false, "https://evil.example#shop.example": false, "https://shop.example.": false, "https://\u017fhop.example": false,
		"http://localhost": false,
	} {
		if err := checkout.CheckURL(s, hosts, true); (err == nil) != want {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	for _, s := range []string{
		"a@b.co", "first.last+tag@shop.example", "o'brien@shop.example", "user%dept@shop.example", "x@sub.domain.example", "用户@例え.jp", "a@xn--r8jz45g.jp", "..docomo..@example.jp",
		checkout.MangledEmail, "[email\u00a0protected]", strings.Repeat("l", 64) + "@shop.example",
	} {
		if err := checkout.CheckEmail(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range []string{
		"", "a", "@", "a@", "@b.co", "a@b", "a@b.", "a@.b", "a@b..c", "a@b@c.d", "a b@c.de", " a@b.co", "a@b.co ", "a\u00a0@b.co", "a@b.co\u3000",
		"a@b.co,c@d.ef", "a@b.co;c@d.ef", "<a@b.co>", "Name <a@b.co>", `"a"@b.co`, `a\@b.co`, "a@[127.0.0.1]", "a:b@c.de", "mailto:a@b.co",
		"a@b.co?bcc=c@d.ef", "a@b.co?subject=x", "a@b.co%0aBcc:c", "a@b.co/", "a@b_c.de", "a@-b.co", "a@b-.co", "a@b.co\r\nBcc: c@d.ef", "a@b.co\x00",
		strings.Repeat("l", 65) + "@shop.example", "a@" + strings.Repeat("d", 250) + ".co", "4111111111111111@shop.example", "[email_protected]",
	} {
		if err := checkout.CheckEmail(s); checkout.CodeOf(err) != checkout.CodeInvalid {
			t.Errorf("%q passes (%v)", s, err)
		}
	}
}

func TestIsMangledEmail(t *testing.T) {
	for s, want := range map[string]bool{"[email protected]": true, "[email\u00a0protected]": true, "": false, "a@b.co": false, "[email  protected]": false} {
		if got := checkout.IsMangledEmail(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestUnwrapURL(t *testing.T) {
	for in, want := range map[string]string{"<https://a.example>": "https://a.example", "https://a.example": "https://a.example", "<": "<", "": "", "<>": "", "<a": "<a", "a>": "a>", "<<a>>": "<a>"} {
		if got := checkout.UnwrapURL(in); got != want {
			t.Errorf("UnwrapURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkCheckText(b *testing.B) {
	for name, s := range map[string]string{"plain": "Two coffees and a piece of cake, table 14", "accents": "Dos cafés y un pastel, mesa número 14", "digits": "order 20261120110555 of 254712345678"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = checkout.CheckText(s, 200)
			}
		})
	}
}
