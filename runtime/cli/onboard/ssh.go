package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// passwordVariable is where the password may be.
const passwordVariable = "FROYO_ONBOARD_PASSWORD"

// wanted is what is wanted of a host.
type wanted struct {
	Key        string   `default:"default-ed25519" placeholder:"KEY" complete:"files" help:"The key that lets the new user in: one of froyo key list (default-ed25519), or the file of a private key."`
	User       string   `name:"create-user" default:"froyo" placeholder:"NAME" help:"The user who is made, as whom froyo logs in from then on (froyo)."`
	Sudo       string   `default:"NOPASSWD: ALL" placeholder:"RULE" help:"What that user may do, as sudoers has it behind the user's name ('NOPASSWD: ALL')."`
	LockDown   []string `name:"lock-down" placeholder:"WHAT" help:"What is closed once the key lets in: disable_password_auth, disable_root_login."`
	NoRollback bool     `name:"no-rollback" help:"Leave the user nothing to restore the host by; then froyo onboard rollback takes root's credentials."`
}

// doing says how it is done.
type doing struct {
	Yes     bool          `short:"y" name:"auto-approve" help:"Do not ask whether to make the changes. The key of a host that is not known takes --accept-new or --host-key."`
	DryRun  bool          `short:"C" name:"dry-run" help:"Only show what would change."`
	Effects bool          `help:"With -C: list the plan's effects on the hosts in words, planned and potential ones."`
	JSON    bool          `name:"json" help:"Print JSON on standard output."`
	Wait    time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// credentials say who is let in now.
type credentials struct {
	Password string `placeholder:"PASSWORD" help:"The password of that user. Others on this machine can see it in the list of processes; better: --password-file, --password-secret, FROYO_ONBOARD_PASSWORD, or be asked."`
	File     string `name:"password-file" placeholder:"FILE" complete:"files" help:"A file that holds it; - is standard input."`
	Secret   string `name:"password-secret" placeholder:"NAME" complete:"secrets" help:"A secret that holds it, as in secret(NAME)."`
}

type sshCommand struct {
	Host string `required:"" placeholder:"ADDRESS" help:"The host's name or IP address."`
	Port int    `placeholder:"N" help:"Its port of SSH (22)."`
	Name string `placeholder:"NAME" help:"What the target is called; default: the address."`
	User string `default:"root" placeholder:"NAME" help:"Who is let in now (root). Another user than root needs sudo."`
	credentials
	HostKey string `name:"host-key" placeholder:"SHA256:..." help:"The fingerprint of the host's key. Nothing is sent to a host that shows another."`
	Labels  string `placeholder:"k=v,k=v" help:"What selectors find the target by."`
	wanted  `embed:""`
	doing   `embed:""`
	way     `embed:""`
}

// Help gives the command's example.
func (*sshCommand) Help() string {
	return `It logs in, makes a user who is let in by a key and may do what a sudo rule says, proves that over a new connection, only then closes
what is to be closed, and registers the target, which is a host of the inventory from then on. A second time it proves what can be seen.

Examples:
  froyo onboard ssh --host 10.0.0.42
  froyo onboard ssh --host 10.0.0.42 --name web1 --labels env=dev,role=web --lock-down disable_password_auth
  froyo onboard ssh --host 10.0.0.42 --sudo 'NOPASSWD: /usr/bin/systemctl,/usr/bin/apt'
  pass show web1 | froyo onboard ssh --host 10.0.0.42 --password-file - -y --host-key SHA256:...
  froyo onboard ssh --host 10.0.0.42 --dry-run`
}

// Run onboards a host.
func (c *sshCommand) Run(ctx context.Context, e *console.Console) error {
	if err := c.check(e); err != nil {
		return err
	}
	return opened(e, &c.way, c.words(), func(s *session) error {
		entry, err := c.entry(ctx, s)
		if err != nil {
			return err
		}
		return s.run(ctx, []*onboard.Entry{entry}, &c.doing, &c.way, c.line())
	})
}

// check refuses flags that cannot be, before anything else.
func (c *sshCommand) check(e *console.Console) error {
	if c.Port < 0 || c.Port > 65535 {
		return &diag.Error{Summary: fmt.Sprintf("--port %d is not between 1 and 65535", c.Port)}
	}
	if err := c.credentials.check(e); err != nil {
		return err
	}
	return c.doing.check(e)
}

// given counts the flags that give a password.
func (c *credentials) given() (n int) {
	for _, is := range []bool{c.Password != "", c.File != "", c.Secret != ""} {
		if is {
			n++
		}
	}
	return n
}

// check refuses several passwords, and warns of one that can be seen.
func (c *credentials) check(e *console.Console) error {
	if c.given() > 1 {
		return (&diag.Error{Summary: "of --password, --password-file and --password-secret one is enough"}).WithHint("leave the others out")
	}
	if c.Password != "" {
		e.Errors.Warnings([]*diag.Error{(&diag.Error{Summary: "--password can be seen in the list of processes, and in the shell's history"}).
			WithHint("leave it out to be asked, or set %s", passwordVariable)})
	}
	return nil
}

func (d *doing) check(e *console.Console) error {
	switch {
	case d.Effects && !d.DryRun:
		return (&diag.Error{Summary: "--effects shows a plan that is not carried out, and -C is not given"}).WithHint("add -C")
	case d.JSON && !d.Yes && !d.DryRun:
		return (&diag.Error{Summary: "--json does not show the plan, so it cannot be approved; use -y"}).WithHint("see it before: --dry-run without --json")
	}
	return nil
}

// asks refuses to ask where nobody could answer, once it is known that what is named is there.
func (d *doing) asks(e *console.Console) error {
	if d.DryRun || d.Yes || e.Interactive() {
		return nil
	}
	return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("see what would change: --dry-run")
}

// entry is what the flags want.
func (c *sshCommand) entry(ctx context.Context, s *session) (*onboard.Entry, error) {
	r := onboard.Request{
		Name: c.Name, Address: strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]"), Port: c.Port, Login: c.User, HostKey: c.HostKey,
		User: c.wanted.User, Sudo: c.Sudo, NoRollback: c.NoRollback,
	}
	if r.Port == 22 {
		r.Port = 0
	}
	var err error
	if r.Labels, err = onboard.ParseLabels(c.Labels); err != nil {
		return nil, err
	}
	if r.LockDown, err = onboard.ParseLocks(c.LockDown); err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = r.Address
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	if r.Password, err = c.password(ctx, s.console); err != nil {
		return nil, err
	}
	if r.Key, err = s.key(ctx, c.Key); err != nil {
		return nil, err
	}
	entry := &onboard.Entry{Request: r}
	return entry, s.free(ctx, entry, c.Name == "")
}

// maxPassword bounds what is read as a password.
const maxPassword = 1 << 16

// password is that of the flags or the environment, nil where neither has one.
func (c *credentials) password(ctx context.Context, e *console.Console) (*inventory.Credential, error) {
	pos := diag.Pos{File: "--password"}
	text := c.Password
	switch {
	case c.Secret != "":
		return &inventory.Credential{Secret: c.Secret, Pos: diag.Pos{File: "--password-secret"}}, nil
	case c.File == "-":
		read, err := input.Stream(ctx, "--password-file -", e.Stdin, maxPassword)
		if err != nil {
			return nil, err
		}
		text = string(read)
	case c.File != "":
		read, err := input.File{Name: c.File, What: "--password-file " + c.File, Max: maxPassword}.Read(ctx)
		if err != nil {
			return nil, err
		}
		text = string(read)
	case text == "":
		if text = e.Getenv(passwordVariable); text == "" {
			return nil, nil
		}
		pos.File = passwordVariable
	}
	if c.File != "" {
		pos.File = "--password-file " + c.File
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	if text == "" {
		return nil, (&diag.Error{Summary: pos.File + ": the password is empty"}).WithHint("leave it out to be asked")
	}
	return &inventory.Credential{Text: secret.Given(text), Pos: pos}, nil
}

// free refuses a name that something else has. Without a name of its own an address keeps the one that it has.
func (s *session) free(ctx context.Context, e *onboard.Entry, unnamed bool) error {
	err := s.with(ctx, func(store state.Store) error {
		all, err := store.Targets(ctx, s.workspace.ID())
		for _, t := range all {
			same := t.Address == e.Address && t.Port == e.Port
			if same && t.User == e.User {
				if t.Key != e.Target("").Key || t.KeyFile != e.Target("").KeyFile {
					return (&diag.Error{Summary: fmt.Sprintf("%s lets %s in by the key %s, which a second time does not change", t.Name, t.User, cmp.Or(t.KeyFile, t.Key))}).
						WithHint("give it the other key: froyo onboard rekey --host %s --key %s", wording.Quote(t.Name), wording.Quote(e.Key.String()))
				}
				s.labels[e] = t.Labels
			}
			switch {
			case same && unnamed:
				e.Name = t.Name
			case same && t.Name != e.Name:
				return (&diag.Error{Summary: fmt.Sprintf("%s is registered already, as %s", e.Address, t.Name)}).
					WithHint("to give it another name, drop that one first: froyo onboard forget %s", t.Name)
			case !same && t.Name == e.Name && t.Address == e.Address:
				return (&diag.Error{Summary: fmt.Sprintf("%s is registered already, with the port %d, as %s", e.Address, cmp.Or(t.Port, 22), t.Name)}).
					WithHint("where its sshd has another port by now: froyo onboard forget %s, then again; where another host is behind this port, give it a name: --name", wording.Quote(t.Name))
			case !same && t.Name == e.Name:
				return (&diag.Error{Summary: fmt.Sprintf("the name %s is taken: it is %s@%s", t.Name, t.User, t.Address)}).
					WithHint("give another by --name, or drop that one: froyo onboard forget %s", t.Name)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	sources := s.workspace.Inventory()
	if len(sources) == 0 {
		return nil
	}
	inv, err := flags.Load(ctx, s.console, s.workspace, sources, &flags.Vault{})
	if err != nil {
		return err
	}
	if h := inv.Host(e.Name); h != nil && e.Name != "localhost" {
		return (&diag.Error{Summary: fmt.Sprintf("the inventory has a host %s already", e.Name), Pos: h.Pos}).WithHint("give another by --name, or take it out of the file")
	}
	return nil
}

// line is the command line, without passwords.
func (c *sshCommand) line() string {
	words := []string{"froyo", "onboard", "ssh"}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, wording.Quote(value))
		}
	}
	add("--host", c.Host)
	if c.Port != 0 {
		add("--port", fmt.Sprint(c.Port))
	}
	add("--name", c.Name)
	add("--user", c.User)
	add("--key", c.Key)
	add("--create-user", c.wanted.User)
	add("--sudo", c.Sudo)
	add("--lock-down", strings.Join(c.LockDown, ","))
	add("--labels", c.Labels)
	if c.NoRollback {
		words = append(words, "--no-rollback")
	}
	return strings.Join(words, " ")
}

// run looks at hosts, brings those that it takes to what is wanted of them, and tells how that ended.
func (s *session) run(ctx context.Context, all []*onboard.Entry, d *doing, w *way, line string) error {
	if err := d.asks(s.console); err != nil {
		return err
	}
	if d.DryRun {
		s.prover.Register = func(context.Context, state.Target) error { return nil }
	}
	var missing []*onboard.Entry
	errs := make([]error, len(all))
	var looks sync.WaitGroup
	for i, e := range all {
		looks.Go(func() { errs[i] = s.prover.Look(ctx, e) })
	}
	looks.Wait()
	for i, e := range all {
		if errs[i] != nil {
			errs[i] = blame.Host(e.Name, errs[i])
			continue
		}
		s.console.Errors.Note(fmt.Sprintf("the host key of %s is %s", e.Name, e.HostKey))
		if len(e.Unseen) > 0 {
			s.console.Errors.Note(fmt.Sprintf("%s cannot read %s on %s: what is set there for some connections is not proven", e.User, ui.Readable(strings.Join(e.Unseen, ", ")), e.Name))
		}
		if e.Unmarked && e.Done {
			s.console.Errors.Note(fmt.Sprintf("the key of %s on %s lacks the comment by which rollback finds it; it gets it by: froyo onboard rekey --host %s --key %s", e.User, e.Name, wording.Quote(e.Name), wording.Quote(e.Key.String())))
		}
		if !e.Done {
			missing = append(missing, e)
		}
	}
	var err error
	if len(missing) > 0 {
		err = s.carry(ctx, missing, book{onboard.Runbook, onboard.Hosts(missing)}, d, w, line)
	}
	if err != nil && !d.DryRun {
		s.undone(missing)
	}
	return errors.Join(err, s.tell(all, d), errors.Join(errs...))
}

// undone says how hosts that did not come to be registered are restored.
func (s *session) undone(all []*onboard.Entry) {
	for _, e := range all {
		if e.Done || !e.Begun {
			continue
		}
		line := "froyo onboard rollback --host " + e.Place()
		is := "is not registered"
		if _, was := s.labels[e]; was {
			is = "stays registered as it was"
		}
		s.console.Errors.Note(fmt.Sprintf("%s %s; another time goes on with it, and what was done there is undone by: %s --user %s", e.Name, is, line, wording.Quote(e.Login)))
	}
}

// book is a runbook, and the hosts that it is for.
type book struct {
	text  string
	hosts *inventory.Inventory
}

// carry carries a runbook out.
func (s *session) carry(ctx context.Context, all []*onboard.Entry, b book, d *doing, w *way, line string) (err error) {
	types, err := client.Types(ctx, s.console)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, types.Close(ctx)) }()
	by := map[string]*onboard.Entry{}
	for _, e := range all {
		by[e.Name] = e
	}
	a := &runbook.Apply{
		Planning: flags.Planning{Target: flags.Target{Given: b.hosts, Login: w.login()}, Output: flags.Output{JSON: d.JSON}, Proven: true, Quiet: true},
		Stale:    "skip", Yes: d.Yes, Check: d.DryRun, Effects: d.Effects, Diff: true, NoPause: true, Wait: d.Wait, PlanAgain: line + " -C",
	}
	return a.RunLoaded(ctx, s.console, func(ctx context.Context, e *console.Console) (*client.Loaded, error) {
		return client.LoadLine(ctx, e, &a.Planning, client.Line{
			Text: b.text, Command: line, Note: line, Types: types, Typed: true,
			Wrap: func(host string, t plan.Target) plan.Target { return s.prover.Wrap(by[host], t) },
		})
	})
}

// tell tells what is registered.
func (s *session) tell(all []*onboard.Entry, d *doing) error {
	for _, e := range all {
		if !e.Done {
			continue
		}
		is := "is"
		if d.DryRun {
			is = "would be"
		}
		text := fmt.Sprintf("%s %s registered: %s@%s, by the key %s", e.Name, is, e.User, e.Address, e.Key)
		if !e.Changed {
			text += "; nothing was to be changed"
		}
		if before, was := s.labels[e]; was && !maps.Equal(before, e.Labels) {
			text += fmt.Sprintf("; its labels are %s, before: %s", cmp.Or(labels(e.Labels), "none"), cmp.Or(labels(before), "none"))
		}
		if d.JSON {
			event.NewLines(s.console.Stdout).Emit(event.Event{Kind: event.HostOnboarded, Time: time.Now(), Host: e.Name, Text: text})
			continue
		}
		if _, err := fmt.Fprintln(s.console.Stdout, text); err != nil {
			return err
		}
	}
	return nil
}
