package jinja

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	gonja "github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// globals are the functions that every template can call. gonja's lipsum is
// left out, because it is random; its range and dict are not used, because
// they leave a goroutine behind and forget the order.
func globals() *exec.Context {
	names := map[string]any{"range": numbers, "dict": keywordDict}
	for _, name := range []string{"cycler", "joiner", "namespace"} {
		if f, ok := gonja.GlobalFunctions.Get(name); ok {
			names[name] = f
		}
	}
	return exec.NewContext(names)
}

func numbers(params *exec.VarArgs) (any, error) {
	bounds := make([]int, 0, 3)
	for _, a := range params.Args {
		if !a.IsInteger() {
			return nil, fmt.Errorf("range takes numbers, not %s", a.String())
		}
		bounds = append(bounds, a.Integer())
	}
	start, stop, step := 0, 0, 1
	switch len(bounds) {
	case 1:
		stop = bounds[0]
	case 2:
		start, stop = bounds[0], bounds[1]
	case 3:
		start, stop, step = bounds[0], bounds[1], bounds[2]
	default:
		return nil, errors.New("range takes one to three numbers")
	}
	if step == 0 {
		return nil, errors.New("range takes no step of 0")
	}
	list := []any{}
	for i := start; (step > 0 && i < stop) || (step < 0 && i > stop); i += step {
		if len(list) == maxRange {
			return nil, fmt.Errorf("range gives more than %d numbers", maxRange)
		}
		list = append(list, i)
	}
	return list, nil
}

func keywordDict(params *exec.VarArgs) (any, error) {
	pairs := make([]Pair, 0, len(params.KwArgs))
	for _, name := range slices.Sorted(maps.Keys(params.KwArgs)) {
		pairs = append(pairs, Pair{Key: name, Value: params.KwArgs[name].Interface()})
	}
	return Dict(pairs), nil
}
