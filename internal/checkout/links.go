package checkout

import "strings"

// Links builds every URL of ours from the one public base, which may carry a path.
type Links struct{ base string }

// NewLinks takes the public URL, with or without a final slash.
func NewLinks(base string) Links { return Links{strings.TrimRight(base, "/")} }

// Base is the public URL without a final slash.
func (l Links) Base() string { return l.base }

// Pay is the shopper's page.
func (l Links) Pay(session ID) string { return l.base + "/pay/" + string(session) }

// Return is where a PSP sends the shopper's browser back to. It proves nothing.
func (l Links) Return(a *Attempt) string { return l.base + "/return/" + string(a.ID) }

// Notify is where a PSP posts its notifications about an attempt: below the channel's own URL, with
// the attempt's unguessable token, for providers that do not sign.
func (l Links) Notify(a *Attempt) string {
	return l.base + "/notify/" + string(a.Channel) + "/" + a.Token
}
