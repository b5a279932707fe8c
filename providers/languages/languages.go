// Package languages holds the resource types of packages that languages have beside the system's: pip and
// pip_requirements, npm, gem. Each is a pure description, in one place with its schema, of what to read
// and what to change; what is there and what is to come their own programs say.
//
// It imports providers/sdk and what lies below, and like every guest neither fmt nor encoding/json.
package languages

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Pip, PipState](set, "pip")
	sdk.Add[PipRequirements, RequirementsState](set, "pip_requirements")
	sdk.Add[Gem, GemState](set, "gem")
	sdk.Add[Npm, NpmState](set, "npm")
	return set
}

// Output is what the units offer to later ones.
type Output struct {
	Changed bool `json:"changed"`
}

// PackageOutput is what a unit of one package offers to later ones.
type PackageOutput struct {
	Changed bool `json:"changed"`
	// Before is the version that was installed before, "" if none.
	Before string `json:"before"`
}

// States of what may be there or not.
const (
	absent = "absent"
	latest = "latest"
)

// maxName bounds names and versions that a host tells.
const maxName = 200

// word reports whether what a host tells can be a name or a version.
func word(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("+-._!@/", c) < 0 {
			return false
		}
	}
	return true
}

// ask runs a program that changes nothing.
func ask(t *sdk.T, argv ...string) *op.ExecResult {
	return t.Must(t.Do(op.Op{Exec: &op.Exec{Argv: argv, ReadOnly: true, Limit: op.MaxOutput}})).Exec
}

// run announces a program that makes changes, and takes its exit code for an answer.
func run(t *sdk.T, argv ...string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Argv: argv}})
	if !t.Acting() {
		return
	}
	if r.Exec.RC != 0 {
		failed(t, argv, r.Exec, "")
	}
	t.Changed()
}

// maxSaid bounds what is told of a program's output.
const maxSaid = 2000

func failed(t *sdk.T, argv []string, r *op.ExecResult, hint string) {
	said := strings.TrimSpace(r.Stdout + r.Stderr)
	if len(said) > maxSaid {
		said = "..." + strings.ToValidUTF8(said[len(said)-maxSaid:], "")
	}
	what := ": exit code " + strconv.Itoa(r.RC) + " (expected 0)"
	if r.RC == 0 {
		what = " answered what cannot be understood"
	}
	t.Fail(op.Permanent, strings.Join(argv, " ")+what, said, hint)
}

// lacks reports whether a program is not there, which may be a path.
func lacks(t *sdk.T, program string) bool {
	return t.Must(t.Do(op.Op{Need: &op.Need{Program: program}})).Need.NoProgram
}

// needProgram announces that a program has to come before, of which package says what it may be called.
func needProgram(t *sdk.T, program, packaged string) {
	n := abi.Need{
		What: "program " + program, Kind: "program", Name: program,
		Hint: "what brings it has to be declared before, such as pkg(" + strconv.Quote(packaged) + ")",
	}
	if strings.HasPrefix(program, "/") {
		n.Paths = []string{program}
	} else {
		for _, dir := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
			n.Paths = append(n.Paths, dir+"/"+program)
		}
	}
	t.Needs(n)
}

// trusted fails the unit where somebody else could put a program of theirs in the place of what
// is run from a directory: one of the directories on the way, or the directory itself, is owned by
// somebody who is neither root nor the unit's user, or anyone may write there.
func trusted(t *sdk.T, dir string) {
	ops := []op.Op{{Stat: &op.Stat{Path: "/proc/self", Follow: true}}}
	paths := []string{"/proc/self"}
	for at := range len(dir) + 1 {
		if at > 0 && (at == len(dir) || dir[at] == '/') {
			ops = append(ops, op.Op{Stat: &op.Stat{Path: dir[:at], Follow: true}})
			paths = append(paths, dir[:at])
		}
	}
	var self uint32
	for i, r := range t.All(ops...) {
		found := t.Must(r).Stat
		const sticky, others = 0o1000, 0o002
		switch {
		case i == 0:
			self = found.UID
		case !found.Exists:
			return
		case found.UID != 0 && found.UID != self:
			t.Fail(op.Permanent, paths[i]+" belongs to "+found.Owner+", who could put other programs there than are meant", "",
				"run the unit as that user: run_as = "+strconv.Quote(found.Owner)+", or choose a directory that is root's")
		case found.Mode&others != 0 && found.Mode&sticky == 0:
			t.Fail(op.Permanent, "anyone may write into "+paths[i]+", and put other programs there than are meant", "",
				"take that right away: file("+strconv.Quote(paths[i])+`, state = "directory", mode = "0755")`)
		}
	}
}

// differ records that a package gets another version: the newest where that is known, or the one that is wanted.
func differ(t *sdk.T, before any, newest, wanted string) {
	switch {
	case newest != "":
		t.Differ("version", before, newest)
	case wanted != "" && !strings.HasSuffix(wanted, "*"):
		t.Differ("version", before, wanted)
	default:
		t.DifferUnknown("version", before)
	}
}
