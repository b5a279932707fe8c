package machine

import (
	"context"
	"strings"

	"github.com/openfroyo/froyo/runner/gather"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// restart begins to restart the machine, and answers before it goes down.
func (m *Machine) restart(ctx context.Context, c *perform.Call) error {
	argv := []string{"reboot"}
	if gather.Init(m.root) == "systemd" {
		argv = []string{"systemctl", "--no-block", "reboot"}
	}
	got, err := m.programs.Run(ctx, program.Program{Argv: argv, Background: true})
	switch {
	case err != nil:
		return err
	case got.RC != 0:
		return &op.Error{Class: op.Permanent, Code: "restart", Message: "the host does not restart: " + strings.TrimSpace(got.Stderr+got.Stdout)}
	}
	c.Result.Done = &op.Done{Changed: true}
	return nil
}
