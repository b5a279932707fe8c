// Package transfer holds the resource types that bring what is made elsewhere to a host, unpack, download, sync and git, and fetch for the
// other direction. Each is a pure description of
// what to read and what to change.
//
// It imports providers/sdk and what lies below, and like every guest neither fmt nor encoding/json.
package transfer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Unpack, UnpackState](set, "unpack")
	sdk.Add[Download, DownloadState](set, "download")
	sdk.Add[Sync, SyncState](set, "sync")
	sdk.Add[Git, GitState](set, "git")
	sdk.Add[Fetch, FetchState](set, "fetch")
	return set
}

// Output is what units offer to later ones that only tell whether they changed something.
type Output struct {
	Changed bool `json:"changed"`
}

const absent = "absent"

// shortSum is a digest as differences show it, nil for none.
func shortSum(sum string) any {
	if sum == "" {
		return nil
	}
	return "sha256:" + sum[:min(12, len(sum))]
}

// octal reads a mode that the schema found to be octal digits, nil for "".
func octal(t *sdk.T, mode string) *uint32 {
	if mode == "" {
		return nil
	}
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		t.Fail(op.Permanent, errors.New("mode "+strconv.Quote(mode)+" is not an octal number").Error(), "", "")
	}
	return new(uint32(bits))
}

// owners is the question whether there are a user and a group, nil where none has to be asked for.
func owners(user, group string) *op.Need {
	n := &op.Need{Users: named(user), Groups: named(group)}
	if len(n.Users)+len(n.Groups) == 0 {
		return nil
	}
	return n
}

// named is a name of a user or a group that has to be known: a number has not, and root always is.
func named(name string) []string {
	if _, err := strconv.ParseUint(name, 10, 32); name == "" || name == "root" || err == nil {
		return nil
	}
	return []string{name}
}

// need announces users and groups that are not there.
func need(t *sdk.T, lacks *op.NeedResult) {
	for i, user := range lacks.NoUsers {
		t.Needs(abi.NeedUser(user, lacks.NearUser(i)))
	}
	for i, group := range lacks.NoGroups {
		t.Needs(abi.Need{
			What: "group " + group, Kind: "group", Name: group, Near: lacks.NearGroup(i), Paths: []string{"/etc/group"},
			Hint: "is the name right? what brings it, such as a package, has to be declared before",
		})
	}
}

// counted writes how many of something there are: "1 member", "3 members".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// some lists the first of several names.
func some(names []string, all int) string {
	text := strings.Join(names, ", ")
	if all > len(names) {
		text += ", ..."
	}
	return text
}
