package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kassa/internal/checkout"
	"kassa/internal/psp"
	"kassa/internal/seal"
	"kassa/internal/store/sqlite"
)

// Limits beyond which doctor says something.
const (
	walLimit    = 64 << 20         // a WAL is emptied at 4 MB unless somebody reads on and on
	diskProblem = 100 << 20        // free bytes
	diskWarning = 1 << 30          // free bytes; and always room for a backup
	lateAfter   = 10 * time.Minute // a lease is two minutes, a sweep a second
	refundLong  = 72 * time.Hour
	clockLimit  = 2 * time.Second
	reachWithin = 10 * time.Second
)

// look examines the settings: all of them, as a server would.
func (c *doctorCommand) look(f *findings) *seal.Box {
	var p problems
	c.serverFlags.check(&p)
	c.checkDatabase(&p)
	box := c.secret(true, &p)
	for _, says := range p {
		f.bad("settings", "kassa serve --help lists the flags and the environment", "%s", says)
	}
	if len(p) == 0 {
		f.ok("settings", "listens on %s, public URL %s, a secret key is set", c.Listen, c.PublicURL)
	}
	return box
}

// examine looks at the file, its disk and the clock. It reports whether the rest can be looked at.
func (c *doctorCommand) examine(ctx context.Context, f *findings) bool {
	r, err := sqlite.Inspect(ctx, c.Database)
	if err != nil {
		f.bad("database", "give its path with --database (KASSA_DATABASE); kassa migrate makes a new one", "%v", err)
		return false
	}
	if len(r.Damage) > 0 {
		for _, says := range r.Damage {
			f.bad("database", "stop the server, keep a copy of the file with its -wal and -shm, and restore the newest backup: kassa restore FILE --database "+c.Database+" --force", "%s", says)
		}
		return false
	}
	f.ok("database", "%s is sound: %s", c.Database, contentsText(r))
	if r.Unclean {
		f.warn("database", "start the server: it looks through the database first", "the last process did not stop in order")
	}
	if r.WALBytes > walLimit {
		f.warn("database", "wait for a backup that is running to end; then restart the server", "its -wal has grown to %s", bytesText(r.WALBytes))
	}
	c.examineRights(f)
	c.examineDisk(f, r)
	examineClock(f, r)
	if !r.Current() {
		f.bad("database", "run kassa migrate; if it says that the schema is newer, use the newer kassa", "the schema is %d, which is not this version's", r.Schema)
		return false
	}
	st, err := sqlite.Open(ctx, c.Database, sqlite.Options{})
	if err != nil {
		f.bad("database", "", "it cannot be opened: %v", err)
		return false
	}
	err = errors.Join(st.Ping(ctx), st.Close())
	if err != nil {
		f.bad("database", "look at the disk and at the rights of the file and its folder", "it takes no commit: %s", explain(err))
		return true
	}
	f.ok("database", "read back: WAL, synchronous FULL, foreign keys; and it takes a commit")
	return true
}

func (c *doctorCommand) examineRights(f *findings) {
	sound := true
	for _, name := range []string{c.Database, c.Database + "-wal", c.Database + "-shm", c.SecretKeyFile} {
		info, err := os.Stat(name)
		if name == "" || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			f.warn("rights", "", "%v", err)
			sound = false
		} else if info.Mode().Perm()&0o077 != 0 {
			f.warn("rights", "chmod 600 "+name, "%s can be read by other users (mode %v)", name, info.Mode().Perm())
			sound = false
		}
	}
	dir := filepath.Dir(c.Database)
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
		f.warn("rights", "chmod o-w "+dir, "everybody may replace files in %s", dir)
		sound = false
	}
	if sound {
		f.ok("rights", "only their owner may read the files")
	}
}

func (c *doctorCommand) examineDisk(f *findings, r sqlite.Report) {
	free, ok := sqlite.FreeBytes(c.Database)
	switch {
	case !ok:
	case free < diskProblem:
		f.bad("disk", "make room: at 0, payments are refused", "only %s are free", bytesText(free))
	case free < max(diskWarning, 2*r.Bytes):
		f.warn("disk", "make room: a backup needs as much as the database has", "%s are free, the database has %s", bytesText(free), bytesText(r.Bytes))
	default:
		f.ok("disk", "%s are free", bytesText(free))
	}
}

// examineClock compares the machine's time with the newest that was stored, and with its own pace.
func examineClock(f *findings, r sqlite.Report) {
	began := time.Now()
	time.Sleep(100 * time.Millisecond)
	now := time.Now()
	jump := now.Round(0).Sub(began.Round(0)) - now.Sub(began) // Round(0) leaves the wall clock only
	const do = "keep the time with NTP (timedatectl)"
	switch behind := r.NewestAt.Sub(now); {
	case behind > clockLimit:
		f.bad("clock", do, "it is %v behind the newest time that was stored (%s): sessions end too late, and signatures are refused", behind.Round(time.Second), timeText(r.NewestAt))
	case jump.Abs() > 20*time.Millisecond:
		f.warn("clock", do, "it moved by %v within %v", jump, now.Sub(began).Round(time.Millisecond))
	default:
		f.ok("clock", "%s, not behind what was stored", timeText(now))
	}
}

// examineWork looks at what waits, and at merchants that lack something.
func (c *doctorCommand) examineWork(ctx context.Context, f *findings) {
	now := time.Now()
	w, err := sqlite.Waiting(ctx, c.Database, now.Add(-lateAfter), now.Add(-refundLong))
	if err != nil {
		f.bad("work", "", "%v", err)
		return
	}
	before := len(*f)
	const serve = "see that kassa serve runs, and look for \"failed\" in its log"
	for _, n := range []struct {
		count    int64
		says, do string
	}{
		{w.Attempts, "%d payments should have been asked about at their provider", serve},
		{w.Expiries, "%d sessions should have been ended", serve},
		{w.Deliveries, "%d notifications to merchants should have been sent", serve},
		{w.Refunds, "%d refunds are under way for more than three days", "look at them at the provider"},
		{w.Review, "%d sessions wait for a person", "look at each at its provider, and settle it with the merchant"},
		{w.Parked, "%d notifications to merchants were given up", "ask the merchants; kassa delivery replay sends them again"},
	} {
		if n.count > 0 {
			f.warn("work", n.do, n.says, n.count)
		}
	}
	if len(*f) == before {
		f.ok("work", "nothing is late, and nothing waits for a person")
	}
	if len(w.Merchants) == 0 {
		f.warn("merchants", "kassa merchant add", "there is none")
	}
	for _, m := range w.Merchants {
		if m.Keys == 0 {
			f.warn("merchants", "kassa key add --merchant "+string(m.ID), "%s has no API key", m.Name)
		}
		if m.Channels == 0 {
			f.warn("merchants", "kassa channel add --merchant "+string(m.ID), "%s has no channel: nothing can be paid", m.Name)
		}
	}
}

// examineChannels opens every channel as a server would, and asks its provider where it can be asked
// without a payment.
func (c *doctorCommand) examineChannels(ctx context.Context, f *findings, box *seal.Box) {
	w, err := sqlite.Waiting(ctx, c.Database, time.Time{}, time.Time{})
	if err != nil || len(w.Channels) == 0 {
		return
	}
	if box == nil {
		f.bad("channels", "set KASSA_SECRET_KEY", "%d channels cannot be opened without the secret key", len(w.Channels))
		return
	}
	st, err := sqlite.Open(ctx, c.Database, sqlite.Options{Seal: box})
	if err != nil {
		f.bad("channels", "", "%v", err)
		return
	}
	defer func() { _ = st.Close() }()
	adapters, closeAdapters := commandPSPs()
	defer closeAdapters()
	kinds := map[string]psp.Kind{}
	for _, k := range adapters {
		kinds[k.Name] = k
	}
	for _, id := range w.Channels {
		ch, err := st.Channel(ctx, id)
		if err != nil {
			f.bad("channels", "start with the secret key that the channel was made with, or make it anew: kassa channel add", "%s: its settings cannot be opened: %s", id, explain(err))
			continue
		}
		examineChannel(ctx, f, kinds, ch)
	}
}

func examineChannel(ctx context.Context, f *findings, kinds map[string]psp.Kind, ch checkout.Channel) {
	name := string(ch.ID) + " (" + ch.Name + ")"
	kind, known := kinds[ch.PSP]
	if !known {
		f.bad("channels", "use the kassa that it was made with", "%s: this kassa does not know the provider %q", name, ch.PSP)
		return
	}
	settings := map[string]string{}
	err := json.Unmarshal(ch.Settings, &settings)
	var opened psp.PSP
	if err == nil {
		opened, err = kind.Open(psp.Config{Channel: ch.ID, Test: ch.Test, Settings: settings, Client: &http.Client{Timeout: reachWithin}, Now: time.Now})
	}
	if err != nil {
		f.bad("channels", "make it anew: kassa channel add", "%s: %s does not take its settings: %s", name, kind.Title, explain(err))
		return
	}
	lister, ok := opened.(psp.Lister)
	if !ok || kind.TestOnly {
		f.ok("channels", "%s opens", name)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	if _, _, err := lister.List(ctx, time.Now().Add(-time.Minute), ""); err != nil {
		f.warn("channels", "see whether this machine reaches the provider, and whether its keys are still good", "%s: %s does not answer: %v", name, kind.Title, err)
		return
	}
	f.ok("channels", "%s opens, and %s answers", name, kind.Title)
}
