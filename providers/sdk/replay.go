package sdk

import (
	"bytes"
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// replay is the log of one request, and how the author's code is left where
// that ends.
type replay struct {
	request *request
	next    int    // position in the request's log
	scratch []byte // JSON that was written for the request, with room for more

	// halted is set where the code was unwound, for need or err. It stays set
	// even where the author's code recovers from the unwinding.
	halted bool
	need   []op.Op
	err    *abi.Error
}

// unwinding is what a replay panics with to leave the author's code.
type unwinding struct{}

// halt leaves the author's code, with what the host has to do first or with
// the error that ends the unit. The first reason stays.
func (r *replay) halt(need []op.Op, err *abi.Error) {
	if !r.halted {
		r.halted, r.need, r.err = true, need, err
	}
	panic(unwinding{})
}

// results returns the results of ops from the log, or leaves for the host to
// perform those that are not in it.
func (r *replay) results(ops ...op.Op) []op.Result {
	if r.halted {
		panic(unwinding{}) // the author's code recovered from an earlier one and went on
	}
	if len(ops) > 0 && r.next == len(r.request.Log) {
		r.ask(ops) // before there is anything to return
	}
	results := make([]op.Result, 0, len(ops))
	for i := range ops {
		if r.next == len(r.request.Log) {
			r.ask(ops[i:])
		}
		entry := &r.request.Log[r.next]
		r.compare(&ops[i], entry.Op)
		r.next++
		results = append(results, entry.Result)
	}
	return results
}

// compare checks that an op is the one in the log. A host that writes JSON in
// another way than the SDK has its op read and written again first.
func (r *replay) compare(asked *op.Op, logged codec.Span) {
	if bytes.Equal(r.encodeOp(asked), logged) {
		return
	}
	var had op.Op
	r.decode("log", logged, &had)
	if same, ok := sameText(asked, &had); ok {
		asked = &same
	}
	if want := bytes.Clone(r.encodeOp(asked)); !bytes.Equal(want, r.encodeOp(&had)) {
		r.nondeterministic("asked for " + asked.String() + " where it had asked for " + had.String())
	}
}

// sameText is an op with the reference that the host made of the text which came with it, where the
// logged op refers to as much content.
func sameText(asked, logged *op.Op) (op.Op, bool) {
	was := logged.Blobs()
	for i, b := range asked.Blobs() {
		if b.Text != nil && i < len(was) && was[i].Size == int64(len(*b.Text)) {
			return asked.WithBlob(was[i]), true
		}
	}
	return *asked, false
}

func (r *replay) ask(ops []op.Op) {
	if r.request.Verb == abi.Potential {
		r.broken("potential asks for " + ops[0].String() + ", but holds whatever the target is like")
	}
	for _, o := range ops {
		if err := o.Validate(); err != nil {
			r.broken("op is not valid: " + err.Error())
		}
	}
	if len(ops) > abi.MaxNeeds {
		r.broken("asks for " + strconv.Itoa(len(ops)) + " ops at once, more than " + strconv.Itoa(abi.MaxNeeds))
	}
	r.halt(ops, nil)
}

func (r *replay) nondeterministic(detail string) {
	r.halt(nil, &abi.Error{Class: op.Permanent, Message: abi.NotDeterministic, Detail: detail})
}

// run calls the author's code and catches its unwinding and its panics.
func (r *replay) run(code func()) {
	defer func() {
		p := recover()
		if _, ours := p.(unwinding); p == nil || ours || r.halted {
			return
		}
		r.halted = true
		r.err = &abi.Error{
			Class:   op.Permanent,
			Message: r.request.Type + ": " + string(r.request.Verb) + " panicked: " + panicText(p),
			Detail:  callers(),
		}
	}()
	code()
	if !r.halted && r.next < len(r.request.Log) {
		r.nondeterministic("ended before asking for all that is in its log again")
	}
}

// panicText gives what the common kinds of panic say, without fmt.
func panicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	case interface{ String() string }:
		return p.String()
	}
	return "a value that is no text"
}

// callers lists where in the author's code a panic came from, without
// addresses, so that equal requests still get equal replies.
func callers() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var lines []string
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, ".Add[") { // what called the author's code
			more = false
		} else if !strings.HasPrefix(f.Function, "runtime.") {
			lines = append(lines, path.Base(f.Function)+" "+path.Base(f.File)+":"+strconv.Itoa(f.Line))
		}
		if !more {
			return strings.Join(lines, "\n")
		}
	}
}

// broken fails the unit for a fault of the provider's own code.
func (r *replay) broken(message string) { r.halt(nil, permanent(message)) }

func permanent(message string) *abi.Error {
	return &abi.Error{Class: op.Permanent, Message: message}
}

// encode keeps what it writes in the scratch space.
func (r *replay) encode(v any) codec.Raw {
	raw := r.written(codec.Append(r.scratch, v))
	r.scratch = r.scratch[:len(r.scratch)+len(raw)]
	return raw
}

// encodeOp writes an op into the scratch space, where the next text takes its place.
func (r *replay) encodeOp(o *op.Op) codec.Raw { return r.written(appendOp(r.scratch, o)) }

// written returns the text that was appended behind the scratch space in use, which may have grown.
func (r *replay) written(out []byte, err error) codec.Raw {
	if err != nil {
		r.broken(err.Error())
	}
	n := len(r.scratch)
	r.scratch = out[:n]
	return codec.Raw(out[n:len(out):len(out)])
}

func (r *replay) decode(what string, text codec.Span, into any) {
	if err := codec.Unmarshal(text, into); err != nil {
		r.broken(what + " of " + r.request.Type + " cannot be read: " + err.Error())
	}
}
