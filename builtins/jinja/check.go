package jinja

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"time"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// gonja keeps errors as values: one within a list is printed as text, one in a
// condition counts as false, one of a filter goes into default(). It also has
// no notion of time. So every expression that is printed goes through a filter
// of ours, every loop begins with a step of ours, and all filters and tests
// are wrapped: an error other than "not defined" ends the rendering where it
// is made, wherever gonja would have taken it.

// Names that no template can write.
const (
	checkName = " check"
	sideName  = " side"
	leftName  = " left"
	rightName = " right"
)

// maxFrames is how deep the process's stack may be: a loop with "recursive" may call itself.
const maxFrames = 5_000

// state is what the guards keep of a rendering.
type state struct {
	ctx    context.Context
	until  time.Time
	limit  time.Duration
	depth  int   // of macros and blocks within each other
	made   int   // bytes that expressions and loops made, whether or not they were printed
	left   []int // bytes of the left sides of the multiplications under way, -1 for what is no text
	ticks  int
	caller [1]uintptr
	failed error // the first one, which gonja may have swallowed
}

func stateOf(c *exec.Context) *state {
	value, _ := c.Get(stateKey)
	st, ok := value.(*state)
	if !ok {
		return &state{ctx: context.Background()} // outside of a rendering
	}
	return st
}

// note keeps an error that no template may pass over: the first one counts.
func (st *state) note(err error) {
	if st.failed == nil {
		st.failed = err
	}
}

// fail is note, and gives the error as a value.
func (st *state) fail(err error) *exec.Value {
	st.note(err)
	return exec.AsValue(err)
}

// step reports whether the rendering may go on.
func (st *state) step(made int) error {
	st.made += made
	switch {
	case st.ctx.Err() != nil:
		return stop(context.Cause(st.ctx).Error())
	case !st.until.IsZero() && time.Now().After(st.until):
		return stop(fmt.Sprintf("the template takes more than %s", st.limit))
	case st.made > maxMade:
		return stop(fmt.Sprintf("the template makes more than %d bytes of text", maxMade))
	}
	return nil
}

// stop is the error of a limit, as it is told.
type stop string

func (s stop) Error() string { return string(s) }

// undefined matches gonja's errors of names that are not there, which default() and "is defined" are made for.
var undefined = regexp.MustCompile(`(?s)nable to evaluate name "[^"]*"$|(?:attribute|item) '*[^']*'* not found$|argument is undefined|not found in`)

func isUndefined(err error) bool { return undefined.MatchString(err.Error()) }

// errorIn returns an error that a value is or holds.
func errorIn(v any, depth int) error {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case nil, string, bool, int, float64:
		return nil
	case *exec.Value:
		if v == nil || v.IsNil() {
			return nil
		}
		return errorIn(v.Interface(), depth+1)
	case error:
		return v
	case exec.ValuesList:
		return errorOf(v, depth)
	case []any:
		return errorOf(v, depth)
	case map[string]any:
		for _, e := range v {
			if err := errorIn(e, depth+1); err != nil {
				return err
			}
		}
	case *exec.Dict:
		return errorOf(v.Pairs, depth)
	case *exec.Pair:
		if err := errorIn(v.Key, depth+1); err != nil {
			return err
		}
		return errorIn(v.Value, depth+1)
	}
	return nil
}

func errorOf[T any](list []T, depth int) error {
	for _, e := range list {
		if err := errorIn(e, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// check is the filter that every printed expression goes through.
func check(e *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	st := stateOf(e.Environment.Context)
	made := 0
	if in.IsString() {
		made = in.Len()
	}
	if err := st.step(made); err != nil {
		return st.fail(err)
	}
	if err := errorIn(in, 0); err != nil {
		return st.fail(err)
	}
	return in
}

// operand is the filter that both sides of an operator go through. What is
// made of a side that is nothing in itself is looked at where it is used.
func operand(e *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	st := stateOf(e.Environment.Context)
	switch {
	case in.IsString() && len(in.String()) > maxOutput:
		return st.fail(stop(fmt.Sprintf("a text is larger than %d bytes", maxOutput)))
	case in.IsList() && in.Len() > maxList:
		return st.fail(stop(fmt.Sprintf("a list has more than %d elements", maxList)))
	}
	if err := errorIn(in, 0); err != nil {
		return st.fail(err)
	}
	return in
}

// left and right stand around the sides of a multiplication, which may repeat a text.
func left(e *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	st := stateOf(e.Environment.Context)
	n := -1
	if in.IsString() {
		n = len(in.String())
	}
	st.left = append(st.left, n)
	return in
}

func right(e *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	st := stateOf(e.Environment.Context)
	if len(st.left) == 0 {
		return in
	}
	n := st.left[len(st.left)-1]
	st.left = st.left[:len(st.left)-1]
	if n < 0 || !in.IsInteger() {
		return in
	}
	switch times := in.Integer(); {
	case times < 0:
		return exec.AsValue(0) // as in Python; gonja would panic
	case n > 0 && times > maxOutput/n:
		return st.fail(stop(fmt.Sprintf("a text of %d bytes, %d times, is larger than %d bytes", n, times, maxOutput)))
	}
	return in
}

// tolerant are the filters whose input may hold what is not defined.
var tolerant = map[string]bool{"default": true, "d": true, "select": true, "reject": true, "map": true}

// testAt says which argument of a filter names a test.
var testAt = map[string]int{"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}

// wrapFilter makes a filter's errors count.
func wrapFilter(name string, f exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		st := stateOf(e.Environment.Context)
		if err := st.step(0); err != nil {
			return st.fail(err)
		}
		if in.IsError() {
			err := errorIn(in, 0)
			if !tolerant[name] {
				return in
			}
			if !isUndefined(err) {
				return st.fail(err)
			}
		} else if err := errorIn(in, 0); err != nil && !tolerant[name] {
			return st.fail(err)
		}
		for _, p := range params.Args {
			if err := errorIn(p, 0); err != nil {
				return st.fail(err)
			}
		}
		for _, p := range params.KwArgs {
			if err := errorIn(p, 0); err != nil {
				return st.fail(err)
			}
		}
		if err := unknownIn(e, name, params); err != nil {
			return st.fail(err)
		}
		if err := widths(name, params); err != nil {
			return st.fail(err)
		}
		out := f(e, in, params)
		if out.IsError() && !in.IsError() {
			return st.fail(errorIn(out, 0))
		}
		return out
	}
}

// unknownIn refuses the name of a test or filter that is not there, which gonja takes for one that says no.
func unknownIn(e *exec.Evaluator, name string, params *exec.VarArgs) error {
	if i, ok := testAt[name]; ok && len(params.Args) > i {
		if test := params.Args[i].String(); !e.Environment.Tests.Exists(test) {
			return fmt.Errorf("test '%s' not found", test)
		}
	}
	if name == "map" && len(params.Args) > 0 {
		if filter := params.Args[0].String(); !e.Environment.Filters.Exists(filter) {
			return fmt.Errorf("filter '%s' not found", filter)
		}
	}
	return nil
}

// widths refuses to make room without bound: center(2000000000).
func widths(name string, params *exec.VarArgs) error {
	switch name {
	case "center", "indent", "ljust", "rjust", "batch", "slice", "wordwrap", "format":
	default:
		return nil
	}
	for _, p := range params.Args {
		if p.IsInteger() && p.Integer() > maxOutput {
			return stop(fmt.Sprintf("%s: %d is more than %d", name, p.Integer(), maxOutput))
		}
	}
	for _, p := range params.KwArgs {
		if p.IsInteger() && p.Integer() > maxOutput {
			return stop(fmt.Sprintf("%s: %d is more than %d", name, p.Integer(), maxOutput))
		}
	}
	return nil
}

// wrapTest makes a test's errors count.
func wrapTest(test exec.TestFunction) exec.TestFunction {
	fn := reflect.ValueOf(test)
	old := fn.Type().In(0) == reflect.TypeFor[*exec.Context]()
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) (bool, error) {
		st := stateOf(e.Environment.Context)
		if err := st.step(0); err != nil {
			st.note(err)
			return false, err
		}
		first := reflect.ValueOf(e)
		if old {
			first = reflect.ValueOf(e.Environment.Context)
		}
		results := fn.Call([]reflect.Value{first, reflect.ValueOf(in), reflect.ValueOf(params)})
		err, _ := reflect.TypeAssert[error](results[1])
		if err != nil && !in.IsError() {
			st.note(err)
		}
		return results[0].Bool(), err
	}
}

// namesOf lists the names of one of gonja's sets, which does not.
func namesOf(set any) []string {
	var names []string
	for _, key := range reflect.ValueOf(set).Elem().Field(0).MapKeys() {
		names = append(names, key.String())
	}
	return names
}
