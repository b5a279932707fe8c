// Package runbook is the commands that take a runbook: validate, plan, graph, apply, resume, and show for
// a saved plan.
//
// It imports runtime/cli/client, runtime/cli/flags, engine/run and engine/plan.
package runbook

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
)

// failAll is the value of --stale by which one host that cannot be done stops all.
const failAll = "fail-all"

// The flags by which one host that cannot be done as planned stops all.
const (
	allOrNothing = "--all-or-nothing"
	staleFailAll = "--stale " + failAll
)

// Apply is froyo apply.
type Apply struct {
	flags.Planning
	listFlags
	Plan    string `placeholder:"FILE" type:"path" complete:"files:plans" help:"Apply exactly this saved plan; a host that changed since is refused."`
	Stale   string `enum:"skip,fail-all" default:"skip" placeholder:"skip|fail-all" help:"With --plan, if a host is no longer as planned: skip that host, or change no host at all (fail-all)."`
	Again   bool   `help:"With --plan: apply a plan that was applied before. A saved plan is applied once."`
	All     bool   `name:"all-or-nothing" help:"Change no host at all if one of them cannot be reached or planned, or is no longer as in the saved plan."`
	JUnit   string `name:"junit" placeholder:"FILE" type:"path" complete:"files:xml" help:"Write a JUnit report to FILE at the end: a suite for each host, a case for each unit."`
	Yes     bool   `short:"y" name:"auto-approve" help:"Do not ask. Pauses of the runbook still do: --no-pause."`
	NoPause bool   `name:"no-pause" help:"Continue at pauses of the runbook without asking."`
	Step    bool   `help:"Ask before each unit that acts, one host at a time."`
	Live    bool   `help:"Show what commands print as they do, each line with its host and unit."`
	flags.Guard
	Check bool `short:"C" help:"Only show what would change, as froyo plan does."`
	Diff  bool `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	// Out and Effects are --out and --effects of froyo plan, for what has no other command to be planned with.
	Out     string `kong:"-"`
	Effects bool   `kong:"-"`
	// PlanAgain is the command that plans the same; "" is froyo plan.
	PlanAgain string `kong:"-"`
	// Ahead is that loading connects to hosts, so that what forbids to ask is told before.
	Ahead bool          `kong:"-"`
	Wait  time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*Apply) Help() string {
	return `Examples:
  froyo apply                                plan site.star, show, ask, change
  froyo apply web.star -i hosts.ini -b -K -y
  froyo apply -l web1 --step                 ask before each unit that acts
  froyo apply --live                         watch what long commands print
  froyo apply --plan plan.json
  FROYO_VAR_token=... froyo apply --plan plan.json   the plan does not hold it
  froyo apply --plan plan.json --stale fail-all   all hosts or none`
}

// check refuses flags that contradict each other or cannot be.
func (c *Apply) check(e *console.Console) error {
	if err := c.CheckTime(); err != nil {
		return err
	}
	if err := c.reportConflicts(); err != nil {
		return err
	}
	if c.Wait < 0 {
		return diag.Errorf(diag.Pos{}, "--lock-timeout %s: it cannot be negative", c.Wait)
	}
	if err := c.CheckWindow(); err != nil {
		return err
	}
	if c.Check && c.Plan != "" {
		return (&diag.Error{Summary: "-C and --plan exclude each other"}).WithHint("froyo show %s prints the plan", wording.Quote(c.Plan))
	}
	if c.Stale == failAll && c.Plan == "" {
		return (&diag.Error{Summary: "--stale is for saved plans, and --plan is not given"}).WithHint("froyo apply --plan FILE --stale %s", failAll)
	}
	if c.All && (c.Check || c.lists()) {
		return (&diag.Error{Summary: "--all-or-nothing says when to change nothing, and with -C or --list-... nothing is changed"}).WithHint("leave one of them out")
	}
	if c.Again && c.Plan == "" {
		return (&diag.Error{Summary: "--again is for saved plans, and --plan is not given"}).WithHint("froyo apply --plan FILE --again")
	}
	return c.stepConflicts(e)
}

// Run plans, asks and applies.
func (c *Apply) Run(ctx context.Context, e *console.Console) error {
	return c.RunLoaded(ctx, e, c.load)
}

// RunLoaded plans, asks and applies what load loads.
func (c *Apply) RunLoaded(ctx context.Context, e *console.Console, load func(context.Context, *console.Console) (*client.Loaded, error)) error {
	if err := c.check(e); err != nil {
		return err
	}
	c.Login.Live = c.Live
	if c.Ahead {
		if err := c.early(e); err != nil {
			return err
		}
	}
	l, err := load(ctx, e)
	if err != nil {
		return err
	}
	if c.lists() {
		return c.list(ctx, l, c.JSON)
	}
	if c.Check {
		return planOnly(ctx, l, &Plan{Planning: c.Planning, Diff: c.Diff, Out: c.Out, Effects: c.Effects, unguarded: c.NoGuard})
	}
	if err := c.unasked(e); err != nil {
		return errors.Join(err, l.Close(ctx))
	}
	return execution{flags: &c.Planning, junit: c.JUnit, yes: c.Yes, step: c.Step, noPause: c.NoPause, diff: c.Diff, wait: c.Wait, again: c.Again, allOrNothing: c.allOrNothing(), window: c.Window, unguarded: c.NoGuard || c.Proven, proven: c.Proven}.run(ctx, l)
}

// early refuses what would be refused later, before any host is connected to.
func (c *Apply) early(e *console.Console) error {
	if err := errors.Join(client.CheckOutput("--json-into", c.Into), client.CheckOutput("--trace", c.Trace), client.CheckOutput("--out", c.Out)); err != nil {
		return err
	}
	if c.Check {
		return nil
	}
	return c.unasked(e)
}

// allOrNothing is the flag by which one host stops all, or "".
func (c *Apply) allOrNothing() string {
	switch {
	case c.Stale == failAll:
		return staleFailAll
	case c.All:
		return allOrNothing
	}
	return ""
}

// unasked refuses to ask where the plan is not shown, or no terminal is there to answer.
func (c *Apply) unasked(e *console.Console) error {
	review := "or save a plan, review it, and apply it: " + cmp.Or(c.PlanAgain, "froyo plan") + " --out plan.json; froyo apply --plan plan.json"
	switch {
	case c.Yes || c.Plan != "":
		return nil
	case c.JSON:
		return (&diag.Error{Summary: "--json does not show the plan, so it cannot be approved; use -y"}).WithHint("%s --json", review)
	case !c.Step && !e.Interactive():
		return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("%s", review)
	}
	return nil
}

// load loads what is to be applied: a runbook, or a saved plan.
func (c *Apply) load(ctx context.Context, e *console.Console) (*client.Loaded, error) {
	if c.Plan == "" {
		return client.Load(ctx, e, &c.Planning)
	}
	if err := c.conflicts(); err != nil {
		return nil, err
	}
	return client.LoadSaved(ctx, e, c.Plan, &c.Vars, &c.Vault)
}

// reportConflicts refuses reports that would have nothing in them, or that
// could not be written in the end.
func (c *Apply) reportConflicts() error {
	if c.lists() {
		if err := unlisted(&c.Output); err != nil {
			return err
		}
	}
	switch {
	case c.JUnit == "":
		return nil
	case c.Check || c.lists():
		return (&diag.Error{Summary: "--junit reports what apply did, and with -C or --list-... it does nothing"}).WithHint("leave one of them out")
	}
	return client.CheckOutput("--junit", c.JUnit)
}

// stepConflicts refuses --step where there is no terminal to ask on, or nothing would be seen.
func (c *Apply) stepConflicts(e *console.Console) error {
	switch {
	case !c.Step:
		return nil
	case c.JSON:
		return (&diag.Error{Summary: "--step and --json exclude each other: what is asked about would not be seen"}).
			WithHint("leave one of them out")
	case c.Check:
		return (&diag.Error{Summary: "--step and -C exclude each other: nothing is done that could be asked about"}).
			WithHint("leave one of them out")
	case !e.Interactive():
		return (&diag.Error{Summary: "--step asks before each unit, and there is no terminal to ask on"}).
			WithHint("run it on a terminal, or narrow the run: -l HOST, --target UNIT")
	}
	return nil
}

// conflicts refuses flags that a saved plan has already decided.
func (c *Apply) conflicts() error {
	given := decided(&c.Planning)
	if given == "" {
		return nil
	}
	return (&diag.Error{Summary: given + " cannot be given with --plan: the plan decides it"}).
		WithHint("make another plan: froyo plan --out FILE")
}

// decided names a flag that is given and that a saved plan decides, or is "".
func decided(f *flags.Planning) string {
	switch {
	case f.File != "":
		return f.File
	case len(f.Inventory) > 0:
		return "-i"
	case f.Limit != "":
		return "-l"
	case f.Where != "":
		return "--where"
	case len(f.Sensitive) > 0:
		return "--sensitive"
	case len(f.Tags)+len(f.SkipTags) > 0:
		return "-t and --skip-tags"
	case len(f.Only)+len(f.Exclude) > 0:
		return "--target and --exclude"
	case f.User != "":
		return "-u"
	case f.Become:
		return "-b"
	case f.Method != "":
		return "--become-method"
	}
	return ""
}
