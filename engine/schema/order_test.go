package schema_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/schematest"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestOrderOfBuiltIns: what the types that froyo comes with claim.
func TestOrderOfBuiltIns(t *testing.T) {
	linux, err := schema.Load(os.DirFS("../../providers/linux"), "linux", map[string]string{"file": "#File", "cmd": "#Cmd", "pkg": "#Pkg", "service": "#Service"})
	if err != nil {
		t.Fatal(err)
	}
	claim := func(namespace, name string, owns bool) []unit.Claim {
		return []unit.Claim{{Namespace: namespace, Name: name, Owns: owns}}
	}
	brought, started := []string{"user", "group", "program", "service", "directory", "file", "installed"}, []string{"directory", unit.Connections, "filter"}
	for _, tt := range []struct {
		name string
		typ  string
		args map[string]any
		want unit.Order
	}{
		{"a file owns its path", "file", map[string]any{"path": "/srv//app/"}, unit.Order{Path: "/srv/app", Claims: claim("path", "/srv/app", true), Brings: []string{}}},
		{"a command needs where it runs", "cmd", map[string]any{"command": "ls", "cwd": "/srv"}, unit.Order{Claims: claim("path", "/srv", false), Brings: []string{unit.Anything}}},
		{"a command anywhere", "cmd", map[string]any{"command": "ls", "creates": "/srv/x"}, unit.Order{Brings: []string{unit.Anything}}},
		{"a package", "pkg", map[string]any{"name": "nginx"}, unit.Order{Transaction: "packages", Claims: claim("software", "nginx", true), Brings: brought}},
		{
			"a package with new lists", "pkg",
			map[string]any{"name": "nginx", "update_cache": true},
			unit.Order{Transaction: "packages", Claims: claim("software", "nginx", true), Brings: append(slices.Clone(brought), "package")},
		},
		{"a package with the lists that there are", "pkg", map[string]any{"name": "nginx", "update_cache": false}, unit.Order{Transaction: "packages", Claims: claim("software", "nginx", true), Brings: brought}},
		{"a service", "service", map[string]any{"name": "nginx.service"}, unit.Order{Claims: claim("software", "nginx", true), Brings: started}},
		{"another unit of systemd", "service", map[string]any{"name": "nginx.socket"}, unit.Order{Claims: claim("software", "nginx.socket", true), Brings: started}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, schematest.TypeOf(t, linux, tt.typ).Order(tt.args)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOrder: the forms that definitions have for it.
func TestOrder(t *testing.T) {
	claim := func(namespace, name string, owns bool) unit.Claim {
		return unit.Claim{Namespace: namespace, Name: name, Owns: owns}
	}
	typ := schematest.Define(t, `#Thing: {
		@transaction(things)
		@lockout()
		key:    string @key() @path()
		dir:    *"/srv" | string @path(needs)
		users?: [...string] @identity(users, needs)
		name?:  string @identity(things, owns, suffix=".thing")
	}`)
	for _, tt := range []struct {
		name string
		args map[string]any
		want []unit.Claim
	}{
		{"the default", map[string]any{"key": "/x"}, []unit.Claim{claim("path", "/srv", false)}},
		{"None is not given", map[string]any{"key": "/x", "dir": nil}, []unit.Claim{claim("path", "/srv", false)}},
		{"no path on a host", map[string]any{"key": "//x/", "dir": "srv"}, nil},
		{
			"a list",
			map[string]any{"key": "/x", "dir": "/a/", "users": []any{"a", "b"}},
			[]unit.Claim{claim("path", "/a", false), claim("users", "a", false), claim("users", "b", false)},
		},
		{"a suffix", map[string]any{"key": "/x", "dir": "", "name": "x.thing"}, []unit.Claim{claim("things", "x", true)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := unit.Order{Path: "/x", Transaction: "things", Alone: true, Lockout: unit.Lockout{May: true}, Claims: tt.want}
			if diff := cmp.Diff(want, typ.Order(tt.args)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLockout: which units could cut off who logs in.
func TestLockout(t *testing.T) {
	const key = " key: string @key() @path(owns), who?: string, svc?: string @identity(software, owns), usr?: string @identity(user, owns), grp?: string @identity(group, owns), part?: string @path(edits), uses?: string @path(needs)"
	may := unit.Lockout{May: true}
	gone := unit.Lockout{May: true, Unkept: "the guard keeps no packages, so that it could not put this one back"}
	for _, tt := range []struct {
		attribute string
		args      map[string]any
		want      unit.Lockout
		alone     bool
	}{
		{"@lockout(),", nil, may, true},
		{"@lockout(alone),", nil, unit.Lockout{}, true},
		{"@lockout(login=who),", map[string]any{"who": "ops"}, unit.Lockout{Login: "ops"}, true},
		{"@lockout(login=who),", nil, may, true},
		{`@lockout(who="net.|net/"),`, map[string]any{"who": "net/ipv4"}, may, true},
		{`@lockout(who="net.|net/"),`, map[string]any{"who": "vm.net."}, unit.Lockout{}, false},
		{"", nil, unit.Lockout{}, false},
		{"", map[string]any{"key": "/etc/ssh/sshd_config.d/x"}, may, true},
		{"", map[string]any{"key": "/etc/sudoers"}, may, true},
		{"", map[string]any{"key": "/etc/sudoers.bak"}, unit.Lockout{}, false},
		{"", map[string]any{"svc": "ssh"}, may, true},
		{"", map[string]any{"svc": "systemd-networkd"}, may, true},
		{"", map[string]any{"key": "/etc"}, may, true},
		{"", map[string]any{"key": "/"}, may, true},
		{"", map[string]any{"part": "/etc/default/ssh"}, may, true},
		{"", map[string]any{"part": "/etc"}, unit.Lockout{}, false},
		{"", map[string]any{"uses": "/etc/ssh"}, unit.Lockout{}, false},
		{"", map[string]any{"usr": "sshd"}, may, true},
		{"", map[string]any{"usr": "app"}, unit.Lockout{}, false},
		{"", map[string]any{"grp": "sudo"}, may, true},
		{"", map[string]any{"grp": "app"}, unit.Lockout{}, false},
		{`@lockout(who="absent"),`, map[string]any{"who": "absent", "grp": "app"}, may, true},
		{`@lockout(who="absent"),`, map[string]any{"who": "present", "grp": "wheel"}, may, true},
		{`@lockout(who="absent"),`, map[string]any{"who": "present", "grp": "app"}, unit.Lockout{}, false},
		{`@lockout(who="absent"),`, map[string]any{"grp": "app"}, unit.Lockout{}, false},
		{`@lockout(only, who="net."),`, map[string]any{"who": "vm.x", "part": "/etc/sysctl.d/x"}, unit.Lockout{}, false},
		{`@lockout(only, who="net."),`, map[string]any{"who": "net.x", "part": "/etc/sysctl.d/x"}, may, true},
		{`@lockout(packages, who="absent|purged"),`, map[string]any{"who": "absent", "svc": "sudo"}, gone, true},
		{`@lockout(packages, who="absent|purged"),`, map[string]any{"who": "purged", "svc": "openssh-server"}, gone, true},
		{`@lockout(packages, who="absent|purged"),`, map[string]any{"who": "latest", "svc": "openssh-server"}, unit.Lockout{}, false},
		{`@lockout(packages, who="absent|purged"),`, map[string]any{"who": "absent", "svc": "nginx"}, unit.Lockout{}, false},
		{`@lockout(packages, who="absent|purged"),`, map[string]any{"svc": "ssh"}, unit.Lockout{}, false},
		{"@lockout(packages),", map[string]any{"svc": "ssh"}, unit.Lockout{}, false},
	} {
		args := map[string]any{"key": "/x"}
		maps.Copy(args, tt.args)
		if got := schematest.Define(t, "#Thing: {"+tt.attribute+key+"}").Order(args); got.Lockout != tt.want || got.Alone != tt.alone {
			t.Errorf("%s %v: got %v, alone %v", tt.attribute, tt.args, got.Lockout, got.Alone)
		}
	}
	if !(unit.Lockout{Login: "ops"}).Of("") || (unit.Lockout{Login: "ops"}).Of("root") || !may.Of("root") || (unit.Lockout{}).Of("") {
		t.Error("whom they could cut off")
	}
}

// TestOrderOfFiles: a name in a directory, which another argument may name, and several claims of one field.
func TestOrderOfFiles(t *testing.T) {
	typ := schematest.Define(t, `#Thing: {
		name:   string @key(with=part) @path(owns, in="/etc/things", suffix=".conf", unless=part) @path(needs, in="/etc/things", suffix=".map") @identity(things, owns)
		part?:  string @path(owns, in="/etc/things/{name}.d", prefix="00-", suffix=".conf")
		state?: string @replaces(whole)
	}`)
	path := func(name string, owns, whole bool) unit.Claim {
		return unit.Claim{Namespace: "path", Name: name, Owns: owns, Whole: whole}
	}
	things := func(name string) unit.Claim { return unit.Claim{Namespace: "things", Name: name, Owns: true} }
	for _, tt := range []struct {
		name string
		args map[string]any
		want []unit.Claim
	}{
		{"whole", map[string]any{"name": "x"}, []unit.Claim{path("/etc/things/x.conf", true, false), path("/etc/things/x.map", false, false), things("x")}},
		{"a part", map[string]any{"name": "x", "part": "y", "state": "whole"}, []unit.Claim{path("/etc/things/x.map", false, false), things("x"), path("/etc/things/x.d/00-y.conf", true, true)}},
		{"a name that would leave", map[string]any{"name": "../{part}", "part": "y"}, []unit.Claim{path("/etc/{part}.map", false, false), things("../{part}"), path("/etc/things/..part.d/00-y.conf", true, false)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, typ.Order(tt.args).Claims); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOrderOfDirectories: a directory that another argument names stays one, and no claim on a path is without a root.
func TestOrderOfDirectories(t *testing.T) {
	typ := schematest.Define(t, `#Thing: {
		name: string @key() @path(owns, in="{directory}", suffix=".repo")
		directory: *"/etc/things.d" | string
	}`)
	repository, err := schema.Load(os.DirFS("../../providers/repository"), "repository", map[string]string{"yum_repo": "#YumRepo"})
	if err != nil {
		t.Fatal(err)
	}
	repo := schematest.TypeOf(t, repository, "yum_repo")
	for _, tt := range []struct {
		name string
		typ  *schema.Type
		args map[string]any
		want string
	}{
		{"the default", typ, map[string]any{"name": "x"}, "/etc/things.d/x.repo"},
		{"given", typ, map[string]any{"name": "x", "directory": "/srv//a/../b/"}, "/srv/b/x.repo"},
		{"the root", typ, map[string]any{"name": "x", "directory": "/"}, "/x.repo"},
		{"no path", typ, map[string]any{"name": "x", "directory": "a/b"}, ""},
		{"braces", typ, map[string]any{"name": "x", "directory": "/a{name}"}, "/aname/x.repo"},
		{"of dnf", repo, map[string]any{"name": "x"}, "/etc/yum.repos.d/x.repo"},
		{"of zypper", repo, map[string]any{"name": "x", "directory": "/etc/zypp/repos.d"}, "/etc/zypp/repos.d/x.repo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			for _, c := range tt.typ.Order(tt.args).Claims {
				got.WriteString(c.Name)
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

func TestOrderErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"misspelt claim", `a: string @key() @path(own)`, `a: @path: want owns or needs, got (own)`},
		{"edits of a name", `a: string @key() @identity(users, edits)`, `a: @identity: want owns or needs, got (users, edits)`},
		{"both", `a: string @key() @path(owns, needs)`, `a: @path: want owns or needs, got (owns, needs)`},
		{"identity without a namespace", `a: string @key() @identity()`, `a: @identity: want the namespace of what the field names, got ()`},
		{"identity of a path", `a: string @key() @identity(path, owns)`, `a: @identity: want the namespace of what the field names, got (path, owns)`},
		{"identity without a claim", `a: string @key() @identity(users)`, `a: @identity: want owns or needs, got (users)`},
		{"identity of a number", `a: string @key(), b: int @identity(users, owns)`, `b: @identity: want a field of strings, this is int`},
		{"systems without a text", `@systems(""), a: string @key()`, `@systems: want on which systems the type works`},
		{"transaction without a name", `@transaction(), a: string @key()`, `@transaction: want the name of the transaction`},
		{"brings no kind", `@brings(user="x"), a: string @key()`, `@brings: want kinds of things, got (user="x")`},
		{"a word that does not call it", `@called(item="file(1)"), a: string @key()`, `@called: want word="thing(...)", got (item="file(1)")`},
		{"lock-out of what", `@lockout(x), a: string @key()`, `@lockout: want nothing, alone, only, packages, login=field or field="a|b", got (x)`},
		{"lock-out by no field", `@lockout(login=b), a: string @key()`, `@lockout: there is no field b`},
		{"misspelt attribute", `@lokout(), a: string @key()`, `@lokout: no such attribute, did you mean @lockout`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{"t.cue": {Data: []byte("package t\n#Thing: {" + tt.text + "}")}}
			_, err := schema.Load(fsys, "t", map[string]string{"thing": "#Thing"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
