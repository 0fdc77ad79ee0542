package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/store"
)

// Run gives every exam a database of its own: open makes an empty one, and closes it when the test
// ends. Closing twice must be harmless, because some exams close it themselves.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, e := range []struct {
		name string
		exam func(t *testing.T, s store.Store)
	}{
		{"Merchants", merchants},
		{"Keys", keys},
		{"Channels", channels},
		{"Sessions", sessions},
		{"SessionUpdates", sessionUpdates},
		{"Attempts", attempts},
		{"AttemptUniqueness", attemptUniqueness},
		{"Refunds", refunds},
		{"EventsAndMessages", eventsAndMessages},
		{"Answers", answers},
		{"NotFound", missing},
		{"Times", times},
		{"Texts", texts},
		{"List", list},
		{"ListFilters", listFilters},
		{"Tenants", tenants},
		{"Endpoints", endpoints},
		{"Deliveries", deliveries},
		{"DeliveryUniqueness", deliveryUniqueness},
		{"DeliveryList", deliveryList},
		{"DeliveryListFilters", deliveryListFilters},
		{"Tries", tries},
		{"ClaimDeliveries", claimDeliveries},
		{"ClaimDeliveriesFairly", claimDeliveriesFairly},
		{"ClaimDeliveriesByManyWorkers", claimDeliveriesByManyWorkers},
		{"ClaimAttempts", claimAttempts},
		{"ClaimRefunds", claimRefunds},
		{"ClaimExpired", claimExpired},
		{"ClaimsByManyWorkers", claimsByManyWorkers},
		{"FailsAlone", failsAlone},
		{"ErrorIsTheCallers", errorIsTheCallers},
		{"CarriedThrough", carriedThrough},
		{"CancelledWhileWaiting", cancelledWhileWaiting},
		{"DeadTx", deadTx},
		{"Nested", nested},
		{"ReadsItsOwnWrites", readsItsOwnWrites},
		{"SwapRace", swapRace},
		{"AnswerRace", answerRace},
		{"ActiveRace", activeRace},
		{"AcknowledgedIsVisible", acknowledgedIsVisible},
		{"Generation", generation},
		{"Ping", ping},
		{"Closed", closed},
	} {
		t.Run(e.name, func(t *testing.T) { e.exam(t, open(t)) })
	}
}

var bg = context.Background()

// epoch is the exam's now: in UTC and in whole microseconds, as everything that is read back.
var epoch = time.Date(2026, 3, 1, 12, 30, 15, 123456000, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

func write(t *testing.T, s store.Store, fn func(tx store.Tx) error) {
	t.Helper()
	if err := s.Write(bg, fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// refused runs fn and wants it to fail with a code.
func refused(t *testing.T, s store.Store, code checkout.Code, fn func(tx store.Tx) error) {
	t.Helper()
	wantCode(t, s.Write(bg, fn), code)
}

func wantCode(t *testing.T, err error, code checkout.Code) {
	t.Helper()
	if got := checkout.CodeOf(err); got != code {
		t.Errorf("the code is %q, want %q: %v", got, code, err)
	}
}

func same[T any](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v\nwant\n%+v", got, want)
	}
}

// full fails when a field of a fixture is zero: the exam would then not see whether it is stored.
func full(t *testing.T, v any) {
	t.Helper()
	fullValue(t, reflect.ValueOf(v), fmt.Sprintf("%T", v))
}

func fullValue(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if v.IsZero() {
		t.Errorf("the fixture leaves %s empty", path)
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fullValue(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				fullValue(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case reflect.Pointer:
		fullValue(t, v.Elem(), path)
	}
}

// house stores a merchant with one channel, the parents of everything else.
func house(t *testing.T, s store.Store, name string) (merchant, channel checkout.ID) {
	t.Helper()
	m, c := aMerchant(name), aChannel(name)
	write(t, s, func(tx store.Tx) error {
		if err := tx.InsertMerchant(m); err != nil {
			return err
		}
		return tx.InsertChannel(c)
	})
	return m.ID, c.ID
}

// insert stores rows in their order.
func insert(t *testing.T, s store.Store, rows ...any) {
	t.Helper()
	write(t, s, func(tx store.Tx) error { return insertTx(tx, rows...) })
}

func insertTx(tx store.Tx, rows ...any) error {
	for _, row := range rows {
		var err error
		switch v := row.(type) {
		case checkout.Session:
			err = tx.InsertSession(v)
		case checkout.Attempt:
			err = tx.InsertAttempt(v)
		case checkout.Refund:
			err = tx.InsertRefund(v)
		case checkout.Event:
			err = tx.InsertEvent(v)
		case store.Answer:
			err = tx.PutAnswer(v)
		case checkout.Endpoint:
			err = tx.InsertEndpoint(v)
		case checkout.Delivery:
			err = tx.InsertDelivery(v)
		case checkout.Try:
			err = tx.InsertTry(v)
		default:
			err = fmt.Errorf("storetest: cannot insert a %T", row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
