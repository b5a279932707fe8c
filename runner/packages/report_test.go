package packages

import (
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 2*maxLine)
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"plain", "one\r\n\n two \n", "one\n two"},
		{"elements", "<?xml version='1.0'?>\n<message type=\"info\">Loading</message>\n<progress id=\"1\"/>\n<a>b <c>d\n", "Loading\nb d"},
		{"noise", "Reading package lists...\n(Reading database ... 5%\r(Reading database ... 10%\rSetting up a (1) ...\nE: no\n\n", "Setting up a (1) ...\nE: no"},
		{"many lines", strings.Repeat("a\n", 100), strings.TrimSuffix(strings.Repeat("a\n", maxTailLines), "\n")},
		{"long lines", strings.Repeat(long+"\n", 20), strings.TrimSuffix(strings.Repeat(long[:maxLine]+"...\n", 6), "\n")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Tail(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"nginx": true, "g++": true, "2:1.0~rc1^git-1.el9": true, "": false, "-rf": false, "a b": false, "a\nb": false, "$(x)": false, "a/b": false,
		strings.Repeat("a", 201): false,
	} {
		if got := IsName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
