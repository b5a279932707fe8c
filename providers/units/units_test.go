package units_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type given = map[string]any

// fixture is a unit, what is on the host, and what it makes of that.
type fixture struct {
	name, typ string
	args      given
	before    string // what its file says; "" is that there is none
	after     string
	ops       []string // which change the host
}

const mark = "# Managed by froyo: changes made by hand are undone.\n"

// host is a target with systemd and the directories of programs, and with a file where its content is given.
func host(path, content string) *providertest.Memory {
	m := &providertest.Memory{
		Files: map[string]*providertest.Node{}, Users: map[string]uint32{"app": 7}, Services: providertest.MemoryServices{},
		Programs: map[string]func(*op.Exec) op.Result{},
	}
	for _, check := range []string{logrotateCheck, tmpfilesCheck} {
		m.Programs[check] = providertest.Exits(0, "")
	}
	for _, kind := range unitKinds {
		m.Programs[unitCheck(kind)] = providertest.Exits(0, "")
	}
	for _, dir := range []string{"/etc", "/etc/cron.d", "/etc/logrotate.d", "/etc/tmpfiles.d", "/etc/systemd", "/etc/systemd/system"} {
		m.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	if content != "" {
		m.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(content))}
	}
	return m
}

// holds is what a file of a target says, "" where there is none.
func holds(t *testing.T, m *providertest.Memory, path string) string {
	t.Helper()
	n := m.Files[path]
	if n == nil {
		return ""
	}
	f, err := n.Content.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unit completes arguments as the schema does.
func unit(t *testing.T, typ string, args given) providertest.Unit {
	t.Helper()
	all := given{"name": "x", "state": "present"}
	maps.Copy(all, defaults[typ])
	maps.Copy(all, args)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return providertest.Unit{Type: typ, Args: string(data)}
}

var defaults = map[string]given{"cron": {"user": "root"}, "timer": {"enabled": true}}

// converge brings about each fixture, and compares the ops and the file.
func converge(t *testing.T, path string, fixtures []fixture) {
	t.Helper()
	for _, tt := range fixtures {
		t.Run(tt.name, func(t *testing.T) {
			m := host(path, tt.before)
			providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, tt.typ, tt.args))
			if diff := cmp.Diff(tt.after, holds(t, m, path)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			var ops []string
			for _, o := range m.Done {
				ops = append(ops, o.String())
			}
			if !slices.Equal(ops, tt.ops) {
				t.Errorf("ops %q, want %q", ops, tt.ops)
			}
		})
	}
}

// refusal is a unit that cannot be planned, what is said of it, and what is right, if a hint says so.
type refusal struct {
	name, typ string
	args      given
	want      string
	hint      string
	advised   given
}

// refused plans each: it fails with these words, and what the hint advises can be planned.
func refused(t *testing.T, refusals []refusal) {
	t.Helper()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			kit := providertest.New(t, providertest.Native(units.Types()), host("", ""))
			_, err := kit.Plan(unit(t, tt.typ, tt.args))
			if err == nil || !strings.Contains(err.Message, tt.want) || !strings.Contains(err.Hint, tt.hint) {
				t.Fatalf("got %+v, want %q", err, tt.want)
			}
			if tt.advised == nil {
				return
			}
			if _, err := kit.Plan(unit(t, tt.typ, tt.advised)); err != nil {
				t.Errorf("what the hint advises fails: %+v", err)
			}
		})
	}
}

// TestMissingDirectory: the package of the program that reads it brings the directory.
func TestMissingDirectory(t *testing.T) {
	for typ, tt := range map[string]struct {
		dir, hint string
		args      given
	}{
		"logrotate": {"/etc/logrotate.d", `declare what brings it before: pkg("logrotate")`, given{"paths": "/var/log/x"}},
		"cron":      {"/etc/cron.d", `declare what brings it before: pkg("cron")`, given{"job": "a", "special_time": "daily"}},
	} {
		m := host("", "")
		delete(m.Files, tt.dir)
		change, err := providertest.New(t, providertest.Native(units.Types()), m).Plan(unit(t, typ, tt.args))
		if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != tt.hint || change.Needs[0].Name != tt.dir {
			t.Errorf("%s: planned %+v, %v", typ, change, err)
		}
	}
}
