package source_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/literal"
	"github.com/openfroyo/froyo/engine/inventory/program"
	"github.com/openfroyo/froyo/engine/inventory/source"
)

// oracle is a process that says what Ansible makes of inventories, see testdata/oracle.py.
type oracle struct {
	t     *testing.T
	in    io.Writer
	out   *bufio.Reader
	calls int
}

// question is an inventory with limits, or texts to be read as literals.
type question struct {
	Sources  []string `json:"sources,omitempty"`
	Limits   []string `json:"limits,omitempty"`
	Literals []string `json:"literals,omitempty"`
}

type answer struct {
	Hosts    map[string]map[string]any `json:"hosts"`
	Groups   map[string][]string       `json:"groups"`
	Limits   [][]string                `json:"limits"`
	Literals []struct {
		Value any
		Error string
	} `json:"literals"`
	Error string `json:"error"`
}

// ansible starts the oracle with the Python that Ansible runs with.
func ansible(t *testing.T) *oracle {
	t.Helper()
	path, err := exec.LookPath("ansible-inventory")
	if err != nil {
		t.Skip("ansible-inventory is not installed: apt-get install --no-install-recommends ansible-core")
	}
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	python, _, _ := strings.Cut(strings.TrimPrefix(string(script), "#!"), "\n")
	cmd := exec.CommandContext(t.Context(), strings.TrimSpace(python), "-B", "testdata/oracle.py")
	home := t.TempDir()
	if err := os.WriteFile(home+"/ansible.cfg", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C.UTF-8", "ANSIBLE_LOCAL_TEMP=" + home, "ANSIBLE_CONFIG=" + home + "/ansible.cfg"}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return &oracle{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
}

func (o *oracle) ask(t failer, q question) *answer {
	o.calls++
	line, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	dec := json.NewDecoder(bytes.NewReader(reply))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		t.Fatalf("%v in %s", err, reply)
	}
	return &a
}

type failer interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// seeded makes rapid try the same inventories each time, n of them, unless flags say otherwise.
func seeded(t *testing.T, n int) {
	for name, value := range map[string]string{"rapid.checks": fmt.Sprint(n), "rapid.seed": "20261130", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		if was := f.Value.String(); was == f.DefValue {
			if err := f.Value.Set(value); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Value.Set(was) })
		}
	}
}

// TestAsAnsible: generated inventories have the hosts, groups and variables that Ansible says they have, and limits pick
// the same hosts.
func TestAsAnsible(t *testing.T) {
	o := ansible(t)
	seeded(t, 300)
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		g := &site{T: rt, dir: filepath.Join(dir, fmt.Sprint(o.calls))}
		q := question{Sources: g.sources(), Limits: g.limits()}
		said := o.ask(rt, q)
		programs := &program.Runner{Limit: time.Hour, Env: os.Environ()}
		inv, err := source.Load(t.Context(), q.Sources, source.Options{Run: func(path string, args ...string) ([]byte, error) {
			return programs.Run(t.Context(), path, args...)
		}})
		if err != nil || said.Error != "" {
			rt.Fatalf("froyo: %v\nAnsible: %s\n%s", err, said.Error, g.text())
		}
		compareInventory(rt, g, said, inv)
		for i, limit := range q.Limits {
			picked, err := inv.Select(limit)
			if diff := cmp.Diff(said.Limits[i], slices.Sorted(slices.Values(inventory.Names(picked))), cmpopts.EquateEmpty()); err != nil || diff != "" {
				rt.Fatalf("limit %q (-Ansible +froyo) %v\n%s\n%s", limit, err, diff, g.text())
			}
		}
	})
}

func compareInventory(t failer, g *site, said *answer, inv *inventory.Inventory) {
	hosts := map[string]map[string]any{}
	groups := map[string][]string{"all": {}, "ungrouped": {}}
	for name := range inv.Groups() {
		groups[name] = []string{}
	}
	for _, h := range inv.Hosts() {
		hosts[h.Name] = variablesOf(h)
		in := append(slices.Clone(h.Groups), "all")
		if len(h.Groups) == 0 {
			in = append(in, "ungrouped")
		}
		for _, name := range in {
			groups[name] = append(groups[name], h.Name)
		}
	}
	for _, names := range groups {
		slices.Sort(names)
	}
	for _, vars := range said.Hosts {
		delete(vars, "ansible_group_priority")
		for name, v := range vars {
			vars[name] = number(v)
		}
	}
	if diff := cmp.Diff(said.Hosts, hosts, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("hosts (-Ansible +froyo)\n%s\n%s", diff, g.text())
	}
	if diff := cmp.Diff(said.Groups, groups, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("groups (-Ansible +froyo)\n%s\n%s", diff, g.text())
	}
}

// variablesOf puts what says how to reach a host back among its variables.
func variablesOf(h *inventory.Host) map[string]any {
	vars := map[string]any{}
	maps.Copy(vars, h.Vars)
	if h.Address != h.Name {
		vars["ansible_host"] = h.Address
	}
	if h.Port != 0 {
		vars["ansible_port"] = int64(h.Port)
	}
	if h.User != "" {
		vars["ansible_user"] = h.User
	}
	if h.Become != nil {
		vars["ansible_become"] = *h.Become
	}
	return vars
}

// number turns the numbers of JSON into those of variables.
func number(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			f, _ := v.Float64()
			return f
		}
		n, _ := v.Int64()
		return n
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = number(v[name])
		}
	}
	return v
}

// TestLiteralsAsAnsible: generated values of an INI inventory are what Ansible takes them for.
func TestLiteralsAsAnsible(t *testing.T) {
	o := ansible(t)
	seeded(t, 3000)
	piece := rapid.SampledFrom([]string{
		"1", "0", "7", "_", ".", "e", "-", "+", "(", ")", "[", "]", "{", "}", ",", ":", " ", "'", "\"", "#", "x", "b", "r", "u", "0x", "0b1", "0o7", "\\", "\\n", "\\x41", "\\101", "a",
		"True", "False", "None", "1.5", "1e3", "'a'", "\"b\"", "[1]", "{'k': 1}", "j", "é", "\\u00e9", "\\d", "'''", "=", "*", "%", "\t", "00", "1_0", "true", "yes", ";", "not ",
	})
	rapid.Check(t, func(rt *rapid.T) {
		in := strings.TrimSpace(strings.Join(rapid.SliceOfN(piece, 1, 7).Draw(rt, "text"), ""))
		said := o.ask(rt, question{Literals: []string{in}}).Literals[0]
		got, err := literal.Python(in)
		switch {
		case err != nil && err != literal.ErrNoLiteral: //nolint:errorlint // it is never wrapped
			if said.Error == "" && !refused(err) {
				rt.Fatalf("%q: froyo %v, Ansible %#v", in, err, said.Value)
			}
			return
		case err != nil:
			got = in
		}
		if strings.Contains(said.Error, "ellipsis") { // "..." is text for froyo, and of no use for Ansible
			return
		}
		if said.Error != "" {
			rt.Fatalf("%q: froyo %#v, Ansible %s", in, got, said.Error)
		}
		if diff := cmp.Diff(number(said.Value), got); diff != "" {
			rt.Fatalf("%q (-Ansible +froyo)\n%s", in, diff)
		}
	})
}

// refused reports errors about values that Ansible has and froyo has not.
func refused(err error) bool {
	return slices.ContainsFunc([]string{"64 bits", "a set", "complex"}, func(part string) bool { return strings.Contains(err.Error(), part) })
}
