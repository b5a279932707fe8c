package linux_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// pkgHost has packages in each of the states that matter.
func pkgHost() *providertest.Memory {
	m := host(nil)
	m.Packages = map[string]*providertest.MemoryPackage{
		"installed": {Version: "1.0-1", Candidate: "1.1-1", Available: []string{"1.1-1", "1.0-1"}},
		"newest":    {Version: "1.1-1", Candidate: "1.1-1", Available: []string{"1.1-1", "1.0-1"}},
		"held":      {Version: "1.0-1", Candidate: "1.1-1", Held: true, Available: []string{"1.1-1", "1.0-1"}},
		"known":     {Candidate: "1.1-1", Available: []string{"1.1-1", "1.0-1"}},
		"config":    {Status: op.PkgConfig, Candidate: "1.1-1", Available: []string{"1.1-1"}},
		"virtual":   {Virtual: true},
		"packed":    {Packed: map[string]string{"/srv/a.deb": "3.0"}},
		"other":     {Version: "2.0", Packed: map[string]string{"/srv/a.deb": "1.0", "/srv/b.deb": "2.0"}},
	}
	return m
}

func pkgArgs(name, more string) string {
	args := `{"name":"` + name + `","state":"present","update_cache":false`
	if more != "" {
		args = strings.Replace(args, `"state":"present"`, "", 1)
		args = strings.Replace(args, `,,`, `,`, 1)
		if !strings.Contains(more, `"state"`) {
			args += `,"state":"present"`
		}
		if strings.Contains(more, `"update_cache"`) {
			args = strings.Replace(args, `,"update_cache":false`, "", 1)
		}
		args += "," + more
	}
	return args + "}"
}

func TestPkgPlan(t *testing.T) {
	for _, tt := range []struct {
		name, pkg, args string
		action          abi.Action
		diffs           []string
		missing, reason string
	}{
		{name: "there", pkg: "installed", action: abi.None},
		{name: "not there", pkg: "known", action: abi.Create, diffs: []string{`version:  → "1.1-1"`}},
		{name: "not there, lists to be fetched", pkg: "known", args: `"update_cache":true`, action: abi.Create, diffs: []string{`version:  → "1.1-1 or newer"`}},
		{name: "configuration left behind", pkg: "config", action: abi.Create, diffs: []string{`version:  → "1.1-1"`}},
		{name: "unknown", pkg: "nothing", action: abi.Create, diffs: []string{`version:  → ?`}, missing: "package nothing in the host's package lists"},
		{name: "unknown, lists to be fetched", pkg: "nothing", args: `"update_cache":true`, action: abi.Create, diffs: []string{`version:  → ?`}},
		{name: "latest", pkg: "installed", args: `"state":"latest"`, action: abi.Update, diffs: []string{`version: "1.0-1" → "1.1-1"`}},
		{name: "latest is there", pkg: "newest", args: `"state":"latest"`, action: abi.None},
		{name: "latest is held back", pkg: "held", args: `"state":"latest"`, action: abi.None, reason: "held at this version by the host; there is 1.1-1"},
		{name: "version", pkg: "installed", args: `"version":"1.1-1"`, action: abi.Update, diffs: []string{`version: "1.0-1" → "1.1-1"`}},
		{name: "version is there", pkg: "installed", args: `"version":"1.0*"`, action: abi.None},
		{name: "older version", pkg: "newest", args: `"version":"1.0*"`, action: abi.Update, diffs: []string{`version: "1.1-1" → "1.0-1"`}},
		{
			name: "version that the lists do not have", pkg: "installed", args: `"version":"2.0"`, action: abi.Update, diffs: []string{`version: "1.0-1" → "2.0"`},
			missing: "version 2.0 of installed in the host's package lists (which have 1.1-1, 1.0-1)",
		},
		{name: "file", pkg: "packed", args: `"file":"/srv/a.deb"`, action: abi.Create, diffs: []string{`version:  → "3.0"`}},
		{name: "file with another version", pkg: "other", args: `"file":"/srv/a.deb"`, action: abi.Update, diffs: []string{`version: "2.0" → "1.0"`}},
		{name: "file with the version", pkg: "other", args: `"file":"/srv/b.deb"`, action: abi.None},
		{
			name: "file that is not there", pkg: "packed", args: `"file":"/srv/c.deb"`, action: abi.Create, diffs: []string{`version:  → ?`},
			missing: "file /srv/c.deb",
		},
		{name: "absent", pkg: "installed", args: `"state":"absent"`, action: abi.Delete, diffs: []string{`version: "1.0-1" → `}},
		{name: "absent is not there", pkg: "known", args: `"state":"absent"`, action: abi.None},
		{name: "absent but for its configuration", pkg: "config", args: `"state":"absent"`, action: abi.None},
		{name: "purged", pkg: "config", args: `"state":"purged"`, action: abi.Delete, diffs: []string{`configuration: "left behind" → `}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := kit(t, pkgHost()).Plan(providertest.Unit{Type: "pkg", Args: pkgArgs(tt.pkg, tt.args)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Action != tt.action || missing(got) != tt.missing || got.Reason != tt.reason {
				t.Errorf("%s, missing %q, reason %q; want %s, %q, %q", got.Action, missing(got), got.Reason, tt.action, tt.missing, tt.reason)
			}
			if diff := cmp.Diff(tt.diffs, diffs(got)); diff != "" {
				t.Error(diff)
			}
			if acts := len(got.Effects) > 0; acts != (tt.action != abi.None) {
				t.Errorf("effects %v", got.Effects)
			}
		})
	}
	if _, err := kit(t, pkgHost()).Plan(providertest.Unit{Type: "pkg", Args: pkgArgs("virtual", "")}); err == nil || err.Class != op.Conflict {
		t.Errorf("a virtual package: %v, want a conflict", err)
	}
	m := host(nil)
	if _, err := kit(t, m).Plan(providertest.Unit{Type: "pkg", Args: pkgArgs("x", "")}); err == nil {
		t.Error("a host without a package manager was planned")
	}
}

func TestPkgConverges(t *testing.T) {
	for _, tt := range []struct{ name, pkg, args, want string }{
		{"install", "known", "", "1.1-1"},
		{"version", "known", `"version":"1.0-1"`, "1.0-1"},
		{"upgrade", "installed", `"state":"latest"`, "1.1-1"},
		{"downgrade", "newest", `"version":"1.0*"`, "1.0-1"},
		{"file", "packed", `"file":"/srv/a.deb"`, "3.0"},
		{"older file", "other", `"file":"/srv/a.deb"`, "1.0"},
		{"remove", "installed", `"state":"absent"`, ""},
		{"purge", "config", `"state":"purged"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := pkgHost()
			_, outcome := kit(t, m).Converge(providertest.Unit{Type: "pkg", Args: pkgArgs(tt.pkg, tt.args)})
			if !outcome.Changed {
				t.Error("it says that nothing changed")
			}
			got := ""
			if p := m.Packages[tt.pkg]; p != nil {
				got = p.Version
			}
			if got != tt.want {
				t.Errorf("version %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPkgFailureNamesThePackage(t *testing.T) {
	m := pkgHost()
	m.PackagesFault = &op.Error{Class: op.Transient, Code: "locked", Message: "the package database is locked by apt (process 812)"}
	_, err := kit(t, m).Apply(providertest.Unit{Type: "pkg", Args: pkgArgs("known", "")})
	if err == nil || err.Class != op.Transient || !strings.Contains(err.Message, "process 812") {
		t.Errorf("%v, want the lock as a transient error", err)
	}
}
