package transfer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/transfer"
	"github.com/openfroyo/froyo/runner/op"
)

var file = op.NewBlob([]byte("what is downloaded"))

var downloadArgs = given{"path": "/srv/x", "url": "https://example.com/x", "checksum": "sha256:" + strings.ToUpper(file.Sum), "force": false, "by": "controller"}

// internet is a target for which all downloads bring the same.
type internet struct{ *providertest.Memory }

func (i internet) Do(o op.Op) op.Result {
	if o.Fetch != nil {
		return i.Memory.Do(o.Fetch.Written(file))
	}
	return i.Memory.Do(o)
}

func TestDownload(t *testing.T) {
	right := providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: file}
	other := providertest.Node{Type: op.TypeFile, Mode: 0o640, Content: op.NewBlob([]byte("x"))}
	for _, tt := range []struct {
		name   string
		args   given
		there  *providertest.Node
		action abi.Action
		fields string
		kinds  []op.Kind
	}{
		{"new", nil, nil, abi.Create, "download mode", []op.Kind{op.KindWrite}},
		{"there", nil, &right, abi.None, "", nil},
		{"another", nil, &other, abi.Update, "download", []op.Kind{op.KindWrite}},
		{"another mode", given{"mode": "600"}, &right, abi.Update, "mode", []op.Kind{op.KindAttr}},
		{"another mode and owner of another", given{"mode": "0600", "owner": "app"}, &other, abi.Update, "download mode owner", []op.Kind{op.KindWrite}},
		{"a link", nil, &providertest.Node{Type: op.TypeLink, Target: "/etc/passwd"}, abi.Replace, "type download mode", []op.Kind{op.KindWrite}},
		{"without a checksum", given{"checksum": nil}, &other, abi.None, "", nil},
		{"without a checksum, new", given{"checksum": nil, "headers": given{"A": "b"}, "by": "host"}, nil, abi.Create, "download mode", []op.Kind{op.KindWrite}},
		{"without a checksum, another mode", given{"checksum": nil, "mode": "0600"}, &other, abi.Update, "mode", []op.Kind{op.KindAttr}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Files: map[string]*providertest.Node{"/srv": {Type: op.TypeDir, Mode: 0o755}}, Users: map[string]uint32{"app": 1000}}
			if tt.there != nil {
				there := *tt.there
				m.Files["/srv/x"] = &there
			}
			change, _ := providertest.New(t, providertest.Native(transfer.Types()), internet{m}).Converge(providertest.Unit{Type: "download", Args: args(t, downloadArgs, tt.args)})
			var fields []string
			for _, d := range change.Diffs {
				fields = append(fields, d.Field)
			}
			var kinds []op.Kind
			for _, o := range m.Done {
				kinds = append(kinds, o.Kind())
			}
			if got := strings.Join(fields, " "); change.Action != tt.action || got != tt.fields || !slices.Equal(kinds, tt.kinds) {
				t.Errorf("planned %s of %q by %v, expected %s of %q by %v", change.Action, got, kinds, tt.action, tt.fields, tt.kinds)
			}
		})
	}
}

// TestDownloadForce downloads at each apply, and says at plan that it is not known what comes.
func TestDownloadForce(t *testing.T) {
	there := &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte("x"))}
	m := &providertest.Memory{Files: map[string]*providertest.Node{"/srv": {Type: op.TypeDir, Mode: 0o755}, "/srv/x": there}}
	kit := providertest.New(t, providertest.Native(transfer.Types()), internet{m})
	unit := providertest.Unit{Type: "download", Args: args(t, downloadArgs, given{"checksum": nil, "force": true})}
	for range 2 {
		change, err := kit.Plan(unit)
		if err != nil || change.Action != abi.Update || len(change.Diffs) != 1 || !change.Diffs[0].Unknown {
			t.Fatalf("%v, %+v", err, change)
		}
		if _, err := kit.Apply(unit); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Says(t, "/srv/x"); got != "what is downloaded" {
		t.Errorf("got %q", got)
	}
}

func TestDownloadHints(t *testing.T) {
	m := &providertest.Memory{Files: map[string]*providertest.Node{"/srv": {Type: op.TypeDir, Mode: 0o755}, "/srv/x": {Type: op.TypeDir, Mode: 0o755}}}
	kit := providertest.New(t, providertest.Native(transfer.Types()), internet{m})
	unit := providertest.Unit{Type: "download", Args: args(t, downloadArgs, nil)}
	if _, err := kit.Plan(unit); err == nil || err.Hint != "move it away, or give the path of a file in it" {
		t.Errorf("a directory: %+v", err)
	}
	kit.Converge(providertest.Unit{Type: "download", Args: args(t, downloadArgs, given{"path": "/srv/x/file"})})
	delete(m.Files, "/srv/x/file")
	delete(m.Files, "/srv/x")
	kit.Converge(unit)
	delete(m.Files, "/srv/x")
	delete(m.Files, "/srv")
	kit = providertest.New(t, providertest.Native(transfer.Types()), noParent{internet{m}})
	change, err := kit.Plan(unit)
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != `declare it before: file("/srv", state = "directory")` {
		t.Fatalf("without a directory: %v, %+v", err, change.Needs)
	}
	m.Files["/srv"] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	kit.Converge(unit)
}

// noParent tells of files in directories that are not there that these are missing.
type noParent struct{ internet }

func (n noParent) Do(o op.Op) op.Result {
	r := n.internet.Do(o)
	if r.Stat != nil && !r.Stat.Exists && n.Files["/srv"] == nil {
		r.Stat.NoParent = true
	}
	return r
}
