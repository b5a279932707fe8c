package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Show is froyo show.
type Show struct {
	File    string `arg:"" complete:"files:plans" help:"A plan that froyo plan --out saved."`
	JSON    bool   `name:"json" help:"Print the plan as JSON on standard output."`
	Effects bool   `help:"List the plan's effects on the hosts in words, planned and potential ones."`
	Diff    bool   `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
}

// Help gives the command's example.
func (*Show) Help() string {
	return `Prints a saved plan as froyo plan did when it was made. It reads the file alone: no host, and no runbook.

Examples:
  froyo show plan.json
  froyo show plan.json --effects       what it does on the hosts, in words
  froyo show plan.json --json | jq .summary`
}

// Run prints the plan.
func (c *Show) Run(ctx context.Context, e *console.Console) error {
	data, err := client.ReadPlanFile(ctx, c.File)
	if err != nil {
		return err
	}
	d, err := client.ParsePlan(e, data, c.File)
	if err != nil {
		return err
	}
	if c.JSON && !c.Effects {
		_, err := e.Stdout.Write(data) // as it was signed
		return err
	}
	hosts, plays, contents, err := d.View()
	if err != nil {
		return diag.Errorf(diag.Pos{File: c.File}, "the plan is damaged: %w", err).WithHint("make a new one: froyo plan --out %s", wording.Quote(c.File))
	}
	if c.Effects {
		return printEffects(e, plan.Effects(hosts, plays), c.JSON)
	}
	fmt.Fprintln(e.Stderr, ui.Readable(origin(d)))
	v := ui.PlanView{
		Style: e.Style(e.Stdout), Contents: contents, Rollouts: d.Rollouts(), Verbose: e.Verbose > 0, Quiet: !c.Diff,
		Effects: "froyo show " + wording.Quote(c.File) + " --effects", Line: run.IsCommandLine(d.Main),
		Generated: slices.DeleteFunc(slices.Clone(d.Secrets), func(r secret.Ref) bool { return r.Generate == "" }),
	}
	if err := v.Print(e.Stdout, plays, hosts); err != nil {
		return err
	}
	e.Errors.Print(savedErrors(hosts))
	return nil
}

// origin says in a line where a plan comes from.
func origin(d *planfile.Document) string {
	parts := []string{"plan of " + d.Main, fmt.Sprintf("made %s by froyo %s", d.Created.Local().Format(time.DateTime), d.Froyo)}
	if d.Action != nil && d.Action.Command != "" {
		parts[0] = "plan of " + d.Action.Command
	}
	if d.Limit != "" {
		parts = append(parts, "limited to "+d.Limit)
	}
	for _, narrowed := range []struct {
		by    string
		names []string
	}{{"tags", d.Tags}, {"without the tags", d.SkipTags}, {"only", d.Targets}, {"without", d.Exclude}} {
		if len(narrowed.names) > 0 {
			parts = append(parts, narrowed.by+" "+strings.Join(narrowed.names, ","))
		}
	}
	if len(d.Secrets) > 0 {
		names := make([]string, len(d.Secrets))
		for i, r := range d.Secrets {
			names[i] = r.Name
		}
		parts = append(parts, "with the secrets "+strings.Join(names, ", "))
	}
	return strings.Join(parts, ", ")
}

// savedErrors are the reasons why hosts have no plan, as they were told when it was made.
func savedErrors(hosts []*plan.Host) error {
	var errs []error
	for _, h := range hosts {
		if h.Err != nil {
			text := strings.TrimPrefix(h.Err.Error(), h.Host.Name+": ")
			errs = append(errs, &diag.Error{Summary: text, Host: h.Host.Name})
		}
	}
	return errors.Join(errs...)
}
