package transfer

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Git is a checkout of a git repository. Its fields are described in git.cue.
type Git struct {
	Path       string   `json:"path"`
	State      string   `json:"state"`
	Repo       string   `json:"repo"`
	Version    string   `json:"version"`
	Depth      int64    `json:"depth"`
	Submodules bool     `json:"submodules"`
	Force      bool     `json:"force"`
	Clean      bool     `json:"clean"`
	Key        *op.Blob `json:"key"`
	KeyFile    string   `json:"key_file"`
	AcceptNew  bool     `json:"accept_new_host_key"`
}

// GitState is what is there of a checkout, and which commit is wanted.
type GitState struct {
	Lacks []string `json:"lacks,omitempty"` // programs, and the file of the key
	// There says that there is a repository.
	There      bool     `json:"there,omitempty"`
	Commit     string   `json:"commit,omitempty"`
	Origin     string   `json:"origin,omitempty"`
	Local      []string `json:"local,omitempty"`      // tracked files that were changed
	Untracked  []string `json:"untracked,omitempty"`  // with clean
	Submodules []string `json:"submodules,omitempty"` // those that are not at their commits
	// Wanted is the commit of the version, "" where it cannot be known yet, and Refusal what was said in its place.
	Wanted  string `json:"wanted,omitempty"`
	Refusal string `json:"refusal,omitempty"`
}

// GitOutput is what a git unit offers to later ones.
type GitOutput struct {
	Changed bool   `json:"changed"`
	Before  string `json:"before"`
	Commit  string `json:"commit"`
}

// Plan implements sdk.Resource.
func (g Git) Plan(t *sdk.T, now GitState) {
	if g.State == absent {
		g.remove(t, now)
		t.Output(GitOutput{Changed: t.Acted(), Before: now.Commit})
		return
	}
	if len(now.Local) > 0 && !g.Force {
		t.Fail(op.Conflict, "there are local changes in "+g.Path+": "+listed(now.Local), "", "commit or undo them there, or discard them: force = True")
	}
	for _, name := range now.Lacks {
		g.need(t, name)
	}
	if now.Refusal != "" {
		t.Needs(g.refused(now.Refusal))
	}
	if !now.There {
		t.Action(abi.Create)
	}
	g.converge(t, now)
	commit := now.Wanted
	if t.Acting() && commit == "" {
		commit = commands(g).head(t)
	}
	t.Output(GitOutput{Changed: t.Acted(), Before: now.Commit, Commit: commit})
}

// converge announces what differs, and the programs that correct it.
func (g Git) converge(t *sdk.T, now GitState) {
	git := commands(g)
	if now.Origin != g.Repo {
		t.Differ("repo", known(now.Origin), g.Repo)
		git.origin(t, !now.There)
	}
	moves := true
	if now.Wanted == "" {
		t.DifferUnknown("commit", known(now.Commit))
	} else {
		moves = t.Differ("commit", known(now.Commit), now.Wanted)
	}
	if len(now.Local) > 0 {
		t.Differ("local changes", listed(now.Local), nil)
	}
	if moves {
		git.fetch(t)
		git.point(t, now.Wanted)
	}
	if moves || len(now.Local) > 0 {
		git.checkout(t, moves)
	}
	if len(now.Submodules) > 0 {
		t.Differ("submodules", listed(now.Submodules), "as recorded")
	}
	if g.Submodules && (moves || len(now.Submodules) > 0) {
		git.update(t)
	}
	if len(now.Untracked) > 0 {
		t.Differ("untracked", listed(now.Untracked), nil)
	}
	if g.Clean && (len(now.Untracked) > 0 || moves && now.There) {
		git.sweep(t)
	}
}

// Potential implements sdk.HasPotential.
func (g Git) Potential(t *sdk.T) {
	if g.State == absent {
		g.discard(t)
		return
	}
	git := commands(g)
	git.origin(t, true)
	git.fetch(t)
	git.point(t, g.fixed())
	git.checkout(t, true)
	if g.Force {
		git.checkout(t, false)
	}
	if g.Submodules {
		git.update(t)
	}
	if g.Clean {
		git.sweep(t)
	}
}

func (g Git) remove(t *sdk.T, now GitState) {
	if !now.There {
		return
	}
	if !g.Force {
		for _, name := range now.Lacks {
			g.need(t, name) // without it nobody can tell whether something would be lost
		}
		if len(now.Local) > 0 {
			t.Fail(op.Conflict, "there are local changes in "+g.Path+", which would be lost: "+listed(now.Local), "", "commit and push them there, or let them go: force = True")
		}
	}
	t.Action(abi.Delete)
	t.Differ("commit", known(now.Commit), nil)
	g.discard(t)
}

func (g Git) discard(t *sdk.T) {
	t.Effect(op.Op{Remove: &op.Remove{Path: g.Path, Recurse: true}})
}

// need announces a program or the key's file, which have to come before.
func (g Git) need(t *sdk.T, name string) {
	if name == g.KeyFile {
		t.Needs(abi.Need{
			What: "file " + name, Kind: "file", Name: name, Paths: []string{name},
			Hint: "what brings the key has to be declared before; one that is a secret of the run is given by key",
		})
		return
	}
	n := abi.Need{What: "program " + name, Kind: "program", Name: name, Hint: `what brings it has to be declared before, such as pkg("` + packaged(name) + `")`}
	for _, dir := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		n.Paths = append(n.Paths, dir+"/"+name)
	}
	t.Needs(n)
}

func packaged(program string) string {
	if program == gitProgram {
		return gitProgram
	}
	return "openssh-client"
}

// refused is the need of an answer: a unit before may bring what it takes, such as the server's key.
func (g Git) refused(said string) abi.Need {
	n := abi.Need{What: "access to " + g.Repo, Where: "(" + said + ")"}
	switch {
	case strings.Contains(said, "Host key verification failed"):
		n.Hint = `the host has to know the server's key before: known_host("` + g.server() + `", key = "ssh-ed25519 AAAA..."), or accept_new_host_key = True`
	case strings.Contains(said, "Permission denied"), strings.Contains(said, "could not read Username"), strings.Contains(said, "invalid format"):
		n.Hint = "the server wants a key that may read the repository: key = sensitive(vars.deploy_key), or key_file for one of the host"
	default:
		n.Hint = "is the name right, and does the host reach it? try there: git ls-remote " + g.Repo
	}
	return n
}

// server is the name of an SSH server, as ssh looks for it among the known ones.
func (g Git) server() string {
	name := g.Repo
	if _, rest, ok := strings.Cut(name, "://"); ok {
		name, _, _ = strings.Cut(rest, "/")
	} else {
		name, _, _ = strings.Cut(name, ":")
	}
	if _, host, ok := strings.Cut(name, "@"); ok {
		name = host
	}
	if host, port, ok := strings.Cut(name, ":"); ok && port != "22" && !strings.HasPrefix(name, "[") {
		name = "[" + host + "]:" + port
	}
	return name
}

// maxListed bounds how many files are named.
const maxListed = 3

func listed(names []string) string {
	text := strings.Join(names[:min(maxListed, len(names))], ", ")
	if len(names) > maxListed {
		text += " and " + counted(len(names)-maxListed, "more file")
	}
	return text
}

// known is nil for what is not there.
func known(text string) any {
	if text == "" {
		return nil
	}
	return text
}
