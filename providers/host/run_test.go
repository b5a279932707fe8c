package host_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/runner/op"
)

// absent performs stats of a target that has nothing, and keeps what was asked.
type absent struct {
	rounds [][][]string
}

func (a *absent) perform(_ context.Context, ops [][]op.Op) ([][]op.Result, error) {
	results := make([][]op.Result, len(ops))
	round := make([][]string, len(ops))
	for n := range ops {
		for _, o := range ops[n] {
			round[n] = append(round[n], o.String())
			results[n] = append(results[n], op.Result{Stat: &op.StatResult{}})
		}
	}
	a.rounds = append(a.rounds, round)
	return results, nil
}

func TestRun(t *testing.T) {
	m := load(t, host.Options{})
	requests := []abi.Request{ask("fine", 0), ask("stat", 2), ask("panic", 0), ask("stat", 1), raw(abi.Read, `{"need":[{"fs.stat":{"path":"/etc/shadow"}}]}`)}
	var target absent
	replies, err := m.Run(t.Context(), requests, target.perform)
	if err != nil {
		t.Fatal(err)
	}
	wantFine(t, replies[0], 0)
	wantError(t, replies[2], "panic")
	wantError(t, replies[4], "outside its manifest")
	if got := string(replies[1].Actual) + string(replies[3].Actual); got != "21" {
		t.Errorf("actual = %s, want logs of 2 and 1", got)
	}
	want := [][][]string{
		{nil, {"fs.stat /srv/0"}, nil, {"fs.stat /srv/0"}, nil},
		{nil, {"fs.stat /srv/1"}, nil, nil, nil},
	}
	if diff := cmp.Diff(want, target.rounds); diff != "" {
		t.Error(diff)
	}
	if requests[1].Log != nil {
		t.Error("the caller's requests were changed")
	}
}

func TestRunEndless(t *testing.T) {
	m := load(t, host.Options{})
	var target absent
	replies, err := m.Run(t.Context(), []abi.Request{ask("flood", 256), ask("flood", 257), ask("fine", 2)}, target.perform)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, replies[0], "asked for more than 1024 ops")
	wantError(t, replies[1], "asked for 257 ops at once, more than 256")
	wantFine(t, replies[2], 2)
	if len(target.rounds) != 4 {
		t.Errorf("%d rounds, want 4", len(target.rounds))
	}
}

func TestRunPerformFails(t *testing.T) {
	lost := errors.New("lost")
	tests := []struct {
		name    string
		perform host.Perform
		want    string
	}{
		{"an error", func(context.Context, [][]op.Op) ([][]op.Result, error) { return nil, lost }, "lost"},
		{"too few requests", func(context.Context, [][]op.Op) ([][]op.Result, error) { return nil, nil }, "ops of 1 requests have results for 0"},
		{"too few results", func(context.Context, [][]op.Op) ([][]op.Result, error) { return make([][]op.Result, 1), nil }, "1 ops have 0 results"},
	}
	m := load(t, host.Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.Run(t.Context(), []abi.Request{ask("stat", 1)}, test.perform)
			if err == nil || err.Error() != test.want {
				t.Errorf("err = %v, want %q", err, test.want)
			}
		})
	}
}

// TestRunPlan checks what a plan may announce.
func TestRunPlan(t *testing.T) {
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	tests := []struct {
		name   string
		change string
		want   string // "" where it passes
	}{
		{"nothing", `{"action":"none"}`, ""},
		{"a write", `{"action":"create","effects":[{"op":{"file.write":{"path":"/srv/a","content":{"sum":"` + sum + `","size":0}}}}]}`, ""},
		{"a write whose content comes later", `{"action":"create","effects":[{"op":{"file.write":{"path":"/srv/a"}},"unknown":["content"]}]}`, ""},
		{
			"a write elsewhere", `{"action":"create","effects":[{"op":{"file.write":{"path":"/etc/a","content":{"sum":"` + sum + `","size":0}}}}]}`,
			"op file.write /etc/a is outside its manifest",
		},
		{
			"a later write elsewhere", `{"action":"create","effects":[{"op":{"file.write":{"path":"/etc/a"}},"unknown":["content"]}]}`,
			"op file.write /etc/a is outside its manifest",
		},
		{"a write of nothing", `{"action":"create","effects":[{"op":{"file.write":{"path":"/srv/a"}}}]}`, "content is missing"},
		{"an effect that is none", `{"action":"create","effects":[{"op":{},"unknown":["path"]}]}`, "announced an effect that is no op"},
		{"an action that is none", `{"action":"explode"}`, `planned the action "explode"`},
	}
	m := load(t, host.Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			replies, err := m.Run(t.Context(), []abi.Request{raw(abi.Plan, `{"change":`+test.change+`}`)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.want != "" {
				wantError(t, replies[0], test.want)
			} else if replies[0].Change == nil {
				t.Errorf("reply = %+v, error %v, want a change", replies[0], replies[0].Error)
			}
		})
	}
}
