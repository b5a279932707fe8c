package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fence finds the code blocks of a Markdown page, with their language.
var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// pages are all Markdown pages of the repository that may hold code.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(docs, "README.md")
}

// froyo runs this test's own binary as froyo, in a directory.
func froyo(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "froyo") // by this name TestMain knows what to run
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), link, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), code
}

// runbook writes a runbook into a directory of its own.
func runbook(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site.star"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRunbooksInTheDocs: every runbook that a page shows is valid.
func TestRunbooksInTheDocs(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range fence.FindAllStringSubmatch(string(text), -1) {
			if block[1] != "star" {
				continue
			}
			if _, stderr, code := froyo(t, runbook(t, block[2]), "validate"); code != 0 {
				t.Errorf("%s: block %d: exit code %d\n%s", page, i+1, code, stderr)
			}
		}
	}
}

// TestREADMEShowsItsPlan: the README's runbook plans what the README says.
func TestREADMEShowsItsPlan(t *testing.T) {
	if why := generated(); why != "" {
		t.Skip(why)
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		t.Skip("the README's plan is that of a Debian host")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks[block[1]] = block[2]
	}
	stdout, stderr, code := froyo(t, runbook(t, blocks["star"]), "plan")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	if os.Getenv("FROYO_UPDATE") != "" {
		page := strings.Replace(string(text), "```plan\n"+blocks["plan"]+"```", "```plan\n"+stdout+"```", 1)
		if err := os.WriteFile("README.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(blocks["plan"], stdout); diff != "" {
		t.Errorf("README.md (-shown +planned):\n%s", diff)
	}
}

// TestLinksInTheDocs: what a page links to is there.
func TestLinksInTheDocs(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}

// TestPathsInTheDocs: the directories and files of this repository that a page names are there.
func TestPathsInTheDocs(t *testing.T) {
	path := regexp.MustCompile("`([a-z.]+/[A-Za-z0-9_./-]+)`")
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path.FindAllStringSubmatch(string(text), -1) {
			top, _, _ := strings.Cut(m[1], "/")
			if _, err := os.Stat(top); err != nil || top == "bin" {
				continue // a path on a host, in a workspace, or of what make builds
			}
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

// TestTestsInTheDocs: a test that a page names is there.
func TestTestsInTheDocs(t *testing.T) {
	known := knownTests(t)
	name := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			if !known[m[1]] {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

// TestArchitectureNamesEachPackage: docs/architecture.md has one row for each package.
func TestArchitectureNamesEachPackage(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case entry.Name() == "testdata", entry.Name() == "examples", path != "." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		}
		sources, err := filepath.Glob(filepath.Join(path, "*.go"))
		if path == "." || err != nil || len(sources) == 0 {
			return err
		}
		path = filepath.ToSlash(path)
		if row := "| [`" + path + "`](../" + path + ") | "; strings.Count(string(text), "\n"+row) != 1 {
			t.Errorf("docs/architecture.md needs one row that begins with %s", row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReferenceIsCurrent: docs/reference.md, docs/events.md and docs/templates.md are what froyo docs prints.
func TestReferenceIsCurrent(t *testing.T) {
	for _, page := range []string{"reference", "events", "templates"} {
		want, stderr, code := froyo(t, t.TempDir(), "docs", page)
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		got, err := os.ReadFile("docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/%s.md is not current: make docs\n%s", page, diff)
		}
	}
}
