package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport is the table of DESIGN.md, section 1: which of our packages each package may import. A name
// that ends in /... stands for everything below it; a package may always import its own sub-folders.
var mayImport = []struct {
	packages string
	imports  []string
}{
	{"internal/checkout", nil},
	{"internal/store", []string{"internal/checkout"}},
	{"internal/psp", []string{"internal/checkout"}},
	{"internal/words", []string{"internal/checkout"}},
	{"internal/seal", nil},
	{"internal/engine", []string{"internal/checkout", "internal/store", "internal/psp"}},
	{"internal/webhook", []string{"internal/checkout", "internal/store"}},
	{"internal/mail", []string{"internal/checkout", "internal/store", "internal/words", "templates/mail"}},
	{"internal/store/storetest", []string{"internal/checkout", "internal/store"}},
	{"internal/store/...", []string{"internal/checkout", "internal/store", "internal/seal"}},
	{"internal/psp/...", []string{"internal/checkout", "internal/psp"}},
	{"internal/dialect", []string{"internal/checkout", "internal/engine", "internal/webhook", "internal/words"}},
	// The exam of the dialects boots a whole engine on the real store and the sandbox.
	{"internal/dialect/dialecttest", []string{"internal/checkout", "internal/engine", "internal/webhook", "internal/words", "internal/dialect",
		"internal/store/sqlite", "internal/psp/sandbox", "internal/psp", "internal/seal", "internal/store"}},
	{"internal/dialect/...", []string{"internal/checkout", "internal/engine", "internal/webhook", "internal/words", "internal/dialect"}},
	{"static", nil},
	{"templates/pay/stories", []string{"templates/pay", "templates/layout", "templates/component"}},
	{"templates/...", []string{"static", "templates/layout", "templates/component"}},
	{"web", []string{"internal/checkout", "internal/engine", "internal/words", "internal/psp", "internal/dialect", "templates/...", "static", "web/..."}},
	// The demo's shop is a merchant: it knows Kassa by its API.
	{"web/shop", []string{"static", "templates/shop", "templates/layout", "templates/component", "web/page"}},
	{"web/page", []string{"internal/checkout", "internal/words", "static"}},
	{"web/...", []string{"internal/checkout", "internal/engine", "internal/words", "internal/psp", "internal/dialect", "templates/...", "static", "web/page"}},
	{"cmd/...", []string{"..."}},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "kassa/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func matches(pattern, name string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(name+"/", below)
	}
	return pattern == name
}

// forbidden says which imports of a package the table does not allow.
func forbidden(name string, imports []string) (bad []string, known bool) {
	for _, row := range mayImport {
		if !matches(row.packages, name) {
			continue
		}
		for _, full := range imports {
			ours, ok := strings.CutPrefix(full, "kassa/")
			if !ok || strings.HasPrefix(ours, name+"/") {
				continue
			}
			if !slices.ContainsFunc(row.imports, func(p string) bool { return matches(p, ours) }) {
				bad = append(bad, ours)
			}
		}
		return bad, true
	}
	return nil, false
}

func TestImportTable(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "kassa/")
		bad, known := forbidden(name, p.Imports)
		if !known {
			t.Errorf("%s is not in the table of DESIGN.md", name)
		}
		for _, b := range bad {
			t.Errorf("%s must not import %s", name, b)
		}
		for _, imp := range p.Imports {
			if imp == "github.com/labstack/echo/v4" && !strings.HasPrefix(name, "web") {
				t.Errorf("%s imports Echo: it lives in web and nowhere else", name)
			}
			if name == "internal/checkout" && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				t.Errorf("checkout imports %s: it is the standard library only", imp)
			}
			adapter := strings.HasPrefix(imp, "kassa/internal/psp/") || strings.HasPrefix(imp, "kassa/internal/dialect/")
			if name == "cmd/kassa" && adapter && !onlyIn(t, imp, "registry.go", "wire.go", "demo.go") {
				t.Errorf("%s is imported outside of registry.go", imp)
			}
		}
	}
}

// TestTheTableCanRefuse holds the check itself.
func TestTheTableCanRefuse(t *testing.T) {
	for _, c := range []struct {
		pkg, imp string
		bad      bool
	}{
		{"internal/checkout", "kassa/internal/store", true},
		{"internal/engine", "kassa/internal/dialect/kaipay", true},
		{"internal/psp/sandbox", "kassa/internal/engine", true},
		{"templates/pay", "kassa/internal/checkout", true},
		{"web/pay", "kassa/internal/store", true},
		{"web/pay", "kassa/internal/engine", false},
	} {
		if bad, _ := forbidden(c.pkg, []string{c.imp}); (len(bad) > 0) != c.bad {
			t.Errorf("%s importing %s: refused %v, want %v", c.pkg, c.imp, len(bad) > 0, c.bad)
		}
	}
}

// onlyIn reports whether an import of this package stands in no other files than those. wire.go and
// demo.go name the sandbox, whose bank lives in the process.
func onlyIn(t *testing.T, imp string, files ...string) bool {
	t.Helper()
	all, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	if imp != "kassa/internal/psp/sandbox" {
		files = []string{"registry.go"}
	}
	for _, f := range all {
		if slices.Contains(files, f) || strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(`"`+imp+`"`)) {
			return false
		}
	}
	return true
}

// adapters lists the folders of an axis that hold an answer to its contract.
func adapters(t *testing.T, axis string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "internal", axis))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != axis+"test" && e.Name() != "testdata" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestEveryAdapterHasARow(t *testing.T) {
	rows := map[string][]string{}
	for _, k := range dialects() {
		rows["dialect"] = append(rows["dialect"], k.Name)
	}
	s := testSite(t, nil)
	for _, k := range psps(s.bank) {
		rows["psp"] = append(rows["psp"], k.Name)
	}
	for axis, names := range rows {
		for _, folder := range adapters(t, axis) {
			if !slices.Contains(names, folder) {
				t.Errorf("internal/%s/%s has no row in registry.go", axis, folder)
			}
		}
		for _, n := range names {
			if !slices.Contains(adapters(t, axis), n) {
				t.Errorf("registry.go names %s, which has no folder in internal/%s", n, axis)
			}
		}
	}
}

// TestEveryPackageSaysWhatItOwns: each package has a doc.go with a package comment.
func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root && d.Name() != ".." {
			return filepath.SkipDir
		}
		if !d.IsDir() {
			return nil
		}
		sources, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil || len(sources) == 0 {
			return err
		}
		doc, err := os.ReadFile(filepath.Join(path, "doc.go"))
		if err != nil || !bytes.HasPrefix(doc, []byte("// ")) {
			t.Errorf("%s has no doc.go that says what it owns", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
