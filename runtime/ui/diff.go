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
		fmt.Fprintln(b, field+v.Style.Paint(Yellow, "(known after apply)"))
	case d.Unknown:
		fmt.Fprintln(b, field+value(d.Before)+" → "+v.Style.Paint(Yellow, "(known after apply)"))
	case len(d.Before) == 0:
		fmt.Fprintln(b, field+v.Style.Paint(Green, value(d.After)))
	case len(d.After) == 0:
		fmt.Fprintln(b, field+v.Style.Paint(Red, value(d.Before)))
	default:
		fmt.Fprintln(b, field+v.Style.Paint(Red, value(d.Before))+" → "+v.Style.Paint(Green, value(d.After)))
	}
}

// value shows a JSON value; strings keep their quotes so that blanks are seen.
func value(raw codec.Raw) string { return Clip(Readable(string(raw)), maxLine) }

// contentDiff prints what changes in a file: the lines of a text, or digests.
func (v PlanView) contentDiff(b *bufio.Writer, d abi.Diff, before, after plan.Reference) {
	if before.Sum == "" && len(d.Before) > 0 { // it is too large to be read
		after := v.digests(plan.Reference{}, after)
		if d.Unknown {
			after = v.Style.Paint(Yellow, "(known after apply)")
		}
		fmt.Fprintf(b, "%s%s  %s → %s\n", diffIndent, d.Field, v.Style.Paint(Red, strings.Trim(value(d.Before), `"`)), after)
		return
	}
	old, okOld := v.text(before)
	now, okNow := v.text(after)
	if d.Unknown {
		fmt.Fprintf(b, "%s%s  %s\n", diffIndent, d.Field, v.Style.Paint(Yellow, "(known after apply)"))
		return
	}
	if !okOld || !okNow {
		fmt.Fprintf(b, "%s%s  %s\n", diffIndent, d.Field, v.digests(before, after))
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

// digests stands for content that is too large or not text.
func (v PlanView) digests(before, after plan.Reference) string {
	show := func(r plan.Reference) string {
		if r.Sum == "" {
			return "nothing"
		}
		return fmt.Sprintf("%s sha256:%.12s", wording.Plural(int(r.Size), "byte"), r.Sum)
	}
	if before.Sum == "" {
		return v.Style.Paint(Green, show(after))
	}
	return v.Style.Paint(Red, show(before)) + " → " + v.Style.Paint(Green, show(after))
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
		fmt.Fprintf(b, "%s  %s\n", diffIndent, v.Style.Paint(color, Clip(Readable(line), maxLine)))
	}
}
