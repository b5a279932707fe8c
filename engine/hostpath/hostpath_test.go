package hostpath_test

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/hostpath"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"/": "/", "//": "/", "/.": "/", "/./": "/", "/q": "/q", "//q": "/q", "/q/": "/q", "/q/.": "/q", "/./q": "/q", "/a//b/./c/": "/a/b/c",
		"/a/../q": "/a/../q", "/a//../q/": "/a/../q", "/..": "/..", "/.a": "/.a", "/a.": "/a.", "/...": "/...", "/a/.b/": "/a/.b",
		"": "", ".": ".", "a//b": "a//b", "./a": "./a", "/a b/ ": "/a b/ ",
	} {
		if got := hostpath.Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestFile(t *testing.T) {
	for in, want := range map[string]string{
		"file[//a/]": "file[/a]", "file[/a[b]//c]": "file[/a[b]/c]", "cmd[//a/]": "cmd[//a/]", "file[/a/": "file[/a/", "file[a//b]": "file[a//b]",
	} {
		if got := hostpath.File(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestClimbs(t *testing.T) {
	for in, want := range map[string]bool{"/a/../b": true, "/..": true, "/a/..": true, "/a/...": false, "/a..b": false, "/..a/b": false, "/a/..b": false} {
		if got := hostpath.Climbs(in); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, tt := range []struct {
		path, dir string
		want      bool
	}{{"/a", "/a", true}, {"/a/b", "/a", true}, {"/ab", "/a", false}, {"/a", "/a/b", false}, {"/a", "/", true}, {"/", "/", true}} {
		if got := hostpath.Below(tt.path, tt.dir); got != tt.want {
			t.Errorf("%s below %s: %v", tt.path, tt.dir, got)
		}
	}
}

// TestAnySpellingIsOnePath: however a path without ".." is spelled, it comes out as one text.
func TestAnySpellingIsOnePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[a-z.]{0,3}[a-z]`), 0, 5).Draw(t, "parts")
		want := "/" + strings.Join(parts, "/")
		spelled := spell(t, parts)
		if got := hostpath.Clean(spelled); got != want || hostpath.Clean(got) != got || got != path.Clean(spelled) {
			t.Fatalf("%q became %q, want %q", spelled, got, want)
		}
	})
}

// spell writes a path in any way that means the same.
func spell(t *rapid.T, parts []string) string {
	slash := rapid.SampledFrom([]string{"/", "//", "/./", "///", "/.//./"})
	var b strings.Builder
	for _, part := range parts {
		b.WriteString(slash.Draw(t, "slash") + part)
	}
	b.WriteString(rapid.SampledFrom([]string{"", "/", "/.", "//", "/./"}).Draw(t, "end"))
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
