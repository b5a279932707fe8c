package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// hostJSON is Host without its methods.
type hostJSON Host

// MarshalJSON writes a host so that UnmarshalJSON gives the same back: 5.0 stays a fraction.
func (h *Host) MarshalJSON() ([]byte, error) {
	out := hostJSON(*h)
	if h.Vars != nil {
		out.Vars, _ = mapNumbers(h.Vars, toJSON).(map[string]any)
	}
	return json.Marshal(&out)
}

// UnmarshalJSON reads a host. Whole numbers become int64 again.
func (h *Host) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	var in hostJSON
	if err := dec.Decode(&in); err != nil {
		return err
	}
	*h = Host(in)
	var err error
	if h.Vars, err = plainNumbers(h.Vars); err != nil {
		return fmt.Errorf("host %q: %w", h.Name, err)
	}
	return nil
}

// Vars are variables that JSON gives back as they were, as it does those of hosts.
type Vars map[string]any

// MarshalJSON writes the variables so that UnmarshalJSON gives the same back.
func (v Vars) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	return json.Marshal(mapNumbers(map[string]any(v), toJSON))
}

// UnmarshalJSON reads variables. Whole numbers become int64 again.
func (v *Vars) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var in map[string]any
	if err := dec.Decode(&in); err != nil {
		return err
	}
	var err error
	*v, err = plainNumbers(in)
	return err
}

// plainNumbers turns the numbers of decoded JSON into what runbooks calculate with.
func plainNumbers(vars map[string]any) (map[string]any, error) {
	if vars == nil {
		return nil, nil
	}
	var bad error
	out, _ := mapNumbers(vars, func(v any) any {
		n, err := fromJSON(v)
		if err != nil {
			bad = err
		}
		return n
	}).(map[string]any)
	return out, bad
}

// mapNumbers copies plain data, putting each single value through f.
func mapNumbers(v any, f func(any) any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = mapNumbers(e, f)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = mapNumbers(e, f)
		}
		return out
	}
	return f(v)
}

// toJSON marks a fraction that JSON would write as a whole number; from 1e21 on it has an exponent.
func toJSON(v any) any {
	if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1e21 {
		return json.Number(strconv.FormatFloat(f, 'f', 1, 64))
	}
	return v
}

func fromJSON(v any) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return v, nil
	}
	if strings.ContainsAny(n.String(), ".eE") {
		return n.Float64()
	}
	return n.Int64()
}
