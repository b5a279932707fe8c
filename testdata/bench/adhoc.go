package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// mostOfSSH is how many times as long as parallel ssh froyo may take for one command.
const mostOfSSH = 0.8

// adhoc measures one command on all hosts, beside ssh and Ansible.
func (b *bench) adhoc(ctx context.Context, runs int) error {
	contenders := []contender{
		{"froyo run cmd uptime -y", one(func() *exec.Cmd { return b.froyoCommand(ctx, "run", "cmd", "uptime", "-y", "-i", b.inventory) })},
		{parallelSSH, func() []*exec.Cmd { return b.sshCommands(ctx, "uptime", b.hosts...) }},
	}
	if b.ansible != "" {
		for _, h := range b.hosts { // it needs Python on them
			if err := b.onHost(ctx, h, "apt-get install -y -qq python3-minimal >/dev/null"); err != nil {
				return err
			}
		}
		contenders = append(contenders, contender{"ansible -m command", one(func() *exec.Cmd {
			cmd := exec.CommandContext(ctx, strings.TrimSuffix(b.ansible, "-playbook"), "all", "-i", b.inventory, "-f", "20", "-m", "command", "-a", "uptime")
			cmd.Env = b.ansibleCommand(ctx).Env
			return cmd
		})})
	}
	results, err := b.turns(runs, contenders, func() error { return nil })
	if err != nil {
		return err
	}
	fmt.Printf("| uptime on %d hosts | median | of ssh |\n|---|---|---|\n", len(b.hosts))
	ssh := results[1].median(wall)
	for _, r := range results {
		fmt.Printf("| %s | %.2f s | %.2f |\n", r.name, r.median(wall), r.median(wall)/ssh)
	}
	if ratio := results[0].median(wall) / ssh; ratio > mostOfSSH {
		return fmt.Errorf("froyo run takes %.2f times as long as parallel ssh, want at most %.1f", ratio, mostOfSSH)
	}
	return nil
}
