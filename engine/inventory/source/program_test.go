package source_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory/source"
)

// answers is what a program prints, by its arguments.
type answers map[string]string

// fakeProgram makes an executable file, which is not run: run answers in its place.
func fakeProgram(t *testing.T, name string, says answers) (opts source.Options, asked *[]string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("#!/bin/false\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	asked = &[]string{}
	return source.Options{Run: func(path string, args ...string) ([]byte, error) {
		call := strings.Join(args, " ")
		*asked = append(*asked, call)
		out, ok := says[call]
		if !ok {
			return nil, (&diag.Error{Summary: fmt.Sprintf("%s %s: exit status 3", path, call)}).WithHint("run it")
		}
		return []byte(out), nil
	}}, asked
}

func TestProgram(t *testing.T) {
	for _, tt := range []struct {
		name     string
		says     answers
		want     []string
		wantWarn []string
		wantErr  []string
		asked    []string
	}{
		{
			name: "everything",
			says: answers{"--list": `{
				"web": {"hosts": ["w1", "w2"], "vars": {"port": 80, "f": 1.0, "s": "yes", "n": null}, "children": ["front"]},
				"front": ["f1"], "empty": {}, "prod": {"children": ["web"], "vars": {"port": 1, "tier": "prod"}},
				"all": {"vars": {"a": 1}, "hosts": ["lone"]},
				"_meta": {"hostvars": {"w1": {"ansible_host": "192.0.2.1", "x": {"y": [1]}}, "f1": {"emoji": "\ud83d\ude00"}}}}`},
			want: []string{
				`w1 address=192.0.2.1 groups=prod,web a:1 f:1 n:<nil> port:80 s:"yes" tier:"prod" x:map[string]interface {}{"y":[]interface {}{1}}`,
				`w2 groups=prod,web a:1 f:1 n:<nil> port:80 s:"yes" tier:"prod"`,
				"f1 groups=front,prod,web a:1 emoji:\"\U0001F600\" f:1 n:<nil> port:80 s:\"yes\" tier:\"prod\"",
				"lone a:1",
			},
			asked: []string{"--list"},
		},
		{
			name: "without _meta each host is asked for",
			says: answers{"--list": `{"web": ["w1", "w2"], "db": ["w1"]}`, "--host w1": `{"a": 1}`, "--host w2": " \n"},
			want: []string{"w1 groups=db,web a:1", "w2 groups=web"}, asked: []string{"--list", "--host w1", "--host w2"},
		},
		{
			name: "_meta without hostvars, too", says: answers{"--list": `{"web": ["w1"], "_meta": {}}`, "--host w1": `{"a": 1}`},
			want: []string{"w1 groups=web a:1"}, asked: []string{"--list", "--host w1"},
		},
		{name: "no hosts", says: answers{"--list": `{"_meta": {"hostvars": {}}}`}, asked: []string{"--list"}},
		{
			name: "the short form", says: answers{"--list": `{"solo": {"port": 1}, "_meta": {"hostvars": {}}}`}, want: []string{"solo groups=solo port:1"}, asked: []string{"--list"},
			wantWarn: []string{`p --list:1:2: "solo" is the name of a host and of a group (p --list:1:2); selectors take it for the group`},
		},
		{
			name: "what has no effect", says: answers{"--list": `{"web": {"hosts": ["h"], "host": []}, "_meta": {"hostvars": {"x": {"a": 1}}}}`},
			want: []string{"h groups=web"}, asked: []string{"--list"},
			wantWarn: []string{
				`p --list:1:26: group "web": "host" has no effect, as in Ansible (a group has hosts, children and vars)`,
				`p --list:1:62: host "x" has variables, but is in no group: it is left out, as in Ansible`,
			},
		},
		{
			name: "shapes",
			says: answers{"--list": `{"a": 5, "b": {"hosts": "h"}, "c": {"children": {"x": 1}}, "d": ["h1", 2, "h[1:2]"],
 "e": {"vars": []}, "f": null, "-g": [], "_meta": {"hostvars": []}}`},
			wantErr: []string{
				`p --list:1:7: group "a": want a list of hosts, or a mapping with hosts, children and vars, got "5"`,
				`p --list:1:25: hosts of group "b": want a list of names, got "h"`,
				`p --list:1:49: children of group "c": want a list of names, got a mapping`,
				`p --list:1:72: hosts of group "d": want a name, got "2"`,
				`p --list:1:75: host name "h[1:2]": only letters, digits, dots, dashes and underscores are allowed, not '['`,
				`p --list:2:16: vars of group e: want a mapping, got a list`,
				`p --list:2:26: group "f": want a list of hosts, or a mapping with hosts, children and vars, got "null"`,
				`p --list:2:32: group name "-g" begins with a dash`,
				`p --list:2:64: _meta.hostvars: want a mapping, got a list`,
			},
			asked: []string{"--list"},
		},
		{name: "a list", says: answers{"--list": `["h1"]`}, wantErr: []string{`p --list:1:1: want a JSON mapping of groups, got "[\"h1\"]"`}, asked: []string{"--list"}},
		{name: "null", says: answers{"--list": "null\n"}, wantErr: []string{`p --list:1:1: want a JSON mapping of groups, got "null"`}, asked: []string{"--list"}},
		{name: "nothing", says: answers{"--list": ""}, wantErr: []string{"p --list:1:1: the JSON ends too early"}, asked: []string{"--list"}},
		{
			name: "YAML", says: answers{"--list": "all:\n  hosts: {h1: }\n"}, asked: []string{"--list"},
			wantErr: []string{"p --list:1:1: not JSON: invalid character 'a' looking for beginning of value"},
		},
		{name: "the program fails", wantErr: []string{"p --list: exit status 3 (run it)"}, asked: []string{"--list"}},
		{
			name: "it fails for a host", says: answers{"--list": `{"web": ["w1", "w2"]}`}, wantErr: []string{"p --host w1: exit status 3 (run it)"},
			asked: []string{"--list", "--host w1"},
		},
		{
			name: "variables of a host that are none", says: answers{"--list": `{"web": ["w1"]}`, "--host w1": `[]`}, asked: []string{"--list", "--host w1"},
			wantErr: []string{"p --host w1:1:1: the variables of w1: want a mapping, got a list"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			opts, asked := fakeProgram(t, "p", tt.says)
			inv, err := source.Load(t.Context(), []string{"p"}, opts)
			check(t, "errors", tt.wantErr, reportError(err))
			check(t, "hosts", tt.want, show(inv))
			check(t, "calls", tt.asked, *asked)
			if inv != nil {
				check(t, "warnings", tt.wantWarn, report(inv.Warnings()...))
			}
		})
	}
}

// TestProgramsBeside: what a program prints is a source like any other.
func TestProgramsBeside(t *testing.T) {
	files(t, map[string]string{"a": "[web]\nw1 from=file\n", "group_vars/web.yml": "g: vars\n"})
	opts, _ := fakeProgram(t, "p", answers{"--list": `{"web": {"hosts": ["w2"]}, "_meta": {"hostvars": {"w2": {"from": "p"}}}}`})
	var trusted []string
	opts.Trust = func(path string) error { trusted = append(trusted, path); return nil }
	inv, err := source.Load(t.Context(), []string{"a", "p"}, opts)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{`w1 groups=web from:"file" g:"vars"`, `w2 groups=web from:"p" g:"vars"`}, show(inv))
	check(t, "trusted", []string{"a", "p", "group_vars/web.yml"}, trusted)
	if got := inv.Origins("w2")["from"].String(); got != "p --list:1:58" {
		t.Errorf("the variable is set at %s", got)
	}
}

func TestProgramIsNotTrusted(t *testing.T) {
	t.Chdir(t.TempDir())
	opts, asked := fakeProgram(t, "p", answers{"--list": "{}"})
	opts.Trust = func(string) error { return errors.New("others can write to it") }
	_, err := source.Load(t.Context(), []string{"p"}, opts)
	check(t, "errors", []string{"others can write to it"}, reportError(err))
	check(t, "calls", []string{}, *asked)
}

func TestProgramCannotBeRun(t *testing.T) {
	t.Chdir(t.TempDir())
	fakeProgram(t, "p", nil)
	_, err := source.Load(t.Context(), []string{"p"}, source.Options{})
	check(t, "errors", []string{"p: the inventory is a program, which cannot be run here"}, reportError(err))
}

// TestExecutableFile: a file that is executable and no program is read, as Ansible does.
func TestExecutableFile(t *testing.T) {
	files(t, map[string]string{"hosts.ini": "[web]\nw1\n"})
	if err := os.Chmod("hosts.ini", 0o755); err != nil {
		t.Fatal(err)
	}
	inv, err := source.Load(t.Context(), []string{"hosts.ini"}, source.Options{Run: func(string, ...string) ([]byte, error) {
		return nil, fmt.Errorf("fork/exec: %w", syscall.ENOEXEC)
	}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{"w1 groups=web"}, show(inv))
}

func TestDirectory(t *testing.T) {
	files(t, map[string]string{
		"inv/10-web":              "[web]\nw1 from=10 ten=1\n",
		"inv/20-db.yml":           "db: {hosts: {d1: }}\nweb: {hosts: {w1: {from: 20}}}\n",
		"inv/30.cue":              `hosts: c1: groups: ["web"]`,
		"inv/nested/more":         "n1\n[prod:children]\nweb\n",
		"inv/group_vars/web":      "group: yes\n",
		"inv/host_vars/w1":        "host: yes\n",
		"inv/README.md":           "# not an inventory\n",
		"inv/old.ini":             "[broken\n",
		"inv/ansible.cfg":         "[defaults]\n",
		"inv/10-web~":             "[broken\n",
		"inv/.hidden":             "[broken\n",
		"inv/hosts.retry":         "[broken\n",
		"inv/hosts.yml.orig":      "[broken\n",
		"inv/vars_plugins/x":      "[broken\n",
		"group_vars/web":          "outside: yes\n",
		"inv/nested/host_vars/n1": "not: read\n",
	})
	inv, err := source.Load(t.Context(), []string{"inv/"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{
		`w1 groups=prod,web from:20 group:true host:true ten:1`, "d1 groups=db", "c1 groups=prod,web group:true", "n1",
	}, show(inv))
	check(t, "warnings", []string{
		"inv/nested/host_vars: left out, as in Ansible: of nested directories no variables are read" +
			" (move it beside the inventories at the top, or name the nested directory with an -i of its own)",
		"inv/old.ini: left out, as in Ansible: in a directory, names that end in .ini are no inventories" +
			" (remove the end of its name, or name it with an -i of its own)",
	}, report(inv.Warnings()...))
}

func TestDirectoryErrors(t *testing.T) {
	files(t, map[string]string{"empty/group_vars/all": "a: 1\n", "bad/1": "[web\n", "bad/2": "h/1\n", "loop/x": "h1\n"})
	for old, link := range map[string]string{"missing": "bad/3", "../loop": "loop/y"} {
		if err := os.Symlink(old, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo("bad/4", 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := source.Load(t.Context(), []string{"empty", "bad", "loop"}, source.Options{})
	got := reportError(err)
	check(t, "errors", []string{
		"empty: the directory holds no inventory (left out are names that begin with a dot or end in .pyc .pyo .swp .bak ~ .rpm .md .txt .rst .orig .ini .cfg .retry)",
		"bad/1:1:1: not a section: want [group], [group:children] or [group:vars]",
		`bad/2:1:1: host name "h/1": only letters, digits, dots, dashes and underscores are allowed, not '/'`,
		"bad/3: inventory: stat bad/3: no such file or directory",
		"bad/4: want a file with an inventory, got a p---------",
		"loop/y/y/y/y/y/y/y/y: the directory of inventories cannot be read, or is nested too deeply",
	}, got)
}

// TestDirectoriesOfVariables: those of the later source win, for inner groups as well as for outer ones.
func TestDirectoriesOfVariables(t *testing.T) {
	files(t, map[string]string{
		"a/hosts": "[web]\nh\n[prod:children]\nweb\n", "a/group_vars/web": "x: a-web\ny: a-web\n", "a/group_vars/all": "z: a\nfroyo_sensitive: [p]\n", "a/host_vars/h": "v: a\n",
		"b/hosts": "[web]\n", "b/group_vars/prod": "x: b-prod\n", "b/group_vars/all": "z: b\nfroyo_sensitive: [q]\n", "b/host_vars/h": "v: b\n",
	})
	for _, tt := range []struct {
		sources string
		want    string
	}{
		{"a/hosts b/hosts", `h groups=prod,web froyo_sensitive:[]interface {}{"p", "q"} v:"b" x:"b-prod" y:"a-web" z:"b"`},
		{"b a", `h groups=prod,web froyo_sensitive:[]interface {}{"q", "p"} v:"a" x:"a-web" y:"a-web" z:"a"`},
		{"a b a", `h groups=prod,web froyo_sensitive:[]interface {}{"q", "p"} v:"a" x:"a-web" y:"a-web" z:"a"`},
	} {
		inv, err := source.Load(t.Context(), strings.Fields(tt.sources), source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, tt.sources, []string{tt.want}, show(inv))
	}
}

func TestGroupPriority(t *testing.T) {
	files(t, map[string]string{"hosts": "[a]\nh\n[b]\nh\n[a:vars]\nx=a\nansible_group_priority=2\n[b:vars]\nx=b\n", "group_vars/b": "ansible_group_priority: 9\n"})
	inv, err := source.Load(t.Context(), []string{"hosts"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{`h groups=a,b x:"a"`}, show(inv))
	check(t, "warnings", []string{
		"group_vars/b:1:1: ansible_group_priority has no effect in a file of variables, as in Ansible (set it with the group in the inventory itself)",
	}, report(inv.Warnings()...))
	_, err = load(t, "hosts", "[a]\nh\n[a:vars]\nansible_group_priority=high\n")
	check(t, "errors", []string{`hosts:4:1: ansible_group_priority: want a whole number, got "high"`}, reportError(err))
}
