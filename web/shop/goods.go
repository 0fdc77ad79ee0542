package shop

import "strconv"

// good is something that the shop sells. Price is in cents of a shilling.
type good struct {
	id, name, line string
	price          int64
}

// The shop's own list: the only place that a price is ever taken from.
var goods = []good{
	{"tea", "Kericho black tea", "Loose leaf, 250 g, from the highlands", 650_00},
	{"kiondo", "Kiondo basket", "Sisal, woven by hand in Machakos", 3200_00},
	{"mug", "Enamel mug", "Holds 350 ml, survives a fall", 950_00},
	{"honey", "Acacia honey", "A jar of 500 g from Kitui", 1150_00},
}

const (
	currency  = "KES"
	country   = "KE"
	shipping  = 300_00
	packaging = 50_00
	mostOfOne = 9 // pieces of one good in a basket
)

// The names of what is added to the goods.
const (
	shippingName  = "Delivery by rider"
	packagingName = "Packaging"
)

func goodByID(id string) (good, bool) {
	for _, g := range goods {
		if g.id == id {
			return g, true
		}
	}
	return good{}, false
}

// money writes cents as people read them, its parts kept together: "KES 1,950.00".
func money(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	rest := strconv.FormatInt(100+cents%100, 10)[1:]
	return currency + "\u00a0" + whole + "." + rest
}
