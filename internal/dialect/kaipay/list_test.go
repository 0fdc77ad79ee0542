package kaipay

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kassa/internal/dialect/dialecttest"
	"kassa/internal/engine"
)

// TestPagesAreWhole walks through live and test sessions that were made in turn, with pages of every size:
// each key sees all of its own once, newest first, and has_more is never wrong.
func TestPagesAreWhole(t *testing.T) {
	w := dialecttest.NewWorld(t, Kind)
	live := w.AddKey(t, engine.NewKey{Merchant: w.Merchant.ID})
	do := func(method, path, key, body string) []byte {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		if rec.Code >= 300 {
			t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
		}
		return rec.Body.Bytes()
	}
	var made []string // of the test key, newest first
	for i := range 105 {
		w.Advance(time.Second / 4)
		made = append([]string{idOf(do("POST", sessions, w.Key, sample))}, made...)
		if i%3 == 0 {
			do("POST", sessions, live, sample)
		}
	}
	for _, limit := range []int{1, 7, 20, 35, 100} {
		var got []string
		cursor := ""
		for pages := 0; ; pages++ {
			path := fmt.Sprintf("%s?limit=%d", sessions, limit)
			if cursor != "" {
				path += "&starting_after=" + cursor
			}
			var page struct {
				Data []struct{ ID string }
				More bool    `json:"has_more"`
				Next *string `json:"next_cursor"`
			}
			if err := json.Unmarshal(do("GET", path, w.Key, ""), &page); err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Data {
				got = append(got, s.ID)
			}
			if page.More != (page.Next != nil) || page.More != (len(got) < len(made)) || (page.More && len(page.Data) != limit) {
				t.Fatalf("limit %d, page %d: %d of %d, has_more %v, cursor %v", limit, pages, len(got), len(made), page.More, page.Next)
			}
			if !page.More {
				break
			}
			cursor = *page.Next
		}
		if strings.Join(got, " ") != strings.Join(made, " ") {
			t.Errorf("limit %d: got\n%v\nwant\n%v", limit, got, made)
		}
	}
}
