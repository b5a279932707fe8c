package sshdconf

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree gives files of a map by patterns, as a host does.
func tree(files map[string]string) func(string) ([]File, error) {
	return func(pattern string) (all []File, err error) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if is, err := path.Match(pattern, name); err == nil && is {
				all = append(all, File{Name: name, Text: files[name], Unread: files[name] == "unread"})
			}
		}
		return all, nil
	}
}

// TestOthers: what is set below a Match counts as sshd counts it: in each spelling, with the files that are included.
func TestOthers(t *testing.T) {
	t.Parallel()
	wanted := map[string]string{"passwordauthentication": "no", "kbdinteractiveauthentication": "no", "permitrootlogin": "no"}
	const dropIn = "/etc/ssh/sshd_config.d/50-web.conf"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"none", map[string]string{Path: "PasswordAuthentication yes\nUsePAM yes\n"}, nil},
		{"the value that is wanted", map[string]string{Path: "Match User other\n  PasswordAuthentication No\n"}, nil},
		{"a comment", map[string]string{Path: "Match User other\n# PasswordAuthentication yes\n"}, nil},
		{"a user", map[string]string{Path: "Port 22\nMatch User other\n  PasswordAuthentication yes\n"}, []string{`/etc/ssh/sshd_config:3, "PasswordAuthentication yes" below "Match User other"`}},
		{"an address", map[string]string{Path: "match=address 10.0.0.0/8\r\n\tPASSWORDAUTHENTICATION = \"yes\" # for now\r\n"}, []string{`/etc/ssh/sshd_config:2, "PASSWORDAUTHENTICATION = \"yes\" # for now" below "match=address 10.0.0.0/8"`}},
		{"an older word", map[string]string{Path: "Match Group web\nChallengeResponseAuthentication=yes\n"}, []string{`/etc/ssh/sshd_config:2, "ChallengeResponseAuthentication=yes" below "Match Group web"`}},
		{"a quoted word", map[string]string{Path: "Match all\n'KbdInteractiveAuthentication' yes\n"}, []string{`/etc/ssh/sshd_config:2, "'KbdInteractiveAuthentication' yes" below "Match all"`}},
		{"any other value", map[string]string{Path: "Match LocalPort 2222\nPermitRootLogin prohibit-password\n"}, []string{`/etc/ssh/sshd_config:2, "PermitRootLogin prohibit-password" below "Match LocalPort 2222"`}},
		{"a file", map[string]string{Path: "Include sshd_config.d/*.conf\n", dropIn: "Match User other\nPasswordAuthentication yes\n"}, []string{dropIn + `:2, "PasswordAuthentication yes" below "Match User other"`}},
		{"a file without one, included below one", map[string]string{Path: "Match User other\nInclude \"/etc/ssh/sshd_config.d/*\"\n", dropIn: "PasswordAuthentication yes\n"}, []string{dropIn + `:1, "PasswordAuthentication yes" below "Match User other"`}},
		{"a Match that ends with its file", map[string]string{Path: "Include sshd_config.d/*.conf\nPasswordAuthentication yes\n", dropIn: "Match User other\nX11Forwarding no\n"}, nil},
		{"files that include files", map[string]string{Path: "Include a b\n", "/etc/ssh/b": "Include /srv/c\n", "/srv/c": "Match all\nPermitRootLogin yes\n"}, []string{`/srv/c:2, "PermitRootLogin yes" below "Match all"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := Read(tree(tt.files))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range c.Others(wanted) {
				got = append(got, s.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFirst: of values that count for all connections the first does, and one below a Match is none of them.
func TestFirst(t *testing.T) {
	t.Parallel()
	c, err := Read(tree(map[string]string{
		Path: "Include x\nPermitRootLogin yes\n", "/etc/ssh/x": "Match all\nPermitRootLogin no\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := c.First("permitrootlogin"); !ok || s.Value != "yes" || s.Line != 2 {
		t.Errorf("got %v", s)
	}
	if _, ok := c.First("port"); ok {
		t.Error("what is not set has a value")
	}
}

// TestBounds: files that include each other, or are many, are an error, and those that cannot be read are named.
func TestBounds(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]map[string]string{
		"more than 16 files":  {Path: "Include sshd_config\n"},
		"more than 256 files": {Path: strings.Repeat("Include x\n", 300), "/etc/ssh/x": ""},
	} {
		if _, err := Read(tree(files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	c, err := Read(tree(map[string]string{Path: "Include x\n", "/etc/ssh/x": "unread"}))
	if err != nil || !slices.Equal(c.Unread, []string{"/etc/ssh/x"}) {
		t.Errorf("got %v %v", c, err)
	}
	lost := errors.New("lost")
	if _, err := Read(func(string) ([]File, error) { return nil, lost }); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

// FuzzRead: whatever a host's files hold, reading them ends, and a place is a line of the file.
func FuzzRead(f *testing.F) {
	f.Add("Include sshd_config.d/*.conf\n", "Match User \"a b\"\nPasswordAuthentication=yes # x\n")
	f.Add("match all\n'x\" y\n=\n", "Include sshd_config\r\n")
	f.Fuzz(func(t *testing.T, main, other string) {
		c, err := Read(tree(map[string]string{Path: main, "/etc/ssh/x": other, "/etc/ssh/sshd_config.d/x.conf": other}))
		if err != nil {
			return
		}
		for _, s := range c.Settings {
			text := map[bool]string{true: main, false: other}[s.File == Path]
			if lines := strings.Split(text, "\n"); s.Line < 1 || s.Line > len(lines) || !strings.Contains(lines[s.Line-1], s.Text) {
				t.Errorf("%s is no line of its file", s)
			}
			_ = fmt.Sprint(s)
		}
	})
}
