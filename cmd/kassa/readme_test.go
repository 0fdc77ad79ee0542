package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section is what stands between a heading and the next of its level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", heading)
	}
	s, _, _ := strings.Cut(rest, "\n## ")
	return s
}

// step is a block of lines to paste, and the answers that are shown below it.
type step struct {
	lines []string
	shown string
}

var fenced = regexp.MustCompile("(?s)```(sh|text)\n(.*?)```\n")

func steps(t *testing.T, text string) []step {
	t.Helper()
	var all []step
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		if block[1] == "sh" {
			all = append(all, step{lines: strings.Split(strings.TrimSuffix(block[2], "\n"), "\n")})
			continue
		}
		if len(all) == 0 || all[len(all)-1].shown != "" {
			t.Fatalf("answers without lines to paste:\n%s", block[2])
		}
		all[len(all)-1].shown = block[2]
	}
	return all
}

// like makes a pattern of shown answers, in which … stands for anything on its line.
func like(shown string) *regexp.Regexp {
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(shown), "…", ".*") + `$`)
}

// shell is a terminal that lines are pasted into.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

func openShell(t *testing.T) *shell {
	t.Helper()
	cmd := exec.Command("bash", "--norc", "--noprofile")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "LC_ALL=C.UTF-8"}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &shell{in, bufio.NewReader(out)}
}

const mark = "-- this line has ended with "

// paste runs one line and gives what it wrote, each line of it ended, and its exit code.
func (s *shell) paste(line string) (wrote string, code string, err error) {
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\n%s%%s\\n' $?\n", line, mark); err != nil {
		return "", "", err
	}
	for {
		text, err := s.out.ReadString('\n')
		if err != nil {
			return wrote, "", err
		}
		if end, ok := strings.CutPrefix(text, mark); ok {
			wrote = strings.TrimSuffix(wrote, "\n") // printf's own
			if wrote != "" && !strings.HasSuffix(wrote, "\n") {
				wrote += "\n"
			}
			return wrote, strings.TrimSpace(end), nil
		}
		wrote += text
	}
}

// TestReadmeFirstIntegration pastes every line of the README's first integration into a shell, against a demo
// on another port. Each line must succeed, and each answer be as it is shown.
func TestReadmeFirstIntegration(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	site := testSite(t, nil)
	text := strings.ReplaceAll(section(t, readme(t), "A first integration"), "http://127.0.0.1:8080", site.base)
	all := steps(t, text)
	if len(all) < 9 {
		t.Fatalf("only %d blocks to paste", len(all))
	}
	sh := openShell(t)
	for _, s := range all {
		var answers strings.Builder
		for _, line := range s.lines {
			wrote, code, err := sh.paste(line)
			if err != nil || code != "0" {
				t.Fatalf("%s\nexit code %s, %v:\n%s", line, code, err, wrote)
			}
			answers.WriteString(wrote)
		}
		if !like(s.shown).MatchString(answers.String()) {
			t.Fatalf("%s\nanswers\n%s\nand the README shows\n%s", strings.Join(s.lines, "\n"), answers.String(), s.shown)
		}
	}
}

// TestReadmeRunItForReal pastes the lines that set a server up, in a folder of the test. The last of them, the
// server, is stopped after a second and must end well.
func TestReadmeRunItForReal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	for _, tool := range []string{"bash", "timeout"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	bin := buildKassa(t)
	text := strings.NewReplacer("/srv/kassa", filepath.Join(t.TempDir(), "srv"), ".bin/kassa serve", "timeout --preserve-status 1 "+bin+" serve --listen 127.0.0.1:0",
		".bin/kassa", bin).Replace(section(t, readme(t), "Run it for real"))
	all := steps(t, text)
	if len(all) != 1 || all[0].lines[0] != "make build" {
		t.Fatalf("not the lines that are expected: %v", all)
	}
	sh := openShell(t)
	for _, line := range all[0].lines[1:] {
		wrote, code, err := sh.paste(line)
		if err != nil || code != "0" {
			t.Fatalf("%s\nexit code %s, %v:\n%s", line, code, err, wrote)
		}
		t.Logf("%s\n%s", line, wrote)
	}
}

// TestReadmeShowsWhatIsCompared holds the comparison itself.
func TestReadmeShowsWhatIsCompared(t *testing.T) {
	for _, c := range []struct {
		shown, answer string
		ok            bool
	}{
		{"303\n{\"id\":\"cs_…\",\"status\":\"paid\",…}\n", "303\n{\"id\":\"cs_1\",\"status\":\"paid\",\"a\":1}\n", true},
		{"{\"id\":\"cs_…\",\"status\":\"paid\",…}\n", "{\"id\":\"cs_1\",\"status\":\"open\",\"a\":1}\n", false},
		{"303\n", "303\n500\n", false},
		{"", "curl: (7) Failed\n", false},
		{"", "", true},
	} {
		if got := like(c.shown).MatchString(c.answer); got != c.ok {
			t.Errorf("%q against %q: %v", c.answer, c.shown, got)
		}
	}
	sh := openShell(t)
	for line, want := range map[string]string{"false": "1", "echo a": "0", "printf b": "0", "nonsense": "127"} {
		wrote, code, err := sh.paste(line)
		if err != nil || code != want || line == "printf b" && wrote != "b\n" || line == "echo a" && wrote != "a\n" {
			t.Errorf("%s: %q, exit code %s, %v", line, wrote, code, err)
		}
	}
}

// TestReadmeNamesEveryCommandAndSetting compares the README's tables with the program.
func TestReadmeNamesEveryCommandAndSetting(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.Name("kassa"), kong.Bind(streams{}))
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, leaf := range parser.Model.Leaves(true) {
		have = append(have, "`kassa "+leaf.Path()+"`")
		for _, f := range leaf.Flags {
			for _, env := range f.Envs {
				have = append(have, "`"+env+"` | `--"+f.Name+"`")
			}
		}
	}
	slices.Sort(have)
	have = slices.Compact(have)
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`kassa [^`]+`|`KASSA_[A-Z_]+` \\| `--[a-z-]+`) \\|").FindAllStringSubmatch(section(t, readme(t), "Commands"), -1) {
		told = append(told, row[1])
	}
	slices.Sort(told)
	if !slices.Equal(have, told) {
		t.Errorf("the program has\n%s\nand the README\n%s", strings.Join(have, "\n"), strings.Join(told, "\n"))
	}
}

// TestReadmeMapsEveryPackage: every folder with code is on the map, or below one that names it, and nothing
// on the map is gone.
func TestReadmeMapsEveryPackage(t *testing.T) {
	text := section(t, readme(t), "The map of the code")
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "kassa/")
		base := filepath.Base(name)
		if !strings.Contains(text, "| `"+name+"` |") && !strings.Contains(text, "`"+base+"`") && !strings.HasPrefix(name, "templates/") {
			t.Errorf("%s is not on the README's map", name)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\|").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(row[1]))); err != nil {
			t.Errorf("the README's map names %s: %v", row[1], err)
		}
	}
	for _, path := range regexp.MustCompile("`((?:internal|web|cmd)/[a-z/_]+\\.(?:go|json))`").FindAllStringSubmatch(readme(t), -1) {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(path[1]))); err != nil {
			t.Errorf("the README names %s: %v", path[1], err)
		}
	}
}
