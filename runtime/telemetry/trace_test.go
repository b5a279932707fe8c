package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/telemetry"
)

// fake is a host that answers what it is told to.
type fake struct {
	results  []op.Result
	outcomes []target.Outcome
	err      error
}

func (f *fake) Do(context.Context, []target.Step) ([]op.Result, error) { return f.results, f.err }
func (f *fake) Run(context.Context, []target.Step) ([]target.Outcome, error) {
	return f.outcomes, f.err
}

func stat(path, unit string) target.Step {
	return target.Step{Op: op.Op{Stat: &op.Stat{Path: path}}, Unit: unit}
}

// span is what the exporter writes of one.
type span struct {
	id, parent, name string
	attributes       map[string]any
	status           string
	took             time.Duration
}

func decodeSpans(t *testing.T, out *bytes.Buffer) []span {
	t.Helper()
	var spans []span
	for _, line := range decodeLines(t, out) {
		s := span{name: line["Name"].(string), attributes: map[string]any{}}
		s.id = line["SpanContext"].(map[string]any)["SpanID"].(string)
		s.parent = line["Parent"].(map[string]any)["SpanID"].(string)
		if list, ok := line["Attributes"].([]any); ok {
			for _, a := range list {
				a := a.(map[string]any)
				s.attributes[a["Key"].(string)] = a["Value"].(map[string]any)["Value"]
			}
		}
		status := line["Status"].(map[string]any)
		if status["Code"] == "Error" {
			s.status = " ERROR " + status["Description"].(string)
		}
		times := make([]time.Time, 2)
		for i, key := range []string{"StartTime", "EndTime"} {
			at, err := time.Parse(time.RFC3339Nano, line[key].(string))
			if err != nil {
				t.Fatal(err)
			}
			times[i] = at
		}
		s.took = times[1].Sub(times[0])
		spans = append(spans, s)
	}
	return spans
}

// tree draws spans as an indented list, siblings in alphabetical order.
func tree(spans []span, parent, indent string) string {
	var parts []string
	for _, s := range spans {
		if s.parent != parent {
			continue
		}
		var label strings.Builder
		label.WriteString(s.name)
		for _, key := range []string{"froyo.run", "froyo.host", "froyo.unit", "froyo.subject", "froyo.user", "froyo.status", "froyo.units"} {
			if v, ok := s.attributes[key]; ok {
				label.WriteString(" " + fmt.Sprint(v))
			}
		}
		parts = append(parts, indent+label.String()+s.status+"\n"+tree(spans, s.id, indent+"  "))
	}
	slices.Sort(parts)
	return strings.Join(parts, "")
}

const noParent = "0000000000000000"

func TestTrace(t *testing.T) {
	var out bytes.Buffer
	tr, err := telemetry.NewTrace(&out, "v1", "r1")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	tr.Emit(event.Event{Kind: event.RunStarted})
	tr.Emit(event.Event{Kind: event.HostStarted, Host: "h1", Time: at})
	read := tr.Target("h1", &fake{results: []op.Result{{}, {Error: &op.Error{Class: op.Permanent, Message: "secret"}}, {}}})
	if _, err := read.Do(t.Context(), []target.Step{stat("/etc/motd", "file[/etc/motd]"), stat("/x", "file[/x]"), {Op: op.Op{Facts: &op.Facts{}}}}); err != nil {
		t.Fatal(err)
	}
	tr.Emit(event.Event{Kind: event.HostPlanned, Host: "h1", Total: 2})
	shell := target.Step{Op: op.Op{Exec: &op.Exec{Shell: "echo hunter2 | chpasswd"}}, Unit: "file[/etc/motd]", User: "root"}
	ask := target.Step{Op: op.Op{HTTP: &op.HTTPProbe{URL: "https://me:hunter2@web:8443/x?token=hunter2"}}, Unit: "file[/etc/motd]"}
	act := tr.Target("h1", &fake{outcomes: []target.Outcome{{Ran: true}, {Ran: true}, {}}})
	if _, err := act.Run(t.Context(), []target.Step{shell, ask, stat("/never", "file[/never]")}); err != nil {
		t.Fatal(err)
	}
	tr.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: motd, Status: unit.Changed, Action: abi.Update})
	tr.Emit(event.Event{
		Kind: event.UnitFinished, Host: "h1", Unit: unit.ID{Host: "h1", Type: "cmd", Key: "x"}, Status: unit.Failed, Err: errors.New("exit status 1"),
		Time: at.Add(3 * time.Second), Elapsed: 2 * time.Second,
	})
	lost := errors.New("connection lost")
	if _, err := tr.Target("h2", &fake{err: lost}).Run(t.Context(), []target.Step{stat("/a", "")}); !errors.Is(err, lost) {
		t.Errorf("the host's error became %v", err)
	}
	tr.Emit(event.Event{Kind: event.HostFailed, Host: "h2", Err: lost})
	tr.Emit(event.Event{Kind: event.HostFinished, Host: "h1"})
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := out.String()
	spans := decodeSpans(t, &out)
	want := `run r1
  host h1 2
    facts
    unit cmd[x] failed ERROR exit status 1
    unit file[/etc/motd]
      fs.stat /etc/motd
    unit file[/etc/motd] changed
      exec sh root
      probe.http https://web:8443
    unit file[/x]
      fs.stat /x ERROR permanent
  host h2 ERROR connection lost
    fs.stat /a ERROR connection lost
`
	if diff := cmp.Diff(want, tree(spans, noParent, "")); diff != "" {
		t.Error(diff)
	}
	for _, s := range spans {
		if s.attributes["froyo.unit"] == "cmd[x]" && s.took != 2*time.Second {
			t.Errorf("the unit took %v, want what its event says", s.took)
		}
		if s.took < 0 {
			t.Errorf("%s ends before it begins", s.name)
		}
	}
	for _, secret := range []string{"hunter2", "secret"} {
		if strings.Contains(raw, secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
}

func TestTraceOff(t *testing.T) {
	var tr *telemetry.Trace
	next := &fake{}
	if got := tr.Target("h1", next); got != next {
		t.Error("a target is wrapped while tracing is off")
	}
	tr.Emit(event.Event{Kind: event.HostStarted, Host: "h1"})
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// broken is a file that cannot be written to.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestTraceCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	tr, err := telemetry.NewTrace(broken{full}, "v1", "r1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 { // more than the exporter's queue holds
		name := fmt.Sprint("h", i)
		tr.Emit(event.Event{Kind: event.HostStarted, Host: name})
		tr.Emit(event.Event{Kind: event.HostFinished, Host: name})
	}
	if err := tr.Close(t.Context()); !errors.Is(err, full) {
		t.Errorf("Close: %v, want %v", err, full)
	}
}
