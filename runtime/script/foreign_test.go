package script_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/runtime/script"
)

// TestWordsOfOtherTools: a call that another tool has is answered with what is written here, and that is a runbook.
func TestWordsOfOtherTools(t *testing.T) {
	all, err := types()
	if err != nil {
		t.Fatal(err)
	}
	words := script.ForeignWords()
	for _, typ := range all {
		words = append(words, slices.Sorted(maps.Keys(typ.Words))...)
	}
	seen := map[string]bool{}
	for _, word := range words {
		t.Run(word, func(t *testing.T) {
			if seen[word] {
				t.Fatal("it is there twice")
			}
			seen[word] = true
			err := evaluates(t, word+"(\"x\")")
			if err == nil {
				t.Fatal("it is a word of froyo")
			}
			got := strings.Join(texts(t, err), "\n")
			if !strings.Contains(got, "undefined: "+word+"; ") {
				t.Fatalf("got %s", got)
			}
			_, write, ok := strings.Cut(got, "; write ")
			if !ok {
				_, write, ok = strings.Cut(got, "; here that is ")
				_, write, _ = strings.Cut(write, ": ")
			}
			if !ok {
				t.Fatalf("it does not say what to write: %s", got)
			}
			if err := evaluates(t, write); err != nil {
				t.Errorf("%s: %v", write, err)
			}
		})
	}
	if len(seen) < 70 {
		t.Errorf("only %d words", len(seen))
	}
}

// evaluates evaluates a line in the function of a play, or what cannot stand there before it.
func evaluates(t *testing.T, line string) error {
	t.Helper()
	text := "def web(host):\n    " + line + "\n\nplay(\"web\", hosts = \"all\", do = web)\n"
	if strings.HasPrefix(line, "load(") {
		text = line + "\nplay(\"web\", hosts = \"all\", do = web)\n"
	}
	fsys := fstest.MapFS{"site.star": {Data: []byte(text)}, "lib/web.star": {Data: []byte("def web(host):\n    pass\n")}}
	p, err := script.Load(t.Context(), options(t, fsys, "site.star"))
	if err != nil {
		return err
	}
	_, _, err = p.Units(t.Context(), testHosts().Host("web1"), []int{0}, &fakeReader{})
	return err
}
