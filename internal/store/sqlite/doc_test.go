package sqlite

import (
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kassa/internal/checkout"
)

var update = flag.Bool("update", false, "write testdata anew")

// The names in stored JSON are Go's names of fields. A field that is renamed or taken away would be
// lost from every row without a word; this list makes it a decision (and a migration).
func TestStoredNames(t *testing.T) {
	var names []string
	var walk func(path string, v reflect.Type)
	walk = func(path string, v reflect.Type) {
		for v.Kind() == reflect.Slice || v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || v == reflect.TypeFor[time.Time]() {
			names = append(names, path)
			return
		}
		for i := range v.NumField() {
			walk(path+"."+v.Field(i).Name, v.Field(i).Type)
		}
	}
	walk("merchants", reflect.TypeFor[merchantDoc]())
	walk("keys", reflect.TypeFor[keyDoc]())
	walk("channels", reflect.TypeFor[channelDoc]())
	walk("sessions", reflect.TypeFor[sessionDoc]())
	walk("attempts", reflect.TypeFor[checkout.NextAction]())
	slices.Sort(names)
	got := strings.Join(names, "\n") + "\n"
	const file = "testdata/stored_names.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("the stored names are now\n%s(%v); if that is meant, write a migration and run with -update", got, err)
	}
}
