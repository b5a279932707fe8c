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
	var bad error
	if h.Vars != nil {
		h.Vars, _ = mapNumbers(h.Vars, func(v any) any {
			n, err := fromJSON(v)
			if err != nil {
				bad = fmt.Errorf("host %q: %w", h.Name, err)
			}
			return n
		}).(map[string]any)
	}
	return bad
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

func toJSON(v any) any {
	if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1e15 {
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
