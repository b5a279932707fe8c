// Package startest runs tests that are written as runbooks. A file holds
// chunks between lines of "---"; each is a runbook of its own. A comment
//
//	### "regexp"
//
// expects an error on its line, whose text and hint together match. Lines
//
//	#> text
//
// together are what the chunk is expected to print. The assert module is
// there in every chunk.
//
// It imports engine/diag and the Starlark library only.
package startest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
)

// Chunk is one test of a file.
type Chunk struct {
	Name   string // file:line
	Source string // with empty lines in front, so that positions are those of the file

	wants map[int][]*want
	shows []string
}

type want struct {
	text string
	re   *regexp.Regexp
	met  bool
}

// Run is how a chunk is executed: it returns what was printed, and the
// errors, joined, each a *diag.Error.
type Run func(t *testing.T, c Chunk) (output string, err error)

// File runs all chunks of a file as subtests.
func File(t *testing.T, path string, run Run) {
	t.Helper()
	chunks, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		t.Run(c.Name, func(t *testing.T) { c.check(t, run) })
	}
}

// Read reads the chunks of a file.
func Read(path string) ([]Chunk, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, string(text))
}

func parse(path, text string) ([]Chunk, error) {
	var (
		chunks []Chunk
		line   = 1
	)
	for part := range strings.SplitSeq(text, "\n---\n") {
		c := Chunk{
			Name:   fmt.Sprintf("%s:%d", path, line),
			Source: strings.Repeat("\n", line-1) + part + "\n",
			wants:  map[int][]*want{},
		}
		if err := c.expectations(part, line); err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
		line += strings.Count(part, "\n") + 2
	}
	return chunks, nil
}

func (c *Chunk) expectations(part string, line int) error {
	for row := range strings.SplitSeq(part, "\n") {
		if show, ok := strings.CutPrefix(row, "#>"); ok {
			c.shows = append(c.shows, strings.TrimPrefix(show, " "))
		}
		if _, quoted, ok := strings.Cut(row, "### "); ok {
			for quoted = strings.TrimSpace(quoted); quoted != ""; quoted = strings.TrimSpace(quoted) {
				head, w, err := newWant(quoted)
				if err != nil {
					return fmt.Errorf("%s: line %d: want quoted regexps after ###: %w", c.Name, line, err)
				}
				quoted = quoted[len(head):]
				c.wants[line] = append(c.wants[line], w)
			}
		}
		line++
	}
	return nil
}

// newWant reads the quoted regexp at the beginning of text.
func newWant(text string) (head string, w *want, err error) {
	if head, err = strconv.QuotedPrefix(text); err != nil {
		return "", nil, err
	}
	pattern, err := strconv.Unquote(head)
	if err != nil {
		return "", nil, err
	}
	re, err := regexp.Compile(pattern)
	return head, &want{text: pattern, re: re}, err
}

func (c *Chunk) check(t *testing.T, run Run) {
	t.Helper()
	output, err := run(t, *c)
	for _, problem := range c.problems(output, err) {
		t.Error(problem)
	}
}

// problems tells in what a chunk's execution differs from what it expects.
func (c *Chunk) problems(output string, err error) []string {
	var problems []string
	for e := range diag.All(err) {
		if problem := c.meet(e); problem != "" {
			problems = append(problems, problem)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(c.wants)) {
		for _, w := range c.wants[line] {
			if !w.met {
				problems = append(problems, fmt.Sprintf("line %d: want an error matching %q, got none", line, w.text))
			}
		}
	}
	if err == nil || len(c.shows) > 0 {
		if diff := cmp.Diff(strings.Join(c.shows, "\n"), strings.TrimSuffix(output, "\n")); diff != "" {
			problems = append(problems, "output (-want +got):\n"+diff)
		}
	}
	return problems
}

// meet finds the expectation that an error meets, or tells of the error.
func (c *Chunk) meet(err error) string {
	e, ok := errors.AsType[*diag.Error](err)
	if !ok {
		return fmt.Sprintf("error without a place: %v", err)
	}
	text := e.Summary
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	for _, w := range c.wants[e.Pos.Line] {
		if !w.met && w.re.MatchString(text) {
			w.met = true
			return ""
		}
	}
	return fmt.Sprintf("unexpected error: %s: %s\n%s", e.Pos, text, stack(e))
}

func stack(e *diag.Error) string {
	var b strings.Builder
	for _, f := range e.Stack {
		fmt.Fprintf(&b, "  %s: in %s\n", f.Pos, f.Name)
	}
	return b.String()
}
