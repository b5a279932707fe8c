package providertest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// bad is a type that breaks the contract as its unit says.
type bad struct {
	How string `json:"how"`
}

type badState struct {
	Exists bool `json:"exists"`
}

func (b bad) Read(t *sdk.T) badState {
	return badState{Exists: t.Must(t.Do(op.Op{Stat: &op.Stat{Path: "/x"}})).Stat.Exists}
}

func (b bad) Plan(t *sdk.T, actual badState) {
	path := "/x"
	switch {
	case b.How == "good" && actual.Exists:
		return
	case b.How == "does something else" && t.Acting():
		path = "/y"
	}
	t.Effect(op.Op{Mkdir: &op.Mkdir{Path: path}})
}

// findings is a test that only remembers what made it fail.
type findings struct {
	testing.TB
	texts []string
}

func (f *findings) Helper() {}

func (f *findings) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func (f *findings) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *findings) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// converge returns what the kit finds in a guest.
func converge(t *testing.T, guest providertest.Guest, how string) string {
	f := &findings{TB: t}
	done := make(chan struct{})
	go func() { // which Fatal may end
		defer close(done)
		target := &providertest.Memory{Files: map[string]*providertest.Node{}}
		providertest.New(f, guest, target).Converge(providertest.Unit{Type: "bad", Args: `{"how":"` + how + `"}`})
	}()
	<-done
	return strings.Join(f.texts, "\n")
}

func TestKitFinds(t *testing.T) {
	set := sdk.NewSet()
	sdk.Add[bad, badState](set, "bad")
	native := providertest.Native(set)
	says := func(answer string) providertest.Guest {
		return func(call []byte) ([]byte, error) {
			var c abi.Call
			if err := codec.Unmarshal(call, &c); err != nil {
				return nil, err
			}
			return []byte(`{"replies":[` + answer + strings.Repeat(","+answer, len(c.Requests)-1) + `]}`), nil
		}
	}
	calls := 0
	fickle := func(call []byte) ([]byte, error) {
		calls++
		return says(fmt.Sprintf(`{"actual":{"n":%d}}`, calls))(call)
	}
	stat := `{"fs.stat":{"path":"/x"}}`
	tests := []struct {
		name  string
		guest providertest.Guest
		want  string
	}{
		{"good", native, ""},
		{"does something else", native, `apply needs an effect that was not announced: {"file.mkdir":{"path":"/y"}}`},
		{"never ends", native, `after apply a plan still finds {"action":"update","effects":[{"op":{"file.mkdir":{"path":"/x"}}}]}`},
		{"fickle", fickle, `the same request got {"actual":{"n":1}} and`},
		{"invalid op", says(`{"need":[{"fs.stat":{"path":"x"}}]}`), "read needs an invalid op"},
		{"effect in read", says(`{"need":[{"file.mkdir":{"path":"/x"}}]}`), "read needs an effect that was not announced"},
		{"probe in read", says(`{"need":[{"probe.tcp":{"address":"db","port":1,"timeout_ms":1,"attempts":1}}]}`), "read needs an effect that was not announced"},
		{"endless", says(`{"need":[` + stat + strings.Repeat(","+stat, 255) + `]}`), "read needs more than 1024 ops"},
		{"two answers", says(`{"actual":{},"change":{"action":"none"}}`), "read got the reply"},
		{"another answer", says(`{"change":{"action":"none"}}`), "read got the reply"},
		{"error", says(`{"error":{"class":"permanent","message":"no"}}`), "first plan: no (permanent)"},
		{"no JSON", says(`{`), "json: byte"},
		{"no answer", func([]byte) ([]byte, error) { return nil, fmt.Errorf("trapped") }, "trapped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := converge(t, tt.guest, tt.name)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("the kit found %q, want %q", got, tt.want)
			}
		})
	}
}
