package checkout

import "strings"

// Country is an ISO 3166-1 alpha-2 code in upper case. Make one with ParseCountry.
type Country string

var countries = func() map[Country]bool {
	m := make(map[Country]bool, 256)
	for _, c := range strings.Fields("AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK " +
		"CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT " +
		"HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT " +
		"MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR " +
		"SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW") {
		m[Country(c)] = true
	}
	return m
}()

// ParseCountry reads a two-letter code in any case (XK, Kosovo, is in use though ISO does not list
// it). The error is CodeInvalid without a field.
func ParseCountry(s string) (Country, error) {
	if len(s) == 2 {
		if countries[Country(s)] {
			return Country(s), nil
		}
		if c := Country(strings.ToUpper(s)); countries[c] {
			return c, nil
		}
	}
	return "", Errorf(CodeInvalid, "must be an ISO 3166 alpha-2 country code")
}
