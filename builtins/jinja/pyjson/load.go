package pyjson

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Load reads JSON. Objects keep their order; of a key that is given twice the last value counts.
func Load(s string) (py.Value, error) {
	if err := bounds.Parsable("from_json", starlark.String(s)); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	v, err := read(d, 0)
	if err != nil {
		return nil, place(s, d, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, py.Errorf("the JSON has more behind its end, at byte %d", d.InputOffset())
	}
	return v, nil
}

func place(_ string, d *json.Decoder, err error) error {
	if e, ok := errors.AsType[*py.Error](err); ok {
		return e
	}
	return py.Errorf("this is no JSON: wrong at byte %d", d.InputOffset())
}

func read(d *json.Decoder, depth int) (py.Value, error) {
	if depth > maxDepth {
		return nil, py.Errorf("the JSON is nested more than %d levels deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(t), nil
	case string:
		return starlark.String(t), nil
	case json.Number:
		return number(string(t))
	case json.Delim:
		if t == '[' {
			var items []py.Value
			for d.More() {
				v, err := read(d, depth+1)
				if err != nil {
					return nil, err
				}
				items = append(items, v)
			}
			_, err := d.Token()
			return starlark.NewList(items), err
		}
		return object(d, depth)
	}
	return nil, py.Errorf("this is no JSON")
}

func object(d *json.Decoder, depth int) (py.Value, error) {
	out := starlark.NewDict(0)
	for d.More() {
		k, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		v, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.SetKey(k, v); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return out, err
}

func number(s string) (py.Value, error) {
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !strings.Contains(err.Error(), "range") {
			return nil, err
		}
		return starlark.Float(f), nil
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || len(s) > 4300 {
		return nil, py.Errorf("the number has more than 4300 digits")
	}
	return starlark.MakeBigInt(n), nil
}
