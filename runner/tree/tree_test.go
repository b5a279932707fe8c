package tree_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/tree"
)

var sum = strings.Repeat("ab", 32)

func list(entries ...tree.Entry) string {
	var text []byte
	for i := range entries {
		text = tree.Append(text, &entries[i])
	}
	return string(text)
}

func TestParse(t *testing.T) {
	all := []tree.Entry{
		{Name: "a b", Kind: tree.File, Mode: 0o640, Size: 7, Sum: sum},
		{Name: "d", Kind: tree.Dir, Mode: 0o755},
		{Name: "d/-rf", Kind: tree.File, Mode: 0o600, Sum: sum},
		{Name: "d/up", Kind: tree.Link, Link: "../a b"},
		{Name: "e", Kind: tree.Dir, Mode: 0o700},
	}
	got, err := tree.Parse(list(all...))
	if err != nil || !slices.Equal(got, all) {
		t.Errorf("got %+v, %v", got, err)
	}
	file := func(name string) tree.Entry { return tree.Entry{Name: name, Kind: tree.File, Sum: sum} }
	for text, want := range map[string]string{
		list(file("../x")): "", list(file("/x")): "", list(file("a/../x")): "", list(file("")): "", list(file("x\x01")): "control character",
		list(file("d/x")):                                                    "not in order", // without its directory
		list(file("b"), file("a")):                                           "not in order",
		list(file("a"), file("a")):                                           "not in order",
		list(file("a"), file("a/b")):                                         "not in order", // below a file
		list(tree.Entry{Name: "l", Kind: tree.Link, Link: "/etc"}):           "leads out",
		list(tree.Entry{Name: "l", Kind: tree.Link, Link: "d/../../x"}):      "leads out",
		list(tree.Entry{Name: "l", Kind: tree.Link, Link: "../x"}):           "leads out",
		list(tree.Entry{Name: "l", Kind: tree.Link, Link: "d"}, file("l/x")): "not in order",
		list(tree.Entry{Name: "d", Kind: "device"}):                          "cannot be read",
		"file\t0644\t1\t" + sum + "\ta":                                      "cannot be read", // without an end
		"file\t4755\t1\t" + sum + "\ta\n":                                    "cannot be read",
		"file\t0644\t-1\t" + sum + "\ta\n":                                   "cannot be read",
		"file\t0644\ta\n":                                                    "cannot be read",
		"directory\t0755\textra\ta\n":                                        "cannot be read",
		"\n":                                                                 "cannot be read",
	} {
		if got, err := tree.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, expected %q", text, got, err, want)
		}
	}
}

func TestPicked(t *testing.T) {
	for _, indices := range [][]int{nil, {0}, {3, 4, 5}, {0, 2, 3, 9}} {
		text := tree.Pick(indices)
		if got, err := tree.Picked(text, 10); err != nil || !slices.Equal(got, indices) {
			t.Errorf("%v is %q, and read again %v, %v", indices, text, got, err)
		}
	}
	for _, text := range []string{"10", "2-1", "1,1", "3,2", "-1", "a", ",", "0-", "0-99999999999999999999"} {
		if got, err := tree.Picked(text, 10); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestExcluded(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{".git", ".git", true},
		{".git", "a/.git/config", true},
		{"*.pyc", "a/b/c.pyc", true},
		{"a/*", "a/b", true},
		{"a/*", "a/b/c", true},
		{"/a", "a", true},
		{"b/", "a/b/c", true},
		{"a/*", "a", false},
		{"b/c", "a/b/c", false},
		{"*.pyc", "a.py", false},
	} {
		if got := tree.Excluded([]string{"never", tt.pattern}, tt.name); got != tt.want {
			t.Errorf("%q for %q: got %v", tt.pattern, tt.name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("file\t644\t1\t" + sum + "\ta\ndirectory\t755\td\nlink\t../a\td/l\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := tree.Parse(text)
		if err != nil {
			return
		}
		again, err := tree.Parse(list(entries...))
		if err != nil || !slices.Equal(again, entries) {
			t.Errorf("%q becomes %+v, and that %+v, %v", text, entries, again, err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name, "/") || slices.Contains(strings.Split(e.Name, "/"), "..") {
				t.Errorf("%q leads out", e.Name)
			}
		}
	})
}
