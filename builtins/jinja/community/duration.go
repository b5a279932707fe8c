package community

import (
	"math"
	"math/big"
	"strings"
	"unicode"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// units are units of time in milliseconds. A month and a year have as many days as a call says.
var units = map[string]int64{"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "mo": 86_400_000, "y": 86_400_000}

// unitNames are other names of units.
var unitNames = map[string]string{
	"millisecond": "ms", "milliseconds": "ms", "msec": "ms", "msecs": "ms", "msecond": "ms", "mseconds": "ms",
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "hour": "h", "hours": "h", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"day": "d", "days": "d", "week": "w", "weeks": "w", "month": "mo", "months": "mo", "year": "y", "years": "y",
}

func durations() []*function.Func {
	const lengths = "*, year=365, month=30"
	out := []*function.Func{
		function.New("to_time_unit", "unit='ms', "+lengths, "A duration such as '1h 30m' in a unit: ms, s, m, h, d, w, mo or y.", func(c *call) (value, error) {
			unit, err := c.Text(0)
			if err != nil {
				return nil, err
			}
			return inUnit(c, unit, c.Values[1], c.Values[2])
		}),
	}
	for _, u := range []struct{ name, unit string }{
		{"milliseconds", "ms"}, {"seconds", "s"}, {"minutes", "m"}, {"hours", "h"}, {"days", "d"}, {"weeks", "w"}, {"months", "mo"}, {"years", "y"},
	} {
		out = append(out, function.New("to_"+u.name, lengths, "A duration such as '1h 30m' in "+u.name+".", func(c *call) (value, error) {
			return inUnit(c, u.unit, c.Values[0], c.Values[1])
		}))
	}
	return out
}

// millis are how many milliseconds a unit has.
func millis(unit string, year, month value) (*big.Rat, bool, error) {
	if long, ok := unitNames[unit]; ok {
		unit = long
	}
	n, ok := units[unit]
	if !ok {
		return nil, false, nil
	}
	out := new(big.Rat).SetInt64(n)
	days := map[string]value{"y": year, "mo": month}[unit]
	if days == nil {
		return out, true, nil
	}
	number, isNumber := py.Number(days)
	if !isNumber {
		return nil, false, py.Errorf("year and month are numbers of days, not %s", py.TypeName(days))
	}
	f, err := py.ToFloat(number)
	if err != nil {
		return nil, false, err
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 {
		return nil, false, py.Errorf("year and month are numbers of days")
	}
	return out.Mul(out, new(big.Rat).SetFloat64(f)), true, nil
}

func inUnit(c *call, unit string, year, month value) (value, error) {
	s, err := onlyText(c)
	if err != nil {
		return nil, err
	}
	by, ok, err := millis(unit, year, month)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, py.Errorf("there is no unit %q; write ms, s, m, h, d, w, mo or y", unit)
	}
	sum := new(big.Rat)
	for _, part := range strings.FieldsFunc(s, py.IsSpace) {
		number, name := split(part)
		n, isNumber := new(big.Int).SetString(number, 10)
		if !isNumber || len(number) > 300 {
			return nil, py.Errorf("%q is no duration such as '1h 30m'", s)
		}
		per, ok, err := millis(name, year, month)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, py.Errorf("%q is no duration such as '1h 30m': there is no unit %q", s, name)
		}
		sum.Add(sum, per.Mul(per, new(big.Rat).SetInt(n)))
	}
	f, _ := sum.Quo(sum, by).Float64()
	return starlark.Float(filter.Round(f, 12)), nil
}

// split takes apart a number and the word behind it.
func split(s string) (number, name string) {
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
	digits := strings.TrimPrefix(s, "-")
	n := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	name = digits[n:]
	if end := strings.IndexFunc(name, func(r rune) bool { return !word(r) }); end >= 0 {
		name = name[:end]
	}
	return s[:len(s)-len(digits)+n], name
}
