package checkout_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"kassa/internal/checkout"
)

var update = flag.Bool("update", false, "rewrite the state diagrams in the README")

// TestStateDiagramInREADME keeps the diagrams in the README equal to the tables.
func TestStateDiagramInREADME(t *testing.T) {
	const (
		readme  = "../../README.md"
		begin   = "<!-- states:begin -->\n"
		end     = "<!-- states:end -->"
		command = "make generate"
	)
	raw, err := os.ReadFile(readme)
	if err != nil {
		t.Fatalf("%v\nwrite a README.md with the lines %s and %s, then run: %s", err, strings.TrimSpace(begin), end, command)
	}
	before, rest, ok1 := strings.Cut(string(raw), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("README.md lacks the lines %s and %s; add them, then run: %s", strings.TrimSpace(begin), end, command)
	}
	want := checkout.Mermaid() + "\n"
	if have == want {
		return
	}
	if !*update {
		t.Fatalf("the state diagrams in README.md are not those of the tables; run: %s", command)
	}
	if err := os.WriteFile(readme, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMermaidDrawsEveryRow(t *testing.T) {
	text := checkout.Mermaid()
	if got, want := strings.Count(text, "```mermaid\nstateDiagram-v2\n    [*] --> "), 3; got != want {
		t.Errorf("%d diagrams, want %d", got, want)
	}
	for _, line := range []string{
		"    [*] --> open", "    canceled --> paid: pay", "    refunded --> partially_refunded: refund_part",
		"    [*] --> starting", "    expired --> succeeded: succeed", "    succeeded --> [*]",
		"    [*] --> pending", "    succeeded --> failed: fail", "    failed --> [*]", "    canceled --> [*]",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	rows := len(checkout.SessionTable()) + len(checkout.AttemptTable()) + len(checkout.RefundTable())
	if got := strings.Count(text, ": "); got != rows {
		t.Errorf("%d arrows with an event, want %d", got, rows)
	}
}
