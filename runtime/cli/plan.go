package cli

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runtime/ui"
)

type planCommand struct {
	runFlags
	listFlags
	Out      string `placeholder:"FILE" type:"path" complete:"files:json" help:"Save the plan; froyo apply --plan FILE does exactly it."`
	Effects  bool   `help:"List in words what the plan does on the hosts, and what it may do."`
	DOT      string `name:"dot" placeholder:"FILE" complete:"files" help:"Write the plan's graph for Graphviz; - is standard output."`
	Detailed bool   `name:"detailed-exitcode" help:"Exit with 2 where changes are pending."`
	Diff     bool   `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
}

// Help gives the command's example.
func (*planCommand) Help() string {
	return `Examples:
  froyo plan                                 site.star against the workspace's inventory, or this machine
  froyo plan web.star -i hosts.ini -l 'web:!web3' -b
  froyo plan --out plan.json && froyo apply --plan plan.json`
}

// Run plans and prints.
func (c *planCommand) Run(ctx context.Context, e *env) error {
	j, err := newJob(ctx, e, &c.runFlags)
	if err != nil {
		return err
	}
	if c.lists() {
		if err := c.unlisted(); err != nil {
			return err
		}
		return j.list(ctx, &c.listFlags, c.JSON)
	}
	return j.planOnly(ctx, c)
}

// planOnly plans, prints and saves, and changes nothing.
func (j *job) planOnly(ctx context.Context, c *planCommand) error {
	return j.planAnd(ctx, "plan", &c.runFlags, func(r *run) (diag.Code, error) {
		if c.Detailed && plan.Summarize(r.planned).Pending() > 0 {
			return diag.Pending, r.printPlan(c)
		}
		return diag.OK, r.printPlan(c)
	})
}

// planAnd plans, hands the plan on to be shown, and tells what went wrong. It changes nothing.
// The exit code is the worst of what went wrong and what show says.
func (j *job) planAnd(ctx context.Context, command string, f *runFlags, show func(*run) (diag.Code, error)) (err error) {
	r, err := j.start(ctx, command, f, nil)
	if err != nil {
		return err
	}
	code := diag.OK
	defer func() { err = endWith(code, errors.Join(err, r.close(ctx, code, nil))) }()
	progress := j.env.progress("planning", j.selection.hosts)
	r.plan(ctx, progress)
	progress.Close()
	r.leave(ctx)
	found := r.planErrors()
	code = diag.CodeOf(found)
	if err := ctx.Err(); err != nil {
		code = diag.Interrupted
		return err
	}
	if err := r.checkTargets(); err != nil {
		code = diag.Usage
		return err
	}
	if err := r.record.savePlan(ctx, r.planned, r.selection.names); err != nil {
		code = diag.Usage
		return err
	}
	shown, err := show(r)
	if err != nil {
		code = diag.Usage
		return err
	}
	code = diag.Worst(code, shown)
	j.env.errors.Warnings(r.warnings())
	j.env.errors.Print(found)
	return nil
}

// printPlan prints the plan, and writes the files that were asked for.
func (r *run) printPlan(c *planCommand) error {
	switch {
	case c.Effects:
		if err := r.env.printEffects(plan.Effects(r.planned, r.selection.names), c.JSON); err != nil {
			return err
		}
	case c.JSON:
		if err := r.writeDocument(r.env.Stdout); err != nil {
			return err
		}
	case c.DOT != "-":
		if err := r.show(!c.Diff); err != nil {
			return err
		}
	}
	if r.into != nil {
		d, err := r.document()
		if err != nil {
			return err
		}
		if err := r.into.Plan(d); err != nil {
			return err
		}
	}
	if c.Out != "" {
		if err := r.save(c.Out); err != nil {
			return err
		}
	}
	if c.DOT != "" {
		return r.saveDOT(c.DOT)
	}
	return nil
}

// endWith ends a command with an exit code and, where something else went wrong, its error.
func endWith(code diag.Code, err error) error {
	code = codeWith(code, err)
	if errors.Is(err, context.Canceled) {
		err = &diag.Error{Summary: "interrupted; nothing further was done"}
	}
	if code == diag.OK && err == nil {
		return nil
	}
	return &codeError{code: code, err: err}
}

// jsonLines is where events go with --json, or nil.
func (e *env) jsonLines(on bool) *ui.JSONLines {
	if !on {
		return nil
	}
	return ui.NewJSONLines(e.Stdout)
}

// codeWith is the exit code of what ended with a code, and perhaps an error.
func codeWith(code diag.Code, err error) diag.Code {
	switch {
	case err == nil:
		return code
	case errors.Is(err, context.Canceled):
		return diag.Interrupted
	}
	return diag.Worst(code, diag.CodeOf(err))
}
