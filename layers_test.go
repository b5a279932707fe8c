package main_test

import (
	"cmp"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/openfroyo/froyo"

// layers are the directories of the repository from top to bottom; imports point down, never back.
var layers = []string{"", "runtime", "builtins", "engine", "providers", "runner"}

// goList runs go list and returns its lines.
func goList(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// layer returns the layer of one of our packages, or -1 where it belongs to none: stdlib stands apart.
// Examples are clients, as main is.
func layer(pkg string) int {
	if pkg == module || strings.HasPrefix(pkg, module+"/examples/") {
		return 0
	}
	top, _, _ := strings.Cut(strings.TrimPrefix(pkg, module+"/"), "/")
	return slices.Index(layers, top)
}

func TestImportsPointDown(t *testing.T) {
	for _, line := range goList(t, nil, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		pkg, imports, _ := strings.Cut(line, " ")
		for imported := range strings.FieldsSeq(imports) {
			if !strings.HasPrefix(imported, module+"/") {
				continue
			}
			switch from, to := layer(pkg), layer(imported); {
			case from > to && to >= 0:
				t.Errorf("%s imports %s: imports point down: main → runtime → builtins → engine → providers → runner", pkg, imported)
			case to < 0 && from > 2:
				t.Errorf("%s imports %s: only runtime and builtins bring in what stands beside the layers", pkg, imported)
			case from < 0:
				t.Errorf("%s imports %s: it stands beside the layers and imports none of them", pkg, imported)
			}
		}
	}
}

// TestClosure checks what the three kinds of binary must not be linked with.
func TestClosure(t *testing.T) {
	tests := []struct {
		name, pkg string
		env       []string
		forbidden []string
	}{
		{
			name: "froyo", pkg: ".",
			forbidden: []string{module + "/providers/linux", module + "/providers/probe", module + "/providers/text", module + "/providers/structured", module + "/providers/units", module + "/providers/accounts", module + "/providers/system", module + "/providers/repository", module + "/providers/network", module + "/providers/languages", module + "/providers/transfer", module + "/providers/availability", module + "/providers/sshd", module + "/providers/sdk", module + "/runner/agent", module + "/runtime/labtest"},
		},
		{
			name: "runner", pkg: "./runner/cmd/froyo-runner", env: []string{"GOOS=linux", "CGO_ENABLED=0"},
			forbidden: []string{"fmt", "encoding/json", "net", "net/http", "os/user", "log", "flag", "text/template", "regexp"},
		},
		{
			name: "guest base", pkg: "./providers/wasm/base", env: []string{"GOOS=wasip1", "GOARCH=wasm"},
			forbidden: []string{"fmt", "encoding/json", "net", "net/http", "net/url", "os/user", "log", "flag", "text/template", "regexp"},
		},
		{
			name: "guest accounts", pkg: "./providers/wasm/accounts", env: []string{"GOOS=wasip1", "GOARCH=wasm"},
			forbidden: []string{"fmt", "encoding/json", "net", "net/http", "net/url", "os/user", "log", "flag", "text/template", "regexp"},
		},
		{
			name: "guest structured", pkg: "./providers/wasm/structured", env: []string{"GOOS=wasip1", "GOARCH=wasm"}, // the libraries bring the rest
			forbidden: []string{"encoding/json", "net", "net/http", "net/url", "os/user", "log", "flag", "text/template"},
		},
		{
			name: "guest transfer", pkg: "./providers/wasm/transfer", env: []string{"GOOS=wasip1", "GOARCH=wasm"},
			forbidden: []string{"fmt", "encoding/json", "net", "net/http", "net/url", "os/user", "log", "flag", "text/template", "regexp"},
		},
		{
			name: "guest text", pkg: "./providers/wasm/text", env: []string{"GOOS=wasip1", "GOARCH=wasm"}, // its regular expressions bring fmt
			forbidden: []string{"encoding/json", "net", "net/http", "os/user", "log", "flag", "text/template", "regexp"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deps := goList(t, test.env, "-deps", test.pkg)
			for _, f := range test.forbidden {
				if slices.Contains(deps, f) {
					t.Errorf("%s is linked with %s", test.pkg, f)
				}
			}
		})
	}
}

// TestLeaves checks that the contracts stay plain data.
func TestLeaves(t *testing.T) {
	allowed := map[string][]string{
		"/runner/op":     nil,
		"/runner/sudo":   nil,
		"/runner/escape": nil,
		"/runner/codec":  {"/runner/op"},
		"/runner/target": {"/runner/op"},
		"/providers/abi": {"/runner/op", "/runner/codec"},
	}
	for leaf, others := range allowed {
		t.Run(leaf, func(t *testing.T) {
			for _, dep := range goList(t, nil, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "."+leaf) {
				dep := strings.TrimPrefix(dep, module)
				if dep != "" && dep != leaf && !slices.Contains(others, dep) {
					t.Errorf("%s depends on %s", leaf, dep)
				}
			}
		})
	}
}

// TestModuleFloors checks that modules with known faults stay out. Why each
// floor is where it is stands beside it.
func TestModuleFloors(t *testing.T) {
	tests := []struct {
		name, floor string
		exactly     bool
	}{
		{name: "golang.org/x/crypto", floor: "v0.52.0"},                                   // ssh: 13 advisories of 2026
		{name: "golang.org/x/net", floor: "v0.38.0"},                                      // starlib asks for one of 2020
		{name: "modernc.org/sqlite", floor: "v1.46.2"},                                    // SQLite 3.51.3: the WAL reset bug
		{name: "cuelang.org/go", floor: "v0.17.1"},                                        // values safe for concurrent use
		{name: "filippo.io/age", floor: "v1.2.1"},                                         // plugin names could name any program
		{name: "github.com/tetratelabs/wazero", floor: "v1.12.0"},                         // the one the meter was written for
		{name: "github.com/qri-io/starlib", floor: "v0.5.0", exactly: true},               // the last; later ones do not exist
		{name: "github.com/skeema/knownhosts", floor: "v1.3.3"},                           // certificate authorities
		{name: "go.starlark.net", floor: "v0.0.0-20260908191801-89a6a09411d5"},            // stack overflow is an error
		{name: "gopkg.in/yaml.v2", floor: "v2.2.8"},                                       // starlib's; endless aliases
		{name: "go.opentelemetry.io/otel", floor: "v1.47.0"},                              // same as its exporter
		{name: "go.opentelemetry.io/otel/exporters/stdout/stdouttrace", floor: "v1.47.0"}, // same as its API
	}
	used := map[string]string{}
	for _, line := range goList(t, nil, "-m", "-f", "{{.Path}} {{.Version}}", "all") {
		path, version, _ := strings.Cut(line, " ")
		used[path] = version
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := used[test.name]
			if compareVersions(got, test.floor) < 0 || test.exactly && got != test.floor {
				t.Errorf("%s is %q, want %s (exactly: %t)", test.name, got, test.floor, test.exactly)
			}
		})
	}
}

func TestCompareVersions(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       int
	}{
		{"equal", "v1.2.3", "v1.2.3", 0},
		{"numbers, not text", "v1.10.0", "v1.9.0", 1},
		{"absent", "", "v0.1.0", -1},
		{"pseudo-versions by their time", "v0.0.0-20250101000000-f", "v0.0.0-20260908191801-8", -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := compareVersions(test.a, test.b); got != test.want {
				t.Errorf("compareVersions(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
			}
		})
	}
}

// compareVersions orders two module versions by their numbers, then by what follows them.
func compareVersions(a, b string) int {
	numbers := func(v string) ([]int, string) {
		core, rest, _ := strings.Cut(strings.TrimPrefix(v, "v"), "-")
		var out []int
		for part := range strings.SplitSeq(core, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, v
			}
			out = append(out, n)
		}
		return out, rest
	}
	an, arest := numbers(a)
	bn, brest := numbers(b)
	return cmp.Or(slices.Compare(an, bn), cmp.Compare(arest, brest))
}
