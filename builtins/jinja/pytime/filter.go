package pytime

import (
	"math"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Filters returns the filters.
func Filters() []*function.Func {
	return []*function.Func{
		function.New("strftime", "second=None, utc=False", "A time, in seconds since 1970, by this format; always in UTC.", strftime),
		function.New("to_datetime", "format='%Y-%m-%d %H:%M:%S'", "The time that the text says.", func(c *function.Call) (value, error) {
			s, ok := c.Value.(starlark.String)
			if !ok {
				return nil, py.Errorf("expected a time as a text, not %s", py.TypeName(c.Value))
			}
			format, err := c.Text(0)
			if err != nil {
				return nil, err
			}
			return Parse(string(s), format)
		}),
	}
}

func strftime(c *function.Call) (value, error) {
	format, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected a format as a text, not %s", py.TypeName(c.Value))
	}
	if c.Values[0] == starlark.None {
		return nil, py.Errorf("without a time it asks the clock: write strftime(seconds) with the seconds since 1970, which template() is given")
	}
	f, ok := filter.Float(c.Values[0])
	if !ok {
		s, err := py.Str(c.Values[0])
		if err != nil {
			return nil, err
		}
		return nil, py.Errorf("invalid value for epoch value (%s)", s)
	}
	t := time.Unix(int64(math.Floor(f)), 0).UTC()
	if math.IsNaN(f) || math.Abs(f) > 1e15 || t.Year() > 9999 || t.Year() < 1 {
		return nil, py.Errorf("the time is out of range")
	}
	utc, err := py.Truth(c.Values[1])
	if err != nil {
		return nil, err
	}
	if utc { // the C library's name for it
		t = t.In(time.FixedZone("GMT", 0))
	}
	s, err := Format(string(format), t)
	return starlark.String(s), err
}
