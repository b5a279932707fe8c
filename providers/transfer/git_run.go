package transfer

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// The programs, which the manifest lists with their words.
const (
	gitProgram   = "git"
	agentProgram = "ssh-agent"
)

// commands are those of git on a checkout.
type commands Git

// asAgent runs a command beside an agent that has the key: from its standard input, or from the file that its first word names.
const asAgent = `{ cat; echo; } | ssh-add -q "$0" && "$@" </dev/null; r=$?; ssh-agent -k >/dev/null; exit $r`

// version is the ref of the checkout's repository that is checked out, so that its commits are kept.
const version = "refs/froyo/version"

// in is a command of git on the checkout that changes nothing.
func (g commands) in(words ...string) []string {
	return append([]string{gitProgram, "--no-optional-locks", "-C", g.Path}, words...)
}

// remote asks the repository for the commit of the version. What ssh does not know is not remembered here.
func (g commands) remote() []string {
	return g.reaching(g.strict(), "ls-remote", "--", g.Repo, g.Version, g.Version+"^{}")
}

// ssh reports whether the repository is reached by ssh.
func (g commands) ssh() bool {
	return strings.HasPrefix(g.Repo, "ssh://") || !strings.HasPrefix(g.Repo, "/") && !strings.Contains(g.Repo, "://")
}

func (g commands) keyed() bool { return g.Key != nil || g.KeyFile != "" }

const sshCommand = "core.sshCommand=ssh -o BatchMode=yes -o UpdateHostKeys=no -o StrictHostKeyChecking="

func (g commands) strict() string { return sshCommand + "yes" }

func (g commands) checking() string {
	if g.AcceptNew {
		return sshCommand + "accept-new"
	}
	return g.strict()
}

// reaching is a command of git that connects, with the unit's key alone where it has one. Transports that would run other
// programs are off, whatever the settings say, and so are paths for what a repository names.
func (g commands) reaching(ssh string, words ...string) []string {
	var argv []string
	if g.keyed() {
		from := "-"
		if g.Key == nil {
			from = g.KeyFile
		}
		argv = []string{agentProgram, "sh", "-c", asAgent, from}
		ssh += " -o IdentityFile=none"
	}
	argv = append(argv, gitProgram, "-c", "core.hooksPath=/dev/null", "-c", "gc.autoDetach=false", "-c", "protocol.ext.allow=never", "-c", "protocol.file.allow=user", "-c", ssh)
	return append(argv, words...)
}

// execute announces a program that makes changes, and takes its exit code for an answer.
func (g commands) execute(t *sdk.T, what string, e *op.Exec, hint string, unknown ...string) {
	r := t.Effect(op.Op{Exec: e}, unknown...)
	if !t.Acting() {
		return
	}
	if r.Exec.RC != 0 {
		failed(t, what, r.Exec, hint)
	}
	t.Changed()
}

// origin makes the repository where there is none, and says where it is fetched from.
func (g commands) origin(t *sdk.T, fresh bool) {
	if fresh {
		g.execute(t, "git init "+g.Path, &op.Exec{Argv: []string{gitProgram, "init", "--quiet", "--template=", "--", g.Path}}, "")
		g.execute(t, "git config in "+g.Path, &op.Exec{Argv: []string{gitProgram, "-C", g.Path, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"}}, "")
	}
	g.execute(t, "git config in "+g.Path, &op.Exec{Argv: []string{gitProgram, "-C", g.Path, "config", "remote.origin.url", g.Repo}}, "")
}

// fetch brings the version, or all branches where it is a commit and history is wanted: not every server gives a commit by its name.
func (g commands) fetch(t *sdk.T) {
	words := []string{"-C", g.Path, "fetch", "--quiet", "--force"}
	what := "+" + g.Version + ":" + version
	switch {
	case g.Depth > 0:
		words = append(words, "--no-tags", "--depth="+strconv.FormatInt(g.Depth, 10))
	case commitOf(g.Version) != "":
		what = "+refs/heads/*:refs/remotes/origin/*"
		words = append(words, "--tags")
	}
	g.execute(t, "git fetch from "+g.Repo, &op.Exec{Argv: g.reaching(g.checking(), append(words, "origin", what)...), Stdin: g.Key}, "is "+g.Version+" there, and does the host reach it? try there: git ls-remote "+g.Repo)
}

// point makes the version the commit that was planned, which fails where it was not fetched. Where none could be known, the version
// is what was fetched.
func (g commands) point(t *sdk.T, commit string) {
	if commit == "" && t.Acting() {
		return
	}
	e := &op.Exec{Argv: []string{gitProgram, "-C", g.Path, "update-ref", "--stdin"}}
	var unknown []string
	if commit == "" {
		unknown = []string{"stdin"}
	} else {
		text := "update " + version + " " + commit + "\n"
		e.Stdin = &op.Blob{Text: &text}
	}
	g.execute(t, "git update-ref in "+g.Path, e, g.Repo+" has no such commit among its branches and tags, or no longer: plan again", unknown...)
}

// checkout checks out the version, or, where that is checked out already, undoes local changes.
func (g commands) checkout(t *sdk.T, moves bool) {
	argv := []string{gitProgram, "-c", "core.hooksPath=/dev/null", "-C", g.Path, "checkout", "--quiet"}
	if g.Force {
		argv = append(argv, "--force")
	}
	to := version
	if !moves {
		to = "HEAD"
	}
	g.execute(t, "git checkout in "+g.Path, &op.Exec{Argv: append(argv, "--detach", to)}, "move away what is in the way there, or have it overwritten: force = True")
}

// update brings the submodules.
func (g commands) update(t *sdk.T) {
	g.execute(t, "git submodule sync in "+g.Path, &op.Exec{Argv: []string{gitProgram, "-C", g.Path, "submodule", "--quiet", "sync", "--recursive"}}, "")
	words := []string{"-C", g.Path, "submodule", "--quiet", "update", "--init", "--recursive"}
	if g.Force {
		words = append(words, "--force")
	}
	if g.Depth > 0 {
		words = append(words, "--depth="+strconv.FormatInt(g.Depth, 10))
	}
	g.execute(t, "git submodule update in "+g.Path, &op.Exec{Argv: g.reaching(g.checking(), words...), Stdin: g.Key}, "where a submodule is fetched from the repository says in .gitmodules: does the host reach that?")
}

// sweep removes what is not tracked.
func (g commands) sweep(t *sdk.T) {
	g.execute(t, "git clean in "+g.Path, &op.Exec{Argv: []string{gitProgram, "-C", g.Path, "clean", "--quiet", "-ffd"}}, "")
}

// head is the commit that is checked out, detached: HEAD itself has it, and git need not be asked.
func (g commands) head(t *sdk.T) string {
	r := t.Must(t.Do(op.Op{Text: &op.Text{Path: g.Path + "/.git/HEAD", Limit: 1024}}))
	return commitOf(strings.TrimSpace(r.Text.Text))
}

// maxSaid bounds what is told of a program's output.
const maxSaid = 2000

func failed(t *sdk.T, what string, r *op.ExecResult, hint string) {
	said := strings.TrimSpace(r.Stdout + r.Stderr)
	if len(said) > maxSaid {
		said = "..." + strings.ToValidUTF8(said[len(said)-maxSaid:], "")
	}
	t.Fail(op.Permanent, what+": exit code "+strconv.Itoa(r.RC)+" (expected 0)", said, hint)
}
