// Package sdk is the guest's side of providers/abi. It lets an author write a
// resource type as straight-line code that reads and changes a target, though
// a guest can do neither: whatever the code asks for is looked up in the
// request's log, and where the log ends, the code is unwound and the host is
// told what it needs. The host performs that and asks again with a longer log.
//
// One function describes a change, Plan. For the verb plan it announces its
// effects, for the verb apply it carries them out, so that the two cannot disagree.
//
// The package imports providers/abi and runner/{op,codec}, and like every guest
// neither fmt nor encoding/json; it builds for wasip1, and natively for tests.
package sdk

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Resource is a type of resource. Its fields are the unit's arguments, S is
// what Read finds on the target; both are read and written as JSON.
//
// A unit is worked on anew for every request, so nothing is kept between the
// methods, and both must be pure: the same arguments, state and results lead
// to the same ops in the same order.
type Resource[S any] interface {
	// Read finds out what is there. It may not ask for effects.
	Read(t *T) S
	// Plan compares and asks for the effects that make the target as wanted.
	Plan(t *T, actual S)
}

// Destroyer is a resource type that can take away what its units manage.
type Destroyer[S any] interface {
	Destroy(t *T, actual S)
}

// Set is the types of a provider by name.
type Set struct {
	types map[string]func(t *T)
}

// NewSet returns a set without types; Add fills it.
func NewSet() *Set { return &Set{types: map[string]func(t *T){}} }

// Names returns the names of the set's types, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.types)) }

// Add gives the set the type D, whose state is S, under a name.
func Add[D Resource[S], S any](set *Set, name string) {
	set.types[name] = func(t *T) {
		var desired D
		t.decode("arguments", t.request.Unit, &desired)
		if t.request.Verb == abi.Read {
			t.actual = t.encode(desired.Read(t))
			return
		}
		var actual S
		t.decode("state", t.request.Actual, &actual)
		if t.request.Verb != abi.Destroy {
			desired.Plan(t, actual)
			return
		}
		d, ok := any(desired).(Destroyer[S])
		if !ok {
			t.broken("type " + name + " cannot be destroyed")
		}
		d.Destroy(t, actual)
	}
}

// call is an abi.Call as the SDK reads it.
type call struct {
	ABI      int       `json:"abi"`
	Requests []request `json:"requests"`
}

// request is an abi.Request whose logged ops stay as they were written, for
// they are only compared with what is asked for.
type request struct {
	abi.Request
	Log []entry `json:"log"`
}

type entry struct {
	Op     codec.Raw `json:"op"`
	Result op.Result `json:"result"`
}

// Handle answers an encoded abi.Call with an encoded abi.Answer. It is what the
// export froyo_call does, and lets tests use a provider without WebAssembly.
func Handle(set *Set, call []byte) []byte {
	var mark uint32
	return handle(set, call, &mark)
}

// handle keeps in mark the number of the request at work, from 1; 0 is none.
func handle(set *Set, data []byte, mark *uint32) []byte {
	var call call
	err := codec.Unmarshal(data, &call)
	switch {
	case err != nil:
		return encode(abi.Answer{Replies: []abi.Reply{refuse("call cannot be read: " + err.Error())}})
	case call.ABI != abi.Version:
		err = errors.New("call is of contract version " + strconv.Itoa(call.ABI) + ", the provider knows " + strconv.Itoa(abi.Version))
	case len(call.Requests) > abi.MaxRequests:
		err = errors.New("call has " + strconv.Itoa(len(call.Requests)) + " requests, more than " + strconv.Itoa(abi.MaxRequests))
	}
	answer := abi.Answer{Replies: make([]abi.Reply, len(call.Requests))}
	scratch := make([]byte, 0, 1<<10)
	for i := range call.Requests {
		if err != nil {
			answer.Replies[i] = refuse(err.Error())
			continue
		}
		*mark = uint32(i) + 1
		answer.Replies[i] = set.reply(&call.Requests[i], scratch)
		*mark = 0
	}
	return encode(answer)
}

func encode(a abi.Answer) []byte {
	out, err := codec.Marshal(&a)
	if err != nil {
		// An answer is plain data with checked JSON in it: this is a fault of the SDK, for the host to trap.
		panic(err)
	}
	return out
}

func refuse(message string) abi.Reply {
	return abi.Reply{Error: permanent(message)}
}

// reply answers one request. Scratch is for its use alone meanwhile.
func (s *Set) reply(request *request, scratch []byte) abi.Reply {
	run, ok := s.types[request.Type]
	switch request.Verb {
	case abi.Read, abi.Plan, abi.Apply, abi.Destroy:
	default:
		return refuse("unknown verb " + strconv.Quote(string(request.Verb)))
	}
	if !ok {
		return refuse("the provider has no type " + strconv.Quote(request.Type))
	}
	t := &T{request: request, scratch: scratch}
	t.run(run)
	return t.reply()
}
