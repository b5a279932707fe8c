package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// contenders all do the checks of checks.star on all hosts.
func (b *bench) contenders(ctx context.Context) []contender {
	checks := []string{"testdata/bench/checks.star", "-i", b.inventory}
	one := func(make func() *exec.Cmd) func() []*exec.Cmd {
		return func() []*exec.Cmd { return []*exec.Cmd{make()} }
	}
	return []contender{
		{"froyo plan", one(func() *exec.Cmd {
			return b.froyoCommand(ctx, append([]string{"plan", "--detailed-exitcode"}, checks...)...)
		})},
		{"froyo apply", one(func() *exec.Cmd { return b.froyoCommand(ctx, append([]string{"apply", "-y"}, checks...)...) })},
		{"parallel ssh", func() []*exec.Cmd { return b.sshCommands(ctx) }},
		{"bare program", one(func() *exec.Cmd {
			args := []string{b.runner, b.hosts[0].key}
			for _, h := range b.hosts {
				args = append(args, h.address)
			}
			return exec.CommandContext(ctx, b.bare, args...)
		})},
	}
}

// froyoCommand runs froyo with a state, a cache and a home of its own.
func (b *bench) froyoCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.froyo, args...)
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "XDG_STATE_HOME="+b.dir+"/state", "XDG_CACHE_HOME="+b.dir+"/cache", "SSH_AUTH_SOCK=",
		"FROYO_KNOWN_HOSTS="+b.knownHosts())
	return cmd
}

func (b *bench) knownHosts() string { return filepath.Join(filepath.Dir(b.inventory), "known_hosts") }

func (b *bench) sshCommands(ctx context.Context) []*exec.Cmd {
	var cmds []*exec.Cmd
	for _, h := range b.hosts {
		cmds = append(cmds, exec.CommandContext(ctx, "ssh", "-q", "-F", "none", "-i", h.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
			"-o", "UserKnownHostsFile="+b.knownHosts(), "root@"+h.address, script()))
	}
	return cmds
}

// script is checks.star as one would write it for a shell. It fails where a check does.
func script() string {
	var s strings.Builder
	s.WriteString("set -e\n")
	is := func(path, want string) {
		fmt.Fprintf(&s, "[ \"$(stat -c '%%a %%U %%G %%F' %s)\" = '%s' ]\n", path, want)
	}
	for _, path := range []string{"/srv/bench", "/srv/bench/etc", "/srv/bench/www", "/srv/bench/log"} {
		is(path, "755 root root directory")
	}
	for i := range 9 {
		path := fmt.Sprintf("/srv/bench/etc/app%d.conf", i)
		is(path, "640 root root regular file")
		sum := op.Sum(fmt.Appendf(nil, "listen = 800%d\nworkers = 4\n", i))
		fmt.Fprintf(&s, "[ \"$(sha256sum <%s)\" = '%s  -' ]\n", path, sum)
	}
	s.WriteString("[ \"$(readlink /srv/bench/current)\" = /srv/bench/www ]\n[ -e /srv/bench/born ]\n[ ! -e /srv/bench/junk ]\n")
	for _, guard := range []string{"test -s /srv/bench/ready", "grep -qx 1 /srv/bench/version", "! test -e /srv/bench/stale"} {
		fmt.Fprintf(&s, "sh -c '%s'\n", guard)
	}
	return s.String()
}

// large is the runbook whose validation is measured.
const large = `
for i in range(1000):
    file("/srv/large/%d" % i, content = "number %d\n" % i, mode = "0644", owner = "root", group = "root")
`

const small = `file("/srv/bench/none", state = "absent")` + "\n"

func (b *bench) writeLarge() error {
	for name, text := range map[string]string{"large.star": large, "small.star": small} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// soloists are commands on this machine.
func (b *bench) soloists(ctx context.Context) []contender {
	command := func(before func() error, args ...string) func() []*exec.Cmd {
		return func() []*exec.Cmd {
			cmd := b.froyoCommand(ctx, args...)
			if err := before(); err != nil {
				cmd.Err = err
			}
			cmd.Dir = b.dir
			return []*exec.Cmd{cmd}
		}
	}
	nothing := func() error { return nil }
	forget := func() error { return os.RemoveAll(b.dir + "/cache") }
	return []contender{
		{"froyo version", command(nothing, "version")},
		{"froyo validate, 1,000 units", command(nothing, "validate", "large.star")},
		{"froyo plan of one unit here, guests compiled anew", command(forget, "plan", "small.star")},
		{"froyo plan of one unit here, guests from the cache", command(nothing, "plan", "small.star")},
	}
}
