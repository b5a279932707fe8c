package structured

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// documents are forms in which values stand, to be edited at any place.
var documents = map[string]struct {
	format format
	docs   []string
}{
	"json": {jsonFormat{}, []string{
		"", "{}", "{\n}\n", `{"a":1,"b":{"c":[1,2],"d":"x"}}`, "{\n  // one\n  \"a\": 1, // two\n  \"b\": {\n    \"c\": [\n      1\n    ], /* three */\n    \"d\": \"x\"\n  }\n}\n",
		"{ \"a\": {}, \"b\": { \"c\": 1 },\n\t\"d\": null,\n}\n", "{\"a\": [{\"b\": 1}], \"c\": -1.5e3}",
	}},
	"yaml": {yamlFormat{}, []string{
		"", "# one\n", "{}\n", "a: 1\n", "---\na: 1 # two\nb:\n  # three\n  c:\n  - 1\n  - x: y\n\n  d: \"x\"\n# four\nc: |\n  text\n   more\n\nd: {b: 1, c: [1, 'x']}\n",
		"a:\n    b: &x\n        c: 1 # one\n    d: *x\nb:\n    <<: {c: 2}\n    d: >-\n      folded\n      text\n", "a: one\n  two\n'b': 'it''s'\n\"c\": !!str 1\nd:\n", "{a: {b: 1}, c: x}", "- 1\n",
		"b:\r\n  c: 1\r\na: x\r\n",
	}},
	"toml": {tomlFormat{}, []string{
		"", "# one\n", "a = 1", "a = 1 # two\nb.c = 'x'\nb.d = [ 1,\n  2 ] # three\n\n[c]\nd = { a = 1, b = { c = 2 } }\n\n# four\n[c.b]\na = \"\"\"\ntext\n\"\"\"\n[[d]]\na = 1\n[d.b]\nc = 1\n", "[a.b.c]\nd = 1979-05-27\n[a]\nc = inf\n",
	}},
}

// values is a random value; the keys are few, so that they meet what is there.
func value(r *rand.Rand, depth int, nulls bool) *node {
	texts := []string{"", "x", "yes", "12:30", "a: b", "# no", "it's", "\"q\"", "two\nlines\n", "ä\t", "-", "{x}", "1.0", " y", "null", "2001-01-01", "\\", "a\n\nb"}
	switch k := r.IntN(8); {
	case k < 3 && depth < 3:
		n := &node{kind: mapping}
		for _, key := range []string{"a", "b", "c", "d", "e f"} {
			if r.IntN(3) == 0 {
				n.entries = append(n.entries, entry{key: key, value: value(r, depth+1, nulls)})
			}
		}
		return n
	case k < 4 && depth < 3:
		n := &node{kind: list}
		for range r.IntN(3) {
			n.items = append(n.items, value(r, depth+1, nulls))
		}
		return n
	case k < 5:
		return &node{kind: number, says: []string{"0", "-7", "1.5", "123456789012345678"}[r.IntN(4)]}
	case k < 6:
		return &node{kind: boolean, says: []string{"true", "false"}[r.IntN(2)]}
	case k < 7 && nulls:
		return &node{kind: null}
	}
	return &node{kind: text, says: texts[r.IntN(len(texts))]}
}

// TestAnyEdit sets and removes values in documents of many forms: what is edited says what it should, which apply has
// compared, no comment is lost, and a second edit finds nothing to do. Few forms are refused.
func TestAnyEdit(t *testing.T) {
	for name, kind := range documents {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's values
			edits, refusals := 0, map[string]int{}
			for range 4000 {
				before := kind.docs[r.IntN(len(kind.docs))]
				wanted := value(r, 0, name != "toml")
				if wanted.kind != mapping {
					continue
				}
				var removed [][]string
				if r.IntN(2) == 0 {
					removed = [][]string{{"a"}, {"b", "d"}, {"c", "b"}}[r.IntN(3):][:1]
				}
				edits++
				after, refused := apply(kind.format, before, wanted, removed)
				if refused != nil {
					refusals[before]++
					continue
				}
				for _, comment := range []string{"one", "two", "three", "four"} { // which stand by a and b
					if strings.Contains(before, comment) && !strings.Contains(after, comment) && len(removed) == 0 && wanted.get("a") == nil && wanted.get("b") == nil {
						t.Errorf("the comment %q is lost:\n%s\nbecomes\n%s", comment, before, after)
					}
				}
				if len(removed) > 0 {
					continue // what is set may be what is removed
				}
				if twice, refused := apply(kind.format, after, wanted, nil); refused != nil || twice != after {
					t.Fatalf("a second edit of\n%s\nmakes\n%s\nof it, %+v", after, twice, refused)
				}
			}
			for doc, n := range refusals {
				t.Logf("%d refused of\n%s", n, doc)
			}
			t.Logf("%d edits", edits)
		})
	}
}

// FuzzEdit: no document brings an edit down, and what is edited once needs no second edit.
func FuzzEdit(f *testing.F) {
	kinds := []string{"json", "yaml", "toml"}
	for i, name := range kinds {
		for _, doc := range documents[name].docs {
			f.Add(i, doc)
		}
	}
	wanted, bad := jsonFormat{}.parse(`{"a": {"b": "x y", "e": [1, {"c": true}]}, "c": "two\nlines", "d": {}}`)
	if bad != nil {
		f.Fatal(bad)
	}
	f.Fuzz(func(t *testing.T, kind int, doc string) {
		format := documents[kinds[uint(kind)%3]].format
		after, refused := apply(format, doc, wanted, [][]string{{"b", "c"}})
		if refused != nil {
			return
		}
		if twice, refused := apply(format, after, wanted, [][]string{{"b", "c"}}); refused != nil || twice != after {
			t.Errorf("%s\na second edit of\n%q\nmakes\n%q\nof it: %s", fmt.Sprint(kind), after, twice, fmt.Sprint(refused))
		}
	})
}
