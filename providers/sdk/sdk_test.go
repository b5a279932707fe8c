package sdk_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// toy is a type whose code does what a test's unit says.
type toy struct {
	Do   string `json:"do"`
	Mode string `json:"mode"`
}

type toyState struct {
	Mode string `json:"mode"`
}

var (
	statA = op.Op{Stat: &op.Stat{Path: "/a"}}
	statB = op.Op{Stat: &op.Stat{Path: "/b"}}
	mkdir = op.Op{Mkdir: &op.Mkdir{Path: "/a"}}
	query = op.Op{Exec: &op.Exec{Shell: "id", ReadOnly: true}}
	reads = []op.Op{
		{Stat: &op.Stat{Path: "/a \"b\"\n", Follow: true}},
		{Read: &op.Read{Path: "/é"}},
		{Read: &op.Read{Path: "/a", Limit: 1 << 20, Unless: "00ff"}},
		{List: &op.List{Path: "/a"}},
		query,
	}
)

func (y toy) Read(t *sdk.T) toyState {
	switch y.Do {
	case "two reads":
		a := t.All(statA, statB)
		return toyState{Mode: string(a[0].Stat.Type) + string(a[1].Stat.Type)}
	case "reads":
		t.All(reads...)
	case "must":
		t.Must(t.Do(statA))
	case "effect in read":
		t.Do(mkdir)
	case "effect in All":
		t.All(statA, mkdir)
	case "bad op":
		t.Do(op.Op{Stat: &op.Stat{Path: "relative"}})
	case "invalid op":
		t.All(op.Op{})
	case "flood":
		ops := make([]op.Op, abi.MaxNeeds+1)
		for i := range ops {
			ops[i] = statA
		}
		t.All(ops...)
	case "panic":
		panic("boom")
	case "index":
		return toyState{Mode: []string{}[len(y.Mode)]}
	case "panic with error":
		panic(errors.New("wrapped"))
	case "panic with number":
		panic(1)
	case "recovers":
		func() {
			defer func() { _ = recover() }()
			t.Do(statA)
		}()
		return toyState{Mode: "swallowed"}
	case "recovers and goes on":
		for _, o := range []op.Op{statA, statB} {
			func() {
				defer func() { _ = recover() }()
				t.Do(o)
			}()
		}
		panic("and panics")
	}
	return toyState{Mode: "read"}
}

func (y toy) Plan(t *sdk.T, actual toyState) {
	switch y.Do {
	case "effect", "fails":
		t.Differ("mode", actual.Mode, y.Mode)
		r := t.Effect(mkdir, "mode")
		if t.Acting() {
			t.Output(map[string]any{"backup": r.Done.Backup})
		}
	case "unknown":
		if t.Unknown("mode") {
			t.DifferUnknown("mode", actual.Mode)
		}
	case "says nothing to do":
		t.Action(abi.None)
		t.Do(mkdir)
	case "probe":
		t.Action(abi.Probe)
		t.Reason("asked for")
		t.Do(op.Op{Exec: &op.Exec{Shell: "true"}})
	case "asks while planning":
		if r := t.Do(query); r.Exec.RC == 0 {
			t.Do(mkdir)
		}
	case "bad effect":
		t.Effect(op.Op{Mkdir: &op.Mkdir{Path: "x"}})
	case "vague effect":
		t.Effect(op.Op{Exec: &op.Exec{}}, "shell")
	case "no JSON":
		t.Differ("mode", func() {}, nil)
	default:
		if t.Differ("mode", actual.Mode, y.Mode) {
			t.Action(abi.Create)
		}
	}
}

// mortal can be destroyed.
type mortal struct{ toy }

func (mortal) Destroy(t *sdk.T, _ toyState) { t.Effect(op.Op{Remove: &op.Remove{Path: "/a"}}) }

func types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[toy, toyState](set, "toy")
	sdk.Add[mortal, toyState](set, "mortal")
	return set
}

func ask(t *testing.T, requests ...abi.Request) []abi.Reply {
	t.Helper()
	call, err := codec.Marshal(abi.Call{ABI: abi.Version, Requests: requests})
	if err != nil {
		t.Fatal(err)
	}
	first, second := sdk.Handle(types(), call), sdk.Handle(types(), call)
	if !bytes.Equal(first, second) {
		t.Errorf("the same call got %s and %s", first, second)
	}
	var answer abi.Answer
	if err := codec.Unmarshal(first, &answer); err != nil {
		t.Fatal(err)
	}
	if plain, err := codec.Marshal(answer); err != nil || !bytes.Equal(first, plain) {
		t.Errorf("the answer is %s, the codec writes %s, %v", first, plain, err)
	}
	return answer.Replies
}

func request(verb abi.Verb, do string, log ...abi.Entry) abi.Request {
	r := abi.Request{Type: "toy", Verb: verb, Unit: codec.Raw(`{"do":"` + do + `","mode":"0644"}`), Log: log}
	if verb != abi.Read {
		r.Actual = codec.Raw(`{"mode":"0600"}`)
	}
	return r
}

func entry(o op.Op, r op.Result) abi.Entry { return abi.Entry{Op: o, Result: r} }

func failure(message string) abi.Reply {
	return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: message}}
}

func TestReply(t *testing.T) {
	file := op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeFile}}
	dir := op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeDir}}
	done := op.Result{Done: &op.Done{Changed: true, Backup: "/a~"}}
	denied := op.Result{Error: &op.Error{Class: op.Conflict, Code: "eacces", Message: "denied\nby a rule"}}
	diff := []abi.Diff{{Field: "mode", Before: codec.Raw(`"0600"`), After: codec.Raw(`"0644"`)}}
	other := request(abi.Plan, "")
	other.Unit = codec.Raw(`{"mode":"0600"}`)
	unknown := request(abi.Plan, "unknown")
	unknown.Unknown = []string{"mode"}
	immortal, deadly := request(abi.Destroy, ""), request(abi.Destroy, "", entry(op.Op{Remove: &op.Remove{Path: "/a"}}, done))
	deadly.Type = "mortal"
	badUnit, badState := request(abi.Read, ""), request(abi.Plan, "")
	badUnit.Unit, badState.Actual = codec.Raw(`{"do":1}`), nil
	nondeterministic := func(detail string) abi.Reply {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: "provider is not deterministic", Detail: detail}}
	}
	tests := []struct {
		name    string
		request abi.Request
		want    abi.Reply
	}{
		{"read without ops", request(abi.Read, ""), abi.Reply{Actual: codec.Raw(`{"mode":"read"}`)}},
		{"needs both", request(abi.Read, "two reads"), abi.Reply{Need: []op.Op{statA, statB}}},
		{"needs all kinds", request(abi.Read, "reads"), abi.Reply{Need: reads}},
		{"needs the rest", request(abi.Read, "two reads", entry(statA, file)), abi.Reply{Need: []op.Op{statB}}},
		{"replays", request(abi.Read, "two reads", entry(statA, file), entry(statB, dir)), abi.Reply{Actual: codec.Raw(`{"mode":"filedirectory"}`)}},
		{"another op in the log", request(abi.Read, "two reads", entry(statB, dir)), nondeterministic("asked for fs.stat /a where it had asked for fs.stat /b")},
		{"a longer log", request(abi.Read, "", entry(statB, dir)), nondeterministic("ended before asking for all that is in its log again")},
		{"failing read", request(abi.Read, "must", entry(statA, denied)), abi.Reply{Error: &abi.Error{Class: op.Conflict, Message: "denied", Detail: "by a rule"}}},
		{"effect in read", request(abi.Read, "effect in read"), failure("read asks for the effect file.mkdir /a")},
		{"effect in All", request(abi.Read, "effect in All"), failure("All is for reading, but was given file.mkdir /a")},
		{"bad op", request(abi.Read, "bad op"), failure(`op is not valid: fs.stat: path "relative" is not absolute`)},
		{"invalid op", request(abi.Read, "invalid op"), failure("All is for reading, but was given invalid op")},
		{"flood", request(abi.Read, "flood"), failure("asks for 257 ops at once, more than 256")},
		{"swallowed", request(abi.Read, "recovers"), abi.Reply{Need: []op.Op{statA}}},
		{"swallowed twice", request(abi.Read, "recovers and goes on"), abi.Reply{Need: []op.Op{statA}}},
		{"plan", request(abi.Plan, ""), abi.Reply{Change: &abi.Change{Action: abi.Create, Diffs: diff}}},
		{"plan without change", other, abi.Reply{Change: &abi.Change{Action: abi.None}}},
		{"plan announces", request(abi.Plan, "effect"), abi.Reply{Change: &abi.Change{Action: abi.Update, Diffs: diff, Effects: []abi.Effect{{Op: mkdir, Unknown: []string{"mode"}}}}}},
		{"plan unknown", unknown, abi.Reply{Change: &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "mode", Before: codec.Raw(`"0600"`), Unknown: true}}}}},
		{"plan asks", request(abi.Plan, "asks while planning"), abi.Reply{Need: []op.Op{query}}},
		{"plan goes on", request(abi.Plan, "asks while planning", entry(query, op.Result{Exec: &op.ExecResult{}})), abi.Reply{Change: &abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: mkdir}}}}},
		{"contradiction", request(abi.Plan, "says nothing to do"), failure("toy has effects although it says that nothing is to do")},
		{"bad effect", request(abi.Plan, "bad effect"), failure(`effect is not valid: file.mkdir: path "x" is not absolute`)},
		{"vague effect", request(abi.Plan, "vague effect"), abi.Reply{Change: &abi.Change{Action: abi.Update, Effects: []abi.Effect{{Op: op.Op{Exec: &op.Exec{}}, Unknown: []string{"shell"}}}}}},
		{"vague at apply", request(abi.Apply, "vague effect"), failure("op is not valid: exec: give either argv or shell")},
		{"no JSON", request(abi.Plan, "no JSON"), failure("json: type func() is not supported")},
		{"apply needs", request(abi.Apply, "effect"), abi.Reply{Need: []op.Op{mkdir}}},
		{"apply ends", request(abi.Apply, "effect", entry(mkdir, done)), abi.Reply{Outcome: &abi.Outcome{Changed: true, Outputs: codec.Raw(`{"backup":"/a~"}`)}}},
		{"apply changed nothing", request(abi.Apply, "effect", entry(mkdir, op.Result{Done: &op.Done{}})), abi.Reply{Outcome: &abi.Outcome{Outputs: codec.Raw(`{"backup":""}`)}}},
		{"apply fails", request(abi.Apply, "fails", entry(mkdir, denied)), abi.Reply{Error: &abi.Error{Class: op.Conflict, Message: "denied", Detail: "by a rule"}}},
		{"probe", request(abi.Apply, "probe", entry(op.Op{Exec: &op.Exec{Shell: "true"}}, op.Result{Exec: &op.ExecResult{}})), abi.Reply{Outcome: &abi.Outcome{Reason: "asked for"}}},
		{"destroy", deadly, abi.Reply{Outcome: &abi.Outcome{Changed: true}}},
		{"cannot be destroyed", immortal, failure("type toy cannot be destroyed")},
		{"bad arguments", badUnit, failure("arguments of toy cannot be read: json: byte 6: do: expected a string, found a number")},
		{"no state", badState, failure("state of toy cannot be read: json: byte 0: expected an object, found the end")},
		{"unknown type", abi.Request{Type: "x", Verb: abi.Read}, failure(`the provider has no type "x"`)},
		{"unknown verb", abi.Request{Type: "toy", Verb: "x"}, failure(`unknown verb "x"`)},
	}
	var requests []abi.Request
	var replies []abi.Reply
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff([]abi.Reply{tt.want}, ask(t, tt.request)); diff != "" {
				t.Error(diff)
			}
		})
		requests, replies = append(requests, tt.request), append(replies, tt.want)
	}
	t.Run("all in one call", func(t *testing.T) {
		if diff := cmp.Diff(replies, ask(t, requests...)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPanicsAreNamed(t *testing.T) {
	tests := []struct{ do, want string }{
		{"panic", "toy: read panicked: boom"},
		{"index", "toy: read panicked: runtime error: index out of range [4] with length 0"},
		{"panic with error", "toy: read panicked: wrapped"},
		{"panic with number", "toy: read panicked: a value that is no text"},
	}
	for _, tt := range tests {
		t.Run(tt.do, func(t *testing.T) {
			replies := ask(t, request(abi.Read, "two reads"), request(abi.Read, tt.do), request(abi.Read, ""))
			e := replies[1].Error
			if e == nil || e.Message != tt.want || e.Class != op.Permanent {
				t.Fatalf("got %+v, want %s", e, tt.want)
			}
			if !strings.Contains(e.Detail, "toy.Read sdk_test.go:") || strings.Contains(e.Detail, "runtime.") {
				t.Errorf("the detail does not show the author's code: %s", e.Detail)
			}
			if replies[0].Need == nil || replies[2].Actual == nil {
				t.Errorf("neighbours were lost: %+v", replies)
			}
		})
	}
}

func TestBadCalls(t *testing.T) {
	many, err := codec.Marshal(abi.Call{ABI: abi.Version, Requests: make([]abi.Request, abi.MaxRequests+1)})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, call, want string
		replies          int
	}{
		{"no JSON", `{"abi":`, "call cannot be read: json: byte 7: abi: expected a number, found the end", 1},
		{"version", `{"abi":2,"requests":[{},{}]}`, "call is of contract version 2, the provider knows 1", 2},
		{"too many", string(many), "call has 65 requests, more than 64", 65},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var answer abi.Answer
			if err := codec.Unmarshal(sdk.Handle(types(), []byte(tt.call)), &answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Replies) != tt.replies {
				t.Fatalf("got %d replies, want %d", len(answer.Replies), tt.replies)
			}
			for _, r := range answer.Replies {
				if diff := cmp.Diff(failure(tt.want), r); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestOtherJSON holds that only an op's meaning counts, not how a host writes it.
func TestOtherJSON(t *testing.T) {
	call := `{"abi":1, "requests":[{"type":"toy","verb":"read","unit":{"do":"must"},"log":[
		{"op": {"fs.stat": {"follow": false, "path": "\u002fa"}}, "result": {"fs.stat": {"exists": true}}}]}]}`
	if got, want := string(sdk.Handle(types(), []byte(call))), `{"replies":[{"actual":{"mode":"read"}}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNames(t *testing.T) {
	if diff := cmp.Diff([]string{"mortal", "toy"}, types().Names()); diff != "" {
		t.Error(diff)
	}
}

func TestServeRefusesTwoTypesOfOneName(t *testing.T) {
	defer func() {
		if said := fmt.Sprint(recover()); !strings.HasPrefix(said, "two sets have the type ") {
			t.Errorf("got %s", said)
		}
	}()
	one := sdk.NewSet()
	sdk.Serve(one, types())
	sdk.Serve(types(), types())
}
