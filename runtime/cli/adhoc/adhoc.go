// Package adhoc is froyo run: one resource, one question to hosts, or an action of a runbook, without a runbook of its own.
//
// It imports runtime/cli/runbook, runtime/cli/client, runtime/cli/flags and builtins/hostapi.
package adhoc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
)

// Command is froyo run.
type Command struct {
	Words   []string `arg:"" optional:"" name:"what" complete:"run" help:"An action of the runbook, a resource type, a question to hosts (find, stat, ...) or a runbook; then its arguments: the first may stand alone, others are name=value."`
	Runbook string   `placeholder:"FILE" complete:"files:star" help:"Runbook that declares the actions; default: site.star."`
	List    bool     `name:"list" help:"List the actions of the runbook, and what else can be run."`
	flags.Target
	flags.Vars
	flags.Units
	flags.Output
	HostTime time.Duration `name:"host-timeout" placeholder:"DURATION" default:"0s" help:"End the run of a host whose plan, or whose units, take longer than this in all, such as 10m; other hosts continue. 0s is no limit."`
	JUnit    string        `name:"junit" placeholder:"FILE" type:"path" complete:"files:xml" help:"Write a JUnit report to FILE at the end: a suite for each host, a case for each unit."`
	Yes      bool          `short:"y" name:"auto-approve" help:"Do not ask. Pauses of the runbook still do: --no-pause."`
	NoPause  bool          `name:"no-pause" help:"Continue at pauses of the runbook without asking."`
	Step     bool          `help:"Ask before each unit that acts, one host at a time."`
	Live     bool          `help:"Show what commands print as they do, each line with its host and unit."`
	All      bool          `name:"all-or-nothing" help:"Change no host at all if one of them cannot be reached or planned."`
	flags.Guard
	Check   bool          `short:"C" help:"Only show what would change, as froyo plan does."`
	Out     string        `placeholder:"FILE" type:"path" complete:"files:json" help:"With -C: save the plan; froyo apply --plan FILE applies exactly it."`
	Effects bool          `help:"With -C: list the plan's effects on the hosts in words, planned and potential ones."`
	Diff    bool          `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	Wait    time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*Command) Help() string {
	return `A resource or an action is planned, shown, asked about and recorded as froyo apply does. A question to hosts changes nothing and
is answered at once. What hosts answer alike is printed once. Without -l it is done on all hosts of the inventory.

Examples:
  froyo run cmd uptime -i h1,h2,
  froyo run cmd 'systemctl is-active nginx' -l web -y --live
  froyo run pkg nginx state=latest -l 'role=web' -b
  froyo run probe_http url=http://127.0.0.1/health via=host
  froyo run find /etc recurse=yes newer=1d
  froyo run stat /etc/passwd --json
  froyo run deploy version=1.2 -l web        an action of site.star
  froyo run shell -l web                     a prompt on all of them at once
  froyo run --list
  froyo run site.star                        froyo apply site.star`
}

// Run finds out what is to be run, and does it.
func (c *Command) Run(ctx context.Context, e *console.Console) (err error) {
	if c.List {
		return c.list(ctx, e)
	}
	if err := c.check(); err != nil {
		return err
	}
	name, rest := c.Words[0], c.Words[1:]
	if c.Runbook != "" && (strings.HasSuffix(name, ".star") || isQuestion(name)) {
		return diag.Errorf(diag.Pos{}, "--runbook names what declares an action, and %s is none", name)
	}
	if strings.HasSuffix(name, ".star") {
		return c.runbook(ctx, e, name, rest)
	}
	if name == shellWord {
		return c.shell(ctx, e, rest)
	}
	w, err := split(rest)
	if err != nil {
		return err
	}
	if isQuestion(name) {
		return c.question(ctx, e, name, w)
	}
	types, err := client.PackageOf(ctx, e, name)
	if err != nil {
		return err
	}
	defer func() {
		if failed := types.Close(ctx); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	t := types.Type(name)
	if t == nil {
		return c.action(ctx, e, name, w, types)
	}
	if c.Runbook != "" {
		return diag.Errorf(diag.Pos{}, "--runbook names what declares an action, and %s is a resource type", name)
	}
	return c.resource(ctx, e, t, w, types)
}

// check refuses flags that cannot be together.
func (c *Command) check() error {
	switch {
	case len(c.Words) == 0:
		return (&diag.Error{Summary: "what is to be run?"}).WithHint("froyo run --list shows what there is; froyo run --help has examples")
	case isQuestion(c.Words[0]) || c.Words[0] == shellWord: // which say themselves that there is no plan
	case c.Out != "" && !c.Check:
		return (&diag.Error{Summary: "--out saves a plan that is not carried out, and -C is not given"}).WithHint("add -C")
	case c.Effects && !c.Check:
		return (&diag.Error{Summary: "--effects shows a plan that is not carried out, and -C is not given"}).WithHint("add -C")
	}
	return nil
}

// apply is froyo apply with the flags of this command.
func (c *Command) apply() *runbook.Apply {
	return &runbook.Apply{
		Planning: flags.Planning{Target: c.Target, Vars: c.Vars, Units: c.Units, Output: c.Output, HostTime: c.HostTime},
		Stale:    "skip", JUnit: c.JUnit, Yes: c.Yes, NoPause: c.NoPause, Step: c.Step, Live: c.Live, All: c.All, Check: c.Check,
		Out: c.Out, Effects: c.Effects, Diff: c.Diff, Wait: c.Wait, Guard: c.Guard,
	}
}

// runbook applies a runbook.
func (c *Command) runbook(ctx context.Context, e *console.Console, file string, rest []string) error {
	if len(rest) > 0 {
		return (&diag.Error{Summary: fmt.Sprintf("%s is a runbook, which takes no arguments, and %q is given", file, rest[0])}).
			WithHint("variables of a runbook: -e %s", rest[0])
	}
	a := c.apply()
	a.File = file
	return a.Run(ctx, e)
}

// resource plans, asks for and does one resource on all hosts.
func (c *Command) resource(ctx context.Context, e *console.Console, t *schema.Type, w words, types *catalog.Catalog) error {
	call, err := callOf(t, w)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(w.named, func(a argument) bool { return a.value == "host" && Arguments(t)[a.name] == "host" }) {
		call = fmt.Sprintf("play(%s, do = lambda host: %s)", quoted(t.Name), call)
	}
	var single []client.Single
	for _, given := range w.named {
		if Arguments(t)[given.name] == "host" && given.value != "host" {
			single = append(single, client.Single{Argument: fmt.Sprintf("%s of %s", given.name, t.Name), Host: given.value})
		}
	}
	a := c.apply()
	a.PlanAgain, a.Ahead = c.line()+" -C", true
	return a.RunLoaded(ctx, e, func(ctx context.Context, e *console.Console) (*client.Loaded, error) {
		return client.LoadLine(ctx, e, &a.Planning, client.Line{Text: call + "\n", Command: c.line(), Types: types, Single: single})
	})
}

// line is the command line, without flags that say how it is done.
func (c *Command) line() string {
	words := []string{"froyo run"}
	for _, w := range c.Words {
		if strings.HasPrefix(w, "-") && !slices.Contains(words, "--") {
			words = append(words, "--")
		}
		words = append(words, wording.Quote(w))
	}
	if slices.Contains(words, "--") { // behind it there are no flags
		words = slices.Concat(words[:1], c.named(), words[1:])
		return strings.Join(words, " ")
	}
	return strings.Join(append(words, c.named()...), " ")
}

// named are the flags that say on which hosts, of which runbook and as whom it is done.
func (c *Command) named() []string {
	var words []string
	if c.Runbook != "" {
		words = append(words, "--runbook", wording.Quote(c.Runbook))
	}
	for _, i := range c.Inventory {
		words = append(words, "-i", wording.Quote(i))
	}
	if c.Limit != "" {
		words = append(words, "-l", wording.Quote(c.Limit))
	}
	if c.Where != "" {
		words = append(words, "--where", wording.Quote(c.Where))
	}
	if c.User != "" {
		words = append(words, "-u", wording.Quote(c.User))
	}
	for _, key := range c.Key {
		words = append(words, "--key", wording.Quote(key))
	}
	if c.SSHConfig != "" {
		words = append(words, "--ssh-config", wording.Quote(c.SSHConfig))
	}
	if c.AskPass {
		words = append(words, "-k")
	}
	if c.AskBecome {
		words = append(words, "-K")
	}
	if c.Become {
		words = append(words, "-b")
	}
	if c.Method != "" {
		words = append(words, "--become-method", c.Method)
	}
	return words
}
