// Package pytime has Python's datetime, date and timedelta as values, the ways in which Python writes and reads them,
// and the filters that Ansible makes of those. Where Python asks for the machine's time zone, this is UTC.
//
// It imports package function and what that imports only.
package pytime

import (
	"fmt"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type value = py.Value

// Time is a datetime, or a date.
type Time struct {
	t     time.Time // its zone is the offset where there is one, else UTC
	aware bool      // it has an offset from UTC
	date  bool      // it is a date only
}

// Date makes a date.
func Date(year int, month time.Month, day int) (*Time, error) {
	return newTime(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), year, int(month), day, false, true)
}

// newTime checks that a time is what was asked for: Go takes February 30th for March 1st.
func newTime(t time.Time, year, month, day int, aware, date bool) (*Time, error) {
	if year < 1 || year > 9999 || month < 1 || month > 12 {
		return nil, py.Errorf("year %d, month %d is out of range", year, month)
	}
	if t.Day() != day {
		return nil, py.Errorf("day is out of range for month")
	}
	return &Time{t: t, aware: aware, date: date}, nil
}

func (t *Time) String() string        { return t.PyStr() }
func (t *Time) Freeze()               {}
func (t *Time) Truth() starlark.Bool  { return true }
func (t *Time) Hash() (uint32, error) { return starlark.String(t.PyStr()).Hash() }

// Type is Python's name.
func (t *Time) Type() string {
	if t.date {
		return "date"
	}
	return "datetime"
}

// PyStr is what str() makes.
func (t *Time) PyStr() string { return t.iso(" ") }

// ISO is what isoformat() makes.
func (t *Time) ISO() string { return t.iso("T") }

func (t *Time) iso(sep string) string {
	day := fmt.Sprintf("%04d-%02d-%02d", t.t.Year(), t.t.Month(), t.t.Day())
	if t.date {
		return day
	}
	return day + sep + t.clock() + t.offset(":")
}

func (t *Time) micros() int { return t.t.Nanosecond() / 1000 }

func (t *Time) clock() string {
	s := fmt.Sprintf("%02d:%02d:%02d", t.t.Hour(), t.t.Minute(), t.t.Second())
	if t.micros() > 0 {
		s += fmt.Sprintf(".%06d", t.micros())
	}
	return s
}

// offset is how far it is from UTC.
func (t *Time) offset(sep string) string {
	if !t.aware {
		return ""
	}
	_, n := t.t.Zone()
	sign := "+"
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%02d%s%02d", sign, n/3600, sep, n/60%60)
	if n%60 != 0 {
		s += fmt.Sprintf("%s%02d", sep, n%60)
	}
	return s
}

// Text is what repr() makes.
func (t *Time) Text() (string, error) {
	parts := []int{t.t.Year(), int(t.t.Month()), t.t.Day()}
	if t.date {
		return "datetime.date(" + commas(parts) + ")", nil
	}
	parts = append(parts, t.t.Hour(), t.t.Minute())
	if t.t.Second() > 0 || t.micros() > 0 {
		parts = append(parts, t.t.Second())
	}
	if t.micros() > 0 {
		parts = append(parts, t.micros())
	}
	out := "datetime.datetime(" + commas(parts)
	if t.aware {
		_, n := t.t.Zone()
		zone := "datetime.timezone.utc"
		if n != 0 {
			d, _ := (&Delta{micros: int64(n) * second}).Text()
			zone = "datetime.timezone(" + d + ")"
		}
		out += ", tzinfo=" + zone
	}
	return out + ")", nil
}

// wall are the seconds since 1970 that its clock shows, wherever it is.
func (t *Time) wall() int64 {
	_, n := t.t.Zone()
	return t.t.Unix() + int64(n)
}

func commas(parts []int) string {
	out := make([]string, len(parts))
	for i, n := range parts {
		out[i] = fmt.Sprint(n)
	}
	return strings.Join(out, ", ")
}

// Get returns an attribute.
func (t *Time) Get(name string) (value, error) {
	switch name {
	case "year":
		return starlark.MakeInt(t.t.Year()), nil
	case "month":
		return starlark.MakeInt(int(t.t.Month())), nil
	case "day":
		return starlark.MakeInt(t.t.Day()), nil
	case "weekday":
		return method(name, "", func(py.Bound) (value, error) { return starlark.MakeInt((int(t.t.Weekday()) + 6) % 7), nil }), nil
	case "isoweekday":
		return method(name, "", func(py.Bound) (value, error) { return starlark.MakeInt((int(t.t.Weekday())+6)%7 + 1), nil }), nil
	case "toordinal":
		return method(name, "", func(py.Bound) (value, error) { return starlark.MakeInt64(floorDiv(t.wall(), 86400) + 719163), nil }), nil
	case "strftime":
		return method(name, "format", func(b py.Bound) (value, error) {
			format, err := b.Text(0)
			if err != nil {
				return nil, err
			}
			s, err := Format(t.fill(format), t.t)
			return starlark.String(s), err
		}), nil
	case "isoformat":
		if t.date {
			return method(name, "", func(py.Bound) (value, error) { return starlark.String(t.ISO()), nil }), nil
		}
		return method(name, "sep='T'", func(b py.Bound) (value, error) {
			sep, err := b.Text(0)
			return starlark.String(t.iso(sep)), err
		}), nil
	}
	if t.date {
		return nil, nil
	}
	return t.moment(name)
}

// moment returns what a datetime has beyond a date.
func (t *Time) moment(name string) (value, error) {
	switch name {
	case "hour":
		return starlark.MakeInt(t.t.Hour()), nil
	case "minute":
		return starlark.MakeInt(t.t.Minute()), nil
	case "second":
		return starlark.MakeInt(t.t.Second()), nil
	case "microsecond":
		return starlark.MakeInt(t.micros()), nil
	case "tzinfo":
		if t.aware {
			return nil, py.Errorf("tzinfo of a time has no text here; its offset is strftime('%%z')")
		}
		return starlark.None, nil
	case "date":
		return method(name, "", func(py.Bound) (value, error) { return Date(t.t.Year(), t.t.Month(), t.t.Day()) }), nil
	case "timestamp":
		return method(name, "", func(py.Bound) (value, error) {
			return starlark.Float(float64(t.t.UnixMicro()) / 1e6), nil
		}), nil
	}
	return nil, nil
}

// CompareSameType orders times.
func (t *Time) CompareSameType(op syntax.Token, other starlark.Value, _ int) (bool, error) {
	o := other.(*Time)
	if t.aware != o.aware {
		if op == syntax.EQL || op == syntax.NEQ {
			return op == syntax.NEQ, nil
		}
		return false, py.Errorf("can't compare offset-naive and offset-aware datetimes")
	}
	return holds(op, t.t.Compare(o.t)), nil
}

func holds(op syntax.Token, c int) bool {
	switch op {
	case syntax.EQL:
		return c == 0
	case syntax.NEQ:
		return c != 0
	case syntax.LT:
		return c < 0
	case syntax.LE:
		return c <= 0
	case syntax.GT:
		return c > 0
	}
	return c >= 0
}

// Operate answers t - other, t + other and, reflected, other + t; nil where there is no such operation.
func (t *Time) Operate(op string, other value, reflected bool) (value, error) {
	switch o := other.(type) {
	case *Time:
		if op != "-" || t.date != o.date || reflected {
			return nil, nil
		}
		if t.aware != o.aware {
			return nil, py.Errorf("can't subtract offset-naive and offset-aware datetimes")
		}
		return &Delta{micros: t.t.UnixMicro() - o.t.UnixMicro()}, nil
	case *Delta:
		n := o.micros
		switch {
		case op == "-" && !reflected:
			n = -n
		case op != "+":
			return nil, nil
		}
		if t.date { // only whole days count
			n = floorDiv(o.micros, day) * day
			if op == "-" {
				n = -n
			}
		}
		out := time.UnixMicro(t.t.UnixMicro() + n).In(t.t.Location())
		if out.Year() < 1 || out.Year() > 9999 {
			return nil, py.Errorf("date value out of range")
		}
		return &Time{t: out, aware: t.aware, date: t.date}, nil
	}
	return nil, nil
}

// bound is a method of a time.
type bound struct {
	name   string
	params py.Signature
	call   func(b py.Bound) (value, error)
}

func method(name, params string, call func(b py.Bound) (value, error)) value {
	return &bound{name, py.Params(params), call}
}

func (b *bound) String() string        { return b.name }
func (b *bound) Type() string          { return "builtin_function_or_method" }
func (b *bound) Freeze()               {}
func (b *bound) Truth() starlark.Bool  { return true }
func (b *bound) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'method'") }

// Text is refused: what Python prints has an address in memory.
func (b *bound) Text() (string, error) {
	return "", py.Errorf("%s is a method; call it: %s()", b.name, b.name)
}

// Call calls it.
func (b *bound) Call(args py.Args) (value, error) {
	given, err := b.params.Bind(b.name, args)
	if err != nil {
		return nil, err
	}
	return b.call(given)
}

// Moment makes a datetime; without a zone it is not said from where.
func Moment(year int, month time.Month, day, hour, minute, sec, micros int, zone *time.Location) (*Time, error) {
	if hour > 23 || minute > 59 || sec > 59 {
		return nil, py.Errorf("the time %02d:%02d:%02d is out of range", hour, minute, sec)
	}
	aware := zone != nil
	if !aware {
		zone = time.UTC
	}
	if _, offset := time.Unix(0, 0).In(zone).Zone(); offset <= -86400 || offset >= 86400 {
		return nil, py.Errorf("the offset from UTC is more than a day")
	}
	return newTime(time.Date(year, month, day, hour, minute, sec, micros*1000, zone), year, int(month), day, aware, false)
}
