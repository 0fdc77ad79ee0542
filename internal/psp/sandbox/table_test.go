package sandbox

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

// The documentation is the table.
func TestReadmeHoldsTheTable(t *testing.T) {
	const begin, end = "<!-- scenarios -->\n", "<!-- /scenarios -->\n"
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the README has no place for the table")
	}
	if table == Markdown() {
		return
	}
	if !*update {
		t.Fatal("the README's table is not the table: go test ./internal/psp/sandbox -update")
	}
	if err := os.WriteFile("README.md", []byte(before+begin+Markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
