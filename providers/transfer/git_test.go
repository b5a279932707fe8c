package transfer_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/transfer"
	"github.com/openfroyo/froyo/runner/op"
)

var (
	one   = strings.Repeat("1", 40)
	two   = strings.Repeat("2", 40)
	three = strings.Repeat("3", 40)
)

// githost is a target whose git knows one repository, /srv/app.git, of which /srv/app may be a checkout.
type githost struct {
	*providertest.Memory
	refs                                 map[string]string // of the repository
	refusal                              string            // what ls-remote says in their place
	head, version, origin, changes, subs string            // of the checkout
	ran                                  [][]string
}

// newGithost is a host with a checkout of a commit, or with none.
func newGithost(head string) *githost {
	h := &githost{
		Memory: &providertest.Memory{Files: map[string]*providertest.Node{}, Users: map[string]uint32{"bob": 7}},
		refs:   map[string]string{"HEAD": two, "refs/heads/main": two, "refs/heads/v1": three, "refs/tags/v1": three, "refs/tags/v1^{}": one, "refs/heads/x/main": three},
	}
	h.dir("/srv", "")
	if head != "" {
		h.make()
		h.head, h.origin = head, "/srv/app.git"
	}
	return h
}

func (h *githost) dir(path, owner string) {
	h.Files[path] = &providertest.Node{Type: op.TypeDir, Mode: 0o755, Owner: owner}
}

func (h *githost) make() {
	h.dir("/srv/app", "")
	h.dir("/srv/app/.git", "")
	h.Files["/srv/app/.git/config"] = &providertest.Node{Type: op.TypeFile, Mode: 0o644}
}

// Do performs what git does, by its words without its settings.
func (h *githost) Do(o op.Op) op.Result {
	if o.Exec == nil {
		return h.Memory.Do(o)
	}
	words := slices.Clone(o.Exec.Argv)
	if !o.Exec.ReadOnly {
		h.ran = append(h.ran, o.Exec.Argv)
	}
	if at := slices.Index(words, "git"); at >= 0 {
		words = words[at+1:]
	}
	for len(words) > 1 && strings.HasPrefix(words[0], "-") {
		if words[0] == "-c" || words[0] == "-C" {
			words = words[1:]
		}
		words = words[1:]
	}
	r := &op.ExecResult{}
	switch line := strings.Join(words, " "); {
	case words[0] == "rev-parse":
		r.Stdout = h.head + "\n"
	case strings.HasPrefix(line, "config --get"):
		r.Stdout = h.origin + "\n"
	case words[0] == "status":
		r.Stdout = h.changes
	case strings.HasPrefix(line, "submodule status"):
		r.Stdout = h.subs
	case words[0] == "ls-remote" && h.refusal != "":
		r.RC, r.Stderr = 128, h.refusal
	case words[0] == "ls-remote":
		for name, commit := range h.refs {
			r.Stdout += commit + "\t" + name + "\n"
		}
	default:
		h.act(words, o.Exec)
	}
	return op.Result{Exec: r}
}

func (h *githost) act(words []string, e *op.Exec) {
	switch words[0] {
	case "init":
		h.make()
	case "config":
		if words[1] == "remote.origin.url" {
			h.origin = words[2]
		}
	case "fetch":
		h.version = two
	case "update-ref":
		f, _ := e.Stdin.Open()
		text, _ := io.ReadAll(f)
		h.version = strings.Fields(string(text))[2]
	case "checkout":
		if words[len(words)-1] != "HEAD" {
			h.head = h.version
		}
		h.changes = strings.ReplaceAll(h.changes, " M app\n", "")
	case "submodule":
		h.subs = strings.ReplaceAll(h.subs, "-", " ")
	case "clean":
		h.changes = ""
	}
}

var gitArgs = given{"path": "/srv/app", "state": "present", "repo": "/srv/app.git", "version": "HEAD", "submodules": false, "force": false, "clean": false, "accept_new_host_key": false}

func (h *githost) kit(t *testing.T) *providertest.Kit {
	t.Helper()
	return providertest.New(t, providertest.Native(transfer.Types()), h)
}

func checkout(t *testing.T, more given) providertest.Unit {
	t.Helper()
	return providertest.Unit{Type: "git", Args: args(t, gitArgs, more)}
}

func TestGit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   given
		head   string
		change func(h *githost)
		action abi.Action
		fields string
		want   string // what is checked out then
	}{
		{"new", nil, "", nil, abi.Create, "repo commit", two},
		{"there", nil, two, nil, abi.None, "", two},
		{"it moved", nil, one, nil, abi.Update, "commit", two},
		{"a branch, and others of its ending", given{"version": "main"}, one, nil, abi.Update, "commit", two},
		{"a tag is of a commit, and before a branch of its name", given{"version": "v1"}, two, nil, abi.Update, "commit", one},
		{"a ref by its whole name", given{"version": "refs/heads/v1"}, two, nil, abi.Update, "commit", three},
		{"a ref by the end of it", given{"version": "heads/v1"}, two, nil, abi.Update, "commit", three},
		{"a commit, which nobody is asked for", given{"version": three}, one, func(h *githost) { h.refusal = "fatal: no network" }, abi.Update, "commit", three},
		{"the commit", given{"version": three}, three, nil, abi.None, "", three},
		{"a repository that was never checked out", nil, "", func(h *githost) { h.make() }, abi.Update, "repo commit", two},
		{"another origin", nil, two, func(h *githost) { h.origin = "/elsewhere" }, abi.Update, "repo", two},
		{"local changes", given{"force": true}, two, func(h *githost) { h.changes = " M app\n" }, abi.Update, "local changes", two},
		{"local changes, and it moved", given{"force": true}, one, func(h *githost) { h.changes = " M app\n" }, abi.Update, "commit local changes", two},
		{"files of others", given{"clean": true}, two, func(h *githost) { h.changes = "?? x\n" }, abi.Update, "untracked", two},
		{"submodules", given{"submodules": true}, two, func(h *githost) { h.subs = "-" + one + " lib\n " + two + " other (v1)\n" }, abi.Update, "submodules", two},
		{"gone", given{"state": "absent", "repo": nil}, two, nil, abi.Delete, "commit", two},
		{"gone already", given{"state": "absent", "repo": nil}, "", nil, abi.None, "", ""},
		{"few commits", given{"depth": 1}, one, nil, abi.Update, "commit", two},
		{"an answer that is none", nil, two, func(h *githost) { h.refs["refs/tags/HEAD"] = "../../x\x1b[2J" }, abi.None, "", two},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newGithost(tt.head)
			if tt.change != nil {
				tt.change(h)
			}
			change, _ := h.kit(t).Converge(checkout(t, tt.args))
			var fields []string
			for _, d := range change.Diffs {
				fields = append(fields, d.Field)
			}
			if got := strings.Join(fields, " "); change.Action != tt.action || got != tt.fields || h.head != tt.want {
				t.Errorf("planned %s of %q, and %s is checked out; expected %s of %q and %s", change.Action, got, h.head, tt.action, tt.fields, tt.want)
			}
		})
	}
}

// TestGitConnects holds which words reach a server: a key is in none of them, and what is fetched is what the version needs.
func TestGitConnects(t *testing.T) {
	key := op.NewBlob([]byte("-----BEGIN OPENSSH PRIVATE KEY-----"))
	for _, tt := range []struct {
		name string
		args given
		want string // the words of fetch, beside the settings that are always there
	}{
		{"a branch", given{"version": "main"}, "StrictHostKeyChecking=yes -C /srv/app fetch --quiet --force origin +main:refs/froyo/version"},
		{"a commit", given{"version": two}, "StrictHostKeyChecking=yes -C /srv/app fetch --quiet --force --tags origin +refs/heads/*:refs/remotes/origin/*"},
		{"a commit alone", given{"version": two, "depth": 3}, "StrictHostKeyChecking=yes -C /srv/app fetch --quiet --force --no-tags --depth=3 origin +" + two + ":refs/froyo/version"},
		{"a new host", given{"repo": "git@git.example:app.git", "accept_new_host_key": true}, "StrictHostKeyChecking=accept-new -C"},
		{"a key", given{"repo": "git@git.example:app.git", "key": key}, "-c { cat; echo; } | ssh-add -q \"$0\" && \"$@\" </dev/null; r=$?; ssh-agent -k >/dev/null; exit $r - git"},
		{"no other key", given{"repo": "git@git.example:app.git", "key": key}, "StrictHostKeyChecking=yes -o IdentityFile=none -C"},
		{"a key's file", given{"repo": "git@git.example:app.git", "key_file": "/root/key"}, "exit $r /root/key git"},
		{"submodules", given{"submodules": true, "depth": 1, "force": true}, "protocol.ext.allow=never -c protocol.file.allow=user"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newGithost("")
			h.Files["/root"], h.Files["/root/key"] = &providertest.Node{Type: op.TypeDir, Mode: 0o700}, &providertest.Node{Type: op.TypeFile, Mode: 0o600}
			h.kit(t).Converge(checkout(t, tt.args))
			if !slices.ContainsFunc(h.ran, func(argv []string) bool { return strings.Contains(strings.Join(argv, " "), tt.want) }) {
				t.Errorf("nothing ran with %q: %q", tt.want, h.ran)
			}
			for _, argv := range h.ran {
				if strings.Contains(strings.Join(argv, " "), "PRIVATE KEY") {
					t.Errorf("other users can read the key: %q", argv)
				}
			}
		})
	}
}

// TestGitLearns plans a checkout on a host that has no git yet, and takes over the commit at its turn.
func TestGitLearns(t *testing.T) {
	h := newGithost("")
	h.Lacks = []string{"git"}
	before, err := h.kit(t).Plan(checkout(t, nil))
	if err != nil || len(before.Needs) != 1 || before.Needs[0].Name != "git" || before.Needs[0].Hint != `what brings it has to be declared before, such as pkg("git")` {
		t.Fatalf("%v: %+v", err, before)
	}
	h.Lacks = nil
	now, err := h.kit(t).Plan(checkout(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range now.Effects {
		if !slices.ContainsFunc(before.Effects, func(announced abi.Effect) bool { return announced.Allows(e) }) {
			t.Errorf("%s was not announced", e.Op)
		}
	}
}

// TestGitRefuses holds what stops a checkout, and what each hint advises.
func TestGitRefuses(t *testing.T) {
	run := func(h *githost) { h.dir("/proc/self", "bob"); h.dir("/srv/app", "bob") }
	for _, tt := range []struct {
		name   string
		args   given
		head   string
		change func(h *githost)
		said   string
		hint   string
		follow func(h *githost, args given) // what the hint advises
	}{
		{"local changes", nil, one, func(h *githost) { h.changes = " M app\nA  b\n D c\nM  d\n" }, "there are local changes in /srv/app: app, b, c and 1 more file", "commit or undo them there, or discard them: force = True", func(h *githost, _ given) { h.changes = "" }},
		{"local changes that would go", given{"state": "absent"}, one, func(h *githost) { h.changes = " M app\n" }, "which would be lost: app", "commit and push them there, or let them go: force = True", func(_ *githost, args given) { args["force"] = true }},
		{"no such version", given{"version": "v9"}, one, nil, "/srv/app.git has no branch or tag v9", "is the name right? a commit is given by all of its 40 digits; git ls-remote /srv/app.git lists what there is", func(_ *githost, args given) { args["version"] = "main" }},
		{"another user's", nil, one, func(h *githost) { h.dir("/srv/app", "bob") }, "/srv/app belongs to bob", `run the unit as that user: run_as = "bob", or give a path in a directory of root's`, func(h *githost, _ given) {
			run(h)
			h.dir("/srv/app/.git", "bob")
			h.Files["/srv/app/.git/config"].Owner = "bob"
		}},
		{"another user's settings", nil, one, func(h *githost) { h.Files["/srv/app/.git/config"].Owner = "bob" }, "/srv/app/.git/config belongs to bob", `run the unit as that user: run_as = "bob", or give a path in a directory of root's`, nil},
		{"root's, as another user", nil, one, func(h *githost) { h.dir("/proc/self", "bob") }, "/srv/app belongs to root", `run the unit as that user: run_as = "root", or give a path in a directory of root's`, nil},
		{"anyone's directory", nil, "", func(h *githost) { h.Files["/srv"].Mode = 0o777 }, "anyone may write into /srv,", "take that right away: chmod o-w /srv", func(h *githost, _ given) { h.Files["/srv"].Mode = 0o755 }},
		{"a file", nil, "", func(h *githost) { h.Files["/srv/app"] = &providertest.Node{Type: op.TypeFile} }, "/srv/app is no directory", "move it away, or give the path of the directory itself", func(h *githost, _ given) { delete(h.Files, "/srv/app") }},
		{"a submodule", nil, one, func(h *githost) { h.Files["/srv/app/.git"].Type = op.TypeFile }, "it is part of another checkout", "move it away, or give another path", func(h *githost, _ given) { clear(h.Files); h.dir("/srv", "") }},
		{"what is none", nil, "", func(h *githost) { h.dir("/srv/app", ""); h.dir("/srv/app/x", "") }, "/srv/app is no git repository, and not empty", "move away what is there, or give another path", func(h *githost, _ given) { delete(h.Files, "/srv/app/x") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, given := newGithost(tt.head), given{}
			maps.Copy(given, tt.args)
			if tt.change != nil {
				tt.change(h)
			}
			_, err := h.kit(t).Plan(checkout(t, given))
			if err == nil || !strings.Contains(err.Message, tt.said) || err.Hint != tt.hint {
				t.Fatalf("got %v, expected %q with %q", err, tt.said, tt.hint)
			}
			if tt.follow == nil {
				return
			}
			tt.follow(h, given)
			if _, err := h.kit(t).Plan(checkout(t, given)); err != nil {
				t.Errorf("as the hint says: %v", err)
			}
		})
	}
}

// TestGitNeeds holds what a unit before may bring, by what the repository's server says.
func TestGitNeeds(t *testing.T) {
	const (
		named  = "is the name right, and does the host reach it? try there: git ls-remote "
		wanted = "the server wants a key that may read the repository: key = sensitive(vars.deploy_key), or key_file for one of the host"
	)
	for _, tt := range []struct{ name, repo, refusal, need, hint string }{
		{"unknown server", "git@git.example:app.git", "Host key verification failed.\r\nfatal: Could not read from remote repository.\n", "access to git@git.example:app.git (Host key verification failed.)", `the host has to know the server's key before: known_host("git.example", key = "ssh-ed25519 AAAA..."), or accept_new_host_key = True`},
		{"its port", "ssh://git@git.example:2222/app.git", "Host key verification failed.\n", "access to ssh://git@git.example:2222/app.git (Host key verification failed.)", `the host has to know the server's key before: known_host("[git.example]:2222", key = "ssh-ed25519 AAAA..."), or accept_new_host_key = True`},
		{"no key", "git@git.example:app.git", "git@git.example: Permission denied (publickey).\nfatal: x\n", "access to git@git.example:app.git (git@git.example: Permission denied (publickey).)", wanted},
		{"no password", "https://git.example/app.git", "fatal: could not read Username for 'https://git.example': No such device or address\n", "access to https://git.example/app.git (fatal: could not read Username for 'https://git.example': No such device or address)", wanted},
		{"nothing there", "/srv/none.git", "fatal: no repository\n\nPlease make sure\n", "access to /srv/none.git (fatal: no repository)", named + "/srv/none.git"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newGithost("")
			h.refusal = tt.refusal
			change, err := h.kit(t).Plan(checkout(t, given{"repo": tt.repo}))
			if err != nil || len(change.Needs) != 1 || change.Needs[0].String() != tt.need || change.Needs[0].Hint != tt.hint {
				t.Fatalf("%v: %+v, expected %q with %q", err, change.Needs, tt.need, tt.hint)
			}
			if strings.Contains(tt.refusal, "Host key") {
				if change, err = h.kit(t).Plan(checkout(t, given{"repo": tt.repo, "accept_new_host_key": true})); err != nil || len(change.Needs) > 0 {
					t.Errorf("as the hint says: %v: %+v", err, change.Needs)
				}
			}
			h.refusal = "" // as the other hints say
			h.kit(t).Converge(checkout(t, given{"repo": tt.repo}))
		})
	}
	h := newGithost("")
	change, err := h.kit(t).Plan(checkout(t, given{"repo": "git@git.example:app.git", "key_file": "/root/key"}))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].String() != "file /root/key" || change.Needs[0].Hint != "what brings the key has to be declared before; one that is a secret of the run is given by key" {
		t.Errorf("%v: %+v", err, change.Needs)
	}
	h.dir("/root", "")
	h.Files["/root/key"] = &providertest.Node{Type: op.TypeFile, Mode: 0o600}
	h.kit(t).Converge(checkout(t, given{"repo": "git@git.example:app.git", "key_file": "/root/key"}))
}

// TestGitFails holds what is said of a program that fails at its turn.
func TestGitFails(t *testing.T) {
	for _, tt := range []struct{ verb, hint string }{
		{"fetch", "is HEAD there, and does the host reach it? try there: git ls-remote /srv/app.git"},
		{"update-ref", "/srv/app.git has no such commit among its branches and tags, or no longer: plan again"},
		{"checkout", "move away what is in the way there, or have it overwritten: force = True"},
		{"update", "where a submodule is fetched from the repository says in .gitmodules: does the host reach that?"},
		{"status", "git does not understand what is there: look at it, or move it away"},
	} {
		t.Run(tt.verb, func(t *testing.T) {
			h := &failing{newGithost(one), tt.verb}
			kit := providertest.New(t, providertest.Native(transfer.Types()), h)
			if _, err := kit.Apply(checkout(t, given{"submodules": true})); err == nil || err.Hint != tt.hint || !strings.Contains(err.Message, "exit code 128 (expected 0)") {
				t.Errorf("got %v, expected %q", err, tt.hint)
			}
			h.verb = ""
			kit.Converge(checkout(t, given{"submodules": true}))
		})
	}
}

// failing is a host on which a command of git fails.
type failing struct {
	*githost
	verb string
}

func (f *failing) Do(o op.Op) op.Result {
	if o.Exec != nil && slices.Contains(o.Exec.Argv, f.verb) {
		return op.Result{Exec: &op.ExecResult{RC: 128, Stderr: "fatal: x\n"}}
	}
	return f.githost.Do(o)
}
