package transfer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Read implements sdk.Resource.
func (g Git) Read(t *sdk.T) GitState {
	places, needs := g.places(), g.needs()
	ops := slices.Concat(stats(places), []op.Op{{List: &op.List{Path: g.Path, Limit: 1}}}, needs)
	results := t.All(ops...)
	s := GitState{There: g.repository(t, places, results), Wanted: g.fixed()}
	for i, r := range results[len(places)+1:] {
		switch r = t.Must(r); {
		case r.Stat != nil && !r.Stat.Exists:
			s.Lacks = append(s.Lacks, g.KeyFile)
		case r.Need != nil && r.Need.NoProgram:
			s.Lacks = append(s.Lacks, needs[i].Need.Program)
		}
	}
	if !slices.Contains(s.Lacks, gitProgram) {
		g.inspect(t, &s)
	}
	return s
}

// places are what decides whose settings git reads: the checkout, its repository and settings, behind the directories on the way.
func (g Git) places() []string {
	places := []string{"/proc/self"}
	for at := 1; at < len(g.Path); at++ {
		if g.Path[at] == '/' {
			places = append(places, g.Path[:at])
		}
	}
	return append(places, g.Path, g.Path+"/.git", g.Path+"/.git/config")
}

// stats asks for all of them, of which the last three are no links.
func stats(places []string) []op.Op {
	ops := make([]op.Op, len(places))
	for i, place := range places {
		ops[i].Stat = &op.Stat{Path: place, Follow: i < len(places)-3}
	}
	return ops
}

// needs asks for the programs, and for the file of the key.
func (g Git) needs() []op.Op {
	ops := []op.Op{{Need: &op.Need{Program: gitProgram}}}
	if g.State == absent {
		return ops
	}
	if commands(g).ssh() {
		ops = append(ops, op.Op{Need: &op.Need{Program: "ssh"}})
	}
	if commands(g).keyed() {
		ops = append(ops, op.Op{Need: &op.Need{Program: agentProgram}})
	}
	if g.KeyFile != "" {
		ops = append(ops, op.Op{Stat: &op.Stat{Path: g.KeyFile, Follow: true}})
	}
	return ops
}

// repository reports whether there is one, and fails the unit where what is there is none that git may be run in: its settings
// name programs, so they must be written by nobody but the unit's user and root.
func (g Git) repository(t *sdk.T, places []string, results []op.Result) bool {
	found := make([]*op.StatResult, len(places))
	for i, place := range places {
		if found[i] = t.Must(results[i]).Stat; i > 0 && found[i].Exists {
			g.trust(t, place, found[i], found[0].UID)
		}
	}
	at, repository := found[len(found)-3], found[len(found)-2]
	switch {
	case !at.Exists:
		return false
	case at.Type != op.TypeDir:
		t.Fail(op.Conflict, g.Path+" is no directory", "", "move it away, or give the path of the directory itself")
	case repository.Exists && repository.Type != op.TypeDir:
		t.Fail(op.Conflict, g.Path+"/.git is no directory: it is part of another checkout", "", "move it away, or give another path")
	case !repository.Exists && len(t.Must(results[len(places)]).List.Entries) > 0:
		t.Fail(op.Conflict, g.Path+" is no git repository, and not empty", "", "move away what is there, or give another path")
	}
	return repository.Exists
}

// trust fails the unit where somebody else could have git run programs of theirs.
func (g Git) trust(t *sdk.T, path string, s *op.StatResult, self uint32) {
	const sticky, others = 0o1000, 0o002
	within := strings.HasPrefix(path, g.Path)
	switch {
	case s.UID != self && (within || s.UID != 0):
		t.Fail(op.Permanent, path+" belongs to "+s.Owner+", whose settings could have git run other programs", "",
			"run the unit as that user: run_as = "+strconv.Quote(s.Owner)+", or give a path in a directory of root's")
	case s.Type != op.TypeLink && s.Mode&others != 0 && (within || s.Mode&sticky == 0):
		t.Fail(op.Permanent, "anyone may write into "+path+", and have git run other programs", "",
			"take that right away: chmod o-w "+path)
	}
}

// inspect asks git for all that there is to know, in one go: what is there, and which commit is wanted.
func (g Git) inspect(t *sdk.T, s *GitState) {
	var ops []op.Op
	var take []func(*op.ExecResult)
	ask := func(argv []string, key *op.Blob, then func(*op.ExecResult)) {
		ops = append(ops, op.Op{Exec: &op.Exec{Argv: argv, Stdin: key, ReadOnly: true, Public: true, Limit: op.MaxOutput}})
		take = append(take, then)
	}
	if s.There {
		ask(commands(g).in("rev-parse", "--verify", "--quiet", "HEAD^{commit}"), nil, func(r *op.ExecResult) {
			s.Commit = commitOf(strings.TrimSpace(r.Stdout)) // none where nothing was checked out yet
		})
		ask(commands(g).in("config", "--get", "remote.origin.url"), nil, func(r *op.ExecResult) { s.Origin = strings.TrimSuffix(r.Stdout, "\n") })
		ask(commands(g).in("status", "--porcelain", "--ignore-submodules=all", "--untracked-files="+g.untracked()), nil, func(r *op.ExecResult) {
			if r.RC != 0 {
				failed(t, "git status in "+g.Path, r, "git does not understand what is there: look at it, or move it away")
			}
			s.Local, s.Untracked = changes(r.Stdout)
		})
	}
	if s.There && g.Submodules && g.State != absent {
		ask(commands(g).in("submodule", "status", "--recursive"), nil, func(r *op.ExecResult) { s.Submodules = submodules(r.Stdout) })
	}
	if s.Wanted == "" && g.State != absent && len(s.Lacks) == 0 {
		ask(commands(g).remote(), g.Key, func(r *op.ExecResult) { g.answered(t, s, r) })
	}
	for i, r := range t.All(ops...) {
		take[i](t.Must(r).Exec)
	}
}

// answered takes over what the repository said of its versions.
func (g Git) answered(t *sdk.T, s *GitState, r *op.ExecResult) {
	switch {
	case r.RC != 0 && g.AcceptNew && strings.Contains(r.Stderr, unknownHost): // it is asked when it is fetched from
	case r.RC != 0:
		s.Refusal = reason(r.Stderr)
	default:
		if s.Wanted = g.find(r.Stdout); s.Wanted == "" {
			t.Fail(op.Permanent, g.Repo+" has no branch or tag "+g.Version, "", "is the name right? a commit is given by all of its 40 digits; git ls-remote "+g.Repo+" lists what there is")
		}
	}
}

func (g Git) untracked() string {
	if g.Clean {
		return "normal"
	}
	return "no"
}

// unknownHost is what ssh says of a server whose key is not known.
const unknownHost = "Host key verification failed"

// changes are the names of status --porcelain: of tracked files that were changed, and of others.
func changes(status string) (local, untracked []string) {
	for line := range strings.Lines(status) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) < 4 {
			continue
		}
		if strings.HasPrefix(line, "??") {
			untracked = append(untracked, line[3:])
		} else {
			local = append(local, line[3:])
		}
	}
	return bounded(local), bounded(untracked)
}

// submodules are those that are not there, or at another commit.
func submodules(status string) (names []string) {
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) >= 2 && strings.ContainsAny(line[:1], "-+U") {
			names = append(names, fields[1])
		}
	}
	return bounded(names)
}

// maxNames bounds how many names are kept.
const maxNames = 1000

func bounded(names []string) []string { return names[:min(len(names), maxNames)] }

// find is the commit of the version among refs: as git does, a tag comes before a branch of its name.
func (g Git) find(refs string) string {
	found := map[string]string{}
	for line := range strings.Lines(refs) {
		if commit, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			found[name] = commitOf(commit)
		}
	}
	for _, prefix := range []string{"", "refs/", "refs/tags/", "refs/heads/"} {
		for _, peeled := range []string{"^{}", ""} { // what an annotated tag is of
			if commit := found[prefix+g.Version+peeled]; commit != "" {
				return commit
			}
		}
	}
	return ""
}

// fixed is the commit that the version names by itself, "" where the repository has to be asked.
func (g Git) fixed() string { return commitOf(g.Version) }

// commitOf is a name of a commit, or "".
func commitOf(text string) string {
	if len(text) != 40 && len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}

// reason is the line that says why there was no answer: one of ssh's, or else git's.
func reason(said string) string {
	first := ""
	for line := range strings.Lines(said) {
		switch line = strings.TrimSpace(line); {
		case strings.Contains(line, unknownHost), strings.Contains(line, "Permission denied"), strings.HasPrefix(line, "Error loading key"):
			return line
		case first == "", strings.HasPrefix(line, "fatal: ") && !strings.HasPrefix(first, "fatal: "):
			first = line
		}
	}
	return first
}
