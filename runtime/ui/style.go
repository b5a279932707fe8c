// Package ui is all that froyo says: plans, progress, recaps and errors, as
// text or as JSON. No other package prints.
//
// The rules:
//   - the result of a command (plan, recap, JSON) goes to standard output;
//     progress, questions, warnings and errors go to standard error;
//   - errors are lower case and without a full stop: "froyo: error: ...", then
//     the source line, evidence, and one "hint:" line that says what to do;
//   - colour carries meaning and never alone: + green, ~ yellow, - red,
//     -/+ magenta, > cyan; it is off where the output is no terminal, and none
//     is used that cannot be read on a light or on a dark background;
//   - whatever comes from a host is shown with its control characters escaped.
package ui

import (
	"strings"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
)

// Style paints text for a terminal, or leaves it as it is.
type Style struct{ Color bool }

// The colours, as SGR parameters. Red and magenta are the terminal's own. The
// terminal's yellow, green and cyan are hardly seen on white, and what it dims
// may vanish altogether: these are of the 256 that do not depend on it, and
// have a contrast of about 4 to 1 or more on black as well as on white.
const (
	red     = "31"
	green   = "38;5;28"
	yellow  = "38;5;166"
	magenta = "35"
	cyan    = "38;5;31"
	bold    = "1"
	dim     = "38;5;243"
)

// Fixed are the colours that are the same on every terminal.
var Fixed = []string{green, yellow, cyan, dim}

func (s Style) paint(color, text string) string {
	if !s.Color || text == "" || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// symbol is the mark of an action at the start of a line, with its colour.
func symbol(step *plan.Step) (mark, color string) {
	if step.Err != nil {
		return "!", red
	}
	if step.Certainty == plan.Unknown {
		return "?", yellow
	}
	return actionSymbol(step.Change.Action)
}

func actionSymbol(a abi.Action) (mark, color string) {
	switch a {
	case abi.Create:
		return "+", green
	case abi.Update:
		return "~", yellow
	case abi.Delete:
		return "-", red
	case abi.Replace:
		return "-/+", magenta
	case abi.Run:
		return ">", cyan
	case abi.None, abi.Probe:
	}
	return " ", ""
}

// tabStop is how far a tab goes in the texts that are shown.
const tabStop = 4

// Readable makes a line safe to show and keeps it readable: tabs become
// blanks and backslashes stay, all else that is not plain text is escaped.
func Readable(line string) string {
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
			b.WriteString(dial.Escape(part))
		}
		column++
	}
	return b.String()
}
