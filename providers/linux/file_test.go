package linux_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// nodes of the tests, each at /etc/x unless said otherwise.
var (
	oldFile  = &providertest.Node{Type: op.TypeFile, Mode: 0o600, Owner: "app", Content: oldBlob}
	program  = &providertest.Node{Type: op.TypeFile, Mode: 0o4755, Owner: "app", Content: oldBlob}
	upToDate = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: newBlob}
	folder   = &providertest.Node{Type: op.TypeDir, Mode: 0o700}
	toOld    = &providertest.Node{Type: op.TypeLink, Mode: 0o777, Target: "/etc/old"}
	socket   = &providertest.Node{Type: op.TypeSocket, Mode: 0o600}
)

func at(path string, n *providertest.Node) map[string]*providertest.Node {
	return map[string]*providertest.Node{path: n}
}

// tree is a directory at /etc/x with things in it.
func tree() map[string]*providertest.Node {
	return map[string]*providertest.Node{
		"/etc/x":     {Type: op.TypeDir, Mode: 0o755},
		"/etc/x/a":   {Type: op.TypeFile, Mode: 0o644, Content: oldBlob},
		"/etc/x/b":   {Type: op.TypeDir, Mode: 0o755},
		"/etc/x/b/c": {Type: op.TypeFile, Mode: 0o600, Owner: "app", Content: oldBlob},
	}
}

func TestFile(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]*providertest.Node
		args  string // beside path
		want  want
	}{
		// state = present
		{"new with content", nil, `"state":"present","content":` + newRef, want{
			action: abi.Create, diffs: []string{"content:  → " + newRef, `mode:  → "0644"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `}}}`},
		}},
		{"new and empty", nil, `"state":"present"`, want{
			action: abi.Create, diffs: []string{"content:  → " + noRef, `mode:  → "0644"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + noRef + `}}}`},
		}},
		{"new with all", nil, `"state":"present","mode":"u=rw,go=","owner":"app","group":"33","backup":true,"validate":"check %s","content":` + newRef, want{
			action: abi.Create, diffs: []string{"content:  → " + newRef, `mode:  → "0600"`, `owner:  → "app"`, `group:  → "33"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `,"mode":384,"owner":"app","group":"33","backup":true,"check":"check %s"}}}`},
		}},
		{"as it should be", at("/etc/x", upToDate), `"state":"present","mode":"0644","owner":"root","group":"root","content":` + newRef, want{action: abi.None}},
		{"there is enough", at("/etc/x", oldFile), `"state":"present"`, want{action: abi.None}},
		{"owner by number", at("/etc/x", oldFile), `"state":"present","owner":"1000","group":"0"`, want{action: abi.None}},
		{"other content", at("/etc/x", oldFile), `"state":"present","content":` + newRef, want{
			action: abi.Update, diffs: []string{"content: " + oldRef + " → " + newRef},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `}}}`},
		}},
		{"content and mode in one", at("/etc/x", oldFile), `"state":"present","mode":"0640","owner":"app","backup":true,"validate":"check %s","content":` + newRef, want{
			action: abi.Update, diffs: []string{"content: " + oldRef + " → " + newRef, `mode: "0600" → "0640"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `,"mode":416,"owner":"app","backup":true,"check":"check %s"}}}`},
		}},
		{"attributes alone", at("/etc/x", oldFile), `"state":"present","mode":"g=r","owner":"web","content":` + oldRef, want{
			action: abi.Update, diffs: []string{`mode: "0600" → "0640"`, `owner: "app" → "web"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","owner":"web"}},"unknown":["mode"]}`},
		}},
		{"a program gets another owner", at("/etc/x", program), `"state":"present","owner":"root"`, want{
			action: abi.Update, diffs: []string{`mode: "4755" → "0755"`, `owner: "app" → "root"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","owner":"root"}}}`},
		}},
		{"a program gets another owner, and part of a mode", at("/etc/x", program), `"state":"present","owner":"root","mode":"o="`, want{
			action: abi.Update, diffs: []string{`mode: "4755" → "0750"`, `owner: "app" → "root"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","owner":"root"}},"unknown":["mode"]}`},
		}},
		{"a program of the same owner", at("/etc/x", program), `"state":"present","owner":"app","mode":"o="`, want{
			action: abi.Update, diffs: []string{`mode: "4755" → "4750"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","owner":"app"}},"unknown":["mode"]}`},
		}},
		{"in place of a link", at("/etc/x", toOld), `"state":"present","content":` + newRef, want{
			action: abi.Replace, diffs: []string{`type: "link" → "file"`, "content:  → " + newRef, `mode:  → "0644"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `}}}`},
		}},
		// state = absent
		{"nothing to remove", nil, `"state":"absent"`, want{action: abi.None}},
		{"remove file", at("/etc/x", oldFile), `"state":"absent"`, want{
			action: abi.Delete, diffs: []string{`type: "file" → `}, effects: []string{`{"op":{"file.remove":{"path":"/etc/x"}}}`},
		}},
		{"remove link", at("/etc/x", toOld), `"state":"absent"`, want{
			action: abi.Delete, diffs: []string{`type: "link" → `}, effects: []string{`{"op":{"file.remove":{"path":"/etc/x"}}}`},
		}},
		{"remove empty directory", at("/etc/x", folder), `"state":"absent"`, want{
			action: abi.Delete, diffs: []string{`type: "directory" → `}, effects: []string{`{"op":{"file.remove":{"path":"/etc/x"}}}`},
		}},
		{"remove tree", tree(), `"state":"absent","recurse":true`, want{
			action: abi.Delete, diffs: []string{`type: "directory" → `, `below: "2 files in 2 directories, ` + strconv.Itoa(2*int(oldBlob.Size)) + ` B: a, b, b/c" → `},
			effects: []string{`{"op":{"file.remove":{"path":"/etc/x","recurse":true}}}`},
		}},
		{"remove unsafely", at("/etc/x", oldFile), `"state":"absent","follow":"unsafe"`, want{
			action: abi.Delete, diffs: []string{`type: "file" → `}, effects: []string{`{"op":{"file.remove":{"path":"/etc/x","unsafe":true}}}`},
		}},
		// state = directory
		{"new directory", nil, `"state":"directory"`, want{
			action: abi.Create, diffs: []string{`mode:  → "0755"`}, effects: []string{`{"op":{"file.mkdir":{"path":"/etc/x"}}}`},
		}},
		{"new directory with all", nil, `"state":"directory","mode":"u=rwX,go=","owner":"app","group":"web","recurse":true`, want{
			action: abi.Create, diffs: []string{`mode:  → "0700"`, `owner:  → "app"`, `group:  → "web"`},
			effects: []string{`{"op":{"file.mkdir":{"path":"/etc/x","mode":448,"owner":"app","group":"web"}}}`},
		}},
		{"directory is there", at("/etc/x", folder), `"state":"directory"`, want{action: abi.None}},
		{"directory's mode", at("/etc/x", folder), `"state":"directory","mode":"g=rX"`, want{
			action: abi.Update, diffs: []string{`mode: "0700" → "0750"`}, effects: []string{`{"op":{"file.attr":{"path":"/etc/x"}},"unknown":["mode"]}`},
		}},
		{"tree as it should be", tree(), `"state":"directory","recurse":true`, want{action: abi.None}},
		{"tree's owner", tree(), `"state":"directory","recurse":true,"owner":"root"`, want{
			action: abi.Update, diffs: []string{`below: "1 others: b/c" → "the same mode and owner"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","recurse":true,"owner":"root"}}}`},
		}},
		{"tree's modes", tree(), `"state":"directory","recurse":true,"mode":"u=rwX,go=rX"`, want{
			action: abi.Update, diffs: []string{`below: "1 others: b/c" → "the same mode and owner"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","recurse":true,"mode":420,"dir_mode":493}}}`},
		}},
		{"tree's modes and its own", tree(), `"state":"directory","recurse":true,"mode":"u=rwX,go="`, want{
			action: abi.Update, diffs: []string{`mode: "0755" → "0700"`, `below: "2 others: a, b" → "the same mode and owner"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","recurse":true,"mode":384,"dir_mode":448}}}`},
		}},
		// state = link
		{"new link", nil, `"state":"link","target":"/etc/dir","owner":"app"`, want{
			action: abi.Create, diffs: []string{`target:  → "/etc/dir"`, `owner:  → "app"`},
			effects: []string{`{"op":{"file.link":{"path":"/etc/x","target":"/etc/dir","owner":"app"}}}`},
		}},
		{"link is there", at("/etc/x", toOld), `"state":"link","target":"/etc/old"`, want{action: abi.None}},
		{"link elsewhere", at("/etc/x", toOld), `"state":"link","target":"../new"`, want{
			action: abi.Update, diffs: []string{`target: "/etc/old" → "../new"`},
			effects: []string{`{"op":{"file.link":{"path":"/etc/x","target":"../new"}}}`},
		}},
		{"link's owner", at("/etc/x", toOld), `"state":"link","target":"/etc/old","group":"web"`, want{
			action: abi.Update, diffs: []string{`group: "root" → "web"`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","group":"web"}}}`},
		}},
		{"link in place of a file", at("/etc/x", oldFile), `"state":"link","target":"/etc/dir"`, want{
			action: abi.Replace, diffs: []string{`type: "file" → "link"`, `target:  → "/etc/dir"`},
			effects: []string{`{"op":{"file.link":{"path":"/etc/x","target":"/etc/dir"}}}`},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := host(tt.files)
			m.Programs["check %s"] = providertest.Exits(0, "")
			change, _ := kit(t, m).Converge(providertest.Unit{Type: "file", Args: `{"path":"/etc/x",` + tt.args + `}`})
			check(t, change, tt.want)
			if got, want := len(m.Done), len(tt.want.effects); got != want {
				t.Errorf("%d ops changed the host, want %d", got, want)
			}
		})
	}
}

func TestFileErrors(t *testing.T) {
	const (
		away     = `move it away, or remove it first: file("/etc/x", state = "absent")`
		awayTree = `move it away, or remove it with all it holds: state = "absent", recurse = True`
	)
	tests := []struct {
		name    string
		files   map[string]*providertest.Node
		args    string
		class   op.Class
		message string
		hint    string
	}{
		{"directory for a file", at("/etc/x", folder), `"state":"present"`, op.Conflict, "a directory is in the way at /etc/x, where a file should be", awayTree},
		{"socket for a file", at("/etc/x", socket), `"state":"present"`, op.Conflict, "a socket is in the way at /etc/x, where a file should be", away},
		{"file for a directory", at("/etc/x", oldFile), `"state":"directory"`, op.Conflict, "a file is in the way at /etc/x, where a directory should be", away},
		{"link for a directory", at("/etc/x", toOld), `"state":"directory"`, op.Conflict, `a link to "/etc/old" is in the way at /etc/x, where a directory should be`, away},
		{"directory for a link", at("/etc/x", folder), `"state":"link","target":"/y"`, op.Conflict, "a directory is in the way at /etc/x, where a link should be", awayTree},
		{"full directory", tree(), `"state":"absent"`, op.Conflict, "directory /etc/x is not empty", "to remove it with all it holds, add recurse = True"},
		{"mode", nil, `"state":"present","mode":"999"`, op.Permanent, `mode "999" is not an octal number up to 7777`, `write mode = "0644" or mode = "u=rw,go=r"`},
		{"part of a mode", nil, `"state":"directory","recurse":true,"mode":"u=rwX"`, op.Permanent, `mode "u=rwX" does not say all for a whole tree`, `name u, g and o: mode = "u=rwX,go=rX"`},
		{"state", nil, `"state":"x"`, op.Permanent, `unknown state "x"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := host(tt.files)
			_, err := kit(t, m).Plan(providertest.Unit{Type: "file", Args: `{"path":"/etc/x",` + tt.args + `}`})
			failure(t, err, tt.class, tt.message, tt.hint)
		})
	}
}

func TestFileMounts(t *testing.T) {
	tests := []struct {
		name, args string
		mounts     []string
		message    string // "" where there is nothing against it
	}{
		{"below what goes", `"state":"absent","recurse":true`, []string{"home", "b/data"}, "something is mounted at /etc/x/home, /etc/x/b/data, so nothing is removed"},
		{"what goes", `"state":"absent"`, []string{"."}, "something is mounted at /etc/x, so nothing is removed"},
		{"below a tree", `"state":"directory","recurse":true,"owner":"app"`, []string{".", "b"}, "something is mounted at /etc/x/b, so mode and owner are not given to what is below"},
		{"a tree's own", `"state":"directory","recurse":true,"owner":"app"`, []string{"."}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := host(tree())
			m.Mounts = tt.mounts
			_, err := kit(t, m).Plan(providertest.Unit{Type: "file", Args: `{"path":"/etc/x",` + tt.args + `}`})
			if tt.message == "" && err == nil {
				return
			}
			failure(t, err, op.Conflict, tt.message, "unmount it first, or manage what is beside it each on its own")
		})
	}
}

func TestFileApplyErrors(t *testing.T) {
	tests := []struct{ name, args, message string }{
		{"no directory", `"path":"/no/x","state":"present"`, "directory /no does not exist"},
		{"no owner", `"path":"/etc/x","state":"present","owner":"nobody"`, "there is no user or group nobody"},
		{"check", `"path":"/etc/x","state":"present","validate":"check %s"`, "the check refused the new file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := host(nil)
			m.Programs["check %s"] = providertest.Exits(1, "")
			_, err := kit(t, m).Apply(providertest.Unit{Type: "file", Args: `{` + tt.args + `}`})
			failure(t, err, op.Permanent, tt.message, "")
			if m.Files["/etc/x"] != nil {
				t.Error("the file is there")
			}
		})
	}
}

// TestFileUnknown plans without some arguments, and applies with what they
// turn out to be: nothing may then happen that was not announced.
func TestFileUnknown(t *testing.T) {
	const write = `{"op":{"file.write":{"path":"/etc/x","content":null}},"unknown":["content"]}`
	tests := []struct {
		name    string
		files   map[string]*providertest.Node
		args    string
		unknown []string
		want    want
		learn   []string // what the arguments may turn out to be
	}{
		{"content of a new file", nil, `"state":"present"`, []string{"content"}, want{
			action: abi.Create, diffs: []string{"content:  → ?", `mode:  → "0644"`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":null}},"unknown":["content"]}`},
		}, []string{`"content":` + newRef}},
		{"content", at("/etc/x", oldFile), `"state":"present"`, []string{"content"}, want{
			action: abi.Update, diffs: []string{"content: " + oldRef + " → ?"}, effects: []string{write},
		}, []string{`"content":` + newRef, `"content":` + oldRef}},
		{"content beside a new mode", at("/etc/x", oldFile), `"state":"present","mode":"0644"`, []string{"content"}, want{
			action: abi.Update, diffs: []string{"content: " + oldRef + " → ?", `mode: "0600" → "0644"`},
			effects: []string{
				`{"op":{"file.write":{"path":"/etc/x","content":null,"mode":420}},"unknown":["content"]}`,
				`{"op":{"file.attr":{"path":"/etc/x","mode":420}}}`,
			},
		}, []string{`"content":` + newRef, `"content":` + oldRef}},
		{"mode and owner", at("/etc/x", oldFile), `"state":"present","content":` + newRef, []string{"mode", "owner"}, want{
			action: abi.Update, diffs: []string{"content: " + oldRef + " → " + newRef, `mode: "0600" → ?`, `owner: "app" → ?`},
			effects: []string{`{"op":{"file.write":{"path":"/etc/x","content":` + newRef + `}},"unknown":["mode","owner"]}`},
		}, []string{`"mode":"0644","owner":"web"`, `"mode":"0600","owner":"1000"`}},
		{"mode of a tree", tree(), `"state":"directory","recurse":true`, []string{"mode"}, want{
			action: abi.Update, diffs: []string{`mode: "0755" → ?`},
			effects: []string{`{"op":{"file.attr":{"path":"/etc/x","recurse":true}},"unknown":["mode","dir_mode"]}`},
		}, []string{`"mode":"u=rwX,go=rX"`, `"mode":"0700"`}},
		{"group of a new directory", nil, `"state":"directory"`, []string{"group"}, want{
			action: abi.Create, diffs: []string{`mode:  → "0755"`, `group:  → ?`},
			effects: []string{`{"op":{"file.mkdir":{"path":"/etc/x"}},"unknown":["group"]}`},
		}, []string{`"group":"web"`}},
		{"target", at("/etc/x", toOld), `"state":"link","owner":"app"`, []string{"target"}, want{
			action: abi.Update, diffs: []string{`target: "/etc/old" → ?`, `owner: "root" → "app"`},
			effects: []string{
				`{"op":{"file.link":{"path":"/etc/x","target":"","owner":"app"}},"unknown":["target"]}`,
				`{"op":{"file.attr":{"path":"/etc/x","owner":"app"}}}`,
			},
		}, []string{`"target":"/etc/dir"`, `"target":"/etc/old"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := providertest.Unit{Type: "file", Args: `{"path":"/etc/x",` + tt.args + `}`, Unknown: tt.unknown}
			change, err := kit(t, host(tt.files)).Plan(u)
			if err != nil {
				t.Fatal(err)
			}
			check(t, change, tt.want)
			for _, learned := range tt.learn {
				k := kit(t, host(tt.files))
				args := `{"path":"/etc/x",` + tt.args + `,` + learned + `}`
				if _, err := k.Learn(u, args); err != nil {
					t.Errorf("%s: %v", learned, err)
				}
				if after, err := k.Plan(providertest.Unit{Type: "file", Args: args}); err != nil || after.Action != abi.None {
					t.Errorf("%s: %v, then %v", learned, err, after)
				}
			}
		})
	}
}

func TestFileOutput(t *testing.T) {
	tests := []struct {
		name, args string
		want       abi.Outcome
	}{
		{"changed", `"content":` + newRef, abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true,"backup":""}`)}},
		{"backup", `"backup":true,"content":` + newRef, abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true,"backup":"/etc/x.old"}`)}},
		{"nothing to do", `"backup":true,"content":` + oldRef, abi.Outcome{Outputs: codec.Raw(`{"changed":false,"backup":""}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, outcome := kit(t, host(at("/etc/x", oldFile))).Converge(providertest.Unit{Type: "file", Args: `{"path":"/etc/x","state":"present",` + tt.args + `}`})
			if diff := cmp.Diff(tt.want, outcome); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// recorder is a target that remembers what it was asked.
type recorder struct {
	*providertest.Memory
	asked []op.Op
}

func (r *recorder) Do(o op.Op) op.Result {
	r.asked = append(r.asked, o)
	return r.Memory.Do(o)
}

func TestFileReads(t *testing.T) {
	stat := op.Op{Stat: &op.Stat{Path: "/etc/x"}}
	tests := []struct {
		name    string
		files   map[string]*providertest.Node
		args    string
		unknown []string
		want    []op.Op
	}{
		{"content", nil, `"state":"present","content":` + newRef, nil, []op.Op{stat, {Read: &op.Read{Path: "/etc/x", Limit: 1 << 20, Unless: newBlob.Sum, Size: newBlob.Size, NoFollow: true}}}},
		{"unknown content", nil, `"state":"present"`, []string{"content"}, []op.Op{stat, {Read: &op.Read{Path: "/etc/x", Limit: 1 << 20, NoFollow: true}}}},
		{"unsafe", nil, `"state":"present","follow":"unsafe","content":` + newRef, nil, []op.Op{
			{Stat: &op.Stat{Path: "/etc/x", Unsafe: true}}, {Read: &op.Read{Path: "/etc/x", Limit: 1 << 20, Unless: newBlob.Sum, Size: newBlob.Size, NoFollow: true, Unsafe: true}},
		}},
		{"no content", nil, `"state":"present","mode":"0644"`, nil, []op.Op{stat}},
		{"directory", nil, `"state":"directory","mode":"0644"`, nil, []op.Op{stat}},
		{"tree", tree(), `"state":"directory","recurse":true,"mode":"u=rwX,go=","owner":"app"`, nil, []op.Op{stat, {List: &op.List{
			Path: "/etc/x", Recurse: true, Limit: 100, Unless: &op.Attributes{Mode: new(uint32(0o600)), DirMode: new(uint32(0o700)), Owner: "app"}, Mounts: true,
		}}, {Need: &op.Need{Users: []string{"app"}}}}},
		{"absent", nil, `"state":"absent"`, nil, []op.Op{stat, {List: &op.List{Path: "/etc/x", Limit: 1, Mounts: true}}}},
		{"tree to remove", tree(), `"state":"absent","recurse":true`, nil, []op.Op{stat, {List: &op.List{Path: "/etc/x", Recurse: true, Limit: 3, Tally: true, Mounts: true}}}},
		{"link", nil, `"state":"link","target":"/y"`, nil, []op.Op{stat}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{Memory: host(tt.files)}
			k := providertest.New(t, providertest.Native(linux.Types()), r)
			u := providertest.Unit{Type: "file", Args: `{"path":"/etc/x",` + tt.args + `}`, Unknown: tt.unknown}
			if _, err := k.Plan(u); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.asked); diff != "" || k.Rounds != 1 {
				t.Errorf("in %d rounds: %s", k.Rounds, diff)
			}
		})
	}
}
