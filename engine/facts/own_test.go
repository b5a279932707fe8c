package facts

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// workspace is files with texts, by path.
func workspace(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestOwn(t *testing.T) {
	r, err := Read(workspace(map[string]string{
		"facts/app.cue": `// What the app says of itself.
@ttl("7d")
@deadline("1m30s")
@command("/opt/app/facts", "-o", "json, please")
@run_as("app")

// Its version.
version: string & =~"^[0-9.]+$"
workers: [string]: #Worker
note:    null | string

#Worker: {
	// Its process.
	pid: int & >0
}
`,
		"facts/db.release.cue":  "name: string\n",
		"facts/db.release.star": "def collect(host): return {}\n",
		"facts/_lib.star":       "",
		"facts/README.md":       "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	n := r.Lookup("app")
	if n == nil || n.Doc != "What the app says of itself." || n.TTL != 7*24*time.Hour || n.Deadline != 90*time.Second || n.Own.User != "app" || n.Own.Script != "" {
		t.Fatalf("got %+v", n)
	}
	if diff := cmp.Diff([]string{"/opt/app/facts", "-o", "json, please"}, n.Own.Argv); diff != "" {
		t.Error(diff)
	}
	if f := n.Field("version"); f.Doc != "Its version." || f.Kind != "string" {
		t.Errorf("version is %+v", f)
	}
	if f := n.Field("workers"); f.Form != Dict || f.Fields[0].Name != "pid" || f.Fields[0].Doc != "Its process." {
		t.Errorf("workers is %+v", f)
	}
	good := func() map[string]any {
		return map[string]any{"version": "1.2", "workers": map[string]any{"a": map[string]any{"pid": int64(1)}}, "note": nil}
	}
	if err := n.Check(good()); err != nil {
		t.Error(err)
	}
	bad := good()
	bad["workers"].(map[string]any)["a"].(map[string]any)["pid"] = int64(0)
	if err := n.Check(bad); err == nil || !strings.Contains(err.Error(), `app.workers["a"].pid: want`) {
		t.Errorf("got %v", err)
	}
	db := r.Lookup("db.release")
	if db == nil || db.Own.Script != "facts/db.release.star" || db.TTL != DefaultTTL || db.Source() != "facts/db.release.star" {
		t.Errorf("got %+v", db)
	}
	if got := r.Below("db"); !cmp.Equal(got, []string{"release"}) {
		t.Errorf("below db: %v", got)
	}
	if r.Lookup(Basic) == nil || BuiltIn().Lookup("app") != nil {
		t.Error("froyo's facts and those of a workspace are mixed up")
	}
}

func TestBadOwn(t *testing.T) {
	const program = "@command(\"/x\")\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"no CUE", map[string]string{"facts/a.cue": "x: {\n"}, []string{"facts/a.cue:", "expected"}},
		{"nothing tells it", map[string]string{"facts/a.cue": "x: int\n"}, []string{"facts/a.cue: nothing tells these facts"}},
		{"both tell it", map[string]string{"facts/a.cue": program + "x: int\n", "facts/a.star": ""}, []string{"both a program and a function"}},
		{"no fields", map[string]string{"facts/a.cue": program}, []string{"it defines no facts"}},
		{"no definition", map[string]string{"facts/a.star": ""}, []string{"facts/a.star: no file defines the facts that it tells"}},
		{"a name of froyo's", map[string]string{"facts/os.basic.cue": program + "x: int\n"}, []string{"there are facts os.basic already"}},
		{"before a name of froyo's", map[string]string{"facts/os.cue": program + "x: int\n"}, []string{"there are facts os.basic already"}},
		{"below a name of froyo's", map[string]string{"facts/users.more.cue": program + "x: int\n"}, []string{"there are facts users already"}},
		{"one below the other", map[string]string{"facts/a.cue": program + "x: int\n", "facts/a.b.cue": program + "x: int\n"}, []string{"there are facts a.b already"}},
		{"a reserved name", map[string]string{"facts/labels.cue": program + "x: int\n"}, []string{"facts cannot begin with labels"}},
		{"what contains itself", map[string]string{"facts/a.cue": program + "x: [...#N]\n#N: {y: [...#N]}\n"}, []string{"#N contains itself"}},
		{"who runs a function", map[string]string{"facts/a.cue": "@run_as(\"x\")\nx: int\n", "facts/a.star": ""}, []string{"@run_as says who runs a program"}},
		{"no name", map[string]string{"facts/App.cue": program + "x: int\n"}, []string{`"App" is no name for facts`}},
		{"a relative program", map[string]string{"facts/a.cue": "@command(\"x\")\nx: int\n"}, []string{`expected the whole path of a program of the host, got "x"`}},
		{"no list", map[string]string{"facts/a.cue": "@command(\"/x\" \"y\")\nx: int\n"}, []string{"@command: expected a comma"}},
		{"no text", map[string]string{"facts/a.cue": "@command(x)\nx: int\n"}, []string{"@command: expected texts in quotes"}},
		{"no time", map[string]string{"facts/a.cue": program + "@ttl(\"soon\")\nx: int\n"}, []string{"@ttl: expected a time", `got "soon"`}},
		{"too long a time", map[string]string{"facts/a.cue": program + "@deadline(\"2h\")\nx: int\n"}, []string{"@deadline: expected a time", "at most 10m0s"}},
		{"an unknown attribute", map[string]string{"facts/a.cue": program + "@every(\"1h\")\nx: int\n"}, []string{"@every: there is no such attribute"}},
		{"an unknown attribute of a field", map[string]string{"facts/a.cue": program + "x: int @often()\n"}, []string{"x: @often: there is no such attribute"}},
		{"an optional field", map[string]string{"facts/a.cue": program + "x?: int\n"}, []string{"facts/a.cue:2:1: x?: a fact is always told"}},
		{"a pattern", map[string]string{"facts/a.cue": program + "[string]: int\n"}, []string{"facts/a.cue:2:1: a pattern where a fact is expected"}},
		{"a condition", map[string]string{"facts/a.cue": program + "if true {x: int}\n"}, []string{"facts/a.cue:2:1: expected facts"}},
		{"what only CUE can check", map[string]string{"facts/a.cue": program + "x: y\ny: int\n"}, []string{"x: this constraint cannot be checked"}},
		{"two that are wrong", map[string]string{"facts/a.cue": "x: int\n", "facts/b.cue": program}, []string{"facts/a.cue: nothing tells", "facts/b.cue: it defines no facts"}},
		{"huge", map[string]string{"facts/a.cue": strings.Repeat("//\n", 100_000)}, []string{"facts/a.cue: it has 300000 bytes, expected at most"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(workspace(tt.files))
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

// FuzzOwn: whatever a workspace defines is read, or an error, and never a panic.
func FuzzOwn(f *testing.F) {
	f.Add("@command(\"/x\", \"y\")\n@ttl(\"1h\")\nx: int & >0\n#Y: {z: string}\ny: [string]: #Y\n")
	f.Add("@command(\"\\\")")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = Read(workspace(map[string]string{"facts/a.cue": text}))
	})
}
