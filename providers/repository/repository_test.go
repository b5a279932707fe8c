package repository_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const (
	sources = "/etc/apt/sources.list.d/x.sources"
	pin     = "/etc/apt/preferences.d/x.pref"
	keyFile = "/etc/apt/keyrings/x.asc"
	list    = "/var/lib/apt/lists/apt.example.com_debian_dists_stable_"
	text    = "Types: deb\nURIs: https://apt.example.com/debian\nSuites: stable\nComponents: main\n"
)

var key = op.NewBlob([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"))

// host is a target with files. Fetching lists brings those of the repository.
type host struct{ *providertest.Memory }

func newHost(files map[string]string) host {
	m := &providertest.Memory{Packages: providertest.MemoryPackages{}, Files: map[string]*providertest.Node{}}
	for _, dir := range []string{"/etc/apt/sources.list.d", "/etc/apt/preferences.d", "/etc/apt", "/var/lib/apt/lists"} {
		m.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	for path, text := range files {
		m.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(text))}
	}
	return host{m}
}

func (h host) Do(o op.Op) op.Result {
	if o.PkgEnsure != nil && h.Files[sources] != nil {
		h.Files[list+"InRelease"] = &providertest.Node{Type: op.TypeFile}
		h.Files[strings.Replace(list, "stable", "stable-updates", 1)+"Release"] = &providertest.Node{Type: op.TypeFile}
	}
	return h.Memory.Do(o)
}

// fetches counts how often lists were fetched.
func (h host) fetches() int {
	return len(slices.DeleteFunc(slices.Clone(h.Done), func(o op.Op) bool { return o.PkgEnsure == nil }))
}

type given = map[string]any

func args(t *testing.T, more given) string {
	t.Helper()
	all := given{"name": "x", "state": "present", "types": "deb", "enabled": true, "uris": "https://apt.example.com/debian", "suites": "stable", "components": "main"}
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPkgRepo(t *testing.T) {
	there := map[string]string{sources: text, list + "Release": ""}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(there)
		maps.Copy(all, more)
		return all
	}
	for _, tt := range []struct {
		name    string
		args    given
		before  map[string]string
		after   map[string]string
		action  abi.Action
		fetches int
	}{
		{"new", nil, nil, map[string]string{sources: text, pin: "nothing"}, abi.Create, 1},
		{"there", nil, there, nil, abi.None, 0},
		{"never fetched", nil, map[string]string{sources: text}, nil, abi.Update, 1},
		{"other suite", given{"suites": []any{"stable", "stable-updates"}}, there, map[string]string{sources: strings.Replace(text, "stable", "stable stable-updates", 1)}, abi.Update, 1},
		{
			"all",
			given{"types": []any{"deb", "deb-src"}, "architectures": "amd64", "options": given{"Trusted": "yes"}, "key": key, "priority": 600},
			nil,
			map[string]string{
				sources: "Types: deb deb-src\nURIs: https://apt.example.com/debian\nSuites: stable\nComponents: main\nArchitectures: amd64\nSigned-By: " + keyFile + "\nTrusted: yes\n",
				pin:     "Package: *\nPin: origin \"apt.example.com\"\nPin-Priority: 600\n", keyFile: key.Sum,
			},
			abi.Create, 1,
		},
		{"only the priority", given{"priority": 100}, there, map[string]string{pin: "Package: *\nPin: origin \"apt.example.com\"\nPin-Priority: 100\n"}, abi.Create, 0},
		{"no priority any more", nil, with(map[string]string{pin: "x"}), map[string]string{pin: "nothing"}, abi.Delete, 0},
		{"another key", given{"key": key}, with(map[string]string{keyFile: "old", sources: text + "Signed-By: " + keyFile + "\n"}), map[string]string{keyFile: key.Sum}, abi.Update, 1},
		{"a directory", given{"suites": "./", "components": nil}, nil, map[string]string{sources: "Types: deb\nURIs: https://apt.example.com/debian\nSuites: ./\n"}, abi.Create, 1},
		{"not enabled", given{"enabled": false}, there, map[string]string{sources: "Enabled: no\n" + text}, abi.Update, 1},
		{"not enabled before, and now of another suite", given{"enabled": false, "suites": "testing"}, with(map[string]string{sources: "Enabled: no\n" + text}), map[string]string{sources: "Enabled: no\n" + strings.Replace(text, "stable", "testing", 1)}, abi.Update, 0},
		{"new and not enabled", given{"enabled": false}, nil, map[string]string{sources: "Enabled: no\n" + text}, abi.Create, 0},
		{"a key of the host", given{"signed_by": "/usr/share/keyrings/a.gpg"}, there, map[string]string{sources: text + "Signed-By: /usr/share/keyrings/a.gpg\n"}, abi.Update, 1},
		{"gone", given{"state": "absent"}, with(map[string]string{pin: "x", keyFile: "old"}), map[string]string{sources: "nothing", pin: "nothing", keyFile: "nothing"}, abi.Delete, 1},
		{"gone already", given{"state": "absent"}, nil, nil, abi.None, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(tt.before)
			change, _ := providertest.New(t, providertest.Native(repository.Types()), h).Converge(providertest.Unit{Type: "pkg_repo", Args: args(t, tt.args)})
			if change.Action != tt.action || h.fetches() != tt.fetches {
				t.Errorf("planned %s and fetched %d times, expected %s and %d: %+v", change.Action, h.fetches(), tt.action, tt.fetches, change.Diffs)
			}
			for path, want := range tt.after {
				if got := h.Says(t, path); got != want {
					t.Errorf("%s holds %q, expected %q", path, got, want)
				}
			}
		})
	}
}

// TestKeyIsReadable: apt reads the key as a user of its own, so that its mode counts, and root alone may write it.
func TestKeyIsReadable(t *testing.T) {
	for _, spoil := range []func(*providertest.Node){
		func(n *providertest.Node) { n.Mode = 0o600 }, func(n *providertest.Node) { n.Owner = "app" }, func(n *providertest.Node) { n.Group = "app" },
	} {
		h := newHost(map[string]string{list + "InRelease": "x"})
		kit := providertest.New(t, providertest.Native(repository.Types()), h)
		unit := providertest.Unit{Type: "pkg_repo", Args: args(t, given{"key": key})}
		kit.Converge(unit)
		spoil(h.Files[keyFile])
		fetches := h.fetches()
		change, _ := kit.Converge(unit)
		if now := h.Files[keyFile]; change.Action != abi.Update || now.Mode != 0o644 || now.Owner != "root" || now.Group != "root" || h.fetches() != fetches {
			t.Errorf("planned %s, and it has mode %o of %s:%s", change.Action, now.Mode, now.Owner, now.Group)
		}
	}
}

// TestHints does what each hint says.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		wrong   given
		hint    string
		advised given
	}{
		{given{"components": nil}, `give components = "main", or what the repository calls them`, nil},
		{given{"suites": "x/"}, "leave components out", given{"suites": "x/", "components": nil}},
	} {
		kit := providertest.New(t, providertest.Native(repository.Types()), newHost(nil))
		if _, err := kit.Plan(providertest.Unit{Type: "pkg_repo", Args: args(t, tt.wrong)}); err == nil || err.Hint != tt.hint {
			t.Errorf("%v: %v", tt.wrong, err)
		}
		kit.Converge(providertest.Unit{Type: "pkg_repo", Args: args(t, tt.advised)})
	}
}
