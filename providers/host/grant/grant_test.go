package grant_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/grant"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// TestAny holds each rule against a program that breaks it, and against the nearest one that does not.
func TestAny(t *testing.T) {
	author := grant.Grant{From: map[string]string{
		"shell": "command", "argv": "command", "dir": "cwd", "env": "env", "stdin": "stdin", "background": "background",
	}}
	where := grant.Grant{From: map[string]string{"shell": "unless"}, Where: map[string]string{"state": `"on"`}}
	script := grant.Grant{From: map[string]string{"script": "content", "argv": "args"}}
	words := grant.Grant{Argv: []string{"/usr/bin/tool", "show", "*", "--all", "*.conf"}}
	shell := grant.Grant{Shell: "visudo -cf %s"}
	options := grant.Grant{Argv: []string{"useradd", "...", "--", "*"}, Options: []string{"--uid=*", "--system", "--home=/srv/*", "*"}}
	variables := grant.Grant{Argv: []string{"env", "...", "gem", "list"}, Options: []string{"GEM_HOME=*"}}
	public := grant.Grant{Argv: []string{"git", "status"}, Public: true}
	input := grant.Grant{Argv: []string{"chpasswd", "-e"}, Stdin: true}
	tests := []struct {
		name    string
		grant   grant.Grant
		unit    string
		later   []string // arguments that are not known
		exec    *op.Exec
		unknown []string // fields of the op that are not known
		want    bool
	}{
		{"a variable", variables, `{}`, nil, &op.Exec{Argv: []string{"env", "GEM_HOME=/srv/gems", "gem", "list"}}, nil, true},
		{"another variable", variables, `{}`, nil, &op.Exec{Argv: []string{"env", "PATH=/srv", "gem", "list"}}, nil, false},
		{"an option before a variable", variables, `{}`, nil, &op.Exec{Argv: []string{"env", "-S", "gem", "list"}}, nil, false},
		{"the author's command", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id"}, nil, true},
		{"another command", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id; reboot"}, nil, false},
		{"no command", author, `{"command":"id"}`, nil, &op.Exec{}, nil, false},
		{"a command without arguments", author, `{}`, nil, &op.Exec{Shell: "id"}, nil, false},
		{"the author's words", author, `{"command":["id","-u"]}`, nil, &op.Exec{Argv: []string{"id", "-u"}}, nil, true},
		{"other words", author, `{"command":["id","-u"]}`, nil, &op.Exec{Argv: []string{"id", "-g"}}, nil, false},
		{"one word more", author, `{"command":["id"]}`, nil, &op.Exec{Argv: []string{"id", "-g"}}, nil, false},
		{"words as a command", author, `{"command":["id"]}`, nil, &op.Exec{Shell: "id"}, nil, false},
		{"a command as words", author, `{"command":"id"}`, nil, &op.Exec{Argv: []string{"id"}}, nil, false},
		{"in the author's directory", author, `{"command":"id","cwd":"/srv"}`, nil, &op.Exec{Shell: "id", Dir: "/srv"}, nil, true},
		{"in another directory", author, `{"command":"id","cwd":"/srv"}`, nil, &op.Exec{Shell: "id", Dir: "/tmp"}, nil, false},
		{"in a directory that was not given", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id", Dir: "/tmp"}, nil, false},
		{"without the author's directory", author, `{"command":"id","cwd":"/srv"}`, nil, &op.Exec{Shell: "id"}, nil, false},
		{"with the author's variables", author, `{"command":"id","env":{"B":"2","A":"1"}}`, nil, &op.Exec{Shell: "id", Env: []string{"A=1", "B=2"}}, nil, true},
		{"with other variables", author, `{"command":"id","env":{"A":"1"}}`, nil, &op.Exec{Shell: "id", Env: []string{"A=2"}}, nil, false},
		{"with more variables", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id", Env: []string{"LD_PRELOAD=x"}}, nil, false},
		{"with no variables", author, `{"command":"id","env":{}}`, nil, &op.Exec{Shell: "id"}, nil, true},
		{"with the author's input", author, `{"command":"id","stdin":{"sum":"aa","size":1}}`, nil, &op.Exec{Shell: "id", Stdin: &op.Blob{Sum: "aa", Size: 1}}, nil, true},
		{"an author's script", script, `{"content":{"sum":"aa","size":1},"args":["x"]}`, nil, &op.Exec{Script: &op.Blob{Sum: "aa", Size: 1}, Argv: []string{"x"}}, nil, true},
		{"another script", script, `{"content":{"sum":"aa","size":1}}`, nil, &op.Exec{Script: &op.Blob{Sum: "bb", Size: 1}}, nil, false},
		{"a script with other arguments", script, `{"content":{"sum":"aa","size":1},"args":["x"]}`, nil, &op.Exec{Script: &op.Blob{Sum: "aa", Size: 1}, Argv: []string{"y"}}, nil, false},
		{"a script for words", words, `{}`, nil, &op.Exec{Script: &op.Blob{Sum: "aa", Size: 1}, Argv: []string{"/usr/bin/tool", "show", "x", "--all", "a.conf"}}, nil, false},
		{"with other input", author, `{"command":"id","stdin":{"sum":"aa","size":1}}`, nil, &op.Exec{Shell: "id", Stdin: &op.Blob{Sum: "bb", Size: 1}}, nil, false},
		{"in the background, as told", author, `{"command":"id","background":true}`, nil, &op.Exec{Shell: "id", Background: true}, nil, true},
		{"in the background", author, `{"command":"id","background":false}`, nil, &op.Exec{Shell: "id", Background: true}, nil, false},
		{"what does not decide what runs", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id", ReadOnly: true, Limit: 9}, nil, true},

		{"a command that is not known", author, `{}`, []string{"command"}, &op.Exec{}, []string{"shell", "argv"}, true},
		{"not known, where it is", author, `{"command":"id"}`, nil, &op.Exec{}, []string{"shell"}, false},
		{"a field that is granted by nothing", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id"}, []string{"limit"}, false},

		{"where it is on", where, `{"unless":"id","state":"on"}`, nil, &op.Exec{Shell: "id"}, nil, true},
		{"where it is off", where, `{"unless":"id","state":"off"}`, nil, &op.Exec{Shell: "id"}, nil, false},
		{"where nothing says", where, `{"unless":"id"}`, nil, &op.Exec{Shell: "id"}, nil, false},
		{"a field that the grant does not take", where, `{"unless":"id","state":"on"}`, nil, &op.Exec{Shell: "id", Dir: "/"}, nil, false},

		{"as the patterns", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all", "a.conf"}}, nil, true},
		{"another program", words, `{}`, nil, &op.Exec{Argv: []string{"/bin/tool", "show", "x", "--all", "a.conf"}}, nil, false},
		{"another word", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "drop", "x", "--all", "a.conf"}}, nil, false},
		{"an option for any word", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "-x", "--all", "a.conf"}}, nil, false},
		{"an option for a pattern", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all", "-a.conf"}}, nil, false},
		{"another option", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--any", "a.conf"}}, nil, false},
		{"what the pattern does not match", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all", "a/b.conf"}}, nil, false},
		{"a word less", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all"}}, nil, false},
		{"as the patterns, elsewhere", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all", "a.conf"}, Dir: "/"}, nil, false},
		{"as the patterns, not known", words, `{}`, nil, &op.Exec{Argv: []string{"/usr/bin/tool", "show", "x", "--all", "a.conf"}}, []string{"dir"}, false},
		{"the shell command", shell, `{}`, nil, &op.Exec{Shell: "visudo -cf %s"}, nil, true},
		{"another shell command", shell, `{}`, nil, &op.Exec{Shell: "visudo -cf %s; reboot"}, nil, false},
		{"the shell command as words", shell, `{}`, nil, &op.Exec{Argv: []string{"visudo", "-cf", "%s"}}, nil, false},
		{"the shell command, elsewhere", shell, `{}`, nil, &op.Exec{Shell: "visudo -cf %s", Dir: "/tmp"}, nil, false},
		{"the shell command, not known", shell, `{}`, nil, &op.Exec{Shell: "visudo -cf %s"}, []string{"dir"}, false},
		{"no shell command", shell, `{}`, nil, &op.Exec{}, nil, false},
		{"no options", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--", "app"}}, nil, true},
		{"options", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--uid=7", "--system", "--uid=-a/b c", "x", "--", "app"}}, nil, true},
		{"another option", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--root=/x", "--", "app"}}, nil, false},
		{"an option that begins like one", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--uid", "--", "app"}}, nil, false},
		{"a value that is not granted", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--home=/etc/x", "--", "app"}}, nil, false},
		{"an option in the place of the operand", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--", "--root=/x"}}, nil, false},
		{"without the words behind", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "app"}}, nil, false},
		{"without the program", options, `{}`, nil, &op.Exec{Argv: []string{"--", "app"}}, nil, false},
		{"what is no secret", public, `{}`, nil, &op.Exec{Argv: []string{"git", "status"}, Public: true}, nil, true},
		{"what may be one all the same", public, `{}`, nil, &op.Exec{Argv: []string{"git", "status"}}, nil, true},
		{"what it is not granted to call no secret", input, `{}`, nil, &op.Exec{Argv: []string{"chpasswd", "-e"}, Public: true}, nil, false},
		{"an author's command is never called so", author, `{"command":"id"}`, nil, &op.Exec{Shell: "id", Public: true}, nil, false},
		{"input that is granted", input, `{}`, nil, &op.Exec{Argv: []string{"chpasswd", "-e"}, Stdin: &op.Blob{Sum: "aa", Size: 1}}, nil, true},
		{"input that is not known", input, `{}`, nil, &op.Exec{Argv: []string{"chpasswd", "-e"}}, []string{"stdin"}, true},
		{"no input", input, `{}`, nil, &op.Exec{Argv: []string{"chpasswd", "-e"}}, nil, true},
		{"words that are not known", input, `{}`, nil, &op.Exec{}, []string{"argv"}, false},
		{"input that is not granted", options, `{}`, nil, &op.Exec{Argv: []string{"useradd", "--", "app"}, Stdin: &op.Blob{Sum: "aa", Size: 1}}, nil, false},

		{"an empty program", grant.Grant{}, `{}`, nil, &op.Exec{}, nil, true},
		{"a grant of nothing", grant.Grant{}, `{}`, nil, &op.Exec{Shell: "id"}, nil, false},

		{"arguments that cannot be read", author, `[`, nil, &op.Exec{Shell: "id"}, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := grant.NewUnit(&abi.Request{Unit: codec.Raw(test.unit), Unknown: test.later})
			e := abi.Effect{Op: op.Op{Exec: test.exec}, Unknown: test.unknown}
			if got := grant.Any([]grant.Grant{test.grant}, u, e); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if grant.Any(nil, u, e) {
				t.Error("no grant grants it")
			}
			never := grant.Grant{Where: map[string]string{"never": "1"}}
			if got := grant.Any([]grant.Grant{never, test.grant}, u, e); got != test.want {
				t.Errorf("behind another grant: got %v, want %v", got, test.want)
			}
		})
	}
	stat := abi.Effect{Op: op.Op{Stat: &op.Stat{Path: "/"}}}
	if grant.Any([]grant.Grant{{}, author, words}, grant.NewUnit(&abi.Request{Unit: codec.Raw(`{}`)}), stat) {
		t.Error("a grant covers what is no program")
	}
}

func TestHas(t *testing.T) {
	u := grant.NewUnit(&abi.Request{Unit: codec.Raw(`{"path":"/a","n":1,"empty":"","list":["/a"]}`)})
	tests := []struct {
		arguments []string
		text      string
		want      bool
	}{
		{[]string{"path"}, "/a", true},
		{[]string{"other", "path"}, "/a", true},
		{[]string{"path"}, "/b", false},
		{[]string{"path"}, "", false},
		{[]string{"empty"}, "", false},
		{[]string{"n"}, "1", false},
		{[]string{"list"}, "/a", false},
		{nil, "/a", false},
	}
	for _, test := range tests {
		if got := u.Has(test.arguments, test.text); got != test.want {
			t.Errorf("%v, %q: got %v, want %v", test.arguments, test.text, got, test.want)
		}
	}
}
