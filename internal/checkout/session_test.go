package checkout_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"kassa/internal/checkout"
	"pgregory.net/rapid"
)

func order(total int64, included bool, shipping int64, fees []checkout.Fee, items ...checkout.Item) *checkout.Session {
	return &checkout.Session{
		Amount: checkout.Money{Minor: total, Currency: "MXN"},
		Order:  checkout.Order{Items: items, Shipping: shipping, Fees: fees, Included: included},
	}
}

func TestBreakdown(t *testing.T) {
	one := func(amounts ...int64) (items []checkout.Item) {
		for _, a := range amounts {
			items = append(items, checkout.Item{Amount: a, Quantity: 1})
		}
		return items
	}
	fee := func(n int64) []checkout.Fee { return []checkout.Fee{{Name: "fee", Amount: n}} }
	for what, c := range map[string]struct {
		s          *checkout.Session
		subtotal   int64
		added      bool
		adjustment int64
	}{
		"KaiPay's sample: included, never added":   {order(21000, true, 100, nil, one(10000, 11000)...), 21000, false, 0},
		"included, and the items fall short by it": {order(21100, true, 100, nil, one(10000, 11000)...), 21000, true, 0},
		"included, and nothing adds up":            {order(22000, true, 100, nil, one(10000, 11000)...), 21000, false, 1000},
		"included, items above the total":          {order(20000, true, 100, nil, one(10000, 11000)...), 21000, false, -1000},
		"included, shipping and a fee cancel out":  {order(21000, true, 100, fee(-100), one(21000)...), 21000, false, 0},
		"added":                               {order(21100, false, 100, nil, one(10000, 11000)...), 21000, true, 0},
		"added, with a fee":                   {order(21150, false, 100, fee(50), one(21000)...), 21000, true, 0},
		"a fee alone":                         {order(21050, false, 0, fee(50), one(21000)...), 21000, true, 0},
		"a negative fee is a discount":        {order(20950, false, 0, fee(-50), one(21000)...), 21000, true, 0},
		"added, then a discount":              {order(21000, false, 100, nil, one(21000)...), 21000, true, -100},
		"added, shipping and a fee cancel":    {order(21000, false, 100, fee(-100), one(21000)...), 21000, true, 0},
		"nothing but items":                   {order(21000, false, 0, nil, one(10000, 11000)...), 21000, false, 0},
		"items and a tax that nobody told of": {order(24360, false, 0, nil, one(21000)...), 21000, false, 3360},
		"quantities":                          {order(900, false, 0, nil, checkout.Item{Amount: 300, Quantity: 3}), 900, false, 0},
		"a free item":                         {order(100, false, 0, nil, one(100, 0)...), 100, false, 0},
		"no items":                            {order(21000, false, 100, nil), 0, false, 0},
		"no items, included":                  {order(21000, true, 100, fee(5)), 0, false, 0},
	} {
		b := c.s.Breakdown()
		if b.Subtotal != c.subtotal || b.ShippingAdded != c.added || b.Adjustment != c.adjustment || b.Total != c.s.Amount.Minor || len(b.Items) != len(c.s.Order.Items) {
			t.Errorf("%s: %+v", what, b)
		}
		if b.Shipping != c.s.Order.Shipping || !reflect.DeepEqual(b.Fees, c.s.Order.Fees) {
			t.Errorf("%s: shipping or fees are lost: %+v", what, b)
		}
	}
}

func TestBreakdownThatOverflowsHasOnlyATotal(t *testing.T) {
	for what, s := range map[string]*checkout.Session{
		"a line":           order(100, false, 1, nil, checkout.Item{Amount: 100, Quantity: 1}, checkout.Item{Amount: math.MaxInt64, Quantity: 2}),
		"the items":        order(100, false, 1, nil, checkout.Item{Amount: math.MaxInt64, Quantity: 1}, checkout.Item{Amount: 1, Quantity: 1}),
		"the fees":         order(100, false, math.MaxInt64, []checkout.Fee{{Amount: 1}}, checkout.Item{Amount: 100, Quantity: 1}),
		"items and extras": order(100, false, math.MaxInt64, nil, checkout.Item{Amount: 100, Quantity: 1}),
		"the adjustment":   order(100, false, 0, nil, checkout.Item{Amount: math.MinInt64, Quantity: 1}),
	} {
		b := s.Breakdown()
		if len(b.Items) != 0 || b.Subtotal != 0 || b.Adjustment != 0 || b.ShippingAdded || b.Total != 100 || b.Shipping != s.Order.Shipping {
			t.Errorf("%s: %+v", what, b)
		}
	}
}

// TestBreakdownAddsUp: whatever a merchant sends, what stands in the column sums to the total, and
// shipping stands either in it or beneath it.
func TestBreakdownAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(rapid.Int64Range(-300, 300), genMinor)
		s := order(rapid.OneOf(rapid.Int64Range(1, 1000), rapid.Int64Min(1)).Draw(t, "total"), rapid.Bool().Draw(t, "included"), amount.Draw(t, "shipping"), nil)
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			s.Order.Items = append(s.Order.Items, checkout.Item{Amount: amount.Draw(t, "amount"), Quantity: rapid.Int64Range(-2, 4).Draw(t, "quantity")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "fees") {
			s.Order.Fees = append(s.Order.Fees, checkout.Fee{Amount: amount.Draw(t, "fee")})
		}
		b := s.Breakdown()
		if b.Total != s.Amount.Minor {
			t.Fatalf("the total is %d", b.Total)
		}
		if len(b.Items) == 0 {
			if b.Subtotal != 0 || b.Adjustment != 0 || b.ShippingAdded {
				t.Fatalf("a column without items: %+v", b)
			}
			return
		}
		var items, column int64
		for _, it := range b.Items {
			if it.Total != it.Amount*it.Quantity {
				t.Fatalf("a line of %d x %d says %d", it.Amount, it.Quantity, it.Total)
			}
			items += it.Total
		}
		column = items + b.Adjustment
		if b.ShippingAdded {
			column += b.Shipping
			for _, f := range b.Fees {
				column += f.Amount
			}
		}
		if items != b.Subtotal || column != b.Total {
			t.Fatalf("the column is %d, of which items %d: %+v", column, items, b)
		}
		if s.Order.Included && items == b.Total && b.ShippingAdded {
			t.Fatalf("included, and added all the same: %+v", b)
		}
	})
}

func TestStateAt(t *testing.T) {
	end := time.Unix(1000, 0)
	for _, state := range checkout.SessionStates() {
		for _, c := range []struct {
			now  time.Time
			over bool
		}{{end.Add(-time.Microsecond), false}, {end, true}, {end.Add(time.Microsecond), true}} {
			want := state
			if c.over && state == checkout.SessionOpen {
				want = checkout.SessionExpired
			}
			s := checkout.Session{State: state, ExpiresAt: end}
			if got := s.StateAt(c.now); got != want {
				t.Errorf("%s at %v reads %s, want %s", state, c.now, got, want)
			}
		}
	}
	if s := (checkout.Session{State: checkout.SessionOpen}); s.StateAt(end) != checkout.SessionOpen {
		t.Error("a session without an end expires")
	}
}

func TestRefundable(t *testing.T) {
	for _, c := range []struct{ captured, refunded, want int64 }{{0, 0, 0}, {100, 0, 100}, {100, 40, 60}, {100, 100, 0}, {100, 130, 0}} {
		if got := (&checkout.Session{Captured: c.captured, Refunded: c.refunded}).Refundable(); got != c.want {
			t.Errorf("of %d less %d: %d", c.captured, c.refunded, got)
		}
	}
}
