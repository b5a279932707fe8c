package contract_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/contract"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// answers is a provider that gives the same replies however it is asked.
type answers struct {
	replies []abi.Reply
	err     error
}

func (a answers) Call(context.Context, []abi.Request) ([]abi.Reply, error) { return a.replies, a.err }

func (a answers) Run(context.Context, []abi.Request, inspect.Perform) ([]abi.Reply, error) {
	return a.replies, a.err
}

func outcome(outputs string) abi.Reply {
	return abi.Reply{Outcome: &abi.Outcome{Changed: true, Outputs: codec.Raw(outputs)}}
}

// TestOutputs holds each rule against an outcome that breaks it, and against one that does not.
func TestOutputs(t *testing.T) {
	linux, err := schema.Load(os.DirFS("../../providers/linux"), "linux", map[string]string{"cmd": "#Cmd"})
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"changed":true,"rc":0,"stdout":"","stderr":"","ran":true}`
	tests := []struct {
		name  string
		typ   string
		verb  abi.Verb
		reply abi.Reply
		want  string // "" is that the reply stays as it is
	}{
		{"as the type says", "cmd", abi.Apply, outcome(good), ""},
		{"one is missing", "cmd", abi.Apply, outcome(strings.Replace(good, `"rc":0,`, "", 1)), "rc is missing"},
		{"one has another type", "cmd", abi.Apply, outcome(strings.Replace(good, `"rc":0`, `"rc":"0"`, 1)), "rc is"},
		{"one is more than there are", "cmd", abi.Apply, outcome(strings.Replace(good, `"rc":0`, `"rc":0,"pid":1`, 1)), "pid"},
		{"none at all", "cmd", abi.Apply, outcome(""), "is missing"},
		{"what is no object", "cmd", abi.Apply, outcome(`[1]`), "the provider of cmd gave outputs that are not its type's"},
		{"of a type that is not there", "nope", abi.Apply, outcome(good), "there is no such type"},
		{"asked to read", "cmd", abi.Read, outcome(`{}`), ""},
		{"no outcome", "cmd", abi.Apply, abi.Reply{Error: &abi.Error{Message: "broken"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reqs := []abi.Request{{Type: test.typ, Verb: test.verb}}
			for name, ask := range map[string]func(*contract.Provider) ([]abi.Reply, error){
				"Call": func(p *contract.Provider) ([]abi.Reply, error) { return p.Call(t.Context(), reqs) },
				"Run":  func(p *contract.Provider) ([]abi.Reply, error) { return p.Run(t.Context(), reqs, nil) },
			} {
				replies, err := ask(contract.New(answers{replies: []abi.Reply{test.reply}}, linux.Types))
				if err != nil || len(replies) != 1 {
					t.Fatalf("%s: got %v, %v", name, replies, err)
				}
				got := replies[0]
				switch {
				case test.want == "" && (got.Outcome != test.reply.Outcome || got.Error != test.reply.Error):
					t.Errorf("%s: the reply was changed: %+v", name, got.Error)
				case test.want != "" && (got.Outcome != nil || got.Error == nil || !strings.Contains(got.Error.Message, test.want)):
					t.Errorf("%s: got %+v, want an error with %q", name, got, test.want)
				case test.want != "" && got.Error.Hint != "the unit was performed, and what it gave is not used: this is a fault of the provider, tell its author":
					t.Errorf("%s: hint %q", name, got.Error.Hint)
				}
			}
		})
	}
}

// TestBrokenProvider: more replies than requests, and an error, pass through.
func TestBrokenProvider(t *testing.T) {
	broken := errors.New("broken")
	p := contract.New(answers{replies: []abi.Reply{outcome(`{}`)}, err: broken}, nil)
	if replies, err := p.Call(t.Context(), nil); !errors.Is(err, broken) || len(replies) != 1 || replies[0].Outcome == nil {
		t.Errorf("got %v, %v", replies, err)
	}
}
