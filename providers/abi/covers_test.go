package abi_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

func TestCovers(t *testing.T) {
	write := func(path, content string) op.Op {
		return op.Op{Write: &op.Write{Path: path, Content: op.NewBlob([]byte(content))}}
	}
	link := func(target string) op.Op { return op.Op{Link: &op.Link{Path: "/a", Target: target}} }
	pkg := func(state op.PkgState) op.Op {
		return op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "nginx", State: state}}}}
	}
	svc := func(state op.SvcState) op.Op {
		return op.Op{SvcEnsure: &op.SvcEnsure{Name: "nginx.service", State: state}}
	}
	run := func(shell string) op.Op { return op.Op{Exec: &op.Exec{Shell: shell}} }
	ask := func(url string) op.Op { return op.Op{HTTP: &op.HTTPProbe{URL: url, Status: []int{200}}} }
	for _, tt := range []struct {
		name      string
		announced op.Op
		unknown   []string
		op        op.Op
		want      bool
	}{
		{"the same file", write("/a", "x"), nil, write("/a", "x"), true},
		{"another path", write("/a", "x"), nil, write("/b", "x"), false},
		{"another content", write("/a", "x"), nil, write("/a", "y"), false},
		{"unknown content", op.Op{Write: &op.Write{Path: "/a"}}, []string{"content"}, write("/a", "y"), true},
		{"unknown content of another path", op.Op{Write: &op.Write{Path: "/a"}}, []string{"content"}, write("/b", "y"), false},
		{"another kind", write("/a", "x"), nil, op.Op{Remove: &op.Remove{Path: "/a"}}, false},
		{"the same link", link("b"), nil, link("b"), true},
		{"another target", link("b"), nil, link("c"), false},
		{"unknown target", link(""), []string{"target"}, link("c"), true},
		{"the same program", run("a"), nil, run("a"), true},
		{"another program", run("a"), nil, run("b"), false},
		{"unknown program", op.Op{Exec: &op.Exec{}}, []string{"argv", "shell"}, run("b"), true},
		{"the same package", pkg(op.PkgPresent), nil, pkg(op.PkgPresent), true},
		{"a package gone", pkg(op.PkgPresent), nil, pkg(op.PkgPurged), false},
		{"unknown version", pkg(op.PkgPresent), []string{"packages"}, pkg(op.PkgLatest), true},
		{"the same service", svc(op.SvcRunning), nil, svc(op.SvcRunning), true},
		{"a service stopped", svc(op.SvcRunning), nil, svc(op.SvcStopped), false},
		{"unknown state", svc(""), []string{"state"}, svc(op.SvcStopped), true},
		{"another URL", ask("http://a"), nil, ask("http://b"), false},
		{"unknown URL", ask(""), []string{"url"}, ask("http://b"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (abi.Effect{Op: tt.announced, Unknown: tt.unknown}).Covers(tt.op); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
