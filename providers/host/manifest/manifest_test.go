package manifest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/runner/op"
)

func TestParse(t *testing.T) {
	data, err := os.ReadFile("../../linux/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse("manifest.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"file": "#File", "cmd": "#Cmd", "pkg": "#Pkg", "script": "#Script", "service": "#Service"}
	if diff := cmp.Diff(want, m.Types); diff != "" || m.Name != "linux" || m.ABI != 1 {
		t.Errorf("manifest = %+v\n%s", m, diff)
	}
}

const good = `name: redis
version: 1.2.3
abi: 1
types:
  redis_config: "#Config"
capabilities:
  ops:
    - kind: fs.stat
`

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // what is changed in a good one
		want     string
	}{
		{"empty", good, "", "m.yaml: is empty"},
		{"no YAML", good, "a: [", "m.yaml:1: this is no YAML: a value is missing, or a bracket is not closed"},
		{"a list", good, "- a", "m.yaml:1: must be a mapping"},
		{"two documents in one key", "name: redis", "name: [redis]", "m.yaml:1: must be a string"},
		{"unknown key", "abi: 1", "abi: 1\nabl: 2", `m.yaml:4: unknown key "abl"; known are abi, capabilities, description, license, name, types, version`},
		{"unknown key deep down", "- kind: fs.stat", "- kind: fs.stat\n      path: /etc", `m.yaml:9: unknown key "path"; known are arguments, hosts, kind, paths, probes, programs, reads, runs`},
		{"key twice", "abi: 1", "abi: 1\nabi: 1", `m.yaml:4: "abi" is there twice`},
		{"key missing", "abi: 1\n", "", "m.yaml:1: abi is missing"},
		{"another abi", "abi: 1", "abi: 2", "m.yaml:3: speaks abi 2, this froyo speaks 1"},
		{"abi that is no number", "abi: 1", "abi: one", "m.yaml:3: abi must be a number"},
		{"name with a path", "name: redis", "name: ../redis", `m.yaml:1: "../redis" is not a name`},
		{"version as a number", "1.2.3", "1.2", "m.yaml:2: must be a string; put it in quotes"},
		{"version as text", "1.2.3", "latest", `m.yaml:2: "latest" is not a version`},
		{"control characters", "abi: 1", `abi: 1` + "\n" + `description: "a\e[31m"`, "m.yaml:4: must not contain control characters"},
		{"no types", `
  redis_config: "#Config"`, " {}", "m.yaml:1: types names no type"},
		{"type's name", "redis_config", "Redis", `m.yaml:5: type "Redis" must be a name`},
		{"type's definition", "#Config", "Config", `m.yaml:5: "Config" is not a CUE definition`},
		{"unknown op", "fs.stat", "fs.chmod", `m.yaml:8: there is no op "fs.chmod"`},
		{"changes anywhere", "fs.stat", "file.write", "m.yaml:8: file.write must list the paths"},
		{"any program", "fs.stat", "exec", "m.yaml:8: exec must list the programs"},
		{"paths of a program", "fs.stat", "exec\n      paths: [/**]", "m.yaml:8: exec has no paths"},
		{"programs of a path", "fs.stat", "fs.stat\n      programs: [id]", "m.yaml:8: fs.stat has no programs"},
		{"words and a shell command", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: [id], shell: id}]", "m.yaml:10: give one of from, argv and shell"},
		{"no command", "fs.stat", "exec\n      programs: [id]\n      runs: [{where: {a: 1}}]", "m.yaml:10: give one of from, argv and shell"},
		{"options that stand nowhere", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: [id], options: ['-u']}]", `m.yaml:10: options are what stands for "..." in argv`},
		{"no options", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: [id, '...']}]", `m.yaml:10: options are what stands for "..." in argv`},
		{"options twice", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: [id, '...', x, '...'], options: ['-u']}]", `m.yaml:10: options are what stands for "..." in argv`},
		{"options without a program", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: ['...', id], options: ['-u']}]", "m.yaml:10: the program is missing"},
		{"input of an argument", "fs.stat", "exec\n      programs: [id]\n      runs: [{from: {argv: command}, stdin: true}]", "m.yaml:10: stdin is for argv"},
		{"output of an argument", "fs.stat", "exec\n      programs: [id]\n      runs: [{from: {argv: command}, public: true}]", "m.yaml:10: public is for argv"},
		{"input that is no word", "fs.stat", "exec\n      programs: [id]\n      runs: [{argv: [id], stdin: maybe}]", "m.yaml:10: must be true or false"},
		{"any host", "fs.stat", "probe.tcp", `m.yaml:8: probe.tcp must list the hosts it is for; "*" is all`},
		{"hosts of a path", "fs.stat", "fs.stat\n      hosts: [db]", "m.yaml:8: fs.stat has no hosts"},
		{"paths of a host", "fs.stat", "probe.http\n      paths: [/**]", "m.yaml:8: probe.http has no paths"},
		{"pattern of a URL", "fs.stat", "probe.http\n      hosts: ['http://x']", `m.yaml:9: "http://x" is no pattern of hosts`},
		{"a way out of the host", "fs.stat", "net.connect", `m.yaml:8: there is no op "net.connect"`},
		{"relative pattern", "fs.stat", "fs.stat\n      paths: [etc/*]", `m.yaml:9: pattern "etc/*" must begin with /`},
		{"pattern that climbs", "fs.stat", "fs.stat\n      paths: [/etc/../**]", `m.yaml:9: pattern "/etc/../**" should be "/**"`},
		{"bad pattern", "fs.stat", `fs.stat` + "\n      paths: ['/etc/[']", `m.yaml:9: "/etc/[" is no pattern`},
		{"alias", "name: redis", "name: &a redis\nlicense: *a", "m.yaml:2: must be a string"},
		{"too large", "abi: 1", "abi: 1 #" + strings.Repeat("x", 64<<10), "more than 65536"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(good, test.old) {
				t.Fatalf("%q is not in the good manifest", test.old)
			}
			_, err := manifest.Parse("m.yaml", []byte(strings.Replace(good, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("err = %v, want %q", err, test.want)
			}
		})
	}
	if _, err := manifest.Parse("m.yaml", []byte(good)); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	for _, name := range []string{"linux", "probe"} {
		data, err := os.ReadFile("../../" + name + "/" + manifest.File)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? {a: b}\n: c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Parse("m.yaml", data)
		switch {
		case err != nil && strings.ContainsAny(err.Error(), "\n\x1b"):
			t.Errorf("err = %q: not one plain line", err)
		case err == nil:
			m.Allows(op.Op{Stat: &op.Stat{Path: "/etc/passwd"}}) //nolint:errcheck // it must only come back
		}
	})
}
