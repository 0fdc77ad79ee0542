package checkout

import "strings"

// Mermaid draws the three tables as Mermaid state diagrams in Markdown, a heading before each. The
// README holds this text; a test compares the two.
func Mermaid() string {
	var b strings.Builder
	diagram(&b, "Session", SessionOpen, sessionTable, func(t SessionTransition) (SessionState, SessionEvent, SessionState) { return t.From, t.Event, t.To })
	diagram(&b, "Attempt", AttemptStarting, attemptTable, func(t AttemptTransition) (AttemptState, AttemptEvent, AttemptState) { return t.From, t.Event, t.To })
	diagram(&b, "Refund", RefundPending, refundTable, func(t RefundTransition) (RefundState, RefundEvent, RefundState) { return t.From, t.Event, t.To })
	return strings.TrimSuffix(b.String(), "\n")
}

// diagram writes one table in its own order, with an end mark behind states that nothing leaves.
func diagram[S, E ~string, T any](b *strings.Builder, title string, first S, table []T, row func(T) (S, E, S)) {
	b.WriteString("### " + title + "\n\n```mermaid\nstateDiagram-v2\n    [*] --> " + string(first) + "\n")
	left := map[S]bool{}
	for _, t := range table {
		from, ev, to := row(t)
		left[from] = true
		b.WriteString("    " + string(from) + " --> " + string(to) + ": " + string(ev) + "\n")
	}
	ended := map[S]bool{}
	for _, t := range table {
		if _, _, to := row(t); !left[to] && !ended[to] {
			ended[to] = true
			b.WriteString("    " + string(to) + " --> [*]\n")
		}
	}
	b.WriteString("```\n\n")
}
