package statetest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// change is a file's first creation on h1.
func change(run string) state.Change {
	return state.Change{
		Run: run, Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Unit: "file[/etc/motd]", Position: 4,
		Pos: diag.Pos{File: "site.star", Line: 7}, Action: abi.Create, Status: "changed", Time: began, Args: "args",
		After: state.Value{Data: []byte(`{"mode":"0644"}`)},
	}
}

// see makes m the machine behind h1.
func (f *fixture) see(t *testing.T, m string, at time.Time) state.Known {
	t.Helper()
	known, err := f.HostSeen(t.Context(), state.Sighting{Workspace: workspace, Host: "h1", MachineID: m, Time: at})
	must(t, err)
	return known
}

func (f *fixture) resources(t *testing.T, host string) []state.Resource {
	t.Helper()
	resources, err := f.Resources(t.Context(), workspace, host)
	must(t, err)
	return resources
}

func (f *fixture) wantContent(t *testing.T, want []byte) {
	t.Helper()
	got, err := f.Content(t.Context(), op.Sum(want))
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("content is %q, want %q", got, want)
	}
}

func (f *fixture) wantNoContent(t *testing.T, sum string) {
	t.Helper()
	if _, err := f.Content(t.Context(), sum); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("content %s: %v, want not exist", sum, err)
	}
}

func testChanges(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.see(t, "m1", began)
	first := change("r1")
	text := []byte("hello\n")
	first.Contents = []*op.Blob{op.NewBlob(text), nil, {Sum: "elsewhere", Size: 3}}
	must(t, f.SaveUnits(t.Context(), "r1", []state.PlanUnit{{
		Host: "h1", Unit: first.Unit, Play: "web", Position: 4, Pos: first.Pos, Action: abi.Create, Effects: object(`[]`),
	}}))
	must(t, f.RecordChange(t.Context(), first))
	f.reopen(t)
	want := state.Resource{
		Host: "h1", MachineID: "m1", Unit: first.Unit, Args: "args", State: first.After.Data, After: first.After.Sum(), Run: "r1", Time: began,
	}
	same(t, []state.Resource{want}, f.resources(t, "h1"))
	same(t, nil, f.resources(t, "h2"))
	f.wantContent(t, text)
	f.wantContent(t, first.After.Data)
	same(t, []state.PlanUnit{{
		Host: "h1", MachineID: "m1", Unit: first.Unit, Play: "web", Position: 4, Pos: first.Pos, Action: abi.Create, Status: "changed",
		After: first.After.Sum(), Effects: object(`[]`),
	}}, f.units(t, "r1"))

	second := first // its removal, in a run that saved no units
	second.Run, second.Action, second.Before, second.After, second.Time = "r2", abi.Delete, first.After, state.Value{}, began.Add(time.Hour)
	must(t, f.RecordChange(t.Context(), second))
	want.State, want.Before, want.After, want.Run, want.Time = nil, first.After.Sum(), "", "r2", second.Time
	same(t, []state.Resource{want}, f.resources(t, "h1"))
	if units := f.units(t, "r2"); len(units) != 1 || units[0].Action != abi.Delete || units[0].Before != first.After.Sum() {
		t.Errorf("units of r2: %+v", units)
	}
	if units := f.units(t, "r1"); len(units) != 1 || units[0].Action != abi.Create {
		t.Errorf("units of r1 are now %+v", units)
	}
}

// testElsewhere has a unit of h1 change what is on h2.
func testElsewhere(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.see(t, "m1", began)
	if _, err := f.HostSeen(t.Context(), state.Sighting{Workspace: workspace, Host: "h2", MachineID: "m2", Time: began}); err != nil {
		t.Fatal(err)
	}
	c := change("r1")
	c.Unit, c.Notify = "h2:file[/etc/motd]", []string{"reload"}
	c.Elsewhere = &state.Place{Host: "h2", MachineID: "m2", Unit: "file[/etc/motd]"}
	must(t, f.RecordChange(t.Context(), c))
	f.reopen(t)
	same(t, nil, f.resources(t, "h1"))
	same(t, []state.Resource{{
		Host: "h2", MachineID: "m2", Unit: "file[/etc/motd]", Args: "args", State: c.After.Data, After: c.After.Sum(), Run: "r1", Time: began,
	}}, f.resources(t, "h2"))
	if units := f.units(t, "r1"); len(units) != 1 || units[0].Host != "h1" || units[0].Unit != c.Unit {
		t.Errorf("units of r1: %+v", units)
	}
	if pending := f.pendingOn(t, "m1"); len(pending) != 1 || pending[0].Handler != "reload" {
		t.Errorf("pending by h1: %+v", pending)
	}
}

func testHidden(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.see(t, "m1", began)
	c := change("r1")
	large := bytes.Repeat([]byte("x"), state.MaxBlob+1)
	c.Before, c.After = state.Value{Digest: "keyed"}, state.Value{Data: large}
	c.Contents = []*op.Blob{op.NewBlob(large)}
	must(t, f.RecordChange(t.Context(), c))
	same(t, []state.Resource{{
		Host: "h1", MachineID: "m1", Unit: c.Unit, Args: "args", Before: "keyed", After: op.Sum(large), Run: "r1", Time: began,
	}}, f.resources(t, "h1"))
	f.wantNoContent(t, op.Sum(large))
	f.wantNoContent(t, "keyed")
}

// testLyingContent has content that is not what its digest says, or cannot be read.
func testLyingContent(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	broken := errors.New("disk on fire")
	other := op.NewBlob([]byte("other"))
	tests := []struct {
		name string
		blob *op.Blob
	}{
		{"other bytes", &op.Blob{Sum: op.Sum([]byte("these")), Size: 5, Open: other.Open}},
		{"more bytes", &op.Blob{Sum: other.Sum, Size: 2, Open: other.Open}},
		{"unreadable", &op.Blob{Sum: other.Sum, Size: 5, Open: func() (io.ReadCloser, error) { return nil, broken }}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := change("r1")
			c.Contents = []*op.Blob{test.blob}
			if err := f.RecordChange(t.Context(), c); err == nil {
				t.Error("it was accepted")
			}
		})
	}
	same(t, nil, f.resources(t, "h1"))
}

func testHosts(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	same(t, state.Known{}, f.see(t, "", began))
	same(t, state.Known{First: true, Since: began}, f.see(t, "m1", began))
	must(t, f.RecordChange(t.Context(), change("r1")))
	f.reopen(t)
	later := began.Add(time.Hour)
	same(t, state.Known{Since: began}, f.see(t, "m1", later))
	same(t, state.Known{}, f.see(t, "", later)) // says nothing of the machine

	same(t, state.Known{Replaced: "m1", Since: later}, f.see(t, "m2", later))
	same(t, nil, f.resources(t, "h1")) // set aside

	same(t, state.Known{Replaced: "m2", Since: later}, f.see(t, "m1", later))
	if got := f.resources(t, "h1"); len(got) != 1 || got[0].MachineID != "m1" {
		t.Errorf("the old machine is back with %+v", got)
	}
	elsewhere, err := f.HostSeen(t.Context(), state.Sighting{Workspace: "/other", Host: "h1", MachineID: "m9", Time: began})
	must(t, err)
	same(t, state.Known{First: true, Since: began}, elsewhere)
}

func testFacts(t *testing.T, f *fixture) {
	fact := func(machine, namespace, data string) state.Fact {
		return state.Fact{
			Workspace: workspace, Host: "h1", MachineID: machine, Namespace: namespace, Data: object("%s", data),
			Time: began, TTL: time.Hour,
		}
	}
	facts := func() []state.Fact {
		got, err := f.Facts(t.Context(), workspace, "h1")
		must(t, err)
		return got
	}
	same(t, nil, facts())
	basic, cpu := fact("m1", "os.basic", `{"family":"debian"}`), fact("m1", "hw.cpu", `{"cores":2}`)
	f.see(t, "m1", began)
	must(t, f.PutFacts(t.Context(), []state.Fact{basic, cpu}))
	f.reopen(t)
	same(t, []state.Fact{cpu, basic}, facts())

	cpu.Data, cpu.Time = object(`{"cores":4}`), began.Add(time.Minute)
	must(t, f.PutFacts(t.Context(), []state.Fact{cpu}))
	same(t, []state.Fact{cpu, basic}, facts())

	f.see(t, "m2", began)
	same(t, nil, facts())
	if !cpu.Fresh(began.Add(time.Hour)) || basic.Fresh(began.Add(time.Hour)) {
		t.Error("freshness counts from the fact's time")
	}
}
