package key

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type rotateCommand struct {
	Name string `arg:"" name:"key-name" complete:"keys" help:"Name of the key."`
	flags.Target
	Yes  bool          `short:"y" name:"auto-approve" help:"Do not ask."`
	Wait time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*rotateCommand) Help() string {
	return `Makes another key of the kind, adds it on each host that uses the key, of the inventory or onboarded, logs in to each by the new key over a
new connection, and only then removes the old one from them. Where a host cannot be reached or does not take the new key, the
old one stays on all of them, both are kept, and the next call goes on from there.

Examples:
  froyo key rotate default-ed25519
  froyo key rotate web-ed25519 -y`
}

// rotation is a key that gets a successor.
type rotation struct {
	*rotateCommand
	console *console.Console
	keys    *keys.Keys
	state   keys.Rotation
	hosts   []*inventory.Host
	targets map[string]state.Target // those of them that were onboarded, by name
	users   map[string]string       // who is logged in as, by host
}

// Run rotates a key.
func (c *rotateCommand) Run(ctx context.Context, e *console.Console) error {
	k, err := (&Opens{}).change(ctx, e)
	if err == nil {
		err = errors.Join(k.Check(ctx, c.Name), c.whole())
	}
	if err != nil {
		return err
	}
	if !c.Yes && !e.Interactive() {
		return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("see before which hosts use the key: froyo inventory list")
	}
	r := &rotation{rotateCommand: c, console: e, keys: k, users: map[string]string{}}
	if r.state, err = k.Rotating(ctx, c.Name); err != nil {
		return err
	}
	if err := r.find(ctx); err != nil {
		return err
	}
	if !c.Yes {
		if err := e.Approve(ctx, r.question(), "rotated"); err != nil {
			return err
		}
	}
	if err := r.bring(ctx); err != nil {
		return err
	}
	return r.takeAway(ctx)
}

// question tells what is about to be done.
func (r *rotation) question() string {
	on := wording.Plural(len(r.hosts), "host")
	if len(r.hosts) > 0 && len(r.hosts) <= 10 {
		on += ", " + names(r.hosts)
	}
	if r.state.Replaced {
		return fmt.Sprintf("Remove the key before %s from %s?", r.Name, on)
	}
	return fmt.Sprintf("Rotate %s on %s?", r.Name, on)
}

func names(hosts []*inventory.Host) string {
	return ui.Readable(strings.Join(inventory.Names(hosts), ", "))
}

// whole refuses flags that leave out hosts: those would keep the key, and the rotation would stay unfinished for ever.
func (c *rotateCommand) whole() error {
	if c.Limit == "" && c.Where == "" && len(c.Inventory) == 0 {
		return nil
	}
	return (&diag.Error{Summary: "a key is rotated on all hosts that use it; -l, --where and -i leave some out"}).WithHint("leave them away: %s", c.again())
}

// find finds the hosts that use the key.
func (r *rotation) find(ctx context.Context) (err error) {
	f, err := client.OpenFleet(ctx, r.console, &r.Target, nil)
	if err != nil {
		return err
	}
	for _, h := range f.Hosts {
		if c := h.PrivateKey; c != nil && c.Key == r.Name && h.Connection == inventory.SSH {
			r.hosts = append(r.hosts, h)
		}
	}
	if err := f.Close(ctx); err != nil {
		return err
	}
	r.targets = map[string]state.Target{}
	return r.kept(ctx, func(store state.Store, workspace string) error {
		all, err := store.Targets(ctx, workspace)
		for _, t := range all {
			if t.Key == r.Name {
				r.targets[t.Name] = t
			}
		}
		return err
	})
}

// kept does something with the state of the workspace, where there is one.
func (r *rotation) kept(ctx context.Context, do func(store state.Store, workspace string) error) (err error) {
	store, workspace, err := here.State(ctx, r.console)
	if err != nil || store == nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(store, workspace)
}

// register records the new key with the targets that have it.
func (r *rotation) register(ctx context.Context) error {
	if len(r.targets) == 0 {
		return nil
	}
	return r.kept(ctx, func(store state.Store, _ string) error {
		for _, t := range r.targets {
			t.KeyLine, _ = keys.Bare(r.state.New)
			if t.KeyPrint == r.state.Fingerprint {
				continue
			}
			t.KeyPrint = r.state.Fingerprint
			by := state.Audit{Time: time.Now(), Action: "key rotate", Hosts: t.Name, Outcome: audit.Done, Detail: fmt.Sprintf("%s lets %s in by the new %s, %s", t.Name, t.User, r.Name, t.KeyPrint)}
			if err := store.Register(ctx, t, by); err != nil {
				return err
			}
		}
		return nil
	})
}

// bring adds the new key on all hosts, and gives it the place of the old one once all have let froyo in by it.
func (r *rotation) bring(ctx context.Context) error {
	if r.state.Replaced {
		return nil
	}
	if err := r.keys.Successor(ctx, r.Name, &r.state); err != nil {
		return err
	}
	err := r.login(ctx, r.Name, "", r.hosts)
	if reached := r.reached(); len(reached) > 0 {
		err = errors.Join(err, r.apply(ctx, r.state.New, "present"), r.login(ctx, keys.Next(r.Name), r.state.Fingerprint, reached))
	}
	if err != nil {
		return r.unfinished(err, "has not taken its place; the old one stays on every host")
	}
	if err := r.keys.Replace(ctx, r.Name, &r.state); err != nil {
		return err
	}
	if err := note(ctx, r.console, "rotate", r.Name+" is "+r.state.Fingerprint); err != nil {
		return err
	}
	say(r.console, fmt.Sprintf("%s is the new key, by which %s let froyo in: %s", r.Name, wording.Plural(len(r.hosts), "host"), r.state.Fingerprint))
	return nil
}

// takeAway removes the old key from all hosts, and then itself.
func (r *rotation) takeAway(ctx context.Context) error {
	err := errors.Join(r.register(ctx), r.login(ctx, r.Name, r.state.Fingerprint, r.hosts))
	if len(r.users) > 0 {
		err = errors.Join(err, r.apply(ctx, r.state.Old, "absent"))
	}
	if err != nil {
		return r.unfinished(err, "has taken its place, and the old one is still on hosts that could not be changed")
	}
	if err := r.keys.Forget(ctx, r.Name); err != nil {
		return err
	}
	if err := note(ctx, r.console, "rotate", "the key before "+r.Name+" is gone"); err != nil {
		return err
	}
	say(r.console, "the old key is gone, here and on the hosts")
	return nil
}

// unfinished says what has become of both keys.
func (r *rotation) unfinished(err error, what string) error {
	return errors.Join(err, (&diag.Error{Summary: fmt.Sprintf("the rotation of %s is unfinished: the new key %s; both are kept", r.Name, what), Code: diag.CodeOf(err)}).
		WithHint("remove the cause, or the host from the inventory, then: %s", r.again()))
}

// again is the command that goes on.
func (c *rotateCommand) again() string {
	words := []string{"froyo key rotate " + c.Name}
	if c.Yes {
		words = append(words, "-y")
	}
	return strings.Join(words, " ")
}

// reached are the hosts that were logged in to.
func (r *rotation) reached() (all []*inventory.Host) {
	for _, h := range r.hosts {
		if r.users[h.Name] != "" {
			all = append(all, h)
		}
	}
	return all
}

// login logs in to hosts by a key, over new connections, and keeps as whom. Where the fingerprint is given, it has to be that key.
func (r *rotation) login(ctx context.Context, name, fingerprint string, on []*inventory.Host) (err error) {
	r.users = map[string]string{}
	if len(on) == 0 {
		return nil
	}
	f, err := client.OpenFleet(ctx, r.console, &r.Target, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	var hosts []*inventory.Host
	for _, h := range on {
		one := *h
		one.PrivateKey = &inventory.Credential{Key: name, Pos: h.PrivateKey.Pos}
		hosts = append(hosts, &one)
	}
	end := f.Show("logging in", hosts)
	answers, err := f.Collector.Collect(ctx, hosts, []*facts.Namespace{facts.Lookup(facts.Basic)}, true)
	if end(); err != nil {
		return err
	}
	var errs []error
	for _, a := range answers {
		login, _, _ := f.Login(a.Host.Name)
		switch {
		case a.Err != nil:
			errs = append(errs, blame.Host(a.Host.Name, a.Err))
		default:
			err := proved(a.Host.Name, login.By, fingerprint)
			errs = append(errs, err)
			if err == nil {
				r.users[a.Host.Name] = login.User
			}
		}
	}
	return errors.Join(errs...)
}

// proved refuses a host that let froyo in by something else than the key of a fingerprint.
func proved(host, by, fingerprint string) error {
	if fingerprint == "" || strings.HasSuffix(by, fingerprint) {
		return nil
	}
	return (&diag.Error{Host: host, Summary: "the host let froyo in, and not by the new key: by " + ui.Readable(by), Code: diag.Failed}).
		WithHint("see where its sshd reads keys: sshd -T | grep authorizedkeysfile; an agent or a password may come first: leave it out")
}

// apply adds a key on the hosts that were logged in to, or removes it there.
func (r *rotation) apply(ctx context.Context, line, state string) error {
	types, err := client.PackageOf(ctx, r.console, "authorized_key")
	if err != nil {
		return err
	}
	defer types.Close(ctx) //nolint:errcheck // nothing is kept in it
	var b strings.Builder
	var limit []string
	b.WriteString("HOSTS = {")
	for _, h := range r.reached() {
		key := line
		if _, is := r.targets[h.Name]; is { // by that it is found when the host is restored
			bare, _ := keys.Bare(line)
			key = bare + " " + onboard.Mark
		}
		fmt.Fprintf(&b, "%s: (%s, %s), ", starlark.String(h.Name), starlark.String(r.users[h.Name]), starlark.String(key))
		limit = append(limit, h.Name)
	}
	// Each changes what is its own: its rule of sudo may be of a few programs.
	fmt.Fprintf(&b, "}\nplay(%s, do = lambda host: authorized_key(HOSTS[host.name][0], key = HOSTS[host.name][1], state = %s, become = False))\n",
		starlark.String("key "+r.Name), starlark.String(state))
	target := r.Target
	target.Limit = strings.Join(limit, ":")
	a := &runbook.Apply{Planning: flags.Planning{Target: target, Proven: true}, Stale: "skip", Yes: true, Diff: true, Wait: r.Wait}
	return a.RunLoaded(ctx, r.console, func(ctx context.Context, e *console.Console) (*client.Loaded, error) {
		return client.LoadLine(ctx, e, &a.Planning, client.Line{Text: b.String(), Command: "froyo key rotate " + r.Name, Note: "froyo key rotate " + r.Name, Types: types})
	})
}
