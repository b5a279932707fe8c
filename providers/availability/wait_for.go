package availability

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// WaitFor is a thing that is waited for. Its fields are described in wait_for.cue.
type WaitFor struct {
	Port     int    `json:"port"`
	Address  string `json:"address"`
	Path     string `json:"path"`
	Contains string `json:"contains"`
	Service  string `json:"service"`
	Gone     bool   `json:"gone"`
	Timeout  string `json:"timeout"`
	Interval string `json:"interval"`
}

// WaitState is what is known before the unit's turn: nothing.
type WaitState struct{}

// WaitOutput is what the unit offers to later ones.
type WaitOutput struct {
	Changed bool  `json:"changed"`
	Elapsed int64 `json:"elapsed"`
}

// Read refuses arguments that do not go together, so that the plan says so.
func (w WaitFor) Read(t *sdk.T) WaitState {
	switch {
	case w.Port == 0 && w.Path == "" && w.Service == "":
		t.Fail(op.Permanent, "it is not said what to wait for", "", `give port = 8080, path = "/run/app.sock" or service = "nginx"`)
	case w.Address != "" && w.Port == 0:
		t.Fail(op.Permanent, "address is where a port is, and none is given", "", "give port, or leave address out")
	case (w.Contains != "" || t.Unknown("contains")) && (w.Path == "" || w.Gone):
		t.Fail(op.Permanent, "contains is for a file that is there", "", "give path, without gone; or leave contains out")
	}
	return WaitState{}
}

// Plan waits.
func (w WaitFor) Plan(t *sdk.T, _ WaitState) {
	t.Action(abi.Probe)
	o := &op.Wait{
		Port: w.Port, Address: w.Address, Path: w.Path, Contains: w.Contains, Unit: w.Service, Gone: w.Gone,
		TimeoutMS: milliseconds(t, "timeout", w.Timeout), IntervalMS: milliseconds(t, "interval", w.Interval),
	}
	if o.Port != 0 && o.Address == "" {
		o.Address = "127.0.0.1"
	}
	if o.Unit != "" && !strings.Contains(o.Unit, ".") {
		o.Unit += ".service"
	}
	var unknown []string
	if t.Unknown("contains") {
		unknown = []string{"contains"}
	}
	r := t.Effect(op.Op{Wait: o}, unknown...)
	if t.Acting() {
		t.Output(WaitOutput{Elapsed: r.Wait.ElapsedMS})
	}
}

// Potential waits.
func (w WaitFor) Potential(t *sdk.T) { w.Plan(t, WaitState{}) }
