// Package rotate is froyo secret rotate: it gives a secret another value, and brings that to the hosts that have it.
//
// It imports runtime/cli/client, runtime/cli/flags, runtime/cli/runbook, engine/secret and what these hold.
package rotate

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Command is froyo secret rotate.
type Command struct {
	Name     string   `arg:"" name:"secret" complete:"secrets" help:"A secret of the workspace: db/password."`
	Runbooks []string `arg:"" optional:"" name:"file" complete:"files:star" help:"Runbooks that use it; default: those of the workspace in which its name stands."`
	Generate generate `placeholder:"[=FORM]" help:"Make the new value: --generate=password(24), or as the runbook says (generate). Without it, it is read from standard input, or asked for."`
	Identity []string `name:"identity" placeholder:"FILE" complete:"files" help:"Open secrets with the age or SSH key of FILE (also: FROYO_IDENTITY), besides the workspace's own and those of ~/.ssh."`
	flags.Target
	flags.Vars
	flags.Guard
	HostTime time.Duration `name:"host-timeout" placeholder:"DURATION" default:"0s" help:"End the run of a host whose plan, or whose units, take longer than this in all, such as 10m; other hosts continue. 0s is no limit."`
	Yes      bool          `short:"y" name:"auto-approve" help:"Do not ask. Pauses of the runbooks still do: --no-pause."`
	JSON     bool          `name:"json" help:"Print events as lines of JSON instead of plans and recaps, and at the end what has which value. Asks nothing."`
	NoPause  bool          `name:"no-pause" help:"Continue at pauses of the runbooks without asking."`
	Diff     bool          `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	Wait     time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*Command) Help() string {
	return `Plans the runbooks that use the secret with its new value, shows which units of which hosts change, asks, keeps the new
value, and carries these plans out. Until the answer nothing is written anywhere.

Examples:
  froyo secret rotate db/password --generate          as the runbook generates it
  froyo secret rotate db/password --generate='hex(32)' -y
  froyo secret rotate api/token site.star -l web <token.txt -y`
}

// generate is a flag that may have a value.
type generate struct {
	given bool
	form  string
}

// IsBool has the flag stand without a value.
func (generate) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (g *generate) Decode(ctx *kong.DecodeContext) error {
	g.given = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		g.form = ctx.Scan.Pop().String()
	}
	return nil
}

// rotation is a secret that gets another value.
type rotation struct {
	*Command
	console  *console.Console
	at       *workspace.Workspace
	store    *store.Store
	old      []byte
	value    []byte
	made     string // how the new value was made, "" where it was given
	written  bool
	runbooks []string
	users    []string // the commands that bring the value to the hosts, also those of runbooks of which it is not known
	all      []string // these for all runbooks, where some hosts are left out
}

// Run rotates a secret.
func (c *Command) Run(ctx context.Context, e *console.Console) (err error) {
	r := &rotation{Command: c, console: e}
	if err := c.check(); err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.findRunbooks(); err != nil {
		return err
	}
	if err := r.next(ctx); err != nil {
		return err
	}
	f := &flags.Planning{Output: flags.Output{JSON: c.JSON}, Target: c.Target, Vars: c.Vars, HostTime: c.HostTime, NewSecrets: map[string]string{c.Name: string(r.value)}, Identities: c.Identity}
	loaded, err := r.load(ctx, f)
	if err != nil {
		return err
	}
	t := &runbook.Together{
		Flags: f, Yes: c.Yes, NoPause: c.NoPause, Diff: c.Diff, Wait: c.Wait, Guard: c.Guard,
		Question: func(plans []*run.Plan) string { return r.question(plans) },
		Settle:   func(ctx context.Context) error { return r.keep(ctx) },
		Takes:    func(p *run.Plan, arguments string) bool { return r.takes(p, "froyo apply"+arguments) },
	}
	err = t.Run(ctx, e, loaded)
	return errors.Join(err, r.conclude(t.Missed, err))
}

// takes reports whether a runbook uses the secret, or may: of hosts that could not be planned it is not known.
func (r *rotation) takes(p *run.Plan, command string) bool {
	uses := p.Asked(r.Name) || len(p.Left()) > 0
	if uses {
		r.users = append(r.users, command)
	}
	r.all = append(r.all, command)
	return uses
}

// check refuses flags that cannot be.
func (c *Command) check() error {
	if err := c.CheckWindow(); err != nil {
		return err
	}
	switch {
	case c.HostTime < 0 || c.Wait < 0:
		return &diag.Error{Summary: "--host-timeout and --lock-timeout cannot be negative"}
	case c.JSON && !c.Yes:
		return (&diag.Error{Summary: "--json does not show the plans, so they cannot be approved; use -y"}).WithHint("see before what would change: run it on a terminal, and answer no")
	case c.Generate.form != "":
		return source.Check(c.Generate.form)
	}
	return nil
}

// open opens the store, and reads what is to be replaced. It refuses to ask where there is no terminal.
func (r *rotation) open(ctx context.Context) error {
	if err := store.CheckName(r.Name); err != nil {
		return err
	}
	var err error
	if r.at, err = here.Workspace(r.console); err != nil {
		return err
	}
	if r.store, err = here.Secrets(r.console, r.at, r.Identity...); err != nil {
		return err
	}
	if err = r.store.Exists(r.Name); err != nil {
		return err
	}
	if !r.Yes && !r.console.Interactive() {
		return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("see before what would change: run it on a terminal, and answer no")
	}
	if r.old, err = r.store.Get(ctx, r.Name); err == nil {
		secret.Given(string(r.old)) // a host's file that has it is shown
	}
	return err
}

// next finds the new value.
func (r *rotation) next(ctx context.Context) (err error) {
	if r.Generate.given {
		r.made = r.Generate.form
		if r.made == "" {
			if r.made, err = r.form(); err != nil {
				return err
			}
		}
		r.value, err = r.generated()
	} else {
		r.value, err = r.read(ctx)
	}
	switch {
	case err != nil:
		return err
	case len(r.value) == 0:
		return (&diag.Error{Summary: "the new value of " + r.Name + " is empty; nothing was changed"}).WithHint("froyo secret rotate %s --generate makes one", r.Name)
	case string(r.value) == string(r.old):
		return (&diag.Error{Summary: "the new value of " + r.Name + " is the one that it has; nothing was changed"}).WithHint("froyo secret rotate %s --generate makes another", r.Name)
	}
	return nil
}

func (r *rotation) generated() ([]byte, error) {
	seal, err := r.at.Sealer()
	if err != nil {
		return nil, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	text, err := source.Generate(r.made, r.Name, hex.EncodeToString(nonce[:]), seal)
	return []byte(text), err
}

// load loads the runbooks; files that have no plays are no runbooks.
func (r *rotation) load(ctx context.Context, f *flags.Planning) (all []*client.Loaded, err error) {
	for _, file := range r.runbooks {
		one := *f
		one.File = file
		l, err := client.Load(ctx, r.console, &one)
		if err != nil {
			for _, l := range all {
				err = errors.Join(err, l.Close(ctx))
			}
			return nil, err
		}
		if len(l.Job.Plays()) == 0 {
			if err := l.Close(ctx); err != nil {
				return nil, err
			}
			continue
		}
		all = append(all, l)
	}
	return all, nil
}

func (r *rotation) question(plans []*run.Plan) string {
	how := "Give " + r.Name + " its new value"
	if r.made != "" {
		how = "Give " + r.Name + " a new value, " + r.made
	}
	if len(plans) == 0 {
		return how + "? No runbook uses it." + r.leftOut()
	}
	changing := map[string]bool{}
	var left []string
	for _, p := range plans {
		left = append(left, p.Left()...)
		for _, h := range p.Hosts {
			for _, s := range h.Steps() {
				if s.Pending() && h.Err == nil && len(h.Unplanned()) == 0 {
					changing[h.Host.Name] = true
				}
			}
		}
	}
	question := fmt.Sprintf("%s, and make these changes on %s?", how, wording.Plural(len(changing), "host"))
	if len(left) > 0 {
		question += " What could not be planned keeps the value that it has: " + list(left) + "."
	}
	return question + r.leftOut()
}

// narrowing is the flag that leaves hosts out, "-l web", or "".
func (r *rotation) narrowing() string {
	switch {
	case r.Limit == inventory.All: // which leaves none out
	case r.Limit != "":
		return "-l " + wording.Quote(r.Limit)
	case r.Where != "":
		return "--where " + wording.Quote(r.Where)
	}
	return ""
}

// leftOut says which hosts are not looked at.
func (r *rotation) leftOut() string {
	if by := r.narrowing(); by != "" {
		return " Hosts that " + by + " leaves out keep the value that they have."
	}
	return ""
}

// list is names in a sentence.
func list(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	const most = 10
	if rest := len(names) - most; rest > 0 {
		return ui.Readable(strings.Join(names[:most], ", ")) + fmt.Sprintf(" and %d more", rest)
	}
	return ui.Readable(strings.Join(names, ", "))
}

// keep writes the new value, unless another has been written since.
func (r *rotation) keep(ctx context.Context) error {
	if err := r.store.Replace(ctx, r.Name, r.old, r.value); err != nil {
		return err
	}
	r.written = true
	return here.Audit(ctx, r.at, state.Audit{Action: "secret rotate", Detail: r.Name})
}

// ended is the last line of --json.
type ended struct {
	Secret   string   `json:"secret"`
	Kept     bool     `json:"kept"`     // the workspace has the new value
	Missed   []string `json:"missed"`   // hosts that did not come to their end
	Commands []string `json:"commands"` // what brings the value to the hosts that may have the one before
}

// conclude says what has which value by now, and what brings the new one to the other hosts.
func (r *rotation) conclude(missed []string, err error) error {
	by, used := r.narrowing(), len(r.users) > 0
	text := r.Name + " has its new value"
	var others []string
	switch {
	case !r.written:
		text = r.Name + " has the value that it had; nothing was changed"
	case err != nil:
		which := "hosts that did not come to their end"
		if len(missed) > 0 {
			which += " (" + list(missed) + ")"
		}
		others = r.users
		if by != "" {
			which, others = which+" and those that "+by+" leaves out", r.all
		}
		text += " here; " + which + " may have the one before"
	case by != "" && len(r.all) > 0:
		others = r.all
		where := ", here and on the hosts of " + by
		if !used {
			where = "; no runbook uses it on the hosts of " + by
		}
		text += where + "; those that it leaves out may have the one before"
	case used:
		text += ", here and on the hosts"
	default:
		text += "; no runbook uses it"
	}
	if len(others) > 0 {
		text += "\nto bring it to them: " + strings.Join(others, "; ")
	}
	if r.JSON {
		slices.Sort(missed)
		return json.NewEncoder(r.console.Stdout).Encode(ended{r.Name, r.written, append([]string{}, missed...), append([]string{}, others...)})
	}
	r.console.Errors.Note(text)
	return nil
}

// read reads the new value from standard input as it is, or asks for it, twice.
func (r *rotation) read(ctx context.Context) ([]byte, error) {
	if !r.console.Interactive() {
		value, err := input.Stream(ctx, "the new value of "+r.Name, r.console.Stdin, store.MaxSize)
		if err == nil {
			here.WarnOfLineBreak(r.console, value, "froyo secret rotate "+r.Name)
		}
		return value, err
	}
	first, err := r.console.Hidden(ctx, "new value of "+r.Name+": ")
	if err != nil {
		return nil, gone(err)
	}
	again, err := r.console.Hidden(ctx, "once more: ")
	if err != nil {
		return nil, gone(err)
	}
	if !bytes.Equal(first, again) {
		r.console.Drop()
		return nil, (&diag.Error{Summary: "the two are not the same; nothing was changed"}).WithHint("froyo secret rotate %s --generate makes one", r.Name)
	}
	return first, nil
}

// gone says that a question got no answer.
func gone(err error) error {
	if errors.Is(err, io.EOF) {
		return &diag.Error{Summary: "no value was given; nothing was changed"}
	}
	return err
}
