package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

func TestEffectsInWords(t *testing.T) {
	all := op.Attributes{Mode: new(uint32(0o644)), Owner: "root", Group: "adm"}
	version := []abi.Diff{{Field: "version", After: codec.Raw(`"1.22.1-9"`)}}
	pkg := func(state op.PkgState, version string) op.Op {
		return op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "nginx-light", State: state, Version: version}}}}
	}
	blob := func(size int64) *op.Blob { return &op.Blob{Sum: strings.Repeat("ab", 32), Size: size} }
	for _, tt := range []struct {
		want    string
		op      op.Op
		unknown []string
		user    string
		diffs   []abi.Diff
	}{
		{want: "writes /etc/motd (14 bytes, sha256 abababababab, mode 0644, owner root, group adm)", op: op.Op{Write: &op.Write{Path: "/etc/motd", Content: blob(14), Attributes: all}}},
		{
			want: "writes /a (3 bytes, sha256 abababababab, the old one kept beside it, checked by 'nginx -t' as the login user)",
			op:   op.Op{Write: &op.Write{Path: "/a", Content: blob(3), Backup: true, Check: "nginx -t"}},
		},
		{want: "writes /a (3 bytes, sha256 abababababab, into the file that is there), following links of any user", op: op.Op{Write: &op.Write{Path: "/a", Content: blob(3), InPlace: true, Unsafe: true}}},
		{want: "removes /a, following links of any user", op: op.Op{Remove: &op.Remove{Path: "/a", Unsafe: true}}},
		{want: "writes /a (known after apply: content)", op: op.Op{Write: &op.Write{Path: "/a"}}, unknown: []string{"content"}},
		{want: "makes the directory /srv (mode 0644, owner root, group adm)", op: op.Op{Mkdir: &op.Mkdir{Path: "/srv", Attributes: all}}},
		{want: "links /a to b", op: op.Op{Link: &op.Link{Path: "/a", Target: "b"}}},
		{want: "removes /a with all it holds", op: op.Op{Remove: &op.Remove{Path: "/a", Recurse: true}}},
		{want: "sets /a and all below it to mode 0644, owner root, group adm", op: op.Op{Attr: &op.Attr{Path: "/a", Recurse: true, Attributes: all}}},
		{want: `runs /bin/sh -c 'echo it'\''s >/a' as root`, op: op.Op{Exec: &op.Exec{Shell: "echo it's >/a"}}, user: "root"},
		{
			want: "runs reload '' 'ä b' with A=1 in /srv reading 2 bytes, sha256 abababababab as the login user",
			op:   op.Op{Exec: &op.Exec{Argv: []string{"reload", "", "ä b"}, Env: []string{"A=1"}, Dir: "/srv", Stdin: blob(2)}},
		},
		{want: "runs a program as the login user (known after apply: argv, shell)", op: op.Op{Exec: &op.Exec{}}, unknown: []string{"argv", "shell"}},
		{want: "installs nginx-light 1.22.1-9", op: pkg(op.PkgPresent, ""), diffs: version},
		{want: "installs nginx-light 1.*", op: pkg(op.PkgPresent, "1.*")},
		{want: "installs nginx-light in its latest version", op: pkg(op.PkgLatest, "")},
		{want: "removes nginx-light", op: pkg(op.PkgAbsent, "")},
		{want: "removes nginx-light with its configuration", op: pkg(op.PkgPurged, "")},
		{want: "fetches the package lists and installs a, installs b", op: op.Op{PkgEnsure: &op.PkgEnsure{
			Update: true, Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}, {Name: "b", State: op.PkgPresent}},
		}}},
		{want: "restarts nginx.service", op: op.Op{SvcEnsure: &op.SvcEnsure{Name: "nginx.service", State: op.SvcRestarted}}},
		{
			want: "has the manager read its files again, unmasks, enables and starts a.timer",
			op:   op.Op{SvcEnsure: &op.SvcEnsure{Name: "a.timer", State: op.SvcRunning, Enabled: new(true), Masked: new(false), Reload: true}},
		},
		{want: "asks http://localhost:80/ with POST from web1, 3 times, 10s at most, with status [200]", op: op.Op{HTTP: &op.HTTPProbe{URL: "http://localhost:80/", Method: "POST", Status: []int{200}, Tries: op.Tries{Via: "web1", Attempts: 3, TimeoutMS: 10000}}}},
		{want: "connects to localhost:80", op: op.Op{TCP: &op.TCPProbe{Address: "localhost", Port: 80, Tries: op.Tries{Attempts: 1}}}},
		{want: `performs fs.stat, with path "/a"`, op: op.Op{Stat: &op.Stat{Path: "/a"}}},
	} {
		t.Run(tt.want, func(t *testing.T) {
			s := &plan.Step{Unit: &unit.Unit{User: tt.user}, Change: &abi.Change{Diffs: tt.diffs}}
			if diff := cmp.Diff(tt.want, plan.Words(s, abi.Effect{Op: tt.op, Unknown: tt.unknown})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
