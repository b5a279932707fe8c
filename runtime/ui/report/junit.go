// Package report writes a run for other programs: as JUnit XML.
package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runtime/ui"
)

// JUnit gathers how units ended, to be written as a JUnit report: a test suite
// for each host, a test case for each unit. It implements event.Sink.
type JUnit struct {
	mu    sync.Mutex
	ended map[unit.ID]event.Event
	lost  map[string]error // hosts that failed without a unit being to blame
}

var _ event.Sink = (*JUnit)(nil)

// NewJUnit returns an empty report.
func NewJUnit() *JUnit { return &JUnit{ended: map[unit.ID]event.Event{}, lost: map[string]error{}} }

// Emit implements event.Sink.
func (j *JUnit) Emit(e event.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e.Kind {
	case event.UnitFinished:
		j.ended[e.Unit] = e
	case event.HostFailed:
		j.lost[e.Host] = e.Err
	default:
	}
}

type junitReport struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []*junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`
	elapsed  time.Duration
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Cases []*junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Time    string        `xml:"time,attr"`
	Failure *junitTrouble `xml:"failure"`
	Error   *junitTrouble `xml:"error"`
	Skipped *junitTrouble `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitTrouble struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Write writes the report of a command on hosts.
func (j *JUnit) Write(w io.Writer, command string, plays []string, hosts []*plan.Host) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	report := &junitReport{Name: plainXML(command)}
	for _, h := range hosts {
		suite := j.suite(h, plays)
		report.add(suite.junitCounts)
		report.Suites = append(report.Suites, suite)
	}
	report.Time = seconds(report.elapsed)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (c *junitCounts) add(o junitCounts) {
	c.Tests += o.Tests
	c.Failures += o.Failures
	c.Errors += o.Errors
	c.Skipped += o.Skipped
	c.elapsed += o.elapsed
}

func (j *JUnit) suite(h *plan.Host, plays []string) *junitSuite {
	name := nameXML(h.Host.Name)
	s := &junitSuite{Name: name}
	failed := h.Err
	if failed == nil {
		failed = j.lost[h.Host.Name]
	}
	if failed != nil { // no unit is to blame
		s.put(&junitCase{Class: name, Name: "host", Error: trouble(failed)}, 0)
	}
	for play, step := range h.Steps() {
		e, ended := j.ended[step.Unit.ID]
		c := &junitCase{
			Class: nameXML(h.Host.Name + "." + ui.PlayName(plays[play])), Name: nameXML(step.Unit.ID.Local()),
			File: nameXML(step.Unit.Pos.File), Line: step.Unit.Pos.Line,
		}
		switch {
		case !ended && step.Dormant:
			c.Skipped = &junitTrouble{Message: dormant(step)}
		case !ended:
			c.Skipped = &junitTrouble{Message: "not reached"}
		case e.Status == unit.Failed:
			c.Failure = trouble(e.Err)
		case e.Status == unit.Skipped:
			c.Skipped = &junitTrouble{Message: plainXML(e.Reason)}
		default:
			c.Out = plainXML(strings.TrimSuffix(string(e.Status)+": "+e.Reason, ": "))
		}
		s.put(c, e.Elapsed)
	}
	s.Time = seconds(s.elapsed)
	return s
}

// put adds a case to the suite and its counts.
func (s *junitSuite) put(c *junitCase, took time.Duration) {
	c.Time = seconds(took)
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.elapsed += took
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// trouble is an error with its evidence.
func trouble(err error) *junitTrouble {
	if err == nil {
		return &junitTrouble{Message: "failed"}
	}
	d := diag.Of(err)
	text := ui.Readable(d.Error()) + "\n"
	if d.Detail != "" {
		text += strings.TrimRight(d.Detail, "\n") + "\n"
	}
	if d.Hint != "" {
		text += "hint: " + ui.Readable(d.Hint) + "\n"
	}
	return &junitTrouble{Message: nameXML(d.Summary), Text: plainXML(text)}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// nameXML is a name, which is one line.
func nameXML(s string) string { return plainXML(ui.Readable(s)) }

// plainXML leaves out what XML cannot hold, and all other control characters but
// tabs and line breaks: what a host says may hold anything. What reorders or
// hides text stands escaped.
func plainXML(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(secret.Mask(s), "\ufffd"))
	if strings.IndexFunc(s, reorders) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if reorders(r) {
			b.WriteString(escape.Text(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func reorders(r rune) bool { return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }

// dormant says why nothing asked for a step.
func dormant(s *plan.Step) string {
	if unit.IsHook(s.Unit.ID.Scope.Handler) {
		return "the play changed nothing"
	}
	return "nothing called for its handler"
}
