package proctree

import (
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestMarks has marks survive the way through an environment and the name of a cgroup.
func TestMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := mark{
			run:    rapid.StringMatching(`([A-Za-z0-9_][A-Za-z0-9._-]{0,40})?`).Draw(t, "run"),
			token:  rapid.Int64Min(0).Draw(t, "token"),
			ns:     rapid.StringMatching(`[1-9][0-9]{0,9}`).Draw(t, "ns"),
			pid:    rapid.IntRange(1, 1<<22).Draw(t, "pid"),
			start:  rapid.StringMatching(`[1-9][0-9]{0,12}`).Draw(t, "start"),
			number: rapid.IntRange(1, 1<<30).Draw(t, "number"),
		}
		before := rapid.SliceOf(rapid.StringMatching(`[A-Z]+=[^\x00]*`)).Draw(t, "environment")
		environ := strings.Join(append(before, m.variable(), "A=b"), "\x00") + "\x00"
		if got, ok := ofEnvironment(environ); !ok || got != m {
			t.Errorf("of the environment %q: %+v, want %+v", environ, got, m)
		}
		outer := m
		outer.number++
		for _, path := range []string{
			"/system.slice/ssh.service/" + groupPrefix + m.text(), "/" + groupPrefix + m.text() + "/below",
			"/" + groupPrefix + outer.text() + "/" + groupPrefix + m.text(),
		} {
			if got, ok := ofGroup("9:name=systemd:/x\n0::" + path + "\n"); !ok || got != m {
				t.Errorf("of the cgroup %s: %+v, want %+v", path, got, m)
			}
		}
	})
}

func TestNoMarks(t *testing.T) {
	for _, text := range []string{
		"", "run", "run.9.1.2.3", "run.9.1.2.3.x", "run.9.1.-2.3.4", "run.-9.1.2.3.4", "run.1.2.3.4", "run.9.1.99999999999999999999.3.4", "a/b.9.1.2.3.4", "$(reboot).9.1.2.3.4", ".run.9.1.2.3.4",
		strings.Repeat("r", 129) + ".9.1.2.3.4", "run.9.1.2.+3.4", "--kill.9.1.2.3.4", "-r.9.1.2.3.4", "r n.9.1.2.3.4",
	} {
		if m, ok := parse(text); ok {
			t.Errorf("%q is taken for %+v", text, m)
		}
	}
	for _, text := range []string{"", "1:name=systemd:/froyo-r.9.1.2.3.4\n", "0::/xfroyo-r.9.1.2.3.4\n", "0::/a/froyo-r.9.1.2.3\n", "10::/froyo-r.9.1.2.3.4\n"} {
		if m, ok := ofGroup(text); ok {
			t.Errorf("%q is taken for %+v", text, m)
		}
	}
	if m, ok := ofEnvironment("XFROYO_RUN=r.9.1.2.3.4\x00"); ok {
		t.Errorf("got %+v", m)
	}
}

// TestSafe has whatever was written come out as one short line of characters.
func TestSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := Safe(string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) + rapid.String().Draw(t, "more"))
		if n := utf8.RuneCountInString(got); n > 63 || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q", got)
		}
	})
	if got := Safe("sleep 1000"); got != "sleep 1000" {
		t.Errorf("got %q", got)
	}
	if got := Safe("a\x1b[31m\nb"); got != "a?[31m?b" {
		t.Errorf("got %q", got)
	}
}

// TestKernel tells threads of the kernel from programs: process 2 is one where the kernel's own are to be seen.
func TestKernel(t *testing.T) {
	if p := read(os.Getpid()); p == nil || p.kernel() {
		t.Errorf("this program is %+v", p)
	}
	name, err := os.ReadFile("/proc/2/comm")
	if err != nil || string(name) != "kthreadd\n" {
		t.Skip("the kernel's threads are not to be seen here")
	}
	if p := read(2); p == nil || !p.kernel() {
		t.Errorf("kthreadd is %+v", p)
	}
}
