package transfer_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/transfer"
	"github.com/openfroyo/froyo/runner/op"
)

var fetchArgs = given{"path": "/etc/app.conf", "dest": "fetched", "flat": false, "follow": "safe"}

// collector is a host with a controller that has a file of it, or something else.
type collector struct {
	*providertest.Memory
	here op.ReadResult
}

func (c *collector) Do(o op.Op) op.Result {
	switch {
	case o.Collect != nil && o.Collect.Query:
		here := c.here
		return op.Result{Read: &here}
	case o.Collect != nil:
		c.here = op.ReadResult{Exists: true, Regular: true, Sum: o.Collect.Sum, Size: o.Collect.Size}
	default:
		return c.Memory.Do(o)
	}
	c.Done = append(c.Done, o)
	return op.Result{Done: &op.Done{Changed: true}}
}

func collects(here op.ReadResult) *collector {
	return &collector{&providertest.Memory{Files: map[string]*providertest.Node{
		"/etc/app.conf": {Type: op.TypeFile, Content: archive}, "/etc/dir": {Type: op.TypeDir},
	}}, here}
}

func TestFetch(t *testing.T) {
	same := op.ReadResult{Exists: true, Regular: true, Sum: archive.Sum, Size: archive.Size}
	other := op.ReadResult{Exists: true, Regular: true, Sum: op.Sum([]byte("other")), Size: 5}
	for _, tt := range []struct {
		name   string
		args   given
		here   op.ReadResult
		action abi.Action
	}{
		{"new", nil, op.ReadResult{}, abi.Create},
		{"there", nil, same, abi.None},
		{"another", nil, other, abi.Update},
		{"flat", given{"flat": true, "dest": "a.conf"}, op.ReadResult{}, abi.Create},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := collects(tt.here)
			change, _ := providertest.New(t, providertest.Native(transfer.Types()), target).Converge(providertest.Unit{Type: "fetch", Args: args(t, fetchArgs, tt.args)})
			if change.Action != tt.action {
				t.Errorf("planned %s", change.Action)
			}
			for _, o := range target.Done {
				if c := o.Collect; c.Sum != archive.Sum || c.Path != "/etc/app.conf" || c.Dest != args2(tt.args) {
					t.Errorf("performed %+v", c)
				}
			}
		})
	}
}

func args2(all given) string {
	if all == nil {
		return "fetched"
	}
	return all["dest"].(string)
}

// TestFetchHints does what each hint says.
func TestFetchHints(t *testing.T) {
	for _, tt := range []struct {
		wrong   given
		here    op.ReadResult
		hint    string
		advised given
	}{
		{given{"max_bytes": 3}, op.ReadResult{}, "max_bytes says how many it may have", given{"max_bytes": 100}},
		{nil, op.ReadResult{Exists: true}, "move it away, or give another dest", nil},
		{given{"path": "/etc/dir"}, op.ReadResult{}, "", nil},
	} {
		target := collects(tt.here)
		kit := providertest.New(t, providertest.Native(transfer.Types()), target)
		if _, err := kit.Plan(providertest.Unit{Type: "fetch", Args: args(t, fetchArgs, tt.wrong)}); err == nil || err.Hint != tt.hint {
			t.Errorf("%v: %v", tt.wrong, err)
		}
		target.here = op.ReadResult{} // moved away
		kit.Converge(providertest.Unit{Type: "fetch", Args: args(t, fetchArgs, tt.advised)})
	}
	target := collects(op.ReadResult{})
	kit := providertest.New(t, providertest.Native(transfer.Types()), target)
	change, err := kit.Plan(providertest.Unit{Type: "fetch", Args: args(t, fetchArgs, given{"path": "/etc/later"})})
	const hint = "is the path right? what brings the file has to be declared before"
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != hint {
		t.Errorf("got %+v, %v", change, err)
	}
	target.Files["/etc/later"] = &providertest.Node{Type: op.TypeFile, Content: archive} // as the hint says
	kit.Converge(providertest.Unit{Type: "fetch", Args: args(t, fetchArgs, given{"path": "/etc/later"})})
}
