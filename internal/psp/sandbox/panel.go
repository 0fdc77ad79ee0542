package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

// clockView is the two times, and what the buttons add.
type clockView struct {
	Bank, Real, Ahead string
	Steps             []clockStep
}

type clockStep struct{ Value, Title string }

// clockSteps are the panel's buttons; POST /sandbox/clock takes any duration.
var clockSteps = []clockStep{{"1m", "+1 minute"}, {"15m", "+15 minutes"}, {"1h", "+1 hour"}, {"24h", "+1 day"}, {"72h", "+3 days"}}

// paymentCard is one payment on the panel.
type paymentCard struct {
	ID, Amount, Method, Merchant, Order string
	Offer                               string // what the payer quotes, if anything
	Status, Class, Scenario, Page, Made string
	Groups                              []group // playable now; empty: it was decided
	Story, Notices                      []storyRow
}

// storyRow is a thing that happened, or will.
type storyRow struct {
	At, Text string
	Ahead    bool // it has not happened yet
}

// latest is how many payments the panel shows, the newest first.
const latest = 50

// serveIndex is the bank's front page: the table of scenarios and, in a laboratory, the control panel.
func (b *Bank) serveIndex(w http.ResponseWriter, r *http.Request) {
	v := view{View: "index", Class: "wide", Title: "The test bank", Table: tableRows(b.table.rows)}
	if c := b.opts.Clock; c != nil {
		all, err := b.all()
		if err != nil {
			b.fail(w, r, err)
			return
		}
		now := b.now()
		v.Clock = &clockView{Bank: stamp(now), Real: stamp(now.Add(-c.Ahead())), Ahead: span(c.Ahead()), Steps: clockSteps}
		for i := len(all) - 1; i >= 0 && len(v.Payments) < latest; i-- {
			v.Payments = append(v.Payments, b.card(all[i], now))
		}
	}
	b.render(w, r, http.StatusOK, v)
}

func (b *Bank) card(p *Payment, now time.Time) paymentCard {
	c := paymentCard{ID: p.ID, Offer: p.Offer, Amount: money(p.Amount), Method: strings.ReplaceAll(string(p.Method), "_", " "), Merchant: p.Merchant, Order: p.Order,
		Status: statusTitle(p.now(now).Status), Class: string(p.now(now).Status), Page: b.url(p.page()), Made: stamp(p.CreatedAt)}
	if p.captured(now) != 0 && p.Moved != p.Amount {
		c.Status += " " + money(p.Moved)
	}
	name := p.Scenario
	if name == "" {
		name = p.Preset
	}
	if s := b.table.byName[name]; s != nil {
		c.Scenario = s.Title
	}
	if p.open(now) {
		c.Groups = b.groups(p.Method)
		if s := b.table.byName[p.Preset]; s != nil && !p.Challenged { // nothing else can be chosen
			c.Groups = []group{{Title: "Named when the payment was made", Scenarios: []*Scenario{s}}}
		}
	}
	tell := func(what string, steps []Step) {
		for _, s := range steps {
			text := what + statusTitle(s.Status)
			if s.Code != "" {
				text += " (" + s.Code + ")"
			}
			c.Story = append(c.Story, storyRow{stamp(s.At), text, s.At.After(now)})
		}
	}
	tell("", p.Steps)
	for _, r := range p.Refunds {
		tell("Refund of "+money(r.Amount)+": ", r.Steps)
	}
	for _, n := range p.Notices {
		c.Notices = append(c.Notices, storyRow{stamp(n.Due), n.Type + noticeState(n, now), n.Due.After(now)})
	}
	return c
}

func noticeState(n Notice, now time.Time) string {
	switch {
	case n.Done && n.Tries > len(backoff):
		return ": given up after " + strconv.Itoa(n.Tries) + " tries"
	case n.Done:
		return ": delivered"
	case n.Tries > 0:
		return ": refused " + strconv.Itoa(n.Tries) + " times, tried again"
	case n.Due.After(now):
		return ": planned"
	}
	return ": on its way"
}

func statusTitle(s Status) string {
	t := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(t[:1]) + t[1:]
}

// stamp writes a time for a person who reads logs.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// span writes how far the clock is ahead.
func span(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	var out []string
	for _, u := range []struct {
		size time.Duration
		one  string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := int64(d / u.size)
		d -= time.Duration(n) * u.size
		switch {
		case n == 1:
			out = append(out, "1 "+u.one)
		case n > 1:
			out = append(out, strconv.FormatInt(n, 10)+" "+u.one+"s")
		}
	}
	return strings.Join(out, " ")
}

// postPlay plays a scenario from the panel, and comes back to the payment there.
func (b *Bank) postPlay(w http.ResponseWriter, r *http.Request) {
	p, err := b.decide(r.PathValue("id"), r.PostFormValue("scenario"))
	if err != nil {
		b.fail(w, r, err)
		return
	}
	http.Redirect(w, r, b.url("#"+p.ID), http.StatusSeeOther)
}

// postClock moves the virtual clock forward: advance=15m. A browser is led back to the panel, anybody
// else is told the time.
func (b *Bank) postClock(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.PostFormValue("advance"))
	if err != nil || d < 0 {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "advance must be a duration such as 15m, not below zero"})
		return
	}
	b.opts.Clock.Advance(d)
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, b.url("#clock"), http.StatusSeeOther)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"now": b.now().UTC()})
}

// scenarioRow is a row of the table as people read it.
type scenarioRow struct {
	Name, Title, Group, Email, Phone, Amount, Methods, Ends string
	Cards                                                   []string
	Button                                                  bool
}

func tableRows(rows []Scenario) []scenarioRow {
	var out []scenarioRow
	for i := range rows {
		s := &rows[i]
		row := scenarioRow{Name: s.Name, Title: s.Title, Group: s.Group, Email: s.Email(), Phone: s.Phone, Amount: strconv.FormatInt(s.Amount, 10),
			Methods: "all", Ends: s.End.String(), Button: s.Button}
		for _, c := range s.Cards {
			row.Cards = append(row.Cards, grouped(c))
		}
		if len(s.Methods) > 0 {
			row.Methods = ""
			for _, m := range s.Methods {
				row.Methods = strings.TrimSpace(row.Methods + " " + string(m))
			}
		}
		out = append(out, row)
	}
	return out
}

// String says the end in the words of the API.
func (e End) String() string {
	out := []string{string(e.Session)}
	add := func(what, value string) {
		if value != "" {
			out = append(out, what+value)
		}
	}
	switch {
	case e.Again:
		out = []string{string(checkout.SessionOpen), string(e.Decline), "then " + string(e.Session)}
	default:
		add("", string(e.Decline))
	}
	if e.Late {
		out = append(out, "late")
	}
	add("review ", string(e.Review))
	add("refund ", string(e.Refund))
	return strings.Join(out, ", ")
}

// Markdown is the table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| E-mail tag | What happens | Where the session ends | Amount ends in | Phone | Card | Button | Methods |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range tableRows(Scenarios()) {
		button := ""
		if r.Button {
			button = "yes"
		}
		b.WriteString("| " + strings.Join([]string{"`" + r.Name + "`", r.Title, r.Ends, r.Amount, r.Phone, strings.Join(r.Cards, "<br>"), button, r.Methods}, " | ") + " |\n")
	}
	return b.String()
}
