package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/runs"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Resume is froyo resume.
type Resume struct {
	Name        string   `arg:"" name:"run" optional:"" complete:"resumable" help:"ID of a run, or its beginning; default: the last run that can be resumed."`
	Interrupted []string `sep:"none" placeholder:"[UNIT=]fail|skip|rerun" help:"What happens to interrupted commands without a guard; overrides their on_resume. For all, or for one: 'h1/cmd[migrate]=skip'. May be repeated."`
	Changes     bool     `name:"with-changes" help:"Use the runbook as it is now, instead of as it was when the run began."`
	flags.Login
	flags.Vars
	flags.Output
	HostTime time.Duration `name:"host-timeout" placeholder:"DURATION" default:"0s" help:"End the run of a host whose plan, or whose units, take longer than this in all, such as 10m; other hosts continue. 0s is no limit."`
	JUnit    string        `name:"junit" placeholder:"FILE" type:"path" complete:"files:xml" help:"Write a JUnit report to FILE at the end: a suite for each host, a case for each unit."`
	Yes      bool          `short:"y" name:"auto-approve" help:"Do not ask. Pauses of the runbook still do: --no-pause."`
	NoPause  bool          `name:"no-pause" help:"Continue at pauses of the runbook without asking."`
	Step     bool          `help:"Ask before each unit that acts, one host at a time."`
	Live     bool          `help:"Show what commands print as they do, each line with its host and unit."`
	Diff     bool          `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	flags.Guard
	Wait time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*Resume) Help() string {
	return `Resumes an apply that was interrupted, killed, or failed, with the runbook, variables and hosts that it had then.
Completed units are not repeated. A command without a guard whose outcome is unknown fails, unless --interrupted or its
on_resume says otherwise. Nothing is asked where the plan was approved and what is left of it is as it was planned.
The values of sensitive variables are not stored: give them again, with FROYO_VAR_k or -e, and no others.

The run continues with the sources that it began with; what has changed in them since is listed.

Examples:
  froyo resume                               the last that can be resumed
  froyo resume 20261125-2109 -y
  froyo resume --interrupted rerun           interrupted commands run again
  froyo resume --interrupted 'web1/cmd[migrate]=skip'
  froyo resume --with-changes                with the runbook as it is now`
}

// resumeWords are hints of connections for a command that takes the users of the run, and has no -u.
var resumeWords = strings.NewReplacer(
	"check the user (-u) and the key (--key)", "check the user in the inventory and the key (--key)",
	"give one by -u, in the inventory", "give one in the inventory", "(-u, ansible_user)", "(ansible_user)", "ansible_user and -u", "ansible_user",
	"another user with -u", "another user in the inventory",
)

// Run resumes a run.
func (c *Resume) Run(ctx context.Context, e *console.Console) error {
	e.Errors.Words = resumeWords
	f := &flags.Planning{Target: flags.Target{Login: c.Login}, Output: c.Output, HostTime: c.HostTime}
	f.Live = c.Live
	check := &Apply{JUnit: c.JUnit, Yes: c.Yes, Step: c.Step, Wait: c.Wait, Guard: c.Guard, Stale: "skip", Planning: *f}
	if err := check.check(e); err != nil {
		return err
	}
	found, later, err := unfinished(ctx, e, c.Name)
	if err != nil || found == nil {
		return err
	}
	resumed := &resumption{run: found, changes: c.Changes, later: later}
	switch {
	case c.Yes:
	case c.JSON:
		return &diag.Error{Summary: "--json does not show the plan, so it cannot be approved; use -y"}
	case !c.Step && !e.Interactive():
		if why := resumed.before(); why != "" {
			return noTerminal(why)
		}
	}
	l, err := client.LoadResumed(ctx, e, found, client.Resumed{Vars: &c.Vars, Vault: &c.Vault, OnResume: c.Interrupted, WithChanges: c.Changes})
	if err != nil {
		return err
	}
	return execution{flags: f, resumed: resumed, junit: c.JUnit, yes: c.Yes, step: c.Step, noPause: c.NoPause, diff: c.Diff, wait: c.Wait, window: c.Window, unguarded: c.NoGuard}.run(ctx, l)
}

// noteResumed says how far the run had come that is resumed.
func noteResumed(l *client.Loaded, s *client.Session) {
	done, unknown := s.Run.Proposed().Interrupted()
	r := s.Run.Job().Spec.Resumed
	text := fmt.Sprintf("resuming run %s of %s: %s done", r.ID, wording.When(r.Started), wording.Plural(done, "unit"))
	if unknown > 0 {
		text += ", " + wording.Plural(unknown, "unit") + " interrupted"
	}
	s.Console().Errors.Note(text + sourcesNote(l))
}

// sourcesNote says which sources a resumed run goes by, and how they differ from the others.
func sourcesNote(l *client.Loaded) string {
	if len(l.SourceChanges) == 0 {
		return "; its sources have not changed since"
	}
	files := make([]string, len(l.SourceChanges))
	for i, c := range l.SourceChanges {
		files[i] = fmt.Sprintf("%s (+%d -%d)", ui.Readable(c.File), c.Added, c.Removed)
		if c.Gone {
			files[i] = ui.Readable(c.File) + " (gone)"
		}
	}
	changed := strings.Join(files, ", ")
	if l.WithChanges {
		return "\nwith the present sources; changed since it began: " + changed
	}
	return "\nwith the sources that it began with; changed since then, and not taken: " + changed + "\n--with-changes takes the present ones"
}

// unfinished finds the run to resume, and counts the runs after it that have changed things. nil is that there is
// none, which it has told.
func unfinished(ctx context.Context, e *console.Console, name string) (_ *state.Run, later int, err error) {
	store, workspace, err := here.State(ctx, e)
	if err != nil {
		return nil, 0, err
	}
	if store == nil {
		e.Errors.Note("nothing to resume: nothing was ever applied here")
		return nil, 0, nil
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := worker.CloseDead(ctx, store, workspace, time.Now()); err != nil {
		return nil, 0, err
	}
	all, err := store.Runs(ctx, workspace, -1)
	if err != nil {
		return nil, 0, err
	}
	if name != "" {
		run, err := resumable(e, all, name)
		if err != nil || run == nil {
			return nil, 0, err
		}
		at := slices.IndexFunc(all, func(r state.Run) bool { return r.ID == run.ID })
		return run, warnLater(e, all[:at], run), nil
	}
	for i := range all { // the youngest first
		if r := &all[i]; r.Resumable && runs.Changes(r) && (r.Status == state.Interrupted || r.Status == state.Failed) {
			return r, warnLater(e, all[:i], r), nil
		}
	}
	e.Errors.Note("nothing to resume: no run failed or was interrupted after it had changed something")
	return nil, 0, nil
}

// resumable finds the run that is named.
func resumable(e *console.Console, all []state.Run, name string) (*state.Run, error) {
	run, err := runs.Find(all, name)
	switch {
	case err != nil:
		return nil, err
	case !runs.Changes(&run):
		return nil, &diag.Error{Summary: fmt.Sprintf("run %s is of froyo %s, which changes nothing: there is nothing to resume", run.ID, run.Command)}
	case run.Command == runs.OfShell:
		return nil, &diag.Error{Summary: fmt.Sprintf("run %s is a line of froyo run shell, which is not resumed", run.ID)}
	case run.Status == state.Running:
		return nil, state.UnderWay(run.ID, run.PID)
	case run.Resumable:
		return &run, nil
	}
	why := "it came to its end"
	switch run.Status {
	case state.NeverStarted:
		why = "it was broken off before it had changed anything; apply again"
	case state.Failed, state.Interrupted:
		why = "it had not changed anything, or is too long ago; apply again"
	}
	e.Errors.Note(fmt.Sprintf("nothing to resume of run %s: %s", run.ID, why))
	return nil, nil
}

// warnLater counts the runs after the one that is resumed that have changed things, and says that there are some.
func warnLater(e *console.Console, later []state.Run, run *state.Run) int {
	n := 0
	for i := range later {
		if runs.Changes(&later[i]) && later[i].Status != state.NeverStarted {
			n++
		}
	}
	if n > 0 {
		e.Errors.Warnings([]*diag.Error{(&diag.Error{
			Summary: fmt.Sprintf("%s came after run %s, which is now resumed as it was then", wording.Plural(n, "apply run"), run.ID),
		}).WithHint("froyo runs list shows them; look at the plan before you say yes")})
	}
	return n
}

// resumption is a run that is resumed: whether what is left of it was approved already.
type resumption struct {
	run     *state.Run
	changes bool // the present sources are taken
	later   int  // runs that changed things since
}

// before says why the plan has to be approved again, as far as that is known before there is one; "" is that it has not.
func (r *resumption) before() string {
	switch {
	case r.changes:
		return "--with-changes takes the present sources"
	case r.run.Applying.IsZero() || r.run.Approval.Time.IsZero():
		return "its plan was not approved when it was made last"
	case r.later > 0:
		return wording.Plural(r.later, "apply run") + " came after it"
	}
	return ""
}

// unapproved says why the plan has to be approved again, "" where it was approved: what is left of it is what was
// planned then, and nothing is unknown.
func (r *resumption) unapproved(p *run.Plan) string {
	if why := r.before(); why != "" {
		return why
	}
	if n := resume.Unknown(p.Hosts); n > 0 {
		return "the outcome of " + wording.Plural(n, "unit") + " is unknown"
	}
	if n := resume.Unforeseen(p.Hosts); n > 0 {
		return wording.Plural(n, "change") + " that it had not planned: hosts have changed since, or had no plan then"
	}
	return ""
}

// settle reports whether the plan of a resumed run needs no question, and says so; where it needs one there must be a
// terminal to ask on.
func (r *resumption) settle(s *client.Session) (settled bool, err error) {
	why := r.unapproved(s.Run.Proposed())
	if why == "" {
		a := r.run.Approval
		s.Console().Errors.Note(fmt.Sprintf("nothing is asked: %s approved this at %s, and nothing is unknown", a.By, wording.When(a.Time)))
		return true, nil
	}
	return false, r.needsTerminal(s, why)
}

func (r *resumption) needsTerminal(s *client.Session, why string) error {
	if s.Console().Interactive() {
		if e := (ending{acted: true, run: s.Run.ID(), undecided: undecided(s)}); len(e.undecided) > 0 {
			why += "\n" + next(e)
		}
		s.Console().Errors.Note("approve it again: " + why)
		return nil
	}
	return noTerminal(why)
}

// noTerminal is the error of a resumed run that has to be approved where nobody can be asked.
func noTerminal(why string) error {
	return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("it has to be approved again: %s", why)
}
