// Package cli is froyo's command line: the grammar, and Main. Each command is in the package of its noun
// below; what they share is in flags, here and client.
//
// It imports these packages and runtime/console.
package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/cli/adhoc"
	"github.com/openfroyo/froyo/runtime/cli/audit"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/complete"
	"github.com/openfroyo/froyo/runtime/cli/facts"
	"github.com/openfroyo/froyo/runtime/cli/inventory"
	"github.com/openfroyo/froyo/runtime/cli/key"
	"github.com/openfroyo/froyo/runtime/cli/lock"
	"github.com/openfroyo/froyo/runtime/cli/onboard"
	"github.com/openfroyo/froyo/runtime/cli/queue"
	"github.com/openfroyo/froyo/runtime/cli/repl"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/cli/runs"
	"github.com/openfroyo/froyo/runtime/cli/secret"
	"github.com/openfroyo/froyo/runtime/cli/state"
	"github.com/openfroyo/froyo/runtime/cli/workspace"
	"github.com/openfroyo/froyo/runtime/console"
)

// grammar is all commands and flags. Flags bear the names that operators of
// comparable tools know.
type grammar struct {
	Init      workspace.Init    `cmd:"" help:"Make a workspace: settings, inventory, a first runbook, keys."`
	Validate  runbook.Validate  `cmd:"" help:"Check a runbook without connecting to any host."`
	Plan      runbook.Plan      `cmd:"" help:"Show what apply would change. Changes nothing."`
	Apply     runbook.Apply     `cmd:"" help:"Plan, ask, and make the changes."`
	Run       adhoc.Command     `cmd:"" help:"Do one thing on hosts: a resource, a question, an action of the runbook."`
	Repl      repl.Command      `cmd:"" help:"Ask hosts and try functions at a prompt, in the language of runbooks."`
	Resume    runbook.Resume    `cmd:"" help:"Resume an apply that was interrupted, killed, or failed."`
	Show      runbook.Show      `cmd:"" help:"Print a saved plan."`
	Graph     runbook.Graph     `cmd:"" help:"Draw the units of a plan and the dependencies between them."`
	Runs      runs.Command      `cmd:"" help:"Look at earlier runs: list, show."`
	State     state.Command     `cmd:"" help:"Look at what is kept between runs: handlers, protections, machines."`
	Lock      lock.Command      `cmd:"" help:"Look at the locks of hosts that are being changed: list, break."`
	Queue     queue.Command     `cmd:"" help:"Look at pending work of runs: list, drop."`
	Inventory inventory.Command `cmd:"" help:"Look at the inventory: list, host, graph, explain, check."`
	Facts     facts.Command     `cmd:"" help:"Look at what hosts tell of themselves: collect, show, diff, schema."`
	Audit     audit.Command     `cmd:"" help:"Look at the log of who did what, and verify it: show, verify, export, anchor."`
	Kept      stored            `embed:""`
	Itself    itself            `embed:""`

	Global global `embed:""`
}

// stored is the commands about what a workspace keeps to get to hosts, and the hosts.
type stored struct {
	Secret  secret.Command  `cmd:"" help:"Keep secrets: set, get, list, edit, rotate, rm, recipients."`
	Key     key.Command     `cmd:"" help:"Keep SSH keys: list, new, rotate, rm, import, export."`
	Onboard onboard.Command `cmd:"" help:"Make managed targets of hosts: ssh, batch, rollback, list, show, rekey, forget."`
}

// itself is the commands about froyo itself.
type itself struct {
	Completion complete.Script  `cmd:"" help:"Print a script that completes froyo's command line."`
	Complete   complete.Command `cmd:"" hidden:""`
	Docs       docsCommand      `cmd:"" help:"Print a reference page as Markdown."`
	Version    versionCommand   `cmd:"" help:"Print the version, and verify what froyo carries."`
}

// global is the flags of all commands.
type global struct {
	Verbose int    `short:"v" type:"counter" help:"Show units that have nothing to do, and the end of what commands print; -vv: all of it. Errors show their call stack."`
	Log     string `placeholder:"FILE" complete:"files" help:"Add a log for machines to FILE, as lines of JSON; - is standard error."`
	NoColor bool   `name:"no-color" help:"Print without colours (also: NO_COLOR)."`
}

const description = `Configures fleets of machines from runbooks written in Starlark.

Exit codes: 0 success, 1 usage or runbook error, 2 changes pending (--detailed-exitcode), 3 a host failed, 4 unreachable,
6 the plan no longer fits, 7 another run has the host, 130 interrupted.`

// exited carries kong's wish to end the process past code that goes on otherwise.
type exited int

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, p console.Process) (code diag.Code) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code = diag.Code(r)
		default:
			panic(r)
		}
	}()
	var g grammar
	p.Version = version
	c, ctx, cancel := console.New(ctx, p)
	defer cancel()
	parser, err := kong.New(&g, kong.Name("froyo"), kong.Description(description),
		kong.Writers(p.Stdout, p.Stderr), kong.Exit(func(n int) { panic(exited(n)) }),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if err != nil {
		fmt.Fprintln(p.Stderr, "froyo: error:", err)
		return diag.Usage
	}
	args := p.Args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if err := notText(args); err != nil {
		c.Configure(0, g.Global.NoColor)
		c.Errors.Print(err)
		return diag.Usage
	}
	cmd, err := parser.Parse(args)
	if console.OutputClosed(err) { // of --help, whose reader has seen enough
		return diag.Interrupted
	}
	if err != nil {
		c.Configure(0, g.Global.NoColor)
		c.Errors.Print(usageError(err))
		return diag.Usage
	}
	c.Configure(g.Global.Verbose, g.Global.NoColor)
	if err := cmp.Or(refuseBlank(cmd), c.OpenLog(g.Global.Log)); err != nil {
		c.Errors.Print(err)
		return diag.Usage
	}
	log := client.Logger(c, "")
	log.Info().Str("command", cmd.Command()).Msg("command.started")
	code = c.Finish(ctx, cmd.Run(ctx, c))
	log.Info().Int("exit_code", int(code)).Msg("command.finished")
	return c.Close(code)
}
