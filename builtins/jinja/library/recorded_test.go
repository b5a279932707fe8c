package library_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/library"
	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// TestRecorded renders generated templates of which testdata has what Ansible makes: one object a line, with T for the
// template, V for its variables, and o for the text; without o Ansible fails.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	lib := library.New()
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(bytes.NewReader(src))
			lines.Buffer(nil, 1<<20)
			n := 0
			for lines.Scan() {
				n++
				checkRecorded(t, lib, lines.Text())
			}
			if lines.Err() != nil || n < 20 {
				t.Fatalf("%d recordings: %v", n, lines.Err())
			}
		})
	}
}

func checkRecorded(t *testing.T, lib *library.Library, line string) {
	t.Helper()
	v, err := pyjson.Load(line)
	if err != nil {
		t.Fatal(err)
	}
	c := v.(*starlark.Dict)
	get := func(key string) starlark.Value {
		v, _, _ := c.Get(starlark.String(key))
		return v
	}
	text, _ := starlark.AsString(get("T"))
	got, err := render(t, lib, text, get("V").(*starlark.Dict))
	want, succeeds := get("o").(starlark.String)
	if (err == nil) != succeeds || got != string(want) {
		t.Errorf("%s\n got %q, %v\nwant %q (success: %v)", line, got, err, string(want), succeeds)
	}
}

func render(t *testing.T, lib *library.Library, text string, vars *starlark.Dict) (string, error) {
	t.Helper()
	p, err := program.Compile("", text, syntax.Default(), lib)
	if err != nil {
		return "", err
	}
	run := &function.Run{Set: lib, Context: t.Context(), Steps: 10_000_000}
	return p.Render(run, none{}, func(name string) (py.Value, bool, error) { return vars.Get(starlark.String(name)) })
}

type none struct{}

func (none) Load(string, *program.Program) (*program.Program, error) {
	return nil, errors.New("there is no other template")
}

func TestUnknownNames(t *testing.T) {
	lib := library.New()
	for _, tt := range []struct{ text, message, hint string }{
		{"{{ 1 | defualt(2) }}", `there is no filter "defualt"`, "did you mean default?"},
		{"{{ 1 is definde }}", `there is no test "definde"`, "did you mean defined?"},
		{"{{ 1 | defined }}", `there is no filter "defined"`, "defined is a test: write value is defined"},
		{"{{ 1 is to_json }}", `there is no test "to_json"`, "to_json is a filter: write value | to_json"},
		{"{{ [] | keep_keys(['a']) }}", `there is no filter "keep_keys": several collections have it, and theirs differ`, "write ansible.utils.keep_keys or community.general.keep_keys"},
		{"{{ [] | community.general.keep_key(['a']) }}", `there is no filter "community.general.keep_key"`, "did you mean community.general.keep_keys?"},
		{"{{ 1 | ansible.builtin.upper }}", `there is no filter "ansible.builtin.upper"`, "write upper: the collection ansible.builtin does not have it"},
		{"{{ '~' | expanduser }}", `there is no filter "expanduser": it asks the machine on which the template is rendered`, "write the path in full, such as /home/deploy"},
		{"{{ '/' is directory }}", `there is no test "directory": it asks the machine on which the template is rendered`, "decide it in the runbook and pass the answer to template()"},
		{"{{ '~' | ansible.builtin.vault('x') }}", `there is no filter "ansible.builtin.vault": it encrypts with a new salt each time`, "keep secrets in the workspace's own secrets and pass them to template()"},
	} {
		_, err := program.Compile("", tt.text, syntax.Default(), lib)
		e, ok := errors.AsType[*program.Error](err)
		if !ok || e.Message != tt.message || e.Hint != tt.hint {
			t.Errorf("%s: got %v, want %s (%s)", tt.text, err, tt.message, tt.hint)
		}
	}
}

// TestNothingIsRefusedThatIsThere keeps the table of refused names true.
func TestNothingIsRefusedThatIsThere(t *testing.T) {
	lib := library.New()
	for _, r := range library.Refusals() {
		switch {
		case r.Kind == "filter" && lib.Filter(r.Name) != nil, r.Kind == "test" && lib.Test(r.Name) != nil, r.Kind == "function" && lib.Global(r.Name) != nil:
			t.Errorf("%s %s is refused, but it is there", r.Kind, r.Name)
		case r.Reason == "" || r.Instead == "":
			t.Errorf("%s %s is refused without a reason and a way", r.Kind, r.Name)
		}
	}
}

func TestRefusedAtRunTime(t *testing.T) {
	lib := library.New()
	for text, want := range map[string]string{
		"{{ 5 | random }}":                        "filter random: random without a seed gives something else each time: write random(seed=inventory_hostname)",
		"{{ [1] | shuffle }}":                     "filter shuffle: shuffle without a seed gives something else each time: write shuffle(seed=inventory_hostname)",
		"{{ 'x' | password_hash('md5') }}":        "filter password_hash: without a salt it gives another hash each time: write password_hash('md5', salt=...) with 1 to 8 characters of a-z, A-Z, 0-9, . and /, such as (inventory_hostname | hash('sha256'))[:8]",
		"{{ 'x' | password_hash('des', 'ab') }}":  "filter password_hash: hashtype is sha512, sha256, md5 or bcrypt, not des",
		"{{ 'x' | password_hash('md5', 'a b') }}": "filter password_hash: the salt has other characters than a-z, A-Z, 0-9, . and /",
	} {
		if _, err := render(t, lib, text, starlark.NewDict(0)); err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestAddresses has what the documentation of the collection shows, and its odd corners.
func TestAddresses(t *testing.T) {
	lib := library.New()
	for text, want := range map[string]string{
		"{{ 'x' | ipaddr }}": "False", "{{ '' | ipaddr }}": "False", "{{ 3232235777 | ipaddr }}": "192.168.1.1",
		"{{ ['192.24.2.1', 'host.fqdn', '::1', '', '192.168.32.0/24', 'fe80::100/10', true] | ipaddr }}":                          "['192.24.2.1', '::1', '192.168.32.0/24', 'fe80::100/10']",
		"{{ ['192.24.2.1', '::1'] | ipv4 }}{{ ['192.24.2.1', '::1'] | ansible.utils.ipv6 }}":                                      "['192.24.2.1']['::1']",
		"{{ '192.0.2.1/24' | ipaddr('address') }} {{ '192.0.2.0/24' | ipaddr('address') }}":                                       "192.0.2.1 ",
		"{{ '192.168.1.5' | ipaddr('192.168.0.0/16') }} {{ '10.1.1.1' | ipaddr('192.168.0.0/16') }}":                              "192.168.1.5 ",
		"{{ ['::1', '10.0.0.1', 'x'] | ipwrap }}":                                                                                 "['[::1]', '10.0.0.1', 'x']",
		"{{ '2001:db8::1/64' | ipwrap }}{{ 'x' | ipwrap }}":                                                                       "[2001:db8::1]/64x",
		"{{ '192.168.144.5' | ipsubnet(20) }}":                                                                                    "192.168.144.0/20",
		"{{ '192.168.0.0/16' | ipsubnet(20) }} {{ '192.168.144.5' | ipsubnet(18, 0) }}":                                           "16 192.168.128.0/18",
		"{{ '192.168.144.16/30' | ipsubnet('192.168.144.0/24') }}":                                                                "5",
		"{{ '192.168.1.5' | ipmath(5) }} {{ '2001::1' | ipmath(8) }} {{ '10.1.1.0' | ipmath(-1) }}":                               "192.168.1.10 2001::9 10.1.0.255",
		"{{ '10.0.0.0/8' | nthhost(305) }} {{ '10.0.0.0/8' | nthhost(-1) }}":                                                      "10.0.1.49 10.255.255.255",
		"{{ '192.168.122.1/24' | next_nth_usable(2) }} {{ '192.168.122.10/24' | previous_nth_usable(2) }}":                        "192.168.122.3 192.168.122.8",
		"{{ '192.168.0.0/24' | network_in_network('192.168.0.255') }}{{ '192.168.0.0/24' | network_in_usable('192.168.0.255') }}": "TrueFalse",
		"{{ ['192.168.0.34', '10.3.0.3', '192.168.2.34'] | reduce_on_network('192.168.0.0/24') }}":                                "['192.168.0.34']",
		"{{ ('10.0.0.0/30' | usable_range).usable_ips }}":                                                                         "['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3']",
		"{{ '192.168.1.5' | ip4_hex }} {{ '192.168.1.5' | ip4_hex(':') }}":                                                        "c0a80105 c0:a8:01:05",
		"{{ '192.168.1.1/24' | ipaddr('type') }}{{ '192.168.1.0/30' | ipaddr('size_usable') }}":                                   "address2",
		"{{ '10.1.1.2/31' | ipaddr('peer') }} {{ '192.168.0.1' | ipaddr('6to4') }}":                                               "10.1.1.3 2002:c0a8:0001::1/48",
		"{{ '1a:2b:3c:4d:5e:6f' | hwaddr }} [{{ 'x' | hwaddr }}]":                                                                 "1a:2b:3c:4d:5e:6f []",
	} {
		if got, err := render(t, lib, text, starlark.NewDict(0)); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"{{ '192.168.1.1' | ipaddr('first_usable') }}", "{{ '10.0.0.1' | ipaddr('nonsense') }}", "{{ 'x' | ipmath(1) }}", "{{ 'x' | hwaddr('linux') }}",
		"{{ '10.0.0.0/8' | usable_range }}", "{{ '0.0.0.0' | ipmath(-1) }}", "{{ ['x'] | cidr_merge }}",
	} {
		if got, err := render(t, lib, text, starlark.NewDict(0)); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
}
