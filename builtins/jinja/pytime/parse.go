package pytime

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// patterns are what the directives of strptime match.
var patterns = map[byte]string{
	'd': `3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9]`, 'f': `[0-9]{1,6}`, 'H': `2[0-3]|[0-1]\d|\d`, 'I': `1[0-2]|0[1-9]|[1-9]`,
	'j': `36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9]`, 'm': `1[0-2]|0[1-9]|[1-9]`, 'M': `[0-5]\d|\d`,
	'S': `6[0-1]|[0-5]\d|\d`, 'y': `\d\d`, 'Y': `\d\d\d\d`, 'p': `am|pm`, 'z': `[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|(?-i:Z)`,
	'A': `wednesday|thursday|saturday|tuesday|monday|friday|sunday`, 'a': `mon|tue|wed|thu|fri|sat|sun`,
	'B': `september|february|november|december|january|october|august|march|april|june|july|may`,
	'b': `jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec`,
}

// Parse reads a time as datetime.strptime does.
func Parse(s, format string) (*Time, error) {
	var pattern strings.Builder
	pattern.WriteString(`(?i)^`)
	var seen []byte
	blank := false
	for i := 0; i < len(format); i++ {
		c := format[i]
		if isBlank := strings.IndexByte(" \t\n\r\v\f", c) >= 0; isBlank {
			if !blank {
				pattern.WriteString(`\s+`)
			}
			blank = true
			continue
		}
		blank = false
		if c != '%' {
			pattern.WriteString(regexp.QuoteMeta(format[i : i+1]))
			continue
		}
		if i++; i == len(format) {
			return nil, py.Errorf("stray %% in format %s", py.Quoted(format))
		}
		p, ok := patterns[format[i]]
		switch {
		case format[i] == '%':
			pattern.WriteString("%")
			continue
		case !ok:
			return nil, py.Errorf("%%%c is not a directive of to_datetime here; there are %%Y %%y %%m %%d %%H %%I %%M %%S %%f %%p %%j %%b %%B %%a %%A %%z", format[i])
		case strings.IndexByte(string(seen), format[i]) >= 0:
			return nil, py.Errorf("%%%c occurs twice in the format", format[i])
		}
		seen = append(seen, format[i])
		pattern.WriteString("(" + p + ")")
	}
	re, err := regexp.Compile(pattern.String())
	if err != nil {
		return nil, py.Errorf("the format %s cannot be read", py.Quoted(format))
	}
	m := re.FindStringSubmatch(s)
	if m == nil {
		return nil, py.Errorf("time data %s does not match format %s", py.Quoted(s), py.Quoted(format))
	}
	if len(m[0]) != len(s) {
		return nil, py.Errorf("unconverted data remains: %s", s[len(m[0]):])
	}
	found := map[byte]string{}
	for i, c := range seen {
		found[c] = strings.ToLower(m[i+1])
	}
	return assemble(found)
}

// assemble makes a time of what directives found.
func assemble(found map[byte]string) (*Time, error) {
	number := func(c byte, otherwise int) int {
		if s, ok := found[c]; ok {
			n, _ := strconv.Atoi(strings.TrimSpace(s))
			return n
		}
		return otherwise
	}
	year, month, day := number('Y', 1900), number('m', 1), number('d', 1)
	if _, four := found['Y']; !four {
		if short, ok := found['y']; ok {
			n, _ := strconv.Atoi(short)
			if year = 1900 + n; n <= 68 {
				year = 2000 + n
			}
		}
	}
	for _, c := range []byte("bB") {
		if name, ok := found[c]; ok {
			month = strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", name[:3])/3 + 1
		}
	}
	hour := number('H', 0)
	if _, has := found['I']; has {
		hour = number('I', 0) % 12
		if found['p'] == "pm" {
			hour += 12
		}
	}
	fraction := 0
	if f, ok := found['f']; ok {
		fraction, _ = strconv.Atoi((f + "000000")[:6])
	}
	sec := number('S', 0)
	if sec > 59 {
		return nil, py.Errorf("second must be in 0..59")
	}
	if j := number('j', 0); j > 0 {
		if year < 1 {
			return nil, py.Errorf("year 0 is out of range")
		}
		t := time.Date(year, 1, j, 0, 0, 0, 0, time.UTC)
		year, month, day = t.Year(), int(t.Month()), t.Day()
	}
	zone, aware, err := zoneOf(found['z'])
	if err != nil {
		return nil, err
	}
	t := time.Date(year, time.Month(month), day, hour, number('M', 0), sec, fraction*1000, zone)
	return newTime(t, year, month, day, aware, false)
}

func zoneOf(s string) (zone *time.Location, aware bool, err error) {
	if s == "" || s == "z" {
		return time.UTC, s != "", nil
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	digits, fraction, _ := strings.Cut(digits, ".")
	if strings.Trim(fraction, "0") != "" {
		return nil, false, py.Errorf("an offset of parts of a second")
	}
	if strings.Count(s, ":") == 1 && len(digits) == 6 {
		return nil, false, py.Errorf("inconsistent use of : in %s", s)
	}
	var parts [3]int
	for i := 0; i*2 < len(digits); i++ {
		parts[i], _ = strconv.Atoi(digits[2*i : 2*i+2])
	}
	n := parts[0]*3600 + parts[1]*60 + parts[2]
	if n >= 86400 {
		return nil, false, py.Errorf("the offset %s is more than a day", s)
	}
	if s[0] == '-' {
		n = -n
	}
	if n == 0 {
		return time.UTC, true, nil
	}
	return time.FixedZone("", n), true, nil
}
