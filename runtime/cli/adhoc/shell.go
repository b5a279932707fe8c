package adhoc

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/answers"
	"github.com/openfroyo/froyo/runtime/cli/shell"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// shellWord is what stands for a prompt on hosts: neither a type nor an action has this name.
const shellWord = "shell"

// shell is a prompt on hosts.
func (c *Command) shell(ctx context.Context, e *console.Console, rest []string) error {
	if len(rest) > 0 {
		return (&diag.Error{Summary: fmt.Sprintf("froyo run shell asks for commands, and %q is given", rest[0])}).
			WithHint("a single command of the hosts: froyo run cmd %s", wording.Quote(rest[0]))
	}
	live := c.Live
	c.Live = false
	flag := c.aboutChanges()
	c.Live = live
	switch {
	case c.HostTime != 0:
		return (&diag.Error{Summary: "--host-timeout is about a plan, and froyo run shell has none"}).WithHint("leave it out; :timeout says how long a command may take")
	case flag != "":
		return (&diag.Error{Summary: flag + " is about a plan, and froyo run shell has none"}).WithHint("leave it out")
	case c.JSON, c.Runbook != "":
		return (&diag.Error{Summary: "--json and --runbook have no effect in froyo run shell"}).WithHint("leave them out; answers as JSON: froyo run cmd uptime --json")
	}
	return shell.Run(ctx, e, shell.Options{Target: &c.Target, Yes: c.Yes, Live: c.Live, Grouped: grouped})
}

// grouped shows what a command printed on hosts, once where it is equal.
func grouped(hosts []string, printed map[string]output.Output, style ui.Style) string {
	var g answers.Groups
	for _, host := range hosts {
		g.Add(host, answers.Printed(printed[host], style))
	}
	return g.Text(style)
}
