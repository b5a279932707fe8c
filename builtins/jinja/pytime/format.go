package pytime

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// fill replaces what Python itself replaces in a format before it gives it to the C library.
func (t *Time) fill(format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'f':
			fmt.Fprintf(&b, "%06d", t.micros())
		case 'z':
			b.WriteString(t.offset(""))
		case 'Z':
			if t.aware {
				b.WriteString("UTC")
				if _, n := t.t.Zone(); n != 0 {
					b.WriteString(t.offset(":"))
				}
			}
		default:
			b.WriteByte('%')
			b.WriteByte(format[i])
		}
	}
	return b.String()
}

// flags of a directive of the C library: how its number or text is written.
type flags struct {
	pad          byte // 0 for the directive's own
	upper, other bool
	width        int
	modifier     byte // E, O or 0
}

// Format writes a time as the C library's strftime does in the C locale. What is no directive stays, unless it has flags
// that the C library would make something odd of.
func Format(format string, t time.Time) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); {
		if format[i] != '%' {
			b.WriteByte(format[i])
			i++
			continue
		}
		f, end := readFlags(format, i+1)
		plain := end == i+1
		if end >= len(format) {
			if !plain {
				return "", py.Errorf("the format ends within a directive: %s", format[i:])
			}
			b.WriteByte('%')
			break
		}
		s, ok := directive(format[end], t, f)
		if !ok || f.modifier == 'E' && strings.IndexByte("cCxXyY", format[end]) < 0 ||
			f.modifier == 'O' && strings.IndexByte("deHImMSuUVwWy", format[end]) < 0 {
			if s = format[i : end+1]; !plain {
				return "", py.Errorf("%s is no directive of strftime", s)
			}
		}
		b.WriteString(s)
		i = end + 1
	}
	return b.String(), nil
}

func readFlags(format string, i int) (flags, int) {
	var f flags
	for ; i < len(format) && strings.IndexByte("_-0+^#", format[i]) >= 0; i++ {
		switch c := format[i]; c {
		case '^':
			f.upper = true
		case '#':
			f.other = true
		default:
			f.pad = c
		}
	}
	for ; i < len(format) && format[i] >= '0' && format[i] <= '9' && f.width < 1000; i++ {
		f.width = f.width*10 + int(format[i]-'0')
	}
	if i < len(format) && (format[i] == 'E' || format[i] == 'O') {
		f.modifier = format[i]
		i++
	}
	return f, i
}

// number writes a number of at least so many digits, filled with zeros or blanks.
func (f flags) number(n, digits int, pad byte) string {
	switch f.pad {
	case '_':
		pad = ' '
	case '0', '+':
		pad = '0'
	case '-':
		digits = 0
	}
	if f.width > 0 {
		digits = f.width
	}
	s := strconv.Itoa(n)
	return strings.Repeat(string(pad), max(digits-len(s), 0)) + s
}

func (f flags) text(s string) string {
	if f.upper || f.other {
		s = strings.ToUpper(s)
	}
	pad := " "
	if f.pad == '0' || f.pad == '+' {
		pad = "0"
	}
	return strings.Repeat(pad, max(f.width-len(s), 0)) + s
}

// composed are directives that stand for several.
var composed = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'r': "%I:%M:%S %p", 'R': "%H:%M", 'T': "%H:%M:%S", 'x': "%m/%d/%y", 'X': "%H:%M:%S",
}

func directive(c byte, t time.Time, f flags) (string, bool) {
	if format, ok := composed[c]; ok {
		s, err := Format(format, t)
		f.other = false
		return f.text(s), err == nil
	}
	if s, ok := word(c, t, f); ok {
		return s, true
	}
	n, digits, pad := 0, 2, byte('0')
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	switch c {
	case 'C':
		n = t.Year() / 100
	case 'd':
		n = t.Day()
	case 'e':
		n, pad = t.Day(), ' '
	case 'g':
		n = isoYear % 100
	case 'G':
		n, digits = isoYear, 0
	case 'H':
		n = t.Hour()
	case 'I':
		n = hour12
	case 'j':
		n, digits = t.YearDay(), 3
	case 'k':
		n, pad = t.Hour(), ' '
	case 'l':
		n, pad = hour12, ' '
	case 'm':
		n = int(t.Month())
	case 'M':
		n = t.Minute()
	case 's':
		n, digits = int(t.Unix()), 0
	case 'S':
		n = t.Second()
	case 'u':
		n, digits = (int(t.Weekday())+6)%7+1, 1
	case 'U':
		n = (t.YearDay() + 6 - int(t.Weekday())) / 7
	case 'V':
		n = isoWeek
	case 'w':
		n, digits = int(t.Weekday()), 1
	case 'W':
		n = (t.YearDay() + 6 - (int(t.Weekday())+6)%7) / 7
	case 'y':
		n = t.Year() % 100
	case 'Y':
		n, digits = t.Year(), 0
	default:
		return "", false
	}
	return f.number(n, digits, pad), true
}

// word answers the directives that are texts.
func word(c byte, t time.Time, f flags) (string, bool) {
	half := "AM"
	if t.Hour() >= 12 {
		half = "PM"
	}
	switch c {
	case 'a':
		return f.text(t.Weekday().String()[:3]), true
	case 'A':
		return f.text(t.Weekday().String()), true
	case 'b', 'h':
		return f.text(t.Month().String()[:3]), true
	case 'B':
		return f.text(t.Month().String()), true
	case 'n':
		return f.text("\n"), true
	case 'p':
		if f.other {
			f.other, half = false, strings.ToLower(half)
		}
		return f.text(half), true
	case 'P':
		return flags{width: f.width, pad: f.pad}.text(strings.ToLower(half)), true
	case 't':
		return f.text("\t"), true
	case 'z':
		return "+0000", f == flags{}
	case 'Z':
		name, _ := t.Zone()
		return name, f == flags{}
	case '%':
		return f.text("%"), true
	}
	return "", false
}
