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

// TestFuzzTargetsAreSearched: each target is in the list that the fuzz step goes by, and the list has no other.
func TestFuzzTargetsAreSearched(t *testing.T) {
	data, err := os.ReadFile(".ci/fuzz")
	if err != nil {
		t.Fatal(err)
	}
	var listed, found []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			listed = append(listed, strings.TrimSpace(line))
		}
	}
	target := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range target.FindAllSubmatch(text, -1) {
			found = append(found, filepath.ToSlash(filepath.Dir(path))+":"+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if len(found) < 50 {
		t.Errorf("only %d targets were found", len(found))
	}
	for _, name := range found {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not in .ci/fuzz", name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(found, name) {
			t.Errorf(".ci/fuzz has %s, which is gone", name)
		}
	}
	if !slices.IsSorted(listed) || len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Error(".ci/fuzz is not in order")
	}
}
