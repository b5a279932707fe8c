package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
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
	for _, tt := range []struct {
		want    string
		op      op.Op
		unknown []string
		user    string
		diffs   []abi.Diff
	}{
		{want: "writes /etc/motd (14 bytes, mode 0644, owner root, group adm)", op: op.Op{Write: &op.Write{Path: "/etc/motd", Content: &op.Blob{Size: 14}, Attributes: all}}},
		{
			want: "writes /a (3 bytes, the old one kept beside it, checked by 'nginx -t')",
			op:   op.Op{Write: &op.Write{Path: "/a", Content: &op.Blob{Size: 3}, Backup: true, Check: "nginx -t"}},
		},
		{want: "writes /a (known after apply: content)", op: op.Op{Write: &op.Write{Path: "/a"}}, unknown: []string{"content"}},
		{want: "makes the directory /srv (mode 0644, owner root, group adm)", op: op.Op{Mkdir: &op.Mkdir{Path: "/srv", Attributes: all}}},
		{want: "links /a to b", op: op.Op{Link: &op.Link{Path: "/a", Target: "b"}}},
		{want: "removes /a with all it holds", op: op.Op{Remove: &op.Remove{Path: "/a", Recurse: true}}},
		{want: "sets /a and all below it to mode 0644, owner root, group adm", op: op.Op{Attr: &op.Attr{Path: "/a", Recurse: true, Attributes: all}}},
		{want: `runs /bin/sh -c 'echo it'\''s >/a' as root`, op: op.Op{Exec: &op.Exec{Shell: "echo it's >/a"}}, user: "root"},
		{
			want: "runs reload '' 'ä b' with A=1 in /srv reading 2 bytes as the login user",
			op:   op.Op{Exec: &op.Exec{Argv: []string{"reload", "", "ä b"}, Env: []string{"A=1"}, Dir: "/srv", Stdin: &op.Blob{Size: 2}}},
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
		{want: "asks http://localhost:80/ with POST from web1", op: op.Op{HTTP: &op.HTTPProbe{URL: "http://localhost:80/", Method: "POST", Tries: op.Tries{Via: "web1"}}}},
		{want: "connects to localhost:80", op: op.Op{TCP: &op.TCPProbe{Address: "localhost", Port: 80}}},
		{want: "performs fs.stat /a", op: op.Op{Stat: &op.Stat{Path: "/a"}}},
	} {
		t.Run(tt.want, func(t *testing.T) {
			s := &plan.Step{Unit: &unit.Unit{User: tt.user}, Change: &abi.Change{Diffs: tt.diffs}}
			if diff := cmp.Diff(tt.want, plan.Words(s, abi.Effect{Op: tt.op, Unknown: tt.unknown})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEffectsAreFoldedAndSaved: a plan that was saved tells the same as the one that was made.
func TestEffectsAreFoldedAndSaved(t *testing.T) {
	d := &plan.Document{
		Format: plan.Format, Main: "site.star", Root: "/work", Sources: map[string]string{"site.star": "x"},
		Plays: []plan.DocumentPlay{{Name: "web"}},
	}
	var hosts []*plan.Host
	for _, name := range []string{"h1", "h2"} {
		secret := enginetest.Set(name, "/secret", "hunter2")
		secret.Sensitive = true
		quiet := enginetest.Set(name, "/quiet", "hunter3")
		quiet.Sensitive = true
		conditional := enginetest.Set(name, "/when", "1")
		conditional.When = lambda(func() (any, error) { return nil, unit.ErrPending })
		host := enginetest.NewHost(map[string]string{"/right": "1", "/first": "1", "/quiet": "hunter3"})
		h, contents := planOne(t, host, nil, enginetest.Set(name, "/first", "1"), enginetest.Set(name, "/a", "on "+name), secret, quiet,
			enginetest.Set(name, "/b", "1"), conditional, enginetest.Set(name, "/right", "1"))
		h.Host = enginetest.Inventory(name)
		hosts = append(hosts, h)
		d.Inventory = append(d.Inventory, h.Host)
		if err := d.AddHost(h, []string{"web"}, contents, func([]byte) string { return "sealed" }); err != nil {
			t.Fatal(err)
		}
	}
	effect := func(text, unit string, may bool, hosts ...string) plan.Effect {
		return plan.Effect{Text: text, May: may, Unit: "set[" + unit + "]", Play: "web", Hosts: hosts}
	}
	want := []plan.Effect{
		effect("links /a to on h1", "/a", false, "h1"),
		effect("does what is sensitive: set[/secret]", "/secret", false, "h1", "h2"),
		effect("does what is sensitive: set[/quiet]", "/quiet", true, "h1", "h2"),
		effect("links /b to 1", "/b", false, "h1", "h2"),
		effect("links /when to 1", "/when", true, "h1", "h2"),
		effect("links /right to 1", "/right", true, "h1", "h2"),
		effect("links /a to on h2", "/a", false, "h2"),
	}
	if diff := cmp.Diff(want, plan.Effects(hosts, []string{"web"})); diff != "" {
		t.Errorf("as made: %s", diff)
	}
	back, err := plan.Parse(saved(t, d), "p", trusting(signer))
	if err != nil {
		t.Fatal(err)
	}
	viewed, plays, _, err := back.View()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, plan.Effects(viewed, plays)); diff != "" {
		t.Errorf("as saved: %s", diff)
	}
}
