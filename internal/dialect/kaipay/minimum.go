package kaipay

import "kassa/internal/checkout"

// minimums is the least amount of each currency in its smallest unit: "The minimum amount is $0.50 US or
// equivalent in charge currency" (seed). The equivalents were drawn from the approximate rates of
// October 2025 in testdata/rates.txt and rounded down to two digits at most (above 30 to a 0 or a 5), so
// that nobody who keeps KaiPay's rule is refused while a rate moves a little. They are a bound against
// slips, not an exchange: they change with a release, never by themselves.
var minimums = map[checkout.Currency]int64{
	"AED": 180, "AFN": 3_000, "ALL": 4_000, "AMD": 19_000, "AOA": 45_000, "ARS": 70_000, "AUD": 75, "AWG": 85, "AZN": 85,
	"BAM": 80, "BBD": 100, "BDT": 6_000, "BHD": 180, "BIF": 1_400, "BMD": 50, "BND": 65, "BOB": 300, "BOV": 120, "BRL": 260,
	"BSD": 50, "BTN": 4_000, "BWP": 650, "BYN": 170, "BZD": 100,
	"CAD": 70, "CDF": 110_000, "CHE": 40, "CHF": 40, "CHW": 35, "CLF": 120, "CLP": 450, "CNY": 350, "COP": 190_000, "COU": 450,
	"CRC": 25_000, "CUP": 1_200, "CVE": 4_500, "CZK": 1_000,
	"DJF": 85, "DKK": 300, "DOP": 3_000, "DZD": 6_500,
	"EGP": 2_300, "ERN": 750, "ETB": 7_000, "EUR": 40,
	"FJD": 110, "FKP": 35,
	"GBP": 35, "GEL": 130, "GHS": 550, "GIP": 35, "GMD": 3_500, "GNF": 4_000, "GTQ": 350, "GYD": 10_000,
	"HKD": 350, "HNL": 1_300, "HTG": 6_500, "HUF": 16_000,
	"IDR": 800_000, "ILS": 160, "INR": 4_000, "IQD": 650_000, "IRR": 2_100_000, "ISK": 60,
	"JMD": 8_000, "JOD": 350, "JPY": 75,
	"KES": 6_000, "KGS": 4_000, "KHR": 200_000, "KMF": 210, "KPW": 45_000, "KRW": 700, "KWD": 150, "KYD": 40, "KZT": 26_000,
	"LAK": 1_000_000, "LBP": 4_000_000, "LKR": 15_000, "LRD": 9_000, "LSL": 850, "LYD": 2_700,
	"MAD": 450, "MDL": 850, "MGA": 2_200, "MKD": 2_600, "MMK": 100_000, "MNT": 170_000, "MOP": 400, "MRU": 2_000, "MUR": 2_200, "MVR": 750,
	"MWK": 85_000, "MXN": 900, "MXV": 100, "MYR": 210, "MZN": 3_000,
	"NAD": 850, "NGN": 70_000, "NIO": 1_800, "NOK": 500, "NPR": 7_000, "NZD": 85,
	"OMR": 190,
	"PAB": 50, "PEN": 170, "PGK": 210, "PHP": 2_900, "PKR": 14_000, "PLN": 180, "PYG": 3_500,
	"QAR": 180,
	"RON": 210, "RSD": 5_000, "RUB": 4_000, "RWF": 700,
	"SAR": 180, "SBD": 400, "SCR": 700, "SDG": 30_000, "SEK": 450, "SGD": 65, "SHP": 35, "SLE": 1_100, "SOS": 28_000, "SRD": 1_900,
	"SSP": 230_000, "STN": 1_000, "SVC": 400, "SYP": 550_000, "SZL": 850,
	"THB": 1_600, "TJS": 450, "TMT": 170, "TND": 1_400, "TOP": 120, "TRY": 2_000, "TTD": 300, "TWD": 1_500, "TZS": 120_000,
	"UAH": 2_000, "UGX": 1_700, "USD": 50, "USN": 50, "UYI": 3, "UYU": 2_000, "UYW": 160, "UZS": 600_000,
	"VED": 10_000, "VES": 10_000, "VND": 13_000, "VUV": 60,
	"WST": 130,
	"XAF": 280, "XCD": 130, "XCG": 85, "XOF": 280, "XPF": 50,
	"YER": 11_000,
	"ZAR": 850, "ZMW": 1_100, "ZWG": 1_300,
}

// minimum gives the least amount in minor units; 1 for a currency that is none.
func minimum(c checkout.Currency) int64 { return max(1, minimums[c]) }
