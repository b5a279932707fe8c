package transfer_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/transfer"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type given = map[string]any

// args completes arguments as the schema does; nil takes one away.
func args(t *testing.T, all, more given) string {
	t.Helper()
	all = maps.Clone(all)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var archive = op.NewBlob([]byte("an archive"))

var unpackArgs = given{"path": "/srv/app", "state": "present", "strip": 0, "follow": "safe", "archive": archive}

// archives is a target that unpacks: what it says of a directory is what the test says, until something is unpacked there.
type archives struct {
	*providertest.Memory
	now op.UnpackedResult
}

func (a *archives) Do(o op.Op) op.Result {
	switch {
	case o.Unpacked != nil:
		now := a.now
		return op.Result{Unpacked: &now}
	case o.Unpack != nil && o.Unpack.Absent:
		a.now = op.UnpackedResult{}
	case o.Unpack != nil && o.Unpack.From != "":
		a.now = op.UnpackedResult{Sum: a.Files[o.Unpack.From].Content.Sum}
	case o.Unpack != nil:
		a.now = op.UnpackedResult{Sum: o.Unpack.Archive.Sum}
	default:
		return a.Memory.Do(o)
	}
	a.Done = append(a.Done, o)
	return op.Result{Done: &op.Done{Changed: true}}
}

func TestUnpack(t *testing.T) {
	other := strings.Repeat("ab", 32)
	there := op.UnpackedResult{Sum: archive.Sum, Members: 3, Bytes: 7}
	for _, tt := range []struct {
		name   string
		args   given
		now    op.UnpackedResult
		action abi.Action
		fields string
	}{
		{"new", nil, op.UnpackedResult{}, abi.Create, "archive"},
		{"there", nil, there, abi.None, ""},
		{"another archive", nil, op.UnpackedResult{Sum: other}, abi.Update, "archive"},
		{"a part of it", nil, op.UnpackedResult{Sum: archive.Sum, Partial: true}, abi.Update, "archive"},
		{"another strip", given{"strip": 1}, op.UnpackedResult{Sum: archive.Sum, Other: true}, abi.Update, "layout"},
		{"drift", nil, op.UnpackedResult{Sum: archive.Sum, Differing: 7, Names: []string{"a is missing", "b is a link"}}, abi.Update, "members"},
		{"of the host", given{"archive": nil, "remote": "/srv/a.tar"}, op.UnpackedResult{Sum: other}, abi.Update, "archive"},
		{"of the host, there", given{"archive": nil, "remote": "/srv/a.tar"}, there, abi.None, ""},
		{"creates", given{"creates": "/srv/a.tar"}, op.UnpackedResult{}, abi.None, ""},
		{"creates what is not there", given{"creates": "/srv/b"}, op.UnpackedResult{}, abi.Create, "archive"},
		{"gone", given{"state": "absent", "archive": nil}, there, abi.Delete, "archive members"},
		{"gone already", given{"state": "absent", "archive": nil}, op.UnpackedResult{}, abi.None, ""},
		{"layout", given{"mode": "0750", "owner": "root", "group": "0", "keep": []any{"etc"}, "exclude": []any{"doc"}}, op.UnpackedResult{}, abi.Create, "archive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := &archives{&providertest.Memory{Files: map[string]*providertest.Node{"/srv/a.tar": {Type: op.TypeFile, Content: archive}}}, tt.now}
			change, _ := providertest.New(t, providertest.Native(transfer.Types()), target).Converge(providertest.Unit{Type: "unpack", Args: args(t, unpackArgs, tt.args)})
			var fields []string
			for _, d := range change.Diffs {
				fields = append(fields, d.Field)
			}
			if got := strings.Join(fields, " "); change.Action != tt.action || got != tt.fields {
				t.Errorf("planned %s of %q, expected %s of %q", change.Action, got, tt.action, tt.fields)
			}
		})
	}
}

// TestUnpackNeeds announces what a unit before has to bring.
func TestUnpackNeeds(t *testing.T) {
	target := &archives{&providertest.Memory{Files: map[string]*providertest.Node{}}, op.UnpackedResult{}}
	kit := providertest.New(t, providertest.Native(transfer.Types()), target)
	change, err := kit.Plan(providertest.Unit{Type: "unpack", Args: args(t, unpackArgs, given{"archive": nil, "remote": "/srv/b.tar", "owner": "lost", "group": "none"})})
	if err != nil {
		t.Fatal(err)
	}
	var needs []string
	for _, n := range change.Needs {
		needs = append(needs, n.String())
	}
	if want := []string{"file /srv/b.tar", "user lost", "group none"}; !slices.Equal(needs, want) {
		t.Errorf("needs %q, expected %q", needs, want)
	}
	const (
		brought  = "what brings the archive has to be declared before; one of the workspace is named by source"
		accounts = "is the name right? what brings it, such as a package, has to be declared before"
	)
	if change.Needs[0].Hint != brought || change.Needs[1].Hint != accounts || change.Needs[2].Hint != accounts {
		t.Errorf("the hints are %+v", change.Needs)
	}
	target.Files["/srv/b.tar"] = &providertest.Node{Type: op.TypeFile, Content: archive} // as the hints say
	target.Users = map[string]uint32{"lost": 1000, "none": 1000}
	change, _ = kit.Converge(providertest.Unit{Type: "unpack", Args: args(t, unpackArgs, given{"archive": nil, "remote": "/srv/b.tar", "owner": "lost", "group": "none"})})
	if len(change.Needs) > 0 {
		t.Errorf("still needs %+v", change.Needs)
	}
}

// TestHints does what each hint says.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		wrong   given
		hint    string
		advised given
	}{
		{given{"archive": nil}, `give source = "app.tar.gz" for a file of the workspace, or remote = "/srv/app.tar.gz" for one of the host`, nil},
		{given{"remote": "/srv/a.tar"}, `give source = "app.tar.gz" for a file of the workspace, or remote = "/srv/app.tar.gz" for one of the host`, given{"archive": nil, "remote": "/srv/a.tar"}},
	} {
		target := &archives{&providertest.Memory{Files: map[string]*providertest.Node{"/srv/a.tar": {Type: op.TypeFile, Content: archive}}}, op.UnpackedResult{}}
		kit := providertest.New(t, providertest.Native(transfer.Types()), target)
		if _, err := kit.Plan(providertest.Unit{Type: "unpack", Args: args(t, unpackArgs, tt.wrong)}); err == nil || err.Hint != tt.hint {
			t.Errorf("%v: %v", tt.wrong, err)
		}
		kit.Converge(providertest.Unit{Type: "unpack", Args: args(t, unpackArgs, tt.advised)})
	}
}
