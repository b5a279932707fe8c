package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRulesHaveTheirTests: each rule of docs/providers.md names a test that there is.
func TestRulesHaveTheirTests(t *testing.T) {
	text, err := os.ReadFile("docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	known := knownTests(t)
	rules := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		rules++
		tests := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		if len(tests) == 0 && !strings.HasPrefix(line, "- So ") {
			t.Errorf("no test: %s", line)
		}
		for _, name := range tests {
			if !known[name[1]] {
				t.Errorf("there is no %s: %s", name[1], line)
			}
		}
	}
	t.Logf("%d rules", rules)
}

// knownTests are the names of all tests and fuzz targets.
func knownTests(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range function.FindAllStringSubmatch(string(source), -1) {
			known[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}
