package main_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/testdata/measure/source"
)

// What a package, a type and a struct may have at most. A larger one is no longer one subject.
var limits = map[measure]int{
	files:       10, // of a package, without tests
	methods:     25, // of a type
	methodFiles: 6,  // that a type's methods are in
	fields:      20, // of a struct that is not plain data
	embeds:      0,  // structs with behaviour that a struct embeds
}

type measure string

const (
	files       measure = "files"
	methods     measure = "methods"
	methodFiles measure = "files with methods"
	fields      measure = "fields"
	embeds      measure = "embedded structs with behaviour"
)

// exception is what is larger than its limit all the same.
type exception struct {
	name string // a package's directory, or package.Type
	what measure
	size int // today; the test fails where it is more, and where it is less: the list only shrinks
	why  string
}

// exceptions are ordered by their names. FROYO_UPDATE=1 lowers the sizes of those that have shrunk and removes those
// that are within their limits; it never raises or adds any.
var exceptions = []exception{
	{"engine/state/sqlite.Store", methodFiles, 10, "the one store of a workspace: a method a question that is asked of it"},
	{"engine/state/sqlite.Store", methods, 42, "the one store of a workspace: a method a question that is asked of it"},
	{"runner/codec.decoder", methods, 41, "one method for each kind of value"},
	{"runner/op", files, 20, "one file for each kind of op"},
	{"runner/op.Op", fields, 31, "one field for each kind of op; those that bring contents can open them"},
}

// TestSizes holds packages and types to their limits; "go run ./testdata/measure" prints how large all are.
func TestSizes(t *testing.T) {
	module, err := source.Read(".", module)
	if err != nil {
		t.Fatal(err)
	}
	found := oversized(module)
	for _, e := range found {
		i := slices.IndexFunc(exceptions, e.same)
		switch {
		case i < 0:
			t.Errorf("%s: %d %s, the limit is %d: split it; if it was only moved or renamed, change its line in sizes_test.go", e.name, e.size, e.what, limits[e.what])
		case e.size > exceptions[i].size:
			t.Errorf("%s: %d %s, its line %s allows %d: exceptions only shrink, split it", e.name, e.size, e.what, exceptions[i].line(), exceptions[i].size)
		}
	}
	if os.Getenv("FROYO_UPDATE") != "" {
		tighten(t, found)
		return
	}
	for _, e := range exceptions {
		const update = "FROYO_UPDATE=1 go test -run TestSizes . does so"
		switch i := slices.IndexFunc(found, e.same); {
		case i < 0:
			t.Errorf("%s: within the limit of %d %s now, or gone: remove its line %s; %s", e.name, limits[e.what], e.what, e.line(), update)
		case found[i].size < e.size:
			t.Errorf("%s: %d %s now: write %d instead of %d in its line %s; %s", e.name, found[i].size, e.what, found[i].size, e.size, e.line(), update)
		}
	}
}

func (e exception) same(other exception) bool { return e.name == other.name && e.what == other.what }

// line is how the line of an exception begins.
func (e exception) line() string { return fmt.Sprintf("{%q, %s, ", e.name, e.what.constant()) }

// constant is the name of a measure in this file.
func (m measure) constant() string {
	names := map[measure]string{files: "files", methods: "methods", methodFiles: "methodFiles", fields: "fields", embeds: "embeds"}
	return names[m]
}

// oversized lists what is larger than its limit.
func oversized(m *source.Module) []exception {
	var found []exception
	over := func(name string, what measure, size int) {
		if size > limits[what] {
			found = append(found, exception{name: name, what: what, size: size})
		}
	}
	for _, p := range m.Packages {
		over(p.Dir, files, len(p.Files))
		for _, t := range p.Types {
			over(t.String(), methods, len(t.Methods))
			over(t.String(), methodFiles, t.MethodFiles())
			over(t.String(), embeds, len(m.Embeds(t)))
			if m.Machinery(t) != "" {
				over(t.String(), fields, t.Fields())
			}
		}
	}
	slices.SortFunc(found, func(a, b exception) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.what, b.what))
	})
	return found
}

// tighten rewrites the list of exceptions in this file where things have shrunk.
func tighten(t *testing.T, found []exception) {
	t.Helper()
	const file = "sizes_test.go"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		e := exceptionAt(line)
		switch i := slices.IndexFunc(found, e.same); {
		case e.name == "":
		case i < 0:
			continue
		case found[i].size < e.size:
			line = strings.Replace(line, fmt.Sprintf(", %d, ", e.size), fmt.Sprintf(", %d, ", found[i].size), 1)
		}
		lines = append(lines, line)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exceptionAt finds the exception that a line of this file holds, or an empty one.
func exceptionAt(line string) exception {
	for _, e := range exceptions {
		if regexp.MustCompile(`^\s*` + regexp.QuoteMeta(e.line())).MatchString(line) {
			return e
		}
	}
	return exception{}
}
