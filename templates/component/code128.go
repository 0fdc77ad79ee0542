package component

// code128 are the 107 symbols of ISO/IEC 15417, each as the widths of its bars and spaces in turn.
// The last is the stop symbol with its closing bar.
var code128 = [107]string{
	"212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312", "231212",
	"112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212", "223112", "312131",
	"311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
	"112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121",
	"313121", "211331", "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
	"314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
	"122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242", "121142", "121241", "114212",
	"124112", "124211", "411212", "421112", "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113",
	"114311", "411113", "411311", "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
}

const (
	code128CodeC  = 99
	code128CodeB  = 100
	code128StartB = 104
	code128StartC = 105
	code128Stop   = 106
)

// code128Symbols encodes printable ASCII: pairs of digits in set C where that is shorter, the rest in
// set B, with start, check and stop. It gives nil for a text that it cannot hold.
func code128Symbols(text string) []int {
	if text == "" || len(text) > 80 {
		return nil
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return nil
		}
	}
	digits := func(i int) int {
		n := 0
		for i+n < len(text) && text[i+n] >= '0' && text[i+n] <= '9' {
			n++
		}
		return n
	}
	// Set C pays off from four digits at an end, six in the middle, or a text of two digits.
	inC := digits(0) >= 4 || (digits(0) == len(text) && len(text) == 2)
	out := []int{code128StartB}
	if inC {
		out[0] = code128StartC
	}
	for i := 0; i < len(text); {
		n := digits(i)
		if inC {
			if n >= 2 {
				out = append(out, int(text[i]-'0')*10+int(text[i+1]-'0'))
				i += 2
				continue
			}
			out = append(out, code128CodeB)
			inC = false
		} else if n%2 == 0 && (n >= 6 || (n >= 4 && i+n == len(text))) {
			out = append(out, code128CodeC)
			inC = true
			continue
		}
		out = append(out, int(text[i]-' '))
		i++
	}
	sum := out[0]
	for i, s := range out[1:] {
		sum += (i + 1) * s
	}
	return append(out, sum%103, code128Stop)
}
