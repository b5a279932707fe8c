package ui

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/wording"
)

// UnitsReport is units of a run with what they printed, and its shape as JSON.
type UnitsReport struct {
	Run   string        `json:"run"`
	Units []*UnitDetail `json:"units"`
}

// UnitDetail is one unit on one host.
type UnitDetail struct {
	Host string `json:"host"`
	*UnitReport
	Started *time.Time `json:"started,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Printed is nil where no program was run to its end.
	Printed *output.Output `json:"-"`
}

// printed is the part of a UnitDetail as JSON that says what was printed.
type printed struct {
	ExitCode      *int    `json:"exit_code,omitempty"`
	Stdout        *string `json:"stdout,omitempty"`
	Stderr        *string `json:"stderr,omitempty"`
	StdoutOmitted int64   `json:"stdout_omitted_bytes,omitempty"`
	StderrOmitted int64   `json:"stderr_omitted_bytes,omitempty"`
	Sensitive     bool    `json:"output_sensitive,omitempty"`
}

// MarshalJSON writes the unit with what it printed.
func (d *UnitDetail) MarshalJSON() ([]byte, error) {
	type plain UnitDetail
	var p printed
	if o := d.Printed; o != nil {
		p = printed{ExitCode: &o.RC, StdoutOmitted: o.Stdout.Omitted, StderrOmitted: o.Stderr.Omitted, Sensitive: o.Sensitive}
		if !o.Sensitive {
			p.Stdout, p.Stderr = &o.Stdout.Text, &o.Stderr.Text
		}
	}
	return json.Marshal(struct {
		*plain
		printed
	}{(*plain)(d), p})
}

// Print writes the units, one after the other.
func (r *UnitsReport) Print(w io.Writer, style Style) error {
	b := bufio.NewWriter(w)
	for i, d := range r.Units {
		if i > 0 {
			fmt.Fprintln(b)
		}
		d.print(b, style)
	}
	return b.Flush()
}

func (d *UnitDetail) print(b *bufio.Writer, style Style) {
	about := style.Paint(statusColor(d.Status), Readable(d.Status))
	if d.Printed != nil {
		about += "  exit code " + strconv.Itoa(d.Printed.RC)
	}
	if d.Reason != "" {
		about += "  (" + Readable(d.Reason) + ")"
	}
	fmt.Fprintf(b, "%s  %s\n", style.Paint(Bold, Readable(d.Host+"/"+d.Unit)), about)
	fmt.Fprintln(b, "  play "+Readable(PlayName(d.Play))+", "+Readable(d.Pos.String()))
	var when []string
	if d.Started != nil {
		when = append(when, "started "+wording.When(*d.Started))
	}
	if d.Ended != nil {
		when = append(when, "ended "+wording.When(*d.Ended))
	}
	if d.ElapsedMS > 0 {
		when = append(when, "took "+Took(d.ElapsedMS))
	}
	if len(when) > 0 {
		fmt.Fprintln(b, "  "+strings.Join(when, ", "))
	}
	if d.Error != "" {
		detail := d.Detail
		if d.Printed != nil {
			detail = "" // it is the end of what follows
		}
		RunView{Style: style}.trouble(b, "  ", d.Error, detail, "")
	}
	switch o := d.Printed; {
	case o == nil:
		fmt.Fprintln(b, "  "+style.Paint(Dim, "no output: no program of it ran to its end, or the run is too long ago"))
	case o.Sensitive:
		fmt.Fprintln(b, "  "+style.Paint(Dim, "its output is not kept: the unit is sensitive, or was given a sensitive value"))
	default:
		for _, line := range OutputLines(style, o) {
			fmt.Fprintln(b, "  "+line)
		}
	}
}

// OutputLines are the lines that show what was printed, each stream under its name.
func OutputLines(style Style, o *output.Output) []string {
	var lines []string
	for _, s := range []struct {
		name string
		output.Stream
	}{{"stdout", o.Stdout}, {"stderr", o.Stderr}} {
		if s.Empty() {
			lines = append(lines, s.name+": "+style.Paint(Dim, "nothing"))
			continue
		}
		lines = append(lines, s.name+":")
		if s.Omitted > 0 {
			lines = append(lines, "  "+style.Paint(Dim, fmt.Sprintf("(%s before this are not kept)", wording.Plural(int(s.Omitted), "byte"))))
		}
		if s.Text == "" {
			continue
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(s.Text, "\n"), "\n") {
			lines = append(lines, "  "+Readable(strings.TrimSuffix(line, "\r")))
		}
	}
	return lines
}
