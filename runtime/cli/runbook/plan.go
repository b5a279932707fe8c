package runbook

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/plangraph"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Plan is froyo plan.
type Plan struct {
	flags.Planning
	listFlags
	Out      string `placeholder:"FILE" type:"path" complete:"files:json" help:"Save the plan; froyo apply --plan FILE applies exactly it."`
	Effects  bool   `help:"List the plan's effects on the hosts in words, planned and potential ones."`
	DOT      string `name:"dot" placeholder:"FILE" complete:"files" help:"Write the plan's graph for Graphviz; - is standard output."`
	Detailed bool   `name:"detailed-exitcode" help:"Exit with 2 where changes are pending."`
	Diff     bool   `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	// unguarded is that what is planned is to be applied without guard.
	unguarded bool
}

// Help gives the command's example.
func (*Plan) Help() string {
	return `Examples:
  froyo plan                                 site.star on all hosts
  froyo plan web.star -i hosts.ini -l 'web:!web3' -b
  froyo plan --out plan.json && froyo apply --plan plan.json`
}

// Run plans and prints.
func (c *Plan) Run(ctx context.Context, e *console.Console) error {
	if c.lists() {
		if err := unlisted(&c.Output); err != nil {
			return err
		}
	}
	if err := errors.Join(client.CheckOutput("--out", c.Out), client.CheckOutput("--dot", c.DOT)); err != nil {
		return err
	}
	l, err := client.Load(ctx, e, &c.Planning)
	if err != nil {
		return err
	}
	if c.lists() {
		return c.list(ctx, l, c.JSON)
	}
	if c.Out != "" {
		l.Effects = "froyo show " + wording.Quote(fromHere(c.Out)) + " --effects"
	}
	return planOnly(ctx, l, c)
}

// planOnly plans, prints and saves, and changes nothing.
func planOnly(ctx context.Context, l *client.Loaded, c *Plan) error {
	return planAnd(ctx, l, "plan", &c.Planning, client.Options{Unguarded: c.unguarded}, func(s *client.Session) (diag.Code, error) {
		if c.Detailed && plan.Summarize(s.Run.Planned().Hosts).Pending() > 0 {
			return diag.Pending, c.print(s)
		}
		return diag.OK, c.print(s)
	})
}

// planAnd plans, hands the plan on to be shown, and tells what went wrong. It changes nothing.
// The exit code is the worst of what went wrong and what show says.
func planAnd(ctx context.Context, l *client.Loaded, command string, f *flags.Planning, o client.Options, show func(*client.Session) (diag.Code, error)) (err error) {
	if err := f.CheckTime(); err != nil {
		return errors.Join(err, l.Close(ctx))
	}
	s, err := l.Begin(ctx, command, f, o)
	if err != nil {
		return err
	}
	code := diag.OK
	defer func() { err = endWith(code, errors.Join(err, s.Close(ctx, code, nil))) }()
	err = s.Plan(ctx)
	s.Run.Leave(ctx)
	found := s.Run.Planned().Errors()
	code = diag.CodeOf(found)
	if err != nil {
		code = codeWith(diag.Usage, err)
		return err
	}
	l.NoteTargets()
	shown, err := show(s)
	if err != nil {
		code = diag.Usage
		return err
	}
	code = diag.Worst(code, shown)
	s.Warn()
	l.Console.Errors.Print(found)
	return nil
}

// print prints the plan, and writes the files that were asked for.
func (c *Plan) print(s *client.Session) error {
	switch {
	case c.Effects:
		if err := printEffects(s.Console(), plan.Effects(s.Run.Planned().Hosts, s.Run.Job().Plays()), c.JSON); err != nil {
			return err
		}
	case c.JSON:
		if err := s.Run.Planned().Write(s.Console().Stdout); err != nil {
			return err
		}
	case c.DOT != "-":
		if err := s.Print(!c.Diff); err != nil {
			return err
		}
	}
	if err := s.WritePlanLine(); err != nil {
		return err
	}
	if c.Out != "" {
		if err := client.WriteFile("--out", c.Out, s.Run.Planned().Write); err != nil {
			return err
		}
	}
	if c.DOT != "" {
		return writeDOT(s, c.DOT)
	}
	return nil
}

// writeDOT writes the plan's graph to a file; "-" is standard output.
func writeDOT(s *client.Session, name string) error {
	d, err := s.Run.Planned().Document()
	if err != nil {
		return err
	}
	if name == "-" {
		return plangraph.Of(d).WriteDOT(s.Console().Stdout)
	}
	return client.WriteFile("--dot", name, plangraph.Of(d).WriteDOT)
}

// printEffects prints what a plan does on the hosts, one line for each effect.
func printEffects(e *console.Console, effects []plan.Effect, asJSON bool) error {
	out := bufio.NewWriter(e.Stdout)
	if !asJSON {
		for _, effect := range effects {
			on := wording.On(effect.Hosts)
			if effect.On != "" {
				on = ui.Readable(effect.On) + "  for " + on
			}
			fmt.Fprintln(out, ui.Readable(effect.String())+"  on "+on)
		}
		return out.Flush()
	}
	if effects == nil {
		effects = []plan.Effect{}
	}
	text, err := json.MarshalIndent(effects, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", escape.JSON(text))
	return out.Flush()
}

// endWith ends a command with an exit code and, where something else went wrong, its error.
func endWith(code diag.Code, err error) error {
	code = codeWith(code, err)
	if interrupted(err) {
		err = &diag.Error{Summary: "interrupted; nothing further was done"}
	}
	if code == diag.OK && err == nil {
		return nil
	}
	return &console.ExitError{Code: code, Err: err}
}

// codeWith is the exit code of what ended with a code, and perhaps an error.
func codeWith(code diag.Code, err error) diag.Code {
	switch {
	case err == nil:
		return code
	case interrupted(err):
		return diag.Interrupted
	}
	return diag.Worst(code, diag.CodeOf(err))
}

// interrupted reports whether a command was ended by a signal, or since its output is no longer read.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || console.OutputClosed(err)
}
