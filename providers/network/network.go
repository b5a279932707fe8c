// Package network holds the resource type of what a host lets in and out: firewall, as rules of nftables, ufw or firewalld. It is a
// pure description of what to read and what to change.
//
// It imports providers/sdk, providers/textfile and what lies below, and like every guest neither fmt nor encoding/json.
package network

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Firewall, FirewallState](set, "firewall")
	return set
}

// Output is what the units offer to later ones.
type Output struct {
	Changed bool `json:"changed"`
}

const absent = "absent"

// run has a program change the host, and fails the unit where it fails.
func run(t *sdk.T, argv ...string) { runWith(t, nil, argv...) }

// runWith is run of a program that reads something.
func runWith(t *sdk.T, stdin *op.Blob, argv ...string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Argv: argv, Stdin: stdin}})
	if t.Acting() && r.Exec.RC != 0 {
		t.Fail(op.Permanent, strings.Join(argv, " ")+" ended with "+strconv.Itoa(r.Exec.RC), strings.TrimSpace(r.Exec.Stderr), "")
	}
}

// values are those of an argument that is one value or a list: numbers as texts.
func values(v any) (all []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			all = append(all, v)
		}
	case int64:
		all = append(all, strconv.FormatInt(v, 10))
	case []any:
		for _, each := range v {
			all = append(all, values(each)...)
		}
	}
	return all
}
