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

// HasPotential is a resource type that can list the potential effects of its units: all
// that they could need, whatever the target is like. The engine asks for them where a unit
// has nothing to do yet, but others change the host before it is executed. What it does
// then must be among them. Without it a unit that has nothing to do stays without effects.
type HasPotential interface {
	// Potential asks for the effects; nothing can be read.
	Potential(t *T)
}

// Set is the types of a provider by name.
type Set struct {
	types map[string]func(t *T)
}

// NewSet returns a set without types; Add fills it.
func NewSet() *Set { return &Set{types: map[string]func(t *T){}} }

// union holds the types of several sets. A name that two of them have is a mistake of the guest's author, and ends it.
func union(sets []*Set) *Set {
	all := NewSet()
	for _, s := range sets {
		for name, answer := range s.types {
			if all.types[name] != nil {
				panic("two sets have the type " + name)
			}
			all.types[name] = answer
		}
	}
	return all
}

// Names returns the names of the set's types, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.types)) }

// Add gives the set the type D, whose state is S, under a name.
func Add[D Resource[S], S any](set *Set, name string) {
	set.types[name] = func(t *T) {
		var desired D
		t.replay.decode("arguments", t.replay.request.Unit, &desired)
		if t.replay.request.Verb == abi.Read {
			t.actual = t.replay.encode(desired.Read(t))
			return
		}
		if t.replay.request.Verb == abi.Potential {
			if m, ok := any(desired).(HasPotential); ok {
				m.Potential(t)
			}
			return
		}
		var actual S
		t.replay.decode("state", t.replay.request.Actual, &actual)
		if t.replay.request.Verb != abi.Destroy {
			desired.Plan(t, actual)
			return
		}
		d, ok := any(desired).(Destroyer[S])
		if !ok {
			t.replay.broken("type " + name + " cannot be destroyed")
		}
		d.Destroy(t, actual)
	}
}

// call is an abi.Call as the SDK reads it.
type call struct {
	ABI      int       `json:"abi"`
	Requests []request `json:"requests"`
}

// request is an abi.Request of which only the frame is read: the rest is
// decoded once its type is known, and logged ops are only compared.
type request struct {
	Type    string     `json:"type"`
	Verb    abi.Verb   `json:"verb"`
	Unit    codec.Span `json:"unit"`
	Unknown []string   `json:"unknown"`
	Actual  codec.Span `json:"actual"`
	Log     []entry    `json:"log"`
}

type entry struct {
	Op     codec.Span `json:"op"`
	Result op.Result  `json:"result"`
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
		return answer(1, func(int) abi.Reply { return refuse("call cannot be read: " + err.Error()) })
	case call.ABI != abi.Version:
		err = errors.New("call is of contract version " + strconv.Itoa(call.ABI) + ", the provider knows " + strconv.Itoa(abi.Version))
	case len(call.Requests) > abi.MaxRequests:
		err = errors.New("call has " + strconv.Itoa(len(call.Requests)) + " requests, more than " + strconv.Itoa(abi.MaxRequests))
	}
	scratch := make([]byte, 0, 1<<10)
	return answer(len(call.Requests), func(i int) abi.Reply {
		if err != nil {
			return refuse(err.Error())
		}
		*mark = uint32(i) + 1
		reply := set.reply(&call.Requests[i], scratch)
		*mark = 0
		return reply
	})
}

func refuse(message string) abi.Reply {
	return abi.Reply{Error: permanent(message)}
}

// reply answers one request. The reply may lie in scratch, so that it has to be
// written before scratch is used again.
func (s *Set) reply(request *request, scratch []byte) abi.Reply {
	run, ok := s.types[request.Type]
	switch request.Verb {
	case abi.Read, abi.Plan, abi.Potential, abi.Apply, abi.Destroy:
	default:
		return refuse("unknown verb " + strconv.Quote(string(request.Verb)))
	}
	if !ok {
		return refuse("the provider has no type " + strconv.Quote(request.Type))
	}
	t := &T{replay: replay{request: request, scratch: scratch}}
	t.replay.run(func() { run(t) })
	return t.reply()
}
