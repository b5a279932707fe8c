package repository_test

import (
	"io"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// debconf is a host with answers.
func debconf(t *testing.T, answers map[string]string) *providertest.Memory {
	input := func(e *op.Exec) string {
		f, err := e.Stdin.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	get := func(question string) string {
		if answer, ok := answers[question]; ok {
			return "0 " + answer
		}
		return "10 " + question + " doesn't exist"
	}
	const (
		asking  = `sh -c IFS= read -r get; n=0; until said=$(echo "$get" | debconf-communicate); test -n "$said" || test "$n" -ge 25; do n=$((n+1)); sleep 0.2; done; `
		telling = asking + `printf %s "$said"`
		compare = asking + `IFS= read -r want; test -n "$said" || exit 3; test "$said" = "0 $want"`
	)
	return &providertest.Memory{Programs: map[string]func(*op.Exec) op.Result{
		telling: func(e *op.Exec) op.Result {
			return providertest.Exits(0, get(strings.TrimSpace(strings.TrimPrefix(input(e), "GET "))))(nil)
		},
		compare: func(e *op.Exec) op.Result {
			question, want, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(input(e), "GET "), "\n"), "\n")
			if get(question) == "0 "+want {
				return providertest.Exits(0, "")(nil)
			}
			return providertest.Exits(1, "")(nil)
		},
		"debconf-set-selections": func(e *op.Exec) op.Result {
			words := strings.SplitN(strings.TrimSuffix(input(e), "\n"), " ", 4)
			if words[0] == "bad" {
				return op.Result{Exec: &op.ExecResult{Stderr: "error: Cannot find a question for bad/q\n"}}
			}
			answers[words[1]] = words[3]
			return providertest.Exits(0, "")(nil)
		},
	}}
}

func TestDebconf(t *testing.T) {
	type given = map[string]any
	for _, tt := range []struct {
		name   string
		args   given
		before map[string]string
		want   string
		action abi.Action
		field  string
	}{
		{"new", given{"type": "select", "value": "Europe"}, nil, "Europe", abi.Update, "value"},
		{"another", given{"type": "string", "value": "a b  c"}, map[string]string{"p/q": "x"}, "a b  c", abi.Update, "value"},
		{"empty", given{"type": "string", "value": ""}, map[string]string{"p/q": "x"}, "", abi.Update, "value"},
		{"there", given{"type": "boolean", "value": "true"}, map[string]string{"p/q": "true"}, "true", abi.None, ""},
		{"a password", given{"type": "password", "value": "s3 $(x)\\n"}, nil, "s3 $(x)\\n", abi.Update, "password"},
		{"the password", given{"type": "password", "value": "s3"}, map[string]string{"p/q": "s3"}, "s3", abi.None, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before == nil {
				tt.before = map[string]string{}
			}
			tt.args["package"], tt.args["question"] = "p", "p/q"
			args, err := codec.Marshal(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			change, _ := providertest.New(t, providertest.Native(repository.Types()), debconf(t, tt.before)).Converge(providertest.Unit{Type: "debconf", Args: string(args)})
			if change.Action != tt.action || tt.before["p/q"] != tt.want || tt.action != abi.None && (len(change.Diffs) != 1 || change.Diffs[0].Field != tt.field) {
				t.Errorf("planned %s, %q is there: %+v", change.Action, tt.before["p/q"], change.Diffs)
			}
		})
	}
	kit := func(m *providertest.Memory) *providertest.Kit {
		return providertest.New(t, providertest.Native(repository.Types()), m)
	}
	unit := func(name string) providertest.Unit {
		return providertest.Unit{Type: "debconf", Args: `{"package":"` + name + `","question":"p/q","type":"string","value":"x"}`}
	}
	if _, err := kit(debconf(t, map[string]string{})).Apply(unit("bad")); err == nil || !strings.Contains(err.Message, "the answer was not taken") {
		t.Errorf("an answer that is not taken: %v", err)
	}
	m := debconf(t, map[string]string{})
	for command := range m.Programs {
		m.Programs[command] = func(*op.Exec) op.Result {
			return op.Result{Exec: &op.ExecResult{RC: 3, Stderr: "debconf: DbDriver \"config\": config.dat is locked"}}
		}
	}
	if _, err := kit(m).Plan(unit("p")); err == nil || err.Class != op.Transient || !strings.Contains(err.Detail, "is locked") {
		t.Errorf("a lock: %v", err)
	}
	m = debconf(t, map[string]string{})
	m.Lacks = []string{"debconf-communicate"}
	change, err := kit(m).Plan(unit("p"))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != `what brings it has to be declared before: pkg("debconf"), on Debian and its kin` {
		t.Errorf("%v: %+v", err, change.Needs)
	}
	if change, err := kit(debconf(t, map[string]string{})).Plan(unit("p")); err != nil || len(change.Needs) > 0 {
		t.Errorf("with debconf: %v: %+v", err, change.Needs)
	}
}
