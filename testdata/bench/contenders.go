package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// one makes a contender of a single command.
func one(make func() *exec.Cmd) func() []*exec.Cmd {
	return func() []*exec.Cmd { return []*exec.Cmd{make()} }
}

// The names of contenders that others are compared with.
const (
	parallelSSH = "parallel ssh"
	bareProgram = "bare program"
	shellScript = "shell script over ssh"
	ansibleName = "Ansible, pipelining, forks=20"
)

const runbook = "testdata/bench/web.star"

// contenders all do the checks of web.star on all hosts.
func (b *bench) contenders(ctx context.Context) []contender {
	web := []string{runbook, "-i", b.inventory}
	all := []contender{
		{"froyo plan", one(func() *exec.Cmd {
			return b.froyoCommand(ctx, append([]string{"plan", "--detailed-exitcode"}, web...)...)
		})},
		{"froyo apply", one(func() *exec.Cmd { return b.froyoCommand(ctx, append([]string{"apply", "-y"}, web...)...) })},
		{parallelSSH, func() []*exec.Cmd { return b.sshCommands(ctx, checks(), b.hosts...) }},
		{bareProgram, one(func() *exec.Cmd {
			args := []string{b.runner, b.hosts[0].key}
			for _, h := range b.hosts {
				args = append(args, h.address)
			}
			return exec.CommandContext(ctx, b.bare, args...)
		})},
	}
	if b.ansible != "" {
		all = append(all, contender{ansibleName, one(func() *exec.Cmd { return b.ansibleCommand(ctx) })})
	}
	return all
}

// converging does web.star on one host that is pristine.
func (b *bench) converging(ctx context.Context) []contender {
	h := b.hosts[0]
	return []contender{
		{"froyo apply", one(func() *exec.Cmd {
			return b.froyoCommand(ctx, "apply", "-y", runbook, "-i", b.inventory, "-l", h.name)
		})},
		{shellScript, func() []*exec.Cmd { return b.sshCommands(ctx, converge(), h) }},
	}
}

// ansibleCommand runs the playbook as its users tune it.
func (b *bench) ansibleCommand(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.ansible, "-i", b.inventory, "-f", "20", "testdata/bench/web.yml")
	cmd.Env = append(os.Environ(), "ANSIBLE_PIPELINING=1", "ANSIBLE_LOCAL_TEMP="+b.dir, "ANSIBLE_HOME="+b.dir, "ANSIBLE_NOCOLOR=1",
		"ANSIBLE_SSH_COMMON_ARGS=-o UserKnownHostsFile="+b.knownHosts(), "ANSIBLE_SSH_CONTROL_PATH_DIR="+b.dir)
	return cmd
}

// froyoCommand runs froyo with a state, a cache and a home of its own.
func (b *bench) froyoCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.froyo, args...)
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "XDG_STATE_HOME="+b.dir+"/state", "XDG_CACHE_HOME="+b.dir+"/cache", "SSH_AUTH_SOCK=",
		"FROYO_KNOWN_HOSTS="+b.knownHosts())
	return cmd
}

func (b *bench) knownHosts() string { return filepath.Join(filepath.Dir(b.inventory), "known_hosts") }

func (b *bench) sshCommands(ctx context.Context, script string, hosts ...host) []*exec.Cmd {
	var cmds []*exec.Cmd
	for _, h := range hosts {
		cmds = append(cmds, exec.CommandContext(ctx, "ssh", "-q", "-F", "none", "-i", h.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
			"-o", "UserKnownHostsFile="+b.knownHosts(), "root@"+h.address, script))
	}
	return cmds
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
