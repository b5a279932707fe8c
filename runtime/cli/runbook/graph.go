package runbook

import (
	"bufio"
	"context"
	"io"
	"os"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plangraph"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
)

// Graph is froyo graph.
type Graph struct {
	File   string `arg:"" optional:"" complete:"files:star,plans" help:"Runbook, or a saved plan; default: site.star."`
	Format string `enum:"dot,mermaid" default:"dot" help:"dot for Graphviz, or mermaid."`
	flags.Target
	flags.Vars
	flags.Units
}

// Help gives the command's example.
func (*Graph) Help() string {
	return `Draws the units of a plan and the dependencies between them: the order of the runbook dotted, requirements solid,
notifications dashed. For a runbook the hosts are read as froyo plan does; a saved plan is drawn as it is.

Examples:
  froyo graph plan.json | dot -Tsvg >plan.svg
  froyo graph web.star -i hosts.ini -l web1 --format mermaid`
}

// Run draws a saved plan, or plans and draws.
func (c *Graph) Run(ctx context.Context, e *console.Console) error {
	if !looksLikePlan(c.File) {
		return c.planned(ctx, e)
	}
	f := flags.Planning{Target: c.Target, Vars: c.Vars, Units: c.Units}
	if given := decided(&f); given != "" {
		return (&diag.Error{Summary: given + " cannot be given with a saved plan: the plan decides it"}).
			WithHint("draw the runbook instead: froyo graph FILE.star")
	}
	d, err := client.ReadPlan(ctx, e, c.File)
	if err != nil {
		return err
	}
	return c.draw(e.Stdout, plangraph.Of(d))
}

// planned draws what the runbook wants of the hosts as they are.
func (c *Graph) planned(ctx context.Context, e *console.Console) error {
	f := &flags.Planning{File: c.File, Target: c.Target, Vars: c.Vars, Units: c.Units}
	l, err := client.Load(ctx, e, f)
	if err != nil {
		return err
	}
	return planAnd(ctx, l, "graph", f, client.Options{}, func(s *client.Session) (diag.Code, error) {
		d, err := s.Run.Planned().Document()
		if err != nil {
			return diag.Usage, err
		}
		return diag.OK, c.draw(e.Stdout, plangraph.Of(d))
	})
}

func (c *Graph) draw(w io.Writer, g plangraph.Graph) error {
	if c.Format == "mermaid" {
		return g.WriteMermaid(w)
	}
	return g.WriteDOT(w)
}

// looksLikePlan tells a saved plan from a runbook: JSON begins with a brace, and a runbook does not.
func looksLikePlan(file string) bool {
	if file == "" {
		return false
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return err == nil && !info.IsDir() // a runbook is a regular file
	}
	f, err := os.Open(file)
	if err != nil {
		return false // whoever reads it as a runbook says so
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for {
		switch c, err := r.ReadByte(); {
		case err != nil:
			return false
		case c == '{':
			return true
		case c != ' ' && c != '\n' && c != '\r' && c != '\t':
			return false
		}
	}
}
