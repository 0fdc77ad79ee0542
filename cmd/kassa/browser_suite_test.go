package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestBrowser drives the running program as shoppers do. Every story is told twice, in a browser that
// runs scripts and in one that does not, with the same assertions. In both, every page is watched: see
// watch.
func TestBrowser(t *testing.T) {
	browser := startBrowser(t)
	modes := []struct {
		name string
		js   bool
	}{{"js", true}, {"nojs", false}}

	for _, m := range modes { // alone: it is timed
		t.Run("demo shop/"+m.name, func(t *testing.T) { buysAtTheShop(&story{T: t, browser: browser, js: m.js}) })
	}

	// Stories mostly wait for the clock of a page, so several are told at once, whatever the number of
	// processors.
	tellings := make(chan telling)
	var tellers sync.WaitGroup
	for range atOnce {
		tellers.Go(func() {
			for x := range tellings {
				t.Run(x.name, x.tell)
			}
		})
	}
	defer tellers.Wait()
	defer close(tellings)
	for _, s := range []struct {
		name string
		tell func(*story)
	}{
		{"accessible pages", readsEveryPage}, // the longest comes first

		{"demo shop, canceled", cancelsAtTheShop},
		{"demo shop, begun again", beginsAgain},
		{"demo shop, basket tampered with", tampersWithTheBasket},
		{"demo shop, return tampered with", tampersWithTheReturn},
		{"accessible shop", readsTheShop},

		{"order paid on the bank's page", paysByButton},
		{"order paid with a test card", paysByCard},
		{"redirect_post", paysByPost},
		{"confirm_on_phone", paysByPhone},
		{"voucher", paysByVoucher},
		{"instructions", paysByTransfer},
		{"fields", paysInFields},
		{"crypto", paysByCoin},
		{"none", paysAtOnce},
		{"declines", isDeclined},
		{"payer cancels at the bank", cancelsAtBank},
		{"pending at the bank", waitsForBank},
		{"reserved", isReserved},

		{"cancel", cancels},
		{"cancel without an address", cancelsNowhere},
		{"cancel while a voucher is out", cancelsVoucher},
		{"expired", expires},
		{"expired while the page is open", expiresInSight},
		{"not found", findsNothing},

		{"pay clicked twice", clicksTwice},
		{"enter and click", entersAndClicks},
		{"reload after paying", reloads},
		{"back from the bank", comesBackFromBank},
		{"back from the shop", comesBackFromShop},
		{"two tabs", opensTwoTabs},
		{"lost cookies", losesCookies},

		{"language of the browser", speaksSpanish},
		{"language switch", switchesLanguage},
		{"language without cookies", switchesWithoutCookies},
		{"below a path", livesBelowPath},

		{"first page", loadsFirstPage},
		{"by keyboard", paysByKeyboard},
	} {
		for _, m := range modes {
			tellings <- telling{s.name + "/" + m.name, func(t *testing.T) { s.tell(&story{T: t, browser: browser, js: m.js}) }}
		}
	}
	if dir := os.Getenv("KASSA_SHOTS"); dir != "" {
		tellings <- telling{"shots", func(t *testing.T) { s := story{t, browser, true}; takesPictures(&s, dir, s.everyPage) }}
		tellings <- telling{"shots of the shop", func(t *testing.T) { s := story{t, browser, true}; takesPictures(&s, dir, s.everyShopPage) }}
	}
	tellings <- telling{"watching", func(t *testing.T) { seesViolations(&story{T: t, browser: browser, js: true}) }}
}

// atOnce is how many stories are told at the same time.
const atOnce = 6

type telling struct {
	name string
	tell func(*testing.T)
}

// story is one telling of a story.
type story struct {
	*testing.T
	browser context.Context
	js      bool
}

// startBrowser starts the one browser of the suite; each tab gets a profile of its own in it.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	path := findBrowser()
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Chromium here")
		}
		t.Skip("there is no Chromium here: make tools installs it, KASSA_CHROMIUM names it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(filepath.Join(t.TempDir(), "profile")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"), chromedp.Env("LANGUAGE=en_US", "LANG=en_US.UTF-8", "TZ=UTC"),
		chromedp.Flag("no-proxy-server", true),
	)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		closing, done := context.WithTimeout(ctx, 10*time.Second)
		defer done()
		_ = chromedp.Cancel(closing)
	})
	return ctx
}

func findBrowser() string {
	if path := os.Getenv("KASSA_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
