package sudo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const defaults = `Matching Defaults entries for web on h1:
    env_reset, mail_badpass, secure_path=/usr/local/sbin\:/usr/local/bin, use_pty

`

const header = "User web may run the following commands on h1:\n"

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       Rules
		refused    bool
	}{
		{name: "a refusal", text: "sudo: a password is required\n", refused: true},
		{name: "not in sudoers", text: "Sorry, user web may not run sudo on h1.\n", refused: true},
		{name: "nothing", text: "", refused: true},
		{name: "no rule", text: header},
		{
			name: "everything", text: defaults + header + "    (ALL : ALL) NOPASSWD: ALL\n",
			want: Rules{{Users: []string{"ALL"}, Free: true, Command: "ALL"}},
		},
		{
			name: "some programs", text: defaults + header + "    (ALL) NOPASSWD: /usr/bin/systemctl, /usr/bin/apt\n",
			want: Rules{
				{Users: []string{"ALL"}, Free: true, Command: "/usr/bin/systemctl"},
				{Users: []string{"ALL"}, Free: true, Command: "/usr/bin/apt"},
			},
		},
		{
			name: "tags hold on", text: header + "    (root) SETENV: NOPASSWD: /bin/a, PASSWD: /bin/b, /bin/c\n    (root) /bin/d\n",
			want: Rules{
				{Users: []string{"root"}, Free: true, Command: "/bin/a"},
				{Users: []string{"root"}, Command: "/bin/b"},
				{Users: []string{"root"}, Command: "/bin/c"},
				{Users: []string{"root"}, Command: "/bin/d"},
			},
		},
		{
			name: "several users, options, a digest, a negation",
			text: header + "    (www, !root : adm) CWD=/srv TIMEOUT=5m NOPASSWD: sha256:0a/b= /bin/a, !/bin/b\n",
			want: Rules{
				{Users: []string{"www", "!root"}, Free: true, Command: "/bin/a"},
				{Users: []string{"www", "!root"}, Free: true, Forbids: true, Command: "/bin/b"},
			},
		},
		{
			name: "negations of negations, and of nothing", text: header + "    (root) NOPASSWD: !!/bin/a, ! /bin/b, !, /bin/c\n",
			want: Rules{
				{Users: []string{"root"}, Free: true, Command: "/bin/a"},
				{Users: []string{"root"}, Free: true, Forbids: true, Command: "/bin/b"},
				{Users: []string{"root"}, Free: true, Command: "/bin/c"},
			},
		},
		{
			name: "arguments with commas", text: header + `    (root) NOPASSWD: /bin/a -o x\=1\,y -p 1\:2, /bin/b` + "\n",
			want: Rules{
				{Users: []string{"root"}, Free: true, Command: "/bin/a -o x=1,y -p 1:2"},
				{Users: []string{"root"}, Free: true, Command: "/bin/b"},
			},
		},
		{
			name: "broken lines", text: header + "    (root) NOPASSWD: /bin/a,\n    /bin/b\n        --all\n    (www) /bin/c",
			want: Rules{
				{Users: []string{"root"}, Free: true, Command: "/bin/a"},
				{Users: []string{"root"}, Free: true, Command: "/bin/b --all"},
				{Users: []string{"www"}, Command: "/bin/c"},
			},
		},
		{
			name: "no authentication at all", text: "Matching Defaults entries for web on h1:\n    !authenticate\n\n" + header + "    (root) /bin/a\n",
			want: Rules{{Users: []string{"root"}, Free: true, Command: "/bin/a"}},
		},
		{
			name: "nonsense", text: header + "  ( ) , \n    (\n (root NOPASSWD: /bin/a\n ()\n",
			want: nil,
		},
		{
			name: "a very long command", text: header + "    (root) /bin/" + strings.Repeat("a", 1000),
			want: Rules{{Users: []string{"root"}, Command: "/bin/" + strings.Repeat("a", 251) + "..."}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := Parse(test.text)
			if ok == test.refused {
				t.Errorf("understood: %t, want %t", ok, !test.refused)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseIsBounded(t *testing.T) {
	rules, _ := Parse(header + "    (ALL) " + strings.Repeat("/bin/a, ", 5000) + "/bin/b")
	if len(rules) != maxRules {
		t.Errorf("%d rules were kept, want %d", len(rules), maxRules)
	}
}

func TestRules(t *testing.T) {
	tests := []struct {
		name, rules string
		user        string
		shell       bool // may /bin/sh be run
		free        string
		password    bool
	}{
		{"nothing", "", "root", false, "", false},
		{"everything", "(ALL) NOPASSWD: ALL", "root", true, "ALL", false},
		{"everything with a password", "(ALL : ALL) ALL", "www", true, "", true},
		{"some", "(ALL) NOPASSWD: /usr/bin/b, /usr/bin/a, /usr/bin/b", "root", false, "/usr/bin/a, /usr/bin/b", false},
		{"some beside everything with a password", "(ALL) ALL\n(ALL) NOPASSWD: /usr/bin/a", "root", true, "/usr/bin/a", true},
		{"for another user", "(root) NOPASSWD: /usr/bin/a", "www", false, "", false},
		{"for all but one", "(ALL, !www) NOPASSWD: /usr/bin/a", "www", false, "", false},
		{"for a group, which may be", "(%web) NOPASSWD: /usr/bin/a", "www", false, "/usr/bin/a", false},
		{"for a group that may not be", "(ALL, !%web) NOPASSWD: /usr/bin/a", "www", false, "/usr/bin/a", false},
		{"all but the shell", "(ALL) NOPASSWD: ALL, !/bin/sh, !/bin/bash", "root", false, "ALL, !/bin/sh, !/bin/bash", false},
		{"all but the shell, and then all", "(ALL) NOPASSWD: !/bin/sh, ALL", "root", true, "ALL, !/bin/sh", false},
		{"some, and then none", "(ALL) NOPASSWD: /usr/bin/a\n(root) !ALL", "root", false, "", false},
		{"some, and then one less", "(ALL) NOPASSWD: /usr/bin/a, /usr/bin/b, !/usr/bin/a", "root", false, "/usr/bin/b", false},
		{"one, and then none", "(ALL) NOPASSWD: /usr/bin/a, !/usr/bin/a", "root", false, "", false},
		{"the shell", "(root) NOPASSWD: /bin/sh", "root", true, "/bin/sh", false},
		{"the shell under its other name", "(root) NOPASSWD: /usr/bin/sh", "root", true, "/usr/bin/sh", false},
		{"the shell with any arguments", "(root) NOPASSWD: /bin/sh *", "root", true, "/bin/sh *", false},
		{"the shell with one script", "(root) NOPASSWD: /bin/sh /opt/x", "root", false, "/bin/sh /opt/x", false},
		{"the shell's directory", "(root) NOPASSWD: /bin/", "root", true, "/bin/", false},
		{"a pattern", "(root) NOPASSWD: /usr/bin/[a-s]*", "root", true, "/usr/bin/[a-s]*", false},
		{"a bad pattern", "(root) NOPASSWD: /usr/bin/[", "root", false, "/usr/bin/[", false},
		{"an editor", "(root) sudoedit /etc/motd", "root", false, "", true},
		{"many", "(root) NOPASSWD: /a, /b, /c, /d, /e, /f, /g, /h, /i, /j", "root", false, "/a, /b, /c, /d, /e, /f, /g, /h, ...", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules, ok := Parse(header + test.rules)
			if !ok {
				t.Fatal("the list was not understood")
			}
			if got := rules.Permit(test.user, "/bin/sh"); got != test.shell {
				t.Errorf("the shell is permitted: %t, want %t", got, test.shell)
			}
			if got := List(rules.Free(test.user)); got != test.free {
				t.Errorf("free are %q, want %q", got, test.free)
			}
			if got := rules.AskPassword(test.user); got != test.password {
				t.Errorf("a password is asked for: %t, want %t", got, test.password)
			}
		})
	}
}

func TestSpoke(t *testing.T) {
	tests := []struct {
		stderr string
		want   bool
	}{
		{"", false},
		{"Failed to start x.service: Unit x.service not found.\n", false},
		{"pseudo: hello\n", false},
		{"sudo: a password is required\n", true},
		{"sudo: unable to resolve host h1: Name or service not known\nno\n", true},
		{"lecture\nSorry, user web is not allowed to execute '/bin/id' as root on h1.\n", true},
	}
	for _, test := range tests {
		if got := Spoke(test.stderr); got != test.want {
			t.Errorf("%q: %t, want %t", test.stderr, got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(defaults + header + "    (ALL : ALL) NOPASSWD: SETENV: /usr/bin/a x\\,y, !/bin/b\n")
	f.Add("may run the following commands\n(\n()\\")
	f.Fuzz(func(t *testing.T, text string) {
		rules, ok := Parse(text)
		if !ok && rules != nil || len(rules) > maxRules {
			t.Errorf("%d rules, understood: %t", len(rules), ok)
		}
		for _, r := range rules {
			if r.Command == "" || len(r.Command) > maxCommand+3 {
				t.Errorf("a command %q", r.Command)
			}
		}
		rules.Permit("root", "/bin/sh")
		List(rules.Free("root"))
	})
}
