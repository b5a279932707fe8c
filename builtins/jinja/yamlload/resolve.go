package yamlload

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pytime"
)

// What a plain scalar is, as YAML 1.1 has it.
var (
	boolText  = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	floatText = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	intText   = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	timeText  = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)
)

func implicit(s string) string {
	switch {
	case s == "" || s == "~" || s == "null" || s == "Null" || s == "NULL":
		return "!!null"
	case boolText.MatchString(s):
		return "!!bool"
	case floatText.MatchString(s):
		return "!!float"
	case intText.MatchString(s):
		return "!!int"
	case timeText.MatchString(s):
		return "!!timestamp"
	case s == "<<":
		return "!!merge"
	case s == "=":
		return "!!value"
	}
	return "!!str"
}

// scalar makes the value of a scalar with a tag.
func scalar(tag, s string) (py.Value, error) {
	switch tag {
	case "!!str":
		return starlark.String(s), nil
	case "!!null":
		return starlark.None, nil
	case "!!bool":
		switch strings.ToLower(s) {
		case "yes", "true", "on":
			return starlark.True, nil
		case "no", "false", "off":
			return starlark.False, nil
		}
		return nil, py.Errorf("%q is no boolean", s)
	case "!!int":
		return wholeNumber(s)
	case "!!float":
		return fraction(s)
	case "!!timestamp":
		return timestamp(s)
	}
	return nil, py.Errorf("the tag %s is not known", tag)
}

func sign(s string) (negative bool, rest string) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[0] == '-', s[1:]
	}
	return false, s
}

func wholeNumber(s string) (py.Value, error) {
	negative, digits := sign(strings.ReplaceAll(s, "_", ""))
	n := new(big.Int)
	ok := true
	switch {
	case digits == "0":
	case strings.HasPrefix(digits, "0b"):
		_, ok = n.SetString(digits[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		_, ok = n.SetString(digits[2:], 16)
	case strings.HasPrefix(digits, "0"):
		_, ok = n.SetString(digits, 8)
	case strings.Contains(digits, ":"):
		for part := range strings.SplitSeq(digits, ":") {
			x, err := strconv.Atoi(part)
			ok = ok && err == nil
			n.Add(n.Mul(n, big.NewInt(60)), big.NewInt(int64(x)))
		}
	default:
		_, ok = n.SetString(digits, 10)
		ok = ok && len(digits) <= 4300
	}
	if !ok || strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		return nil, py.Errorf("%q is no whole number", s)
	}
	if negative {
		n.Neg(n)
	}
	return starlark.MakeBigInt(n), nil
}

func fraction(s string) (py.Value, error) {
	negative, digits := sign(strings.ToLower(strings.ReplaceAll(s, "_", "")))
	f := 0.0
	switch {
	case digits == ".inf":
		f = math.Inf(1)
	case digits == ".nan":
		f = math.NaN()
	case strings.Contains(digits, ":"):
		parts := strings.Split(digits, ":")
		base := 1.0
		for _, part := range slices.Backward(parts) {
			x, ok := filter.ParseFloat(part)
			if !ok {
				return nil, py.Errorf("%q is no number", s)
			}
			f += x * base
			base *= 60
		}
	default:
		x, ok := filter.ParseFloat(digits)
		if !ok {
			return nil, py.Errorf("%q is no number", s)
		}
		f = x
	}
	if negative {
		f = -f
	}
	return starlark.Float(f), nil
}

var timeParts = regexp.MustCompile(`^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$`)

// timestamp makes a date, or a date and time.
func timestamp(s string) (py.Value, error) {
	m := timeParts.FindStringSubmatch(s)
	if m == nil {
		return nil, py.Errorf("%q is no time", s)
	}
	var n [12]int
	for i := range n {
		if i > 0 && m[i] != "" && i != 7 && i != 8 && i != 9 {
			n[i], _ = strconv.Atoi(m[i])
		}
	}
	if m[4] == "" {
		return pytime.Date(n[1], time.Month(n[2]), n[3])
	}
	micros := 0
	if m[7] != "" {
		micros, _ = strconv.Atoi((m[7] + "000000")[:6])
	}
	var zone *time.Location
	switch {
	case m[8] == "Z":
		zone = time.UTC
	case m[9] != "":
		offset := n[10]*3600 + n[11]*60
		if m[9] == "-" {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	return pytime.Moment(n[1], time.Month(n[2]), n[3], n[4], n[5], n[6], micros, zone)
}

// readable is what may stand in YAML.
func readable(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r == 0x85 || r >= ' ' && r <= '~' || r >= 0xa0 && r < 0xfffe || r >= 0x10000
}
