// Package accounts holds the resource types for users and groups of a host, and for what these may do. Accounts
// themselves are made and changed by the programs of the shadow suite (useradd, usermod, groupadd and their like).
//
// It imports providers/{sdk,abi,textfile} and what lies below.
package accounts

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Group, GroupState](set, "group")
	sdk.Add[User, UserState](set, "user")
	sdk.Add[AuthorizedKey, AuthorizedKeyState](set, "authorized_key")
	sdk.Add[Sudoers, SudoersState](set, "sudoers")
	sdk.Add[KnownHost, KnownHostState](set, "known_host")
	sdk.Add[PamLimits, textfile.State](set, "pam_limits")
	return set
}

// Output is what all units of the package offer to later ones.
type Output struct {
	Changed bool `json:"changed"`
}

const absent = "absent"

// program runs one of the programs that change accounts.
func program(t *sdk.T, argv ...string) { run(t, &op.Exec{Argv: argv}) }

// run runs a program and fails the unit where that fails.
func run(t *sdk.T, e *op.Exec, unknown ...string) {
	r := t.Effect(op.Op{Exec: e}, unknown...)
	if t.Acting() && r.Exec.RC != 0 {
		said := strings.TrimRight(r.Exec.Stderr, "\n")
		t.Fail(op.Permanent, e.Argv[0]+" ended with "+strconv.Itoa(r.Exec.RC), said, "")
	}
}

// entry asks for an entry of a database of accounts.
func entry(db, key string) op.Op { return op.Op{Getent: &op.Getent{DB: db, Key: key}} }

// field is a field of an entry that was found, "" of one that was not.
func field(r *op.GetentResult, n int) string {
	if !r.Found || n >= len(r.Fields) {
		return ""
	}
	return r.Fields[n]
}

// Fields of passwd and group.
const (
	fieldID      = 2 // of both
	fieldGID     = 3
	fieldComment = 4
	fieldHome    = 5
	fieldShell   = 6
)

// isNumber reports whether an account is named by its number.
func isNumber(name string) bool {
	_, err := strconv.ParseUint(name, 10, 32)
	return err == nil
}

// named are the names of accounts that have to be there; root's are, and numbers need not be.
func named(names ...string) []string {
	var all []string
	for _, name := range names {
		if name != "" && name != "root" && !isNumber(name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// need announces what a question about needs found missing.
func need(t *sdk.T, program string, lacks *op.NeedResult) {
	if lacks == nil {
		return
	}
	for i, user := range lacks.NoUsers {
		n := abi.NeedUser(user, lacks.NearUser(i))
		n.Hint = "is the name right? declare it before: user(" + strconv.Quote(user) + ")"
		t.Needs(n)
	}
	for i, group := range lacks.NoGroups {
		t.Needs(abi.Need{
			What: "group " + group, Kind: "group", Name: group, Near: lacks.NearGroup(i), Paths: []string{"/etc/group"},
			Hint: "is the name right? declare it before: group(" + strconv.Quote(group) + ")",
		})
	}
	if lacks.NoProgram {
		t.Needs(abi.Need{
			What: "program " + program, Kind: "program", Name: program, Near: lacks.NearProgram(),
			Paths: []string{"/usr/sbin/" + program, "/usr/bin/" + program, "/sbin/" + program},
			Hint:  "declare the package that brings it before, which is passwd, shadow or shadow-utils, and sudo for visudo",
		})
	}
}

// lacks is the answer to a question about needs, nil where all is there.
func lacks(t *sdk.T, r op.Result) *op.NeedResult {
	if found := t.Must(r).Need; found.Lacking() > 0 {
		return found
	}
	return nil
}
