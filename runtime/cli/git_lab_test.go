package cli_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// repositories makes /srv/app.git with the branches main, dev and subs, which has /srv/lib.git as a submodule by ssh, and evil, which has
// it by its path; and the tag v1.0. git itself goes again, but for what needs it to be a checkout with local changes.
const repositories = `set -e
apt-get install -y -qq git >/dev/null 2>&1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
cd /srv
for name in lib app; do
  git init -q --bare -b main $name.git
  git init -q -b main work-$name
  (cd work-$name; git remote add origin /srv/$name.git; for text in one two; do echo $text >$name; git add .; git commit -q -m $text; done; git push -q origin main)
done
cd work-app
git tag -a -m v1 v1.0 main~1
git checkout -q -b dev; echo dev >app; git commit -qam dev
git checkout -q -b subs main; git -c protocol.file.allow=always submodule --quiet add /srv/lib.git lib; git config -f .gitmodules submodule.lib.url ssh://root@localhost/srv/lib.git; git add .; git commit -q -m subs
git checkout -q -b evil; git config -f .gitmodules submodule.lib.url /srv/lib.git; git add .; git commit -q -m evil
git push -q origin dev subs evil v1.0
git clone -q /srv/app.git /srv/dirty; echo mine >/srv/dirty/app
mkdir -p /srv/open; chmod 777 /srv/open; ln -s /srv/dirty /srv/link
ssh-keygen -q -t ed25519 -N '' -f /root/deploy; cat /root/deploy.pub >>/root/.ssh/authorized_keys
cp /root/deploy /home/ops/deploy; chown ops /home/ops/deploy
apt-get purge -y -qq git >/dev/null 2>&1`

// TestLabGit checks out a repository of the host itself: by its path, and by ssh with a key that is a secret of the run.
func TestLabGit(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	h.SSH(t, repositories)
	first := strings.TrimSpace(h.SSH(t, "cat /srv/work-app/.git/refs/heads/main"))
	f.env = append(f.env, "FROYO_VAR_deploy_key="+h.SSH(t, "cat /root/deploy"))
	words := strings.NewReplacer("SERVER", strings.TrimSpace(h.SSH(t, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")), "COMMIT", first)
	h.SSH(t, "rm /root/deploy")
	c := typeCase{
		units: words.Replace(`
pkg("git")
known_host("localhost", key = "SERVER")
file("/srv/co", state = "directory")
file("/srv/co/ops", state = "directory", owner = "ops")
git("/srv/co/main", repo = "/srv/app.git", force = True, clean = True)
git("/srv/co/tag", repo = "file:///srv/app.git", version = "v1.0", depth = 1)
git("/srv/co/commit", repo = "/srv/app.git", version = "COMMIT")
git("/srv/co/subs", repo = "ssh://root@localhost/srv/app.git", version = "subs", submodules = True, key = sensitive(vars.deploy_key))
git("/srv/co/ops/app", repo = "root@127.0.0.1:/srv/app.git", version = "dev", key_file = "/home/ops/deploy", accept_new_host_key = True, run_as = "ops")`),
		undo: `rm -rf /srv/*.git /srv/work-* /srv/co /srv/dirty /srv/open /srv/link /srv/none /srv/evil /root/deploy* /home/ops/deploy /home/ops/.ssh/known_hosts /etc/ssh/ssh_known_hosts
sed -i '/ root@h[0-9]*$/d' /root/.ssh/authorized_keys; apt-get purge -y -qq git >/dev/null 2>&1`,
		holds: []string{
			"test $(git -C /srv/co/main rev-parse HEAD) = $(git -C /srv/app.git rev-parse main)", "test -z \"$(git -C /srv/co/main status --porcelain)\"",
			"grep -qx one /srv/co/tag/app && test $(git -C /srv/co/tag rev-list --count HEAD) = 1 && test $(git -C /srv/co/tag remote get-url origin) = file:///srv/app.git",
			"test $(git -C /srv/co/commit rev-parse HEAD) = " + first, "grep -qx two /srv/co/subs/lib/lib", "test $(stat -c %U /srv/co/ops/app/app) = ops && grep -qx dev /srv/co/ops/app/app",
			"test ! -e /srv/hooked", "! grep -rqs 'PRIVATE KEY' /srv/co /tmp /run /root", "! pgrep ssh-agent",
		},
		drifts: []drift{
			{"git.version", "cd /srv/work-app; git checkout -q main; echo three >app; git -c user.name=a -c user.email=a@b commit -qam three; git push -q origin main"},
			{"git.force git.clean", "cd /srv/co/main; echo mine >app; touch untracked; mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch /srv/hooked\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout"},
			{"git.repo", "git -C /srv/co/tag remote set-url origin /elsewhere"},
			{"git.version", "git -C /srv/co/commit checkout -q origin/dev"},
			{"git.submodules", "git -C /srv/co/subs/lib checkout -q --detach HEAD~1"},
			{"git.version", "su ops -c 'git -C /srv/co/ops/app reset -q --hard HEAD~1'"},
		},
		later: []drift{
			{"git.state git.depth", "rm -rf /srv/co/tag"},
			{"git.version", "git -C /srv/app.git update-ref refs/heads/main main~2"},
			{"git.submodules", "git -C /srv/co/subs submodule --quiet deinit -f lib"},
			{"git.clean", "touch /srv/co/main/untracked"},
		},
		refused: map[string]string{
			`git("/srv/none", repo = "/srv/nothing.git")`: "there is no access to /srv/nothing.git (fatal: '/srv/nothing.git' does not appear to be a git repository)",
			`git("/srv/dirty", repo = "/srv/app.git")`:    "there are local changes in /srv/dirty: app",
		},
		gone: `git("/srv/co/main", state = "absent")
git("/srv/co/tag", state = "absent")
git("/srv/co/ops/app", state = "absent", run_as = "ops")`,
		left: "test ! -e /srv/co/main && test ! -e /srv/co/tag && test ! -e /srv/co/ops/app && test -e /srv/co/subs",
	}
	c.lab(t, f, h)
	f.refusesCheckouts(t, h)
}

// refusesCheckouts has one plan refuse what could be wrong on a host, and nothing is changed there. What is wrong by itself is
// tried in providers/transfer.
func (f *froyo) refusesCheckouts(t *testing.T, h labtest.Host) {
	t.Helper()
	wrong := []struct{ unit, said string }{
		{`git("/srv/none/a", repo = "/srv/app.git", version = "nothing")`, "/srv/app.git has no branch or tag nothing"},
		{`git("/srv/none/b", repo = "root@127.0.0.2:/srv/app.git")`, "there is no access to root@127.0.0.2:/srv/app.git (Host key verification failed.)"},
		{`git("/srv/none/c", repo = "ssh://root@localhost/srv/app.git")`, "Permission denied"},
		{`git("/srv/none/d", repo = "/srv/app.git", key_file = "/root/none")`, "there is no file /root/none"},
		{`git("/etc", repo = "/srv/app.git")`, "/etc is no git repository, and not empty"},
		{`git("/srv/link", repo = "/srv/app.git")`, "/srv/link is no directory"},
		{`git("/srv/open/app", repo = "/srv/app.git")`, "anyone may write into /srv/open"},
		{`git("/home/ops/app", repo = "/srv/app.git")`, "/home/ops belongs to ops"},
		{`git("/srv/dirty", state = "absent")`, "which would be lost: app"},
	}
	var units strings.Builder
	for _, w := range wrong {
		units.WriteString("    " + w.unit + "\n")
	}
	f.write(t, "site.star", "def wrong(host):\n"+units.String()+"\nplay(\"wrong\", hosts = \"all\", do = wrong)\n")
	_, stdout, stderr := f.run(t, "apply", "-y")
	for _, w := range wrong {
		if !strings.Contains(stdout+stderr, w.said) {
			t.Errorf("%s: expected %q", w.unit, w.said)
		}
	}
	f.write(t, "site.star", `
def late(host):
    git("/srv/evil", repo = "/srv/app.git", version = "evil", submodules = True)

play("late", hosts = "all", do = late)
`)
	if _, stdout, stderr := f.run(t, "apply", "-y"); !strings.Contains(stdout+stderr, "transport 'file' not allowed") {
		t.Errorf("a submodule of the host's own files was not refused:\n%s%s", stdout, stderr)
	}
	if said := h.SSH(t, "ls -d /srv/none /etc/.git /srv/open/app /home/ops/app /srv/evil/lib/lib 2>/dev/null; cat /srv/dirty/app"); said != "mine\n" {
		t.Errorf("something was changed: %s", said)
	}
}

// TestLabRelease deploys the example's app, whose commits are those that it names: a later release is served instead, the one that
// is no longer listed goes, and going back fetches nothing.
func TestLabRelease(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	f.hosts[0].Name = "h1" // as in plan.txt, whichever host it is
	f.inventory(t, "root", nil)
	commits := strings.Fields(h.SSH(t, `set -e
apt-get install -y -qq git >/dev/null 2>&1
export GIT_AUTHOR_NAME=app GIT_AUTHOR_EMAIL=app@example.com GIT_COMMITTER_NAME=app GIT_COMMITTER_EMAIL=app@example.com GIT_AUTHOR_DATE=2026-01-01T00:00:00Z GIT_COMMITTER_DATE=2026-01-01T00:00:00Z
git init -q -b main /srv/work; cd /srv/work; mkdir public
for n in 1 2 3; do echo "release $n" >public/index.html; git add .; git commit -q -m "release $n"; git rev-parse HEAD; done
git clone -q --bare . /srv/app.git; rm -rf /srv/work
apt-get purge -y -qq git >/dev/null 2>&1`))
	t.Cleanup(func() {
		h.SSH(t, "rm -rf /srv/app /srv/app.git /etc/nginx/conf.d/app.example.conf; apt-get purge -y -qq git nginx-light nginx-common >/dev/null 2>&1; apt-get autoremove -y -qq --purge >/dev/null 2>&1; true")
	})
	f.env = append(f.env, "FROYO_VAR_repo=/srv/app.git")
	run := f.example(t, "release", "hosts.ini")
	served := func(want, there string) {
		t.Helper()
		got := h.SSH(t, `exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\r\nHost: app.example\r\n\r\n' >&3 && tail -n 1 <&3; cd /srv/app/releases; ls | wc -l`)
		if got != want+"\n"+there+"\n" {
			t.Errorf("served, and how many releases: %q, expected %q and %s", got, want, there)
		}
	}
	served("release 2", "2")
	for _, step := range []struct {
		releases    []string
		want, there string
	}{
		{[]string{commits[2], commits[1]}, "release 3", "2"},
		{[]string{commits[1], commits[2]}, "release 2", "2"},
	} {
		f.write(t, "releases.json", `{"releases": ["`+strings.Join(step.releases, `", "`)+`"]}`)
		if code, _ := run("apply", "-y", "-e", "@releases.json"); code != 0 {
			t.Fatal("not deployed")
		}
		served(step.want, step.there)
	}
	if code, _ := run("plan", "--detailed-exitcode", "-e", "@releases.json"); code != 0 {
		t.Error("the last plan is not empty")
	}
}
