package names

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const passwd = `root:secret:0:0:root:/root:/bin/bash
# a comment
+nis::::::
-gone::::::
web:x:0033:33:Web \303:/var/www:/bin/false
web:x:34:34:second of that name:/:/bin/sh
alias:x:33:33:second of that id:/:/bin/sh
4711:x:500:500:a name that looks like an id:/:/bin/sh
short:x:1:1
long:x:1:1:::/bin/sh:more
negative:x:-1:1:::
none:x:4294967295:1:::
huge:x:4294967296:1:::

bad` + "\xff" + `:x:35:35:::/bin/sh
`

const group = "root:x:0:\nweb::33:a,b\nbroken\n"

// write makes a directory with the two files.
func write(t *testing.T, passwd, group string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{Passwd: passwd, Group: group} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	tests := []struct {
		name, db, key string
		want          Entry
	}{
		{"name", Passwd, "root", Entry{"root", "x", "0", "0", "root", "/root", "/bin/bash"}},
		{"id", Passwd, "0", Entry{"root", "x", "0", "0", "root", "/root", "/bin/bash"}},
		{"first of a name", Passwd, "web", Entry{"web", "x", "33", "33", `Web \303`, "/var/www", "/bin/false"}},
		{"first of an id", Passwd, "33", Entry{"web", "x", "33", "33", `Web \303`, "/var/www", "/bin/false"}},
		{"number as a name", Passwd, "4711", Entry{"4711", "x", "500", "500", "a name that looks like an id", "/", "/bin/sh"}},
		{"not UTF-8", Passwd, "35", Entry{"bad\uFFFD", "x", "35", "35", "", "", "/bin/sh"}},
		{"group", Group, "web", Entry{"web", "x", "33", "a,b"}},
		{"absent", Passwd, "nobody-here", nil},
		{"comment", Passwd, "# a comment", nil},
		{"NIS", Passwd, "+nis", nil},
		{"too few fields", Passwd, "short", nil},
		{"too many fields", Passwd, "long", nil},
		{"negative id", Passwd, "negative", nil},
		{"id that means none", Passwd, "none", nil},
		{"id out of range", Passwd, "huge", nil},
		{"broken group", Group, "broken", nil},
		{"empty key", Passwd, "", nil},
	}
	n := New(write(t, passwd, group), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, n.Find(t.Context(), tt.db, tt.key)); diff != "" {
				t.Errorf("entry differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTranslate(t *testing.T) {
	n := New(write(t, passwd, group), nil)
	ctx := t.Context()
	if got := n.User(ctx, 33) + n.User(ctx, 12345) + n.Group(ctx, 0) + n.Group(ctx, 99); got != "web12345root99" {
		t.Errorf("got the names %q", got)
	}
	for name, want := range map[string]uint32{"root": 0, "web": 33, "4711": 500, "4712": 4712} {
		if id, err := n.UID(ctx, name); err != nil || id != want {
			t.Errorf("%s: got %d, %v, expected %d", name, id, err, want)
		}
	}
	for _, name := range []string{"missing", "4294967295", "99999999999", "-1", ""} {
		if id, err := n.UID(ctx, name); err == nil || !strings.Contains(err.Error(), "there is no user") {
			t.Errorf("%q: got %d, %v, expected no such user", name, id, err)
		}
		if _, err := n.GID(ctx, name); err == nil || !strings.Contains(err.Error(), "there is no group") {
			t.Errorf("%q: got %v, expected no such group", name, err)
		}
	}
}

func TestAsk(t *testing.T) {
	asked := 0
	var stop context.CancelFunc
	n := New(write(t, passwd, group), func(_ context.Context, db, key string) string {
		asked++
		switch {
		case stop != nil:
			stop()
			return ""
		case db == Passwd && (key == "ldap" || key == "900"):
			return "ldap:*:900:900:Directory:/home/ldap:/bin/sh\nmore\n"
		case key == "strange":
			return "an error message"
		}
		return ""
	})
	ctx := t.Context()
	if got := n.User(ctx, 900); got != "ldap" {
		t.Errorf("got %q, expected the name from the service", got)
	}
	n.User(ctx, 900)
	n.User(ctx, 901)
	n.User(ctx, 901)
	if asked != 2 {
		t.Errorf("asked %d times, expected one for each id", asked)
	}
	if e := n.Find(ctx, Passwd, "strange"); e != nil {
		t.Errorf("got the entry %v from an error message", e)
	}
	asked = 0
	n.Find(ctx, Passwd, "-x")
	n.Find(ctx, Passwd, "root")
	if asked != 0 {
		t.Error("asked for what is no name, or is known")
	}
	n.Find(ctx, Passwd, "901")
	n.Forget(Passwd, "901")
	n.Find(ctx, Passwd, "901")
	if asked != 1 {
		t.Errorf("asked %d times, expected once, after it was forgotten", asked)
	}
	ctx, stop = context.WithCancel(ctx)
	defer stop()
	n.Find(ctx, Passwd, "ghost")
	n.Find(t.Context(), Passwd, "ghost")
	if asked != 3 {
		t.Error("an answer that was cut short was kept")
	}
}

func TestChangedFile(t *testing.T) {
	dir := write(t, passwd, group)
	n := New(dir, nil)
	if e := n.Find(t.Context(), Passwd, "new"); e != nil {
		t.Fatal("found before it is there")
	}
	// As useradd does it.
	next := filepath.Join(dir, "passwd-")
	if err := os.WriteFile(next, []byte("new:x:7:7:::\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(dir, Passwd)); err != nil {
		t.Fatal(err)
	}
	if n.Find(t.Context(), Passwd, "new") == nil || n.Find(t.Context(), Passwd, "root") != nil {
		t.Error("the change of the file was not seen")
	}
	if err := os.Remove(filepath.Join(dir, Passwd)); err != nil {
		t.Fatal(err)
	}
	if n.Find(t.Context(), Passwd, "new") != nil {
		t.Error("found in a file that is gone")
	}
}

func FuzzParse(f *testing.F) {
	for line := range strings.SplitSeq(passwd+group, "\n") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for db, fields := range map[string]int{Passwd: 7, Group: 4} {
			e := parse(db, line)
			if e == nil {
				continue
			}
			if len(e) != fields || e[0] == "" || e[1] != "x" {
				t.Errorf("%q gave %q", line, e)
			}
			if diff := cmp.Diff(e, parse(db, strings.Join(e, ":"))); diff != "" {
				t.Errorf("%q is not stable:\n%s", line, diff)
			}
		}
	})
}
