// Package providertest checks that a provider keeps the contract of
// providers/abi: it plans, applies and plans again on a target made for tests,
// and fails the test where the provider is not deterministic, does what it had
// not announced, or has not reached what it wanted.
//
// It is for tests only. It imports providers/{abi,sdk} and runner/{op,codec}.
package providertest

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/inline"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Guest answers an encoded abi.Call with an encoded abi.Answer.
type Guest func(call []byte) ([]byte, error)

// Native is the guest of a set of types, without WebAssembly.
func Native(set *sdk.Set) Guest {
	return func(call []byte) ([]byte, error) { return sdk.Handle(set, call), nil }
}

// Target performs ops. It must give equal results for equal reading ops as
// long as nothing changes.
type Target interface {
	Do(o op.Op) op.Result
}

// Unit is what a test wants of the target.
type Unit struct {
	Type string
	// Args are the arguments in JSON, completed as the type's schema would.
	Args string
	// Unknown names arguments that are absent from Args while planning.
	Unknown []string
}

// Kit works on units as the engine does, and checks what it sees.
type Kit struct {
	// Rounds counts how often ops were performed: the round trips to a host.
	Rounds int

	t      testing.TB
	guest  Guest
	target Target
}

// New returns a kit whose findings fail t.
func New(t testing.TB, guest Guest, target Target) *Kit {
	return &Kit{t: t, guest: guest, target: target}
}

// Plan reads and compares, and returns the change or the guest's error.
func (k *Kit) Plan(u Unit) (abi.Change, *abi.Error) {
	k.t.Helper()
	_, change, err := k.plan(u)
	return change, err
}

func (k *Kit) plan(u Unit) (actual codec.Raw, change abi.Change, err *abi.Error) {
	k.t.Helper()
	request := abi.Request{Type: u.Type, Verb: abi.Read, Unit: codec.Raw(u.Args), Unknown: u.Unknown}
	reply := k.ask(request, nil)
	if reply.Error != nil {
		return nil, abi.Change{}, reply.Error
	}
	request.Verb, request.Actual = abi.Plan, reply.Actual
	planned := k.ask(request, nil)
	if planned.Error != nil {
		return nil, abi.Change{}, planned.Error
	}
	if err := planned.Change.Agree(); err != nil {
		k.t.Errorf("%s %v: %s", request.Type, err, encode(k.t, planned.Change))
	}
	for _, e := range planned.Change.Effects {
		if why := e.CheckUnknown(); why != "" {
			k.t.Error(why)
		}
	}
	k.covered(request, planned.Change.Effects)
	return reply.Actual, *planned.Change, nil
}

// covered checks that what is planned is among the unit's potential effects, where its type lists them.
func (k *Kit) covered(request abi.Request, planned []abi.Effect) {
	k.t.Helper()
	request.Verb, request.Actual = abi.Potential, nil
	potential := k.ask(request, nil)
	if potential.Error != nil {
		k.t.Fatalf("potential: %s", potential.Error.Message)
	}
	for _, e := range planned {
		if len(potential.Change.Effects) > 0 && !slices.ContainsFunc(potential.Change.Effects, func(m abi.Effect) bool { return m.Allows(e) }) {
			k.t.Errorf("%s is planned, but not among the potential effects: %s", encode(k.t, e), encode(k.t, potential.Change.Effects))
		}
	}
}

// Apply plans a unit whose arguments are all known and carries the plan out.
func (k *Kit) Apply(u Unit) (abi.Outcome, *abi.Error) {
	k.t.Helper()
	actual, change, err := k.plan(u)
	if err != nil {
		return abi.Outcome{}, err
	}
	return k.apply(u, actual, change.Effects)
}

func (k *Kit) apply(u Unit, actual codec.Raw, announced []abi.Effect) (abi.Outcome, *abi.Error) {
	k.t.Helper()
	reply := k.ask(abi.Request{Type: u.Type, Verb: abi.Apply, Unit: codec.Raw(u.Args), Actual: actual}, announced)
	if reply.Error != nil {
		return abi.Outcome{}, reply.Error
	}
	return *reply.Outcome, nil
}

// Learn plans a unit of which some arguments are unknown, and then applies it
// with the effects announced there, when args say all.
func (k *Kit) Learn(u Unit, args string) (abi.Outcome, *abi.Error) {
	k.t.Helper()
	_, announced, err := k.plan(u)
	if err != nil {
		return abi.Outcome{}, err
	}
	u.Args, u.Unknown = args, nil
	actual, _, err := k.plan(u)
	if err != nil {
		return abi.Outcome{}, err
	}
	return k.apply(u, actual, announced.Effects)
}

// Converge applies a unit and checks that nothing is left to do. It returns
// the change that was planned and how it ended.
func (k *Kit) Converge(u Unit) (abi.Change, abi.Outcome) {
	k.t.Helper()
	first, err := k.Plan(u)
	k.must("first plan", err)
	outcome, err := k.Apply(u)
	k.must("apply", err)
	if want := first.Action != abi.None; outcome.Changed != want {
		k.t.Errorf("%s was planned, but changed is %v", first.Action, outcome.Changed)
	}
	second, err := k.Plan(u)
	k.must("second plan", err)
	if second.Action != abi.None || len(second.Diffs)+len(second.Effects) > 0 {
		k.t.Errorf("after apply a plan still finds %s", encode(k.t, second))
	}
	return first, outcome
}

func (k *Kit) must(what string, err *abi.Error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatalf("%s: %s (%s) %s %s", what, err.Message, err.Class, err.Detail, err.Hint)
	}
}

// ask repeats a request until the guest has all it needs. Changing ops and
// probes must be among those announced.
func (k *Kit) ask(request abi.Request, announced []abi.Effect) abi.Reply {
	k.t.Helper()
	for {
		reply := k.call(request)
		if reply.Need == nil {
			k.shape(request.Verb, reply)
			return reply
		}
		k.Rounds++
		for _, o := range reply.Need {
			if err := o.Validate(); err != nil {
				k.t.Fatalf("%s needs an invalid op: %v", request.Verb, err)
			}
			if (o.Changes() || o.Probes()) && !contains(announced, o) {
				k.t.Fatalf("%s needs an effect that was not announced: %s", request.Verb, encode(k.t, o))
			}
			request.Log = append(request.Log, abi.Entry{Op: o, Result: k.target.Do(o)})
		}
		if len(request.Log) > abi.MaxLog {
			k.t.Fatalf("%s needs more than %d ops", request.Verb, abi.MaxLog)
		}
	}
}

// call asks a request twice, the second time beside another copy of itself.
func (k *Kit) call(request abi.Request) abi.Reply {
	k.t.Helper()
	one := k.exchange(request)[0]
	for _, again := range k.exchange(request, request) {
		if got, want := encode(k.t, again), encode(k.t, one); got != want {
			k.t.Fatalf("the same request got %s and %s", want, got)
		}
	}
	return one
}

func (k *Kit) exchange(requests ...abi.Request) []abi.Reply {
	k.t.Helper()
	data, err := k.guest([]byte(encode(k.t, abi.Call{ABI: abi.Version, Requests: requests})))
	if err != nil {
		k.t.Fatal(err)
	}
	var answer abi.Answer
	if err := codec.Unmarshal(data, &answer); err != nil {
		k.t.Fatalf("%v in %s", err, data)
	}
	for i := range answer.Replies {
		if err := inline.Take(&answer.Replies[i]); err != nil {
			k.t.Fatal(err)
		}
	}
	if len(answer.Replies) != len(requests) {
		k.t.Fatalf("%d requests got %d replies", len(requests), len(answer.Replies))
	}
	return answer.Replies
}

// shape checks that a final reply has the field of its verb and no other.
func (k *Kit) shape(verb abi.Verb, r abi.Reply) {
	k.t.Helper()
	fields := map[abi.Verb]bool{abi.Read: r.Actual != nil, abi.Plan: r.Change != nil, abi.Potential: r.Change != nil, abi.Apply: r.Outcome != nil}
	set := 0
	for _, is := range []bool{r.Actual != nil, r.Change != nil, r.Outcome != nil} {
		if is {
			set++
		}
	}
	if failed := r.Error != nil; failed && set > 0 || !failed && (set != 1 || !fields[verb]) {
		k.t.Fatalf("%s got the reply %s", verb, encode(k.t, r))
	}
}

// contains reports whether an op is one of those announced, apart from the
// fields that were announced as unknown.
func contains(announced []abi.Effect, o op.Op) bool {
	return slices.ContainsFunc(announced, func(e abi.Effect) bool { return e.Covers(o) })
}

func encode(t testing.TB, v any) string {
	t.Helper()
	out, err := codec.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
