package pytime

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

const (
	second = 1_000_000 // in microseconds
	day    = 86400 * second
)

// Delta is a timedelta.
type Delta struct{ micros int64 }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// parts are days, seconds and microseconds; only the days may be negative.
func (d *Delta) parts() (days, seconds, micros int64) {
	days = floorDiv(d.micros, day)
	rest := d.micros - days*day
	return days, rest / second, rest % second
}

func (d *Delta) String() string        { return d.PyStr() }
func (d *Delta) Type() string          { return "timedelta" }
func (d *Delta) Freeze()               {}
func (d *Delta) Truth() starlark.Bool  { return d.micros != 0 }
func (d *Delta) Hash() (uint32, error) { return starlark.MakeInt64(d.micros).Hash() }

// PyStr is what str() makes.
func (d *Delta) PyStr() string {
	days, s, us := d.parts()
	out := fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	if us > 0 {
		out += fmt.Sprintf(".%06d", us)
	}
	switch days {
	case 0:
		return out
	case 1, -1:
		return fmt.Sprintf("%d day, %s", days, out)
	}
	return fmt.Sprintf("%d days, %s", days, out)
}

// Text is what repr() makes.
func (d *Delta) Text() (string, error) {
	days, s, us := d.parts()
	var parts []string
	for _, part := range []struct {
		name string
		n    int64
	}{{"days", days}, {"seconds", s}, {"microseconds", us}} {
		if part.n != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", part.name, part.n))
		}
	}
	if len(parts) == 0 {
		parts = []string{"0"}
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")", nil
}

// Get returns an attribute.
func (d *Delta) Get(name string) (value, error) {
	days, s, us := d.parts()
	switch name {
	case "days":
		return starlark.MakeInt64(days), nil
	case "seconds":
		return starlark.MakeInt64(s), nil
	case "microseconds":
		return starlark.MakeInt64(us), nil
	case "total_seconds":
		return method(name, "", func(py.Bound) (value, error) { return starlark.Float(float64(d.micros) / second), nil }), nil
	}
	return nil, nil
}

// CompareSameType orders durations.
func (d *Delta) CompareSameType(op syntax.Token, other starlark.Value, _ int) (bool, error) {
	o := other.(*Delta)
	c := 0
	switch {
	case d.micros < o.micros:
		c = -1
	case d.micros > o.micros:
		c = 1
	}
	return holds(op, c), nil
}

// Operate answers d + other, d - other, d * n and the divisions of durations; nil where there is no such operation.
func (d *Delta) Operate(op string, other value, reflected bool) (value, error) {
	if o, ok := other.(*Delta); ok {
		return d.combine(op, o)
	}
	n, ok := py.Int(other)
	if !ok || reflected && op != "*" {
		return nil, nil
	}
	switch op {
	case "*":
		if py.Product(abs(int(d.micros)), abs(n)) > maxMicros {
			return nil, py.Errorf("the duration is too long")
		}
		return &Delta{d.micros * int64(n)}, nil
	case "//":
		if n == 0 {
			return nil, py.Errorf("integer division or modulo by zero")
		}
		q := d.micros / int64(n)
		if d.micros%int64(n) != 0 && (d.micros < 0) != (n < 0) {
			q--
		}
		return &Delta{q}, nil
	}
	return nil, nil
}

// maxMicros is more than there is between two times.
const maxMicros = 86_400_000_000_000_000 * 10

func abs(n int) int { return max(n, -n) }

func (d *Delta) combine(op string, o *Delta) (value, error) {
	switch op {
	case "+":
		return &Delta{d.micros + o.micros}, nil
	case "-":
		return &Delta{d.micros - o.micros}, nil
	case "/", "//", "%":
		a, b := starlark.MakeInt64(d.micros), starlark.MakeInt64(o.micros)
		v, err := py.Binary(op, a, b)
		if n, isInt := v.(starlark.Int); op == "%" && isInt {
			us, _ := n.Int64()
			return &Delta{us}, err
		}
		return v, err
	}
	return nil, nil
}
