package ssh

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resolved resolves a host with the given files below a home directory, and
// gives the target as text.
func resolved(t *testing.T, files map[string]string, h Host) (string, []string) {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(home, ".ssh", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := NewDialer(Options{Home: home, User: "me", ConfigFiles: []string{filepath.Join(home, ".ssh", "config"), filepath.Join(home, ".ssh", "missing")}})
	target, err := d.resolve(h)
	if err != nil {
		return err.Error(), d.Notes()
	}
	var text strings.Builder
	text.WriteString(target.id())
	for _, key := range target.explicit {
		text.WriteString(" key=" + key)
	}
	return strings.ReplaceAll(text.String(), home, "~"), d.Notes()
}

func TestResolve(t *testing.T) {
	tests := []struct {
		name   string
		config string
		host   Host
		want   string
	}{
		{"nothing", "", Host{Name: "h1"}, "me@h1:22 "},
		{"by name", "Host h1\n HostName 10.0.0.1\n Port 2222\n User ops\n IdentityFile ~/.ssh/k\n", Host{Name: "h1"}, "ops@10.0.0.1:2222  key=~/.ssh/k"},
		{"by address", "Host alias\n HostName 10.0.0.1\n", Host{Name: "h1", Address: "alias"}, "me@10.0.0.1:22 "},
		{"explicit wins", "Host *\n Port 2222\n User ops\n", Host{Name: "h1", Port: 23, User: "root"}, "root@h1:23 "},
		{"first wins", "Host h1\n User a\nHost *\n User b\n Port 9\n", Host{Name: "h1"}, "a@h1:9 "},
		{"negated", "Host * !h1\n User a\n", Host{Name: "h1"}, "me@h1:22 "},
		{"equals and case", "HOST=h1\nuSER = \"ops\" # why\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"tabs and CRLF", "Host\th0\th1\r\n\tUser\tops\r\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"expansion", "Host h?\n HostName %h.example.org\n IdentityFile %d/%r@%h:%p\n", Host{Name: "h1"}, "me@h1.example.org:22  key=~/me@h1.example.org:22"},
		{"match all and host", "Match host h1,h2\n User a\nMatch all\n Port 9\n", Host{Name: "h1"}, "a@h1:9 "},
		{"match with a list", "Match host h2,h3\n User a\n", Host{Name: "h1"}, "me@h1:22 "},
		{
			"match that is not supported", "Match final all\n User a\nMatch user x\n Port 9\nMatch exec \"touch /x\"\n Port 8\nMatch canonical host h1\n Port 7\nHost h1\n User ops\n",
			Host{Name: "h1"},
			"ops@h1:22 ",
		},
		{"jumps", "Host h1\n ProxyJump a,b@c:23\n", Host{Name: "h1"}, "me@h1:22 a,b@c:23"},
		{"no jump", "Host h1\n ProxyJump none\n ProxyCommand nc %h %p\n", Host{Name: "h1"}, "me@h1:22 "},
		{"proxy command", "Host h1\n ProxyCommand nc %h %p\n", Host{Name: "h1"}, "h1: ssh_config sets ProxyCommand, which is not run"},
		{"include", "Include extra\nHost *\n User late\n", Host{Name: "h1"}, "extra@h1:22 "},
		{"include goes on", "Host h1\n Port 9\n Include extra\n User late\n", Host{Name: "h1"}, "extra@h1:9 "},
		{"include within another host", "Host h2\n Include extra\nHost h1\n Port 9\n", Host{Name: "h1"}, "me@h1:9 "},
		{"include of itself", "Include config\nHost h1\n User ops\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"include of a bad file", "Include bad\nHost h1\n User ops\n", Host{Name: "h1"}, "ops@h1:22 "},
		{"key without value", "Host h1\n User\n Port 9\n", Host{Name: "h1"}, "me@h1:9 "},
		{"bad port", "Host h1\n Port ssh\n", Host{Name: "h1"}, "h1: ssh_config has the port ssh"},
		{"hostile HostName", "Host h1\n HostName -oProxyCommand=x\n", Host{Name: "h1"}, "h1: the address -oProxyCommand=x holds a character that no address has"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _ := resolved(t, map[string]string{
				"config": test.config,
				"extra":  "User extra\nHost h9\n User nine\n",
				"bad":    "Match final all\n User bad\nHost [\n User worse\n\x00\x01 =\n",
			}, test.host)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	_, notes := resolved(t, map[string]string{"config": "Host a\nMatch exec \"x\x1b\"\n User b\n"}, Host{Name: "h1"})
	if len(notes) != 1 || !strings.Contains(notes[0], `config:2: not supported`) || strings.Contains(notes[0], "\x1b") {
		t.Errorf("got %q", notes)
	}
}

func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{
		"Host a\n User b\n", "Match final all\n", "Include *\n", "Host\n=\n\"\n", "Host \"a b\"\nUser=\"x", "\x00", "Host !*\nPort 1 # x\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			t.Skip("reads other files")
		}
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		readConfig(t.TempDir(), []string{path}).lookup("h1")
	})
}
