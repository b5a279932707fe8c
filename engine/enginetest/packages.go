package enginetest

import (
	"strings"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Package makes a unit of the type "pkg" that wants a package installed.
func Package(host, name string) *unit.Unit {
	args, err := codec.Marshal(pkg{name})
	if err != nil {
		panic(err) // a string always encodes
	}
	id := unit.ID{Host: host, Type: "pkg", Key: name}
	return &unit.Unit{ID: id, Args: args, Order: Order(id)}
}

type pkg struct {
	Name string `json:"name"`
}

// Packages are a host's packages, and what its package manager does.
type Packages struct {
	// Installed are the versions of the installed ones by name, Broken those that cannot be installed.
	Installed map[string]string
	Broken    map[string]bool
	// Refused says of packages why a simulation refuses them, Along what one brings along.
	Refused map[string]string
	Along   []string
	// Transactions lists the packages of each, joined by blanks.
	Transactions []string
}

func (h *Host) query(q *op.PkgQuery) op.Result {
	r := &op.PkgQueryResult{Manager: "test"}
	for _, p := range q.Packages {
		found := op.Package{Name: p.Name, Version: h.Packages.Installed[p.Name]}
		if found.Version != "" {
			found.Status = op.PkgInstalled
		}
		r.Packages = append(r.Packages, found)
	}
	return op.Result{PkgQuery: r}
}

// simulate tells of packages in Refused, and that Along comes along.
func (h *Host) simulate(e *op.PkgEnsure) op.Result {
	done := &op.PkgDone{}
	for _, p := range e.Packages {
		change := op.PkgChange{Name: p.Name}
		if why := h.Packages.Refused[p.Name]; why != "" {
			change.Error = &op.Error{Class: op.Conflict, Code: "removes", Message: why}
		}
		done.Packages = append(done.Packages, change)
	}
	for _, name := range h.Packages.Along {
		done.Also = append(done.Also, op.PkgChange{Name: name})
	}
	return op.Result{PkgEnsure: done}
}

func (h *Host) ensure(e *op.PkgEnsure) op.Result {
	if e.Simulate {
		return h.simulate(e)
	}
	h.Packages.Transactions = append(h.Packages.Transactions, names(e))
	refused := false
	for _, p := range e.Packages {
		refused = refused || h.Packages.Broken[p.Name]
	}
	done := &op.PkgDone{}
	for _, p := range e.Packages {
		change := op.PkgChange{Name: p.Name, Before: h.Packages.Installed[p.Name], After: h.Packages.Installed[p.Name]}
		switch {
		case h.Packages.Broken[p.Name]:
			change.Error = &op.Error{Class: op.Permanent, Message: p.Name + " is broken\nthe evidence"}
		case refused:
			change.Error = &op.Error{Class: op.Permanent, Code: op.CodeTransaction, Message: "the transaction was refused"}
		default:
			change.After = "1"
			h.Packages.Installed[p.Name] = "1"
		}
		done.Packages = append(done.Packages, change)
	}
	return op.Result{PkgEnsure: done}
}

func names(e *op.PkgEnsure) string {
	var all []string
	for _, p := range e.Packages {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}

func answerPackage(r abi.Request) abi.Reply {
	var p pkg
	if err := codec.Unmarshal(r.Unit, &p); err != nil {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
	}
	effect := op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: p.Name, State: op.PkgPresent}}}}
	switch {
	case r.Verb == abi.Read && len(r.Log) == 0:
		return abi.Reply{Need: []op.Op{{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: p.Name}}}}}}
	case r.Verb == abi.Read:
		actual, err := codec.Marshal(r.Log[0].Result.PkgQuery.Packages[0].Version)
		if err != nil {
			return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
		}
		return abi.Reply{Actual: actual}
	case r.Verb == abi.Plan && string(r.Actual) != `""`:
		return abi.Reply{Change: &abi.Change{Action: abi.None}}
	case r.Verb == abi.Plan || r.Verb == abi.Potential:
		return abi.Reply{Change: &abi.Change{Action: abi.Create, Effects: []abi.Effect{{Op: effect}}}}
	case len(r.Log) == 0:
		return abi.Reply{Need: []op.Op{effect}}
	}
	change := r.Log[0].Result.PkgEnsure.Packages[0]
	if change.Error != nil {
		message, detail, _ := strings.Cut(change.Error.Message, "\n")
		return abi.Reply{Error: &abi.Error{Class: change.Error.Class, Message: message, Detail: detail}}
	}
	return abi.Reply{Outcome: &abi.Outcome{Changed: change.Before != change.After}}
}
