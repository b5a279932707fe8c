package linux_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// cmdArgs completes a cmd's arguments as its schema does.
func cmdArgs(args string) string {
	for _, d := range []struct{ field, value string }{{"command", `"make"`}, {"ok_exit_codes", "[0]"}, {"changed_when", "true"}} {
		if !strings.Contains(args, `"`+d.field+`"`) {
			args += `,"` + d.field + `":` + d.value
		}
	}
	return "{" + strings.TrimPrefix(args, ",") + "}"
}

// programs of the tests. make makes /etc/made.
func cmdHost() *providertest.Memory {
	m := host(map[string]*providertest.Node{"/etc/here": upToDate, "/etc/link": {Type: op.TypeLink, Target: "/etc/gone"}})
	m.Programs["yes"] = providertest.Exits(0, "")
	m.Programs["no"] = providertest.Exits(1, "")
	m.Programs["make"] = func(*op.Exec) op.Result {
		m.Files["/etc/made"] = upToDate
		return op.Result{Exec: &op.ExecResult{Stdout: "made\n", Stderr: "slow\n"}}
	}
	m.Programs["made?"] = func(*op.Exec) op.Result {
		if m.Files["/etc/made"] == nil {
			return op.Result{Exec: &op.ExecResult{RC: 3}}
		}
		return op.Result{Exec: &op.ExecResult{}}
	}
	return m
}

func TestCmd(t *testing.T) {
	const run = `{"op":{"exec":{"shell":"make"}}}`
	tests := []struct {
		name, args string
		unknown    []string
		want       want
	}{
		{"shell", ``, nil, want{action: abi.Run, effects: []string{run}}},
		{"list", `"command":["make","-j","a b"]`, nil, want{action: abi.Run, effects: []string{`{"op":{"exec":{"argv":["make","-j","a b"]}}}`}}},
		{"all there is", `"cwd":"/src","env":{"B":"2","A":"x=y"},"stdin":` + newRef, nil, want{action: abi.Run, effects: []string{
			`{"op":{"exec":{"shell":"make","dir":"/src","env":["A=x=y","B=2"],"stdin":` + newRef + `}}}`,
		}}},
		{"probe", `"changed_when":false`, nil, want{action: abi.Probe, effects: []string{run}}},
		{"creates", `"creates":"/etc/here"`, nil, want{action: abi.None, reason: "creates /etc/here exists"}},
		{"creates what is not there", `"creates":"/etc/made"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"creates what a dead link names", `"creates":"/etc/link"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"removes", `"removes":"/etc/gone"`, nil, want{action: abi.None, reason: "removes /etc/gone does not exist"}},
		{"removes what is there", `"removes":"/etc/here"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"unless", `"unless":"yes"`, nil, want{action: abi.None, reason: `unless "yes" ended with 0`}},
		{"unless not", `"unless":"no"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"unless missing", `"unless":"missing"`, nil, want{action: abi.Run, reason: "unless: missing not found", effects: []string{run}}},
		{"onlyif", `"onlyif":"yes"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"onlyif not", `"onlyif":"no"`, nil, want{action: abi.None, reason: `onlyif "no" ended with 1`}},
		{"onlyif missing", `"onlyif":"missing"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"all say so", `"creates":"/etc/made","removes":"/etc/here","unless":"no","onlyif":"yes"`, nil, want{action: abi.Run, effects: []string{run}}},
		{"the first that does not", `"creates":"/etc/made","removes":"/etc/gone","unless":"yes","onlyif":"no"`, nil, want{action: abi.None, reason: "removes /etc/gone does not exist"}},
		{"guarded probe", `"changed_when":false,"unless":"yes"`, nil, want{action: abi.None, reason: `unless "yes" ended with 0`}},
		{"unknown command", `"command":null`, []string{"command"}, want{action: abi.Run, effects: []string{`{"op":{"exec":{}},"unknown":["argv","shell"]}`}}},
		{"unknown directory", `"creates":"/etc/made","unless":"yes"`, []string{"cwd"}, want{
			action: abi.Run, reason: "guards are asked at apply", effects: []string{`{"op":{"exec":{"shell":"make"}},"unknown":["dir"]}`},
		}},
		{"unknown directory, but a file says no", `"creates":"/etc/here","unless":"no"`, []string{"cwd"}, want{action: abi.None, reason: "creates /etc/here exists"}},
		{"unknown environment and input", ``, []string{"env", "stdin"}, want{action: abi.Run, effects: []string{`{"op":{"exec":{"shell":"make"}},"unknown":["env","stdin"]}`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := cmdHost()
			change, err := kit(t, m).Plan(providertest.Unit{Type: "cmd", Args: cmdArgs(tt.args), Unknown: tt.unknown})
			if err != nil {
				t.Fatal(err)
			}
			check(t, change, tt.want)
			if len(m.Done) > 0 {
				t.Errorf("planning did %v", m.Done)
			}
		})
	}
}

func TestCmdGuardsAreOneRound(t *testing.T) {
	r := &recorder{Memory: cmdHost()}
	k := providertest.New(t, providertest.Native(linux.Types()), r)
	args := cmdArgs(`"creates":"/etc/made","removes":"/etc/here","unless":"no","onlyif":"yes","cwd":"/src","env":{"A":"1"}`)
	if _, err := k.Plan(providertest.Unit{Type: "cmd", Args: args}); err != nil {
		t.Fatal(err)
	}
	want := []op.Op{
		{Stat: &op.Stat{Path: "/etc/made", Follow: true}},
		{Stat: &op.Stat{Path: "/etc/here", Follow: true}},
		{Exec: &op.Exec{Shell: "no", Dir: "/src", Env: []string{"A=1"}, ReadOnly: true}},
		{Exec: &op.Exec{Shell: "yes", Dir: "/src", Env: []string{"A=1"}, ReadOnly: true}},
		{Need: &op.Need{Program: "make", Dir: "/src"}},
	}
	if diff := cmp.Diff(want, r.asked); diff != "" || k.Rounds != 1 {
		t.Errorf("in %d rounds: %s", k.Rounds, diff)
	}
}

func TestCmdConverges(t *testing.T) {
	for _, args := range []string{`"creates":"/etc/made"`, `"unless":"made?"`, `"creates":"/etc/made","onlyif":"yes"`} {
		t.Run(args, func(t *testing.T) {
			change, _ := kit(t, cmdHost()).Converge(providertest.Unit{Type: "cmd", Args: cmdArgs(args)})
			check(t, change, want{action: abi.Run, effects: []string{`{"op":{"exec":{"shell":"make"}}}`}})
		})
	}
}

func TestCmdOutcome(t *testing.T) {
	tests := []struct {
		name, args string
		want       abi.Outcome
	}{
		{"run", ``, abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true,"rc":0,"stdout":"made\n","stderr":"slow\n","ran":true}`)}},
		{"probe", `"changed_when":false`, abi.Outcome{Outputs: codec.Raw(`{"changed":false,"rc":0,"stdout":"made\n","stderr":"slow\n","ran":true}`)}},
		{"another exit code", `"command":"no","ok_exit_codes":[0,1]`, abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true,"rc":1,"stdout":"","stderr":"","ran":true}`)}},
		{"kept", `"unless":"yes"`, abi.Outcome{Reason: `unless "yes" ended with 0`, Outputs: codec.Raw(`{"changed":false,"rc":0,"stdout":"","stderr":"","ran":false}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := kit(t, cmdHost()).Apply(providertest.Unit{Type: "cmd", Args: cmdArgs(tt.args)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCmdUnknown(t *testing.T) {
	tests := []struct {
		name, args, learn string
		unknown           []string
		ran               bool
	}{
		{"command", `"command":null`, `"command":["make"]`, []string{"command"}, true},
		{"directory", `"unless":"no"`, `"unless":"no","cwd":"/src"`, []string{"cwd"}, true},
		{"guard that keeps it", `"unless":"yes"`, `"unless":"yes","cwd":"/src"`, []string{"cwd"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := cmdHost()
			outcome, err := kit(t, m).Learn(providertest.Unit{Type: "cmd", Args: cmdArgs(tt.args), Unknown: tt.unknown}, cmdArgs(tt.learn))
			if err != nil {
				t.Fatal(err)
			}
			if outcome.Changed != tt.ran || len(m.Done) > 0 != tt.ran {
				t.Errorf("got %+v with %v", outcome, m.Done)
			}
		})
	}
}

func TestCmdFailures(t *testing.T) {
	long := strings.Repeat("line\n", 1000)
	says := func(rc int, stdout, stderr string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result {
			return op.Result{Exec: &op.ExecResult{RC: rc, Stdout: stdout, Stderr: stderr}}
		}
	}
	tests := []struct {
		name, args string
		make       func(*op.Exec) op.Result
		want       abi.Error
	}{
		{"stderr", ``, says(2, "out", "err\nmore\n"), abi.Error{Class: op.Transient, Message: `exit code 2 (expected 0)`, Detail: "stdout:\n  out\nstderr:\n  err\n  more"}},
		{"stderr alone", ``, says(2, " \n", "err\n"), abi.Error{Class: op.Transient, Message: `exit code 2 (expected 0)`, Detail: "err"}},
		{"stdout", `"ok_exit_codes":[0,3]`, says(2, "out\n", "\n"), abi.Error{Class: op.Transient, Message: `exit code 2 (expected 0 or 3)`, Detail: "out"}},
		{"list", `"command":["make","a\nb"]`, nil, abi.Error{Class: op.Transient, Message: `exit code 4 (expected 0)`}},
		{"zero is not fine", `"ok_exit_codes":[1]`, says(0, "", ""), abi.Error{Class: op.Transient, Message: `exit code 0 (expected 1)`}},
		{"long", ``, says(1, "", long), abi.Error{Class: op.Transient, Message: `exit code 1 (expected 0)`, Detail: "(earlier output is left out)\n" + strings.TrimSuffix(strings.Repeat("line\n", 40), "\n")}},
		{"long line", ``, says(1, "", strings.Repeat("é", 3000)+"x"), abi.Error{Class: op.Transient, Message: `exit code 1 (expected 0)`, Detail: "(earlier output is left out)\n" + strings.Repeat("é", 1023) + "x"}},
		{"does not start", `"command":["missing"]`, nil, abi.Error{Class: op.Permanent, Message: "missing: no such program"}},
		{"guard fails for now", `"unless":"busy"`, nil, abi.Error{Class: op.Transient, Message: "too busy"}},
		{"guard takes too long", `"onlyif":"slow"`, nil, abi.Error{Class: op.Permanent, Message: "no end after 10m"}},
		{"long command", `"command":"` + strings.Repeat("é", 41) + `"`, nil, abi.Error{Class: op.Transient, Message: `exit code 5 (expected 0)`}},
		{"not strings", `"command":["make",1]`, nil, abi.Error{Class: op.Permanent, Message: "command is not a list of strings"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := cmdHost()
			m.Programs["make a\nb"] = providertest.Exits(4, "")
			m.Programs[strings.Repeat("é", 41)] = providertest.Exits(5, "")
			m.Programs["busy"] = func(*op.Exec) op.Result {
				return op.Result{Error: &op.Error{Class: op.Transient, Message: "too busy"}}
			}
			m.Programs["slow"] = func(*op.Exec) op.Result {
				return op.Result{Error: &op.Error{Class: op.Permanent, Code: "timeout", Message: "no end after 10m"}}
			}
			if tt.make != nil {
				m.Programs["make"] = tt.make
			}
			_, err := kit(t, m).Apply(providertest.Unit{Type: "cmd", Args: cmdArgs(tt.args)})
			if diff := cmp.Diff(&tt.want, err); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestScript: a script is guarded as a command is, and its arguments are words of their own.
func TestScript(t *testing.T) {
	run := `{"op":{"exec":{"argv":["a b"],"script":` + newRef + `}}}`
	for _, tt := range []struct {
		name, args string
		unknown    []string
		want       want
	}{
		{"alone", ``, nil, want{action: abi.Run, effects: []string{run}}},
		{"all there is", `"cwd":"/src","env":{"B":"2","A":"x=y"}`, nil, want{action: abi.Run, effects: []string{
			`{"op":{"exec":{"argv":["a b"],"dir":"/src","env":["A=x=y","B=2"],"script":` + newRef + `}}}`,
		}}},
		{"probe", `"changed_when":false`, nil, want{action: abi.Probe, effects: []string{run}}},
		{"creates", `"creates":"/etc/here"`, nil, want{action: abi.None, reason: "creates /etc/here exists"}},
		{"onlyif not", `"onlyif":"no"`, nil, want{action: abi.None, reason: `onlyif "no" ended with 1`}},
		{"unknown arguments", `"args":null`, []string{"args"}, want{action: abi.Run, effects: []string{`{"op":{"exec":{"script":` + newRef + `}},"unknown":["argv"]}`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := cmdHost()
			all := tt.args
			if !strings.Contains(all, `"args"`) {
				all += `,"args":["a b"]`
			}
			change, err := kit(t, m).Plan(providertest.Unit{Type: "script", Args: cmdArgs(all + `,"content":` + newRef), Unknown: tt.unknown})
			if err != nil {
				t.Fatal(err)
			}
			check(t, change, tt.want)
		})
	}
}
