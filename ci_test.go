package main_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestListOfFuzzTargets: each target is in the list that the fuzz step goes by, and the list has no other.
func TestListOfFuzzTargets(t *testing.T) {
	listed := sameAsFound(t, ".ci/fuzz", `(?m)^func (Fuzz\w+)\(f \*testing\.F\)`, func(line string) string { return line })
	if !slices.IsSorted(listed) {
		t.Error(".ci/fuzz is not in order")
	}
}

// TestListOfLabTests: each lab test is in the list that the lab goes by, with a part, and the list has no other.
func TestListOfLabTests(t *testing.T) {
	count := map[string]int{}
	sameAsFound(t, ".ci/lab", `(?m)^func (TestLab\w+)\(t \*testing\.T\)`, func(line string) string {
		part, name, _ := strings.Cut(line, " ")
		count[part]++
		return name
	})
	parts := []string{"*", "1", "2", "3", "4"}
	for _, part := range parts {
		if count[part] == 0 {
			t.Errorf(".ci/lab has no test of part %s", part)
		}
		delete(count, part)
	}
	for part := range count {
		t.Errorf(".ci/lab has part %q, want one of %q: .ci/run knows no other", part, parts)
	}
}

// sameAsFound compares what a list names, PACKAGE:FUNCTION on each line, with the tests whose source fits the pattern, of which it
// takes the first group for the function. It returns the list.
func sameAsFound(t *testing.T, list, pattern string, name func(line string) string) (listed []string) {
	t.Helper()
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			listed = append(listed, name(strings.TrimSpace(line)))
		}
	}
	found := functions(t, regexp.MustCompile(pattern))
	if len(found) < 50 {
		t.Errorf("only %d were found: %s", len(found), pattern)
	}
	for _, name := range found {
		if !slices.Contains(listed, name) {
			t.Errorf("%s lacks %s", list, name)
		}
	}
	for i, name := range listed {
		if !slices.Contains(found, name) {
			t.Errorf("%s has %s, which there is not", list, name)
		}
		if slices.Contains(listed[:i], name) {
			t.Errorf("%s has %s twice", list, name)
		}
	}
	return listed
}

// functions lists the functions in the tests' sources that fit the pattern, each as PACKAGE:FUNCTION.
func functions(t *testing.T, pattern *regexp.Regexp) (found []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			found = append(found, filepath.ToSlash(filepath.Dir(path))+":"+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}
