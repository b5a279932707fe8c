package facts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/openfroyo/froyo/runner/op"
)

// TestDefinitionsAndStructsAgree holds the CUE definitions to what the runner answers with.
func TestDefinitionsAndStructsAgree(t *testing.T) {
	var names []string
	for field := range reflect.TypeFor[op.FactsResult]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		n := Lookup(name)
		if n == nil {
			t.Errorf("%s has no definition", name)
			continue
		}
		agree(t, name, n.Fields, field.Type.Elem())
	}
	for _, n := range All() {
		if n.Doc == "" || n.Systems == "" || n.TTL <= 0 || n.Deadline <= 0 {
			t.Errorf("%s lacks its documentation, systems, TTL or deadline: %+v", n.Name, n)
		}
		for _, f := range n.Fields {
			if f.Doc == "" {
				t.Errorf("%s.%s has no documentation", n.Name, f.Name)
			}
		}
	}
}

// agree compares the fields of a record with those of a struct, in their order.
func agree(t *testing.T, at string, fields []Field, record reflect.Type) {
	t.Helper()
	if got := record.NumField(); got != len(fields) {
		t.Errorf("%s: the struct has %d fields and the definition %d", at, got, len(fields))
		return
	}
	for i, f := range fields {
		field := record.Field(i)
		if name := field.Tag.Get("json"); name != f.Name {
			t.Errorf("%s: field %d is %s in the struct and %s in the definition", at, i, name, f.Name)
		}
		if f.Doc == "" {
			t.Errorf("%s.%s has no documentation", at, f.Name)
		}
		want, element := kindOf(field.Type)
		if f.Kind != want {
			t.Errorf("%s.%s is a %s in the struct and a %s in the definition", at, f.Name, want, f.Kind)
		}
		if element != nil {
			agree(t, at+"."+f.Name, f.Fields, element)
		}
	}
}

// kindOf names a Go type as definitions do, and gives the struct in a list or a dict.
func kindOf(of reflect.Type) (string, reflect.Type) {
	switch of.Kind() {
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Struct {
			return "list", of.Elem()
		}
		return "list of " + of.Elem().Kind().String() + "s", nil
	case reflect.Map:
		if of.Elem().Kind() == reflect.Struct {
			return "dict", of.Elem()
		}
		return "dict", nil
	}
	return of.Kind().String(), nil
}

// good is what a host may tell.
func good() *op.FactsResult {
	return &op.FactsResult{
		OSBasic: &op.OSBasic{
			ID: "debian", Family: "debian", Version: "12", Codename: "bookworm", Name: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-18-amd64",
			Arch: "amd64", Hostname: "wéb1", MachineID: "0123456789abcdef0123456789abcdef", Init: "systemd",
		},
		HWCPU: &op.HWCPU{Cores: 4, Sockets: 1, Model: "AMD EPYC", Vendor: "AuthenticAMD", Arch: "amd64"},
		NetIfaces: &op.NetIfaces{Default: "eth0", Gateway: "192.0.2.1", Address: "192.0.2.7", Ifaces: []op.Iface{
			{Name: "lo", MTU: 65536, Up: true, Loopback: true, Addresses: []string{"127.0.0.1/8", "::1/128"}},
			{Name: "eth0", MAC: "00:1b:fe:03:04:05", MTU: 1500, Up: true, Addresses: []string{}},
		}},
		PkgManifest: &op.PkgManifest{Manager: "apt", Packages: map[string]string{"nginx": "1.22.1-9", "libc6": "2.36-9+deb12u4"}},
		SvcUnits: &op.SvcUnits{Manager: "systemd", Units: map[string]op.SvcUnit{
			"nginx.service": {Active: "active", Sub: "running", Load: "loaded"}, `a\x2db@.service`: {Active: "inactive", Sub: "dead", Load: "not-found"},
		}},
	}
}

// empty is a host that knows nothing of itself.
func empty() *op.FactsResult {
	return &op.FactsResult{
		OSBasic: &op.OSBasic{}, HWCPU: &op.HWCPU{Cores: 1, Sockets: 1}, NetIfaces: &op.NetIfaces{Ifaces: []op.Iface{}},
		PkgManifest: &op.PkgManifest{Packages: map[string]string{}}, SvcUnits: &op.SvcUnits{Units: map[string]op.SvcUnit{}},
	}
}

// native are the namespaces that the runner tells itself.
func native() []*Namespace {
	return slices.DeleteFunc(slices.Clone(All()), func(n *Namespace) bool {
		for field := range reflect.TypeFor[op.FactsResult]().Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == n.Name {
				return false
			}
		}
		return true
	})
}

func TestOf(t *testing.T) {
	for _, n := range native() {
		for _, told := range []*op.FactsResult{good(), empty()} {
			values, err := Of(told, n.Name)
			if err != nil {
				t.Error(err)
			}
			for _, f := range n.Fields {
				if _, ok := values[f.Name]; !ok {
					t.Errorf("%s.%s is missing", n.Name, f.Name)
				}
			}
		}
	}
	values, err := Of(good(), "svc.units")
	if err != nil || values["units"].(map[string]any)["nginx.service"].(map[string]any)["sub"] != "running" {
		t.Errorf("got %+v, %v", values, err)
	}
}

func TestBadFacts(t *testing.T) {
	tests := []struct {
		name, namespace string
		spoil           func(*op.FactsResult)
		want            string
	}{
		{"machine-id", "os.basic", func(f *op.FactsResult) { f.OSBasic.MachineID = "../../x" }, `os.basic.machine_id: want a string that matches ^([0-9a-f]{32})?$, got "../../x"`},
		{"escape sequence", "os.basic", func(f *op.FactsResult) { f.OSBasic.Codename = "\x1b[2J" }, `os.basic.codename: want a string that matches ^\P{Cc}*$, got "\x1b[2J"`},
		{"two lines", "os.basic", func(f *op.FactsResult) { f.OSBasic.Hostname = "a\nb" }, `os.basic.hostname: want`},
		{"long", "os.basic", func(f *op.FactsResult) { f.OSBasic.Codename = strings.Repeat("x", maxText+1) }, `os.basic.codename: want at most 4096 bytes, got 4097`},
		{"not told", "os.basic", func(f *op.FactsResult) { f.OSBasic = nil }, `the host tells no os.basic`},
		{"no processor", "hw.cpu", func(f *op.FactsResult) { f.HWCPU.Cores = 0 }, `hw.cpu.cores: want`},
		{"MAC", "net.ifaces", func(f *op.FactsResult) { f.NetIfaces.Ifaces[1].MAC = "$(id)" }, `net.ifaces.ifaces[1].mac: want`},
		{"MTU", "net.ifaces", func(f *op.FactsResult) { f.NetIfaces.Ifaces[1].MTU = -1 }, `net.ifaces.ifaces[1].mtu: want`},
		{"address", "net.ifaces", func(f *op.FactsResult) { f.NetIfaces.Ifaces[0].Addresses[1] = "::1" }, `net.ifaces.ifaces[0].addresses[1]: want`},
		{"no list", "net.ifaces", func(f *op.FactsResult) { f.NetIfaces.Ifaces = nil }, `net.ifaces.ifaces: want a list, got None`},
		{"gateway", "net.ifaces", func(f *op.FactsResult) { f.NetIfaces.Gateway = "gw" }, `net.ifaces.gateway: want`},
		{"version", "pkg.manifest", func(f *op.FactsResult) { f.PkgManifest.Packages["nginx"] = "1\n2" }, `pkg.manifest.packages["nginx"]: want`},
		{"package", "pkg.manifest", func(f *op.FactsResult) { f.PkgManifest.Packages["\x1b"] = "1" }, `pkg.manifest.packages: "\x1b" is no name`},
		{"long version", "pkg.manifest", func(f *op.FactsResult) { f.PkgManifest.Packages["nginx"] = strings.Repeat("1", maxText+1) }, `pkg.manifest.packages["nginx"]: want at most`},
		{"unit", "svc.units", func(f *op.FactsResult) { f.SvcUnits.Units[strings.Repeat("x", 257)] = op.SvcUnit{} }, `is no name`},
		{"state", "svc.units", func(f *op.FactsResult) { f.SvcUnits.Units["nginx.service"] = op.SvcUnit{Active: "On"} }, `svc.units.units["nginx.service"].active: want`},
		{"unheard-of", "os.base", func(*op.FactsResult) {}, `there are no facts os.base`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			told := good()
			tt.spoil(told)
			_, err := Of(told, tt.namespace)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("the error would drive a terminal: %q", err)
			}
		})
	}
	many := good()
	for i := range maxEntries {
		many.PkgManifest.Packages[strconv.Itoa(i)] = "1"
	}
	if _, err := Of(many, "pkg.manifest"); err == nil || !strings.Contains(err.Error(), "want at most 100000 entries") {
		t.Errorf("any number of packages gave %v", err)
	}
}

// TestCUEAgrees has CUE itself judge what the checks in Go judge.
func TestCUEAgrees(t *testing.T) {
	var text strings.Builder
	files, err := filepath.Glob("*.cue")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(strings.TrimPrefix(string(data), "package facts\n"))
	}
	ctx := cuecontext.New()
	root := ctx.CompileString(text.String())
	if err := root.Err(); err != nil {
		t.Fatal(err)
	}
	spoilt := []func(*op.FactsResult){
		func(*op.FactsResult) {},
		func(f *op.FactsResult) { *f = *empty() },
		func(f *op.FactsResult) { f.OSBasic.MachineID = "x" },
		func(f *op.FactsResult) { f.OSBasic.Name = "\x1b" },
		func(f *op.FactsResult) { f.OSBasic.Name = "é\uFFFD" },
		func(f *op.FactsResult) { f.HWCPU.Sockets = -1 },
		func(f *op.FactsResult) { f.NetIfaces.Ifaces[0].Addresses[0] = "x" },
		func(f *op.FactsResult) { f.NetIfaces.Ifaces[1].MAC = "00" },
		func(f *op.FactsResult) { f.PkgManifest.Packages["a"] = "\t" },
		func(f *op.FactsResult) { f.SvcUnits.Units["a"] = op.SvcUnit{Sub: "A"} },
	}
	for i, spoil := range spoilt {
		told := good()
		spoil(told)
		for _, d := range definitions {
			if !slices.ContainsFunc(native(), func(n *Namespace) bool { return n.Name == d.namespace }) {
				continue
			}
			var data []byte
			for name, v := range present(told) {
				if name == d.namespace {
					if data, err = json.Marshal(v); err != nil {
						t.Fatal(err)
					}
				}
			}
			judged := root.LookupPath(cue.ParsePath(d.definition)).Unify(ctx.CompileBytes(data)).Validate(cue.Concrete(true))
			_, err := Of(told, d.namespace)
			if (judged == nil) != (err == nil) {
				t.Errorf("%d: %s: CUE says %v, the checks %v", i, d.namespace, judged, err)
			}
		}
	}
}

func TestRead(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no definition", "#X: {}", "there is no definition #OSBasic"},
		{"no struct", "#OSBasic: string", "#OSBasic is more than its fields"},
		{"a constraint that ties fields together", "#OSBasic: {a: string, if a == \"x\" {b: int}}", "#OSBasic is more than its fields"},
		{"opaque", "#OSBasic: a: strings.MaxRunes(3)", "a: this constraint cannot be checked of a fact"},
		{"no CUE", "#OSBasic: {", "expected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(fstest.MapFS{"x.cue": {Data: []byte(tt.text)}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSet(t *testing.T) {
	var none Set
	one := none.With("hw.cpu", map[string]any{"cores": int64(1)})
	two := one.With(Basic, map[string]any{"machine_id": "m"}).With("hw.cpu", map[string]any{"cores": int64(2)})
	if none != nil || none.MachineID() != "" || one.MachineID() != "" || one["hw.cpu"]["cores"] != int64(1) {
		t.Errorf("a set was changed: %v, %v", none, one)
	}
	if two.MachineID() != "m" || two["hw.cpu"]["cores"] != int64(2) {
		t.Errorf("got %v", two)
	}
}
