// Package probe holds the resource types that ask whether something is as it should be:
// probe_http and probe_tcp a service, check a condition of the runbook. They read nothing at plan and change nothing; the
// controller performs them at the unit's turn.
//
// It imports providers/sdk and what lies below, and like every guest neither
// fmt nor encoding/json; wasm/ makes a guest of it.
package probe

import (
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[HTTP, State](set, "probe_http")
	sdk.Add[TCP, State](set, "probe_tcp")
	sdk.Add[Check, State](set, "check")
	return set
}

// State is what is known before a probe's turn: nothing.
type State struct{}

// tries are the arguments that both types have.
type tries struct {
	Via      string `json:"via"`
	Timeout  string `json:"timeout"`
	Attempts int    `json:"attempts"`
	Interval string `json:"interval"`
}

func (a tries) tries(t *sdk.T) op.Tries {
	return op.Tries{
		Via: a.Via, Attempts: a.Attempts,
		TimeoutMS: a.milliseconds(t, "timeout", a.Timeout), IntervalMS: a.milliseconds(t, "interval", a.Interval),
	}
}

func (tries) milliseconds(t *sdk.T, argument, text string) int64 {
	ms, ok := sdk.Milliseconds(text)
	if !ok {
		t.Fail(op.Permanent, argument+" "+text+" is no time", "", `write "10s", "1m30s" or "500ms"`)
	}
	return ms
}

// HTTP is a request that must be answered as expected. Its fields are described in probe.cue.
type HTTP struct {
	URL      string            `json:"url"`
	Status   any               `json:"status"` // a number, or a list of numbers
	Contains string            `json:"contains"`
	Headers  map[string]string `json:"headers"`
	Method   string            `json:"method"`
	Body     string            `json:"body"`
	CA       string            `json:"ca"`
	Insecure bool              `json:"insecure"`
	Follow   bool              `json:"follow"`
	MaxBody  int64             `json:"max_body"`
	tries
}

// HTTPOutput is what a probe over HTTP offers to later units.
type HTTPOutput struct {
	Changed  bool   `json:"changed"`
	Status   int    `json:"status"`
	Body     string `json:"body"`
	Attempts int    `json:"attempts"`
	// As base64, where it is not UTF-8.
	BodyBytes string `json:"body_bytes,omitempty"`
}

// Read implements sdk.Resource.
func (HTTP) Read(*sdk.T) State { return State{} }

// Plan makes the request.
func (p HTTP) Plan(t *sdk.T, _ State) {
	t.Action(abi.Probe)
	var unknown []string
	for _, field := range []string{"url", "contains", "headers", "body"} {
		if t.Unknown(field) {
			unknown = append(unknown, field)
		}
	}
	r := t.Effect(op.Op{HTTP: &op.HTTPProbe{
		URL: p.URL, Method: p.Method, Headers: p.Headers, Body: p.Body, Status: p.statuses(t), Contains: p.Contains,
		CA: p.CA, Insecure: p.Insecure, Follow: p.Follow, Limit: p.MaxBody, Tries: p.tries.tries(t),
	}}, unknown...)
	if t.Acting() {
		body := sdk.Captured{Output: "body", Text: r.HTTP.Body, Raw: r.HTTP.BodyRaw, Cut: r.HTTP.BodyCut, Limit: p.MaxBody, Raise: "max_body"}
		t.Output(HTTPOutput{Status: r.HTTP.Status, Body: r.HTTP.Body, Attempts: r.HTTP.Attempts, BodyBytes: body.Check(t)})
	}
}

// Potential makes the request.
func (p HTTP) Potential(t *sdk.T) { p.Plan(t, State{}) }

// statuses returns the codes that are right.
func (p HTTP) statuses(t *sdk.T) []int {
	list, isList := p.Status.([]any)
	if !isList {
		list = []any{p.Status}
	}
	codes := make([]int, len(list))
	for i, v := range list {
		code, ok := v.(int64)
		if !ok {
			t.Fail(op.Permanent, "status is no number, or list of numbers", "", "")
		}
		codes[i] = int(code)
	}
	return codes
}

// TCP is a connection that must come about, or must not. Its fields are described in probe.cue.
type TCP struct {
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Closed   bool   `json:"closed"`
	Send     string `json:"send"`
	Contains string `json:"contains"`
	tries
}

// TCPOutput is what a probe over TCP offers to later units.
type TCPOutput struct {
	Changed  bool   `json:"changed"`
	Received string `json:"received"`
	Attempts int    `json:"attempts"`
	// As base64, where it is not UTF-8.
	ReceivedBytes string `json:"received_bytes,omitempty"`
}

// Read implements sdk.Resource.
func (TCP) Read(*sdk.T) State { return State{} }

// Plan makes the connection.
func (p TCP) Plan(t *sdk.T, _ State) {
	t.Action(abi.Probe)
	var unknown []string
	for _, field := range []string{"send", "contains"} {
		if t.Unknown(field) {
			unknown = append(unknown, field)
		}
	}
	r := t.Effect(op.Op{TCP: &op.TCPProbe{
		Address: p.Address, Port: p.Port, Closed: p.Closed, Send: p.Send, Contains: p.Contains, Tries: p.tries.tries(t),
	}}, unknown...)
	if t.Acting() {
		received := sdk.Captured{Output: "received", Text: r.TCP.Received, Raw: r.TCP.ReceivedRaw, Cut: r.TCP.ReceivedCut}
		t.Output(TCPOutput{Received: r.TCP.Received, Attempts: r.TCP.Attempts, ReceivedBytes: received.Check(t)})
	}
}

// Potential makes the connection.
func (p TCP) Potential(t *sdk.T) { p.Plan(t, State{}) }

// Check is a condition that must hold. Its fields are described in probe.cue.
type Check struct {
	Condition bool   `json:"condition"`
	Message   string `json:"message"`
}

// CheckOutput is what a check offers to later units.
type CheckOutput struct {
	Changed bool `json:"changed"`
}

// Read implements sdk.Resource.
func (Check) Read(*sdk.T) State { return State{} }

// Plan fails where the condition does not hold, once that is known.
func (c Check) Plan(t *sdk.T, _ State) {
	t.Action(abi.Probe)
	if !t.Unknown("condition") && !c.Condition {
		t.Fail(op.Permanent, c.Message, "", "")
	}
	if t.Acting() {
		t.Output(CheckOutput{})
	}
}

// Potential has no effects.
func (Check) Potential(t *sdk.T) { t.Action(abi.Probe) }
