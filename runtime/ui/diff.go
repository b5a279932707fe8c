package ui

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Limits of a text diff; what is larger stands as its digest.
const (
	maxDiffBytes = 64 << 10
	maxDiffLines = 200
	maxLine      = 200
)

const diffIndent = "        "

// diff prints one attribute that differs.
func (v PlanView) diff(b *bufio.Writer, d abi.Diff, width int) {
	before, isBefore := plan.AsReference(d.Before)
	after, isAfter := plan.AsReference(d.After)
	if isBefore || isAfter {
		v.contentDiff(b, d, before, after)
		return
	}
	field := fmt.Sprintf("%s%-*s  ", diffIndent, width, d.Field)
	switch {
	case d.Unknown && len(d.Before) == 0:
		v.values(b, field, unknown)
	case d.Unknown:
		v.values(b, field, painted{"", value(d.Before)}, unknown)
	case len(d.Before) == 0:
		v.values(b, field, painted{Green, value(d.After)})
	case len(d.After) == 0:
		v.values(b, field, painted{Red, value(d.Before)})
	default:
		v.values(b, field, painted{Red, value(d.Before)}, painted{Green, value(d.After)})
	}
}

// painted is a text in one colour.
type painted struct{ color, text string }

var unknown = painted{Yellow, "(known after apply)"}

// values prints a field with what it is, or was and is going to be: below each other where a terminal has no room.
func (v PlanView) values(b *bufio.Writer, field string, values ...painted) {
	const arrow = " → "
	at := layout.Width(field)
	whole := at - layout.Width(arrow)
	for _, p := range values {
		whole += layout.Width(arrow + p.text)
	}
	between := arrow
	if v.Style.Columns > 0 && whole > v.Style.Columns {
		between = "\n" + strings.Repeat(" ", at-2) + "→ "
	}
	fmt.Fprint(b, field)
	for i, p := range values {
		if i > 0 {
			fmt.Fprint(b, between)
		}
		if between == arrow {
			fmt.Fprint(b, v.Style.Paint(p.color, p.text))
		} else {
			fmt.Fprint(b, v.Style.Wrap(p.color, p.text, at, at+1))
		}
	}
	fmt.Fprintln(b)
}

// value shows a JSON value; strings keep their quotes so that blanks are seen.
func value(raw codec.Raw) string { return Clip(Readable(string(raw)), maxLine) }

// contentDiff prints what changes in a file: the lines of a text, or digests.
func (v PlanView) contentDiff(b *bufio.Writer, d abi.Diff, before, after plan.Reference) {
	field := diffIndent + d.Field + "  "
	if before.Sum == "" && len(d.Before) > 0 { // it is too large to be read
		now := painted{Green, digest(after)}
		if d.Unknown {
			now = unknown
		}
		v.values(b, field, painted{Red, strings.Trim(value(d.Before), `"`)}, now)
		return
	}
	old, okOld := v.text(before)
	now, okNow := v.text(after)
	if d.Unknown {
		v.values(b, field, unknown)
		return
	}
	switch {
	case okOld && okNow:
	case before.Sum == "":
		v.values(b, field, painted{Green, digest(after)})
		return
	default:
		v.values(b, field, painted{Red, digest(before)}, painted{Green, digest(after)})
		return
	}
	if len(old) == 0 && len(now) == 0 {
		return
	}
	fmt.Fprintf(b, "%s%s\n", diffIndent, d.Field)
	v.lines(b, old, now)
}

// text gives content that can be shown as lines; content that is not there is empty.
func (v PlanView) text(ref plan.Reference) ([]byte, bool) {
	if ref.Sum == "" || ref.Size == 0 {
		return nil, true
	}
	data, ok := v.Contents.Bytes(ref.Sum, maxDiffBytes)
	return data, ok && utf8.Valid(data) && bytes.IndexByte(data, 0) < 0
}

// digest stands for content that is too large or not text.
func digest(r plan.Reference) string {
	if r.Sum == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s sha256:%.12s", wording.Plural(int(r.Size), "byte"), r.Sum)
}

// lines prints the changed lines with three of context, without the file headers.
func (v PlanView) lines(b *bufio.Writer, old, now []byte) {
	text := strings.TrimSuffix(string(diff.Diff("before", old, "after", now)), "\n")
	lines := strings.Split(text, "\n")
	lines = lines[min(3, len(lines)):]
	for i, line := range lines {
		if i == maxDiffLines {
			fmt.Fprintf(b, "%s  %s\n", diffIndent, v.Style.Paint(Dim, wording.Plural(len(lines)-i, "more line")))
			return
		}
		color := ""
		switch {
		case strings.HasPrefix(line, "@@"):
			if i == 0 {
				continue // the heading of the only or first part says nothing
			}
			color = Dim
		case strings.HasPrefix(line, "+"):
			color = Green
		case strings.HasPrefix(line, "-"):
			color = Red
		case strings.HasPrefix(line, `\`):
			color = Dim
		}
		const indent = len(diffIndent) + 2
		fmt.Fprintln(b, diffIndent+"  "+v.Style.Wrap(color, Clip(Readable(line), maxLine), indent, indent+2))
	}
}
