package agree_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/agree"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const path = "/etc/app"

// there is a file that was read: 0644, root:root.
func there(s op.StatResult) []abi.Entry {
	s.Exists = true
	if s.Type == "" {
		s.Type = op.TypeFile
	}
	if s.Mode == 0 {
		s.Mode = 0o644
	}
	s.Owner, s.Group = "root", "root"
	return []abi.Entry{
		{Op: op.Op{Stat: &op.Stat{Path: path}}, Result: op.Result{Stat: &s}},
		{Op: op.Op{Read: &op.Read{Path: path}}, Result: op.Result{Read: &op.ReadResult{Exists: true, Sum: "aa"}}},
	}
}

func missing() []abi.Entry {
	return []abi.Entry{{Op: op.Op{Stat: &op.Stat{Path: path}}, Result: op.Result{Stat: &op.StatResult{}}}}
}

func diff(field, before, after string) abi.Diff {
	return abi.Diff{Field: field, Before: codec.Raw(before), After: codec.Raw(after)}
}

func write(a op.Attributes) abi.Effect {
	return abi.Effect{Op: op.Op{Write: &op.Write{Path: path, Content: &op.Blob{Sum: "bb"}, Attributes: a}}}
}

func attr(a op.Attributes) abi.Effect {
	return abi.Effect{Op: op.Op{Attr: &op.Attr{Path: path, Attributes: a}}}
}

func mkdir(a op.Attributes) abi.Effect {
	return abi.Effect{Op: op.Op{Mkdir: &op.Mkdir{Path: path, Attributes: a}}}
}

func link(target string) abi.Effect {
	return abi.Effect{Op: op.Op{Link: &op.Link{Path: path, Target: target}}}
}

func open(e abi.Effect, fields ...string) abi.Effect {
	e.Unknown = fields
	return e
}

func service(enabled, masked *bool) abi.Effect {
	return abi.Effect{Op: op.Op{SvcEnsure: &op.SvcEnsure{Name: "app", Enabled: enabled, Masked: masked}}}
}

func change(a abi.Action, diffs []abi.Diff, effects ...abi.Effect) abi.Change {
	return abi.Change{Action: a, Diffs: diffs, Effects: effects}
}

// TestCheck holds each rule against a change that breaks it, and against the
// nearest one that does not: want is "" there.
func TestCheck(t *testing.T) {
	const blobA, blobB = `{"sum":"aa","size":1}`, `{"sum":"bb","size":1}`
	remove := abi.Effect{Op: op.Op{Remove: &op.Remove{Path: path}}}
	other := abi.Effect{Op: op.Op{Remove: &op.Remove{Path: "/elsewhere"}}}
	tests := []struct {
		name   string
		change abi.Change
		reads  []abi.Entry
		want   string
	}{
		{"create, and it is there", change(abi.Create, nil, write(op.Attributes{})), there(op.StatResult{}), "says create, and /etc/app is there"},
		{"create, and it is not there", change(abi.Create, nil, write(op.Attributes{})), missing(), ""},
		{"create of nothing", change(abi.Create, nil), there(op.StatResult{}), ""},
		{"create, and nothing was read", change(abi.Create, nil, write(op.Attributes{})), nil, ""},
		{"create of another file", change(abi.Create, nil, other), there(op.StatResult{}), ""},
		{"create of a path that is not known", change(abi.Create, nil, open(other, "path")), there(op.StatResult{}), "says create"},
		{"update, and it is not there", change(abi.Update, nil, write(op.Attributes{})), missing(), "says update, and /etc/app is not there"},
		{"update, and it is there", change(abi.Update, nil, write(op.Attributes{})), there(op.StatResult{}), ""},
		{"delete, and it is not there", change(abi.Delete, nil, remove), missing(), "says delete"},
		{"delete, and it is there", change(abi.Delete, nil, remove), there(op.StatResult{}), ""},
		{"replace, and it is not there", change(abi.Replace, nil, remove), missing(), "says replace"},
		{"replace, and it is there", change(abi.Replace, nil, remove), there(op.StatResult{}), ""},
		{"run, and it is not there", change(abi.Run, nil, remove), missing(), ""},
		{"what a link leads to is not what is there", change(abi.Create, nil, write(op.Attributes{})), []abi.Entry{
			{Op: op.Op{Stat: &op.Stat{Path: path, Follow: true}}, Result: op.Result{Stat: &op.StatResult{Exists: true}}},
		}, ""},

		{"another mode before", change(abi.Update, []abi.Diff{diff("mode", `"0600"`, `"0640"`)}, attr(op.Attributes{Mode: new(uint32(0o640))})), there(op.StatResult{}), "tells mode 0600 before, read was 0644"},
		{"the mode before", change(abi.Update, []abi.Diff{diff("mode", `"0644"`, `"0640"`)}, attr(op.Attributes{Mode: new(uint32(0o640))})), there(op.StatResult{}), ""},
		{"another owner before", change(abi.Update, []abi.Diff{diff("owner", `"app"`, `"web"`)}, attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), "tells owner app before, read was root"},
		{"the owner before", change(abi.Update, []abi.Diff{diff("owner", `"root"`, `"web"`)}, attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), ""},
		{"another group before", change(abi.Update, []abi.Diff{diff("group", `"app"`, `"web"`)}, attr(op.Attributes{Group: "web"})), there(op.StatResult{}), "tells group app before"},
		{"the group before", change(abi.Update, []abi.Diff{diff("group", `"root"`, `"web"`)}, attr(op.Attributes{Group: "web"})), there(op.StatResult{}), ""},
		{"another target before", change(abi.Update, []abi.Diff{diff("target", `"/a"`, `"/c"`)}, link("/c")), there(op.StatResult{Type: op.TypeLink, Target: "/b"}), "tells target /a before, read was /b"},
		{"the target before", change(abi.Update, []abi.Diff{diff("target", `"/b"`, `"/c"`)}, link("/c")), there(op.StatResult{Type: op.TypeLink, Target: "/b"}), ""},
		{"another content before", change(abi.Update, []abi.Diff{diff("content", blobB, blobB)}, write(op.Attributes{})), there(op.StatResult{}), "tells content before that was not read: sha256 bb, read was aa"},
		{"the content before", change(abi.Update, []abi.Diff{diff("content", blobA, blobB)}, write(op.Attributes{})), there(op.StatResult{}), ""},
		{"a mode before, of nothing", change(abi.Create, []abi.Diff{diff("mode", `"0000"`, `"0644"`)}, write(op.Attributes{})), missing(), "tells mode 0000 before"},
		{"no mode before, of nothing", change(abi.Create, []abi.Diff{diff("mode", "", `"0644"`)}, write(op.Attributes{})), missing(), ""},
		{"a field of its own before", change(abi.Update, []abi.Diff{diff("colour", `"red"`, `"blue"`)}, remove), there(op.StatResult{}), ""},

		{"another mode after", change(abi.Update, []abi.Diff{diff("mode", `"0644"`, `"0600"`)}, attr(op.Attributes{Mode: new(uint32(0o640))})), there(op.StatResult{}), "tells mode 0600 after, and announces 0640"},
		{"the mode of directories after", change(abi.Update, []abi.Diff{diff("mode", `"0644"`, `"0750"`)}, attr(op.Attributes{Mode: new(uint32(0o640)), DirMode: new(uint32(0o750))})), there(op.StatResult{}), ""},
		{"a mode that is not known", change(abi.Update, []abi.Diff{diff("mode", `"0644"`, `"0600"`)}, open(attr(op.Attributes{}), "mode")), there(op.StatResult{}), ""},
		{"a mode told as unknown", change(abi.Update, []abi.Diff{{Field: "mode", Before: codec.Raw(`"0644"`), Unknown: true}}, attr(op.Attributes{Mode: new(uint32(0o640))})), there(op.StatResult{}), ""},
		{"a new file's mode", change(abi.Create, []abi.Diff{diff("mode", "", `"0600"`)}, write(op.Attributes{})), missing(), "tells mode 0600 after, and announces 0644"},
		{"a new file's own mode", change(abi.Create, []abi.Diff{diff("mode", "", `"0644"`)}, write(op.Attributes{})), missing(), ""},
		{"a new directory's mode", change(abi.Create, []abi.Diff{diff("mode", "", `"0700"`)}, mkdir(op.Attributes{})), missing(), "tells mode 0700 after, and announces 0755"},
		{"a new directory's own mode", change(abi.Create, []abi.Diff{diff("mode", "", `"0755"`)}, mkdir(op.Attributes{})), missing(), ""},
		{"another owner after", change(abi.Update, []abi.Diff{diff("owner", `"root"`, `"app"`)}, attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), "tells owner app after, and announces web"},
		{"the owner after", change(abi.Update, []abi.Diff{diff("owner", `"root"`, `"web"`)}, attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), ""},
		{"another target after", change(abi.Create, []abi.Diff{diff("target", "", `"/a"`)}, link("/b")), missing(), "tells target /a after, and announces /b"},
		{"the target after", change(abi.Create, []abi.Diff{diff("target", "", `"/b"`)}, link("/b")), missing(), ""},
		{"another content after", change(abi.Update, []abi.Diff{diff("content", blobA, blobA)}, write(op.Attributes{})), there(op.StatResult{}), "tells content aa after, and announces bb"},
		{"a content that is not known", change(abi.Update, []abi.Diff{diff("content", blobA, blobA)}, open(write(op.Attributes{}), "content")), there(op.StatResult{}), ""},
		{"one of two effects agrees", change(abi.Update, []abi.Diff{diff("owner", `"root"`, `"web"`)}, attr(op.Attributes{Owner: "app"}), attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), ""},
		{"enabled after", change(abi.Update, []abi.Diff{diff("enabled", `true`, `false`)}, service(new(true), nil)), nil, "tells enabled false after, and announces true"},
		{"enabled, as announced", change(abi.Update, []abi.Diff{diff("enabled", `false`, `true`)}, service(new(true), nil)), nil, ""},
		{"masked after", change(abi.Update, []abi.Diff{diff("masked", `false`, `true`)}, service(nil, new(false))), nil, "tells masked true after, and announces false"},
		{"masked, as announced", change(abi.Update, []abi.Diff{diff("masked", `true`, `false`)}, service(nil, new(false))), nil, ""},

		{"a mode that is not told", change(abi.Update, nil, attr(op.Attributes{Mode: new(uint32(0o600))})), there(op.StatResult{}), "announces mode 0600, and tells no difference in it"},
		{"a mode that is there", change(abi.Update, nil, attr(op.Attributes{Mode: new(uint32(0o644))})), there(op.StatResult{}), ""},
		{"a mode of what is new", change(abi.Create, nil, write(op.Attributes{Mode: new(uint32(0o600))})), missing(), "announces mode 0600"},
		{"the mode of what is new", change(abi.Create, nil, write(op.Attributes{Mode: new(uint32(0o644))})), missing(), ""},
		{"the mode of a new directory", change(abi.Create, nil, mkdir(op.Attributes{Mode: new(uint32(0o755))})), missing(), ""},
		{"a mode instead of a link's", change(abi.Replace, nil, write(op.Attributes{Mode: new(uint32(0o777))})), there(op.StatResult{Type: op.TypeLink, Mode: 0o777}), "announces mode 0777"},
		{"a directory's mode", change(abi.Update, nil, attr(op.Attributes{Mode: new(uint32(0o644)), DirMode: new(uint32(0o700))})), there(op.StatResult{Type: op.TypeDir, Mode: 0o755}), "announces mode 0700"},
		{"a directory's mode that is there", change(abi.Update, nil, attr(op.Attributes{Mode: new(uint32(0o644)), DirMode: new(uint32(0o755))})), there(op.StatResult{Type: op.TypeDir, Mode: 0o755}), ""},
		{"an owner that is not told", change(abi.Update, nil, attr(op.Attributes{Owner: "web"})), there(op.StatResult{}), "announces owner web, and tells no difference in it"},
		{"an owner that is there", change(abi.Update, nil, attr(op.Attributes{Owner: "root"})), there(op.StatResult{}), ""},
		{"an owner that is there, by number", change(abi.Update, nil, attr(op.Attributes{Owner: "0"})), there(op.StatResult{}), ""},
		{"another number", change(abi.Update, nil, attr(op.Attributes{Owner: "7"})), there(op.StatResult{}), "announces owner 7"},
		{"an owner of what is new", change(abi.Create, nil, write(op.Attributes{Owner: "root"})), missing(), "announces owner root"},
		{"a group that is not told", change(abi.Update, nil, attr(op.Attributes{Group: "web"})), there(op.StatResult{}), "announces group web"},
		{"a group that is there", change(abi.Update, nil, attr(op.Attributes{Group: "root"})), there(op.StatResult{}), ""},
		{"a mode of another file", change(abi.Update, nil, abi.Effect{Op: op.Op{Attr: &op.Attr{Path: "/elsewhere", Attributes: op.Attributes{Mode: new(uint32(0o600))}}}}), there(op.StatResult{}), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := agree.Check(&test.change, path, test.reads)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want nothing", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
