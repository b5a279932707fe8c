package enginetest

import (
	"strconv"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Probe makes a unit that asks whether a port takes connections.
func Probe(host string, port int) *unit.Unit {
	u := &unit.Unit{ID: unit.ID{Host: host, Type: "probe", Key: strconv.Itoa(port)}}
	u.Args = codec.Raw(strconv.Itoa(port))
	return u
}

// connect answers a probe, each time with another result.
func (h *Host) connect(p *op.TCPProbe) op.Result {
	h.Counts.Probes++
	if h.Shut[p.Port] {
		return op.Result{Error: &op.Error{Class: op.Transient, Code: "probe", Message: "connection refused"}}
	}
	return op.Result{TCP: &op.TCPResult{Received: strconv.Itoa(h.Counts.Probes), Attempts: h.Counts.Probes}}
}

// probe answers for the type "probe".
func (p *Provider) probe(r abi.Request) abi.Reply {
	var port int
	if err := codec.Unmarshal(r.Unit, &port); err != nil {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
	}
	ask := op.Op{TCP: &op.TCPProbe{Address: "localhost", Port: port, Tries: op.Tries{TimeoutMS: 1, Attempts: 1}}}
	switch {
	case r.Verb == abi.Read:
		return abi.Reply{Actual: codec.Raw(`{}`)}
	case r.Verb == abi.Plan || r.Verb == abi.Potential:
		return abi.Reply{Change: &abi.Change{Action: abi.Probe, Effects: []abi.Effect{{Op: ask}}}}
	case len(r.Log) == 0 && p.Extra != nil:
		return abi.Reply{Need: []op.Op{*p.Extra}}
	case len(r.Log) == 0:
		return abi.Reply{Need: []op.Op{ask}}
	}
	if e := r.Log[0].Result.Error; e != nil {
		return abi.Reply{Error: &abi.Error{Class: e.Class, Message: e.Message}}
	}
	out, err := codec.Marshal(r.Log[0].Result.TCP)
	if err != nil {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
	}
	return abi.Reply{Outcome: &abi.Outcome{Changed: true, Outputs: out}}
}
