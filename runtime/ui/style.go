// Package ui is what operators read: plans, recaps, errors and recorded runs. Progress and
// what other programs read are in the packages below it. No other package prints.
//
// The rules:
//   - the result of a command (plan, recap, JSON) goes to standard output;
//     progress, questions, warnings and errors go to standard error;
//   - errors are lower case and without a full stop: "froyo: error: ...", then
//     the source line, evidence, and one "hint:" line that says what to do;
//   - colour carries meaning and never alone: + green, ~ yellow, - red,
//     -/+ magenta, > cyan; it is off where the output is no terminal, and none
//     is used that cannot be read on a light or on a dark background;
//   - whatever comes from a host is shown with its control characters escaped;
//   - on a terminal lines wrap at its width, with an indent and never inside a word or what is to be
//     copied; elsewhere they stay whole, so that grep finds them.
package ui

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Style paints and wraps text for a terminal, or leaves it as it is.
type Style struct {
	Color bool
	// Exact is that the terminal has any colour, not only the 256.
	Exact bool
	// Columns is how wide the terminal is; 0 is no terminal, and no line is wrapped.
	Columns int
}

// The colours, as SGR parameters: of the 256 that do not depend on the terminal's settings, those that can be read on
// black and on white. The terminal's own cannot be relied on: its yellow, green and cyan are hardly seen on white, its
// red on black, and what it dims may vanish altogether.
const (
	Red     = "38;5;196"
	Green   = "38;5;28"
	Yellow  = "38;5;130"
	Magenta = "38;5;163"
	Cyan    = "38;5;31"
	Bold    = "1"
	Dim     = "38;5;243"
)

// exact are the same colours where any can be had: with a contrast of 4.5 to 1 on black as well as on white.
var exact = map[string]string{
	Red:    "38;2;226;43;43",
	Green:  "38;2;0;138;0",
	Yellow: "38;2;183;94;0",
	Cyan:   "38;2;0;128;165",
}

// Colors are all the colours, as the terminal has them.
func (s Style) Colors() []string {
	colors := []string{Red, Green, Yellow, Magenta, Cyan, Dim}
	for i, color := range colors {
		colors[i] = s.shade(color)
	}
	return colors
}

// shade is a colour as the terminal can have it.
func (s Style) shade(color string) string {
	if better := exact[color]; s.Exact && better != "" {
		return better
	}
	return color
}

func (s Style) Paint(color, text string) string {
	if !s.Color || text == "" || color == "" {
		return text
	}
	return "\x1b[" + s.shade(color) + "m" + text + "\x1b[0m"
}

// Wrap paints a line that begins in the column used, and wraps it; the lines after the first are indented.
func (s Style) Wrap(color, line string, used, indent int) string {
	lines := layout.Wrap(line, s.Columns, used, indent)
	for i, l := range lines {
		text := strings.TrimLeft(l, " ")
		lines[i] = l[:len(l)-len(text)] + s.Paint(color, text)
	}
	return strings.Join(lines, "\n")
}

// After wraps a line that stands two blanks behind what fills the columns before it, or below that where it does not fit there.
func (s Style) After(color, line string, used, indent int) string {
	wrapped := s.Wrap(color, line, used+2, indent)
	if strings.HasPrefix(wrapped, "\n") || wrapped == "" {
		return wrapped
	}
	return "  " + wrapped
}

// symbol is the mark of an action at the start of a line, with its colour.
func symbol(step *plan.Step) (mark, color string) {
	if step.Err != nil {
		return "!", Red
	}
	if step.Certainty == plan.Unknown {
		return "?", Yellow
	}
	return actionSymbol(step.Change.Action)
}

func actionSymbol(a abi.Action) (mark, color string) {
	switch a {
	case abi.Create:
		return "+", Green
	case abi.Update:
		return "~", Yellow
	case abi.Delete:
		return "-", Red
	case abi.Replace:
		return "-/+", Magenta
	case abi.Run:
		return ">", Cyan
	case abi.None, abi.Probe:
	}
	return " ", ""
}

// tabStop is how far a tab goes in the texts that are shown.
const tabStop = 4

// Readable makes a line safe to show and keeps it readable: tabs become
// blanks and backslashes stay, all else that is not plain text is escaped.
func Readable(line string) string {
	line = secret.Mask(line)
	var b strings.Builder
	column := 0
	for _, part := range strings.SplitAfter(line, "") {
		switch part {
		case "\t":
			n := tabStop - column%tabStop
			b.WriteString(strings.Repeat(" ", n))
			column += n
			continue
		case "\\":
			b.WriteString(part)
		default:
			b.WriteString(escape.Text(part))
		}
		column++
	}
	return b.String()
}

// Plain is a value as people read it, on one line.
func Plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return Readable(v)
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = Plain(e)
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return Readable(string(data))
	}
	return fmt.Sprint(v)
}
