package wire

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/command"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/ssh"
)

// Login says who connects to hosts, and with what.
type Login struct {
	Operator string // the login name here
	Home     string // the operator's home directory, of ~/.ssh
	Environ  []string
	// Keys are private keys to log in with, and AgentSocket the SSH agent's, or "".
	Keys        []string
	AgentSocket string
	// KnownHosts and Config are files in place of the operator's own; "" is those.
	KnownHosts string
	Config     string
	// AcceptNew learns the keys of hosts that are not known yet.
	AcceptNew bool
	// Timeout bounds connecting; 0 is what ssh_config says.
	Timeout time.Duration
	// Password and Become give the passwords of SSH and of the become method; nil where there is none.
	Password, Become func() (string, error)
	// Passphrase gives that of keys that are encrypted; nil where there is none.
	Passphrase func() (string, error)
	// Secret gives what an inventory names as a password or a key; nil where there are none.
	Secret func(ctx context.Context, c *inventory.Credential) (string, error)
}

// Transports are the ways to get to hosts.
type Transports struct {
	login   Login
	ssh     *ssh.Dialer
	options dial.Options
}

// NewTransports returns the transports of a login. Close must follow.
func NewTransports(l Login) *Transports {
	o := ssh.Options{
		Home: l.Home, User: l.Operator, Environ: withoutOwn(l.Environ), Keys: l.Keys, AgentSocket: l.AgentSocket, AcceptNew: l.AcceptNew,
		ConnectTimeout: l.Timeout, Password: l.Password, Passphrase: l.Passphrase,
		ConfigFiles: []string{filepath.Join(l.Home, ".ssh", "config"), "/etc/ssh/ssh_config"},
	}
	if l.Config != "" {
		o.ConfigFiles = []string{l.Config}
	}
	if l.KnownHosts != "" {
		o.KnownHosts = []string{l.KnownHosts}
	}
	return &Transports{login: l, ssh: ssh.NewDialer(o), options: dial.Options{Binary: binaries(), Become: l.Become}}
}

// Locked are those of a login's keys that want a passphrase: they are encrypted, and the agent does not hold them.
func (l *Login) Locked() []string { return ssh.Locked(l.Keys, l.AgentSocket) }

// withoutOwn leaves out the variables that are meant for froyo, passwords among
// them: they are no business of the programs that ssh_config or an inventory names.
func withoutOwn(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, "FROYO_") })
}

// Openers are the openers of sessions, one for each kind of connection.
func (t *Transports) Openers() fleet.Openers {
	all := fleet.Openers{inventory.SSH: t.openSSH, "": t.openSSH, inventory.Local: t.openLocal}
	for _, name := range append(kind.Names(), kind.Own) {
		all[name] = t.openCommand
	}
	return all
}

// Close ends what connections share.
func (t *Transports) Close() error { return t.ssh.Close() }

func (t *Transports) openLocal(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error) {
	return dial.Open(local.New(t.login.Operator, t.login.Environ), t.with(ctx, h, hooks)), nil
}

func (t *Transports) openSSH(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error) {
	client, err := t.ssh.Dial(ctx, t.host(ctx, h))
	if err != nil {
		return nil, err
	}
	if hooks.LoggedIn != nil {
		hooks.LoggedIn(fleet.Login(client.Login()))
	}
	return dial.Open(client, t.with(ctx, h, hooks)), nil
}

// LogIn logs in to a host by SSH, over a connection of its own, and leaves it at once; asked is whether the host asked for the password.
func (t *Transports) LogIn(ctx context.Context, h *inventory.Host, w onboard.Ways) (l fleet.Login, asked bool, err error) {
	host := t.host(ctx, h)
	host.HostKey, host.PasswordOnly = w.HostKey, w.PasswordOnly
	if password := host.Password; password != nil {
		host.Password = func() (string, error) {
			asked = true
			return password()
		}
	}
	client, err := t.ssh.Dial(ctx, host)
	if err != nil {
		return fleet.Login{}, asked, err
	}
	return fleet.Login(client.Login()), asked, client.Close()
}

// Open opens a session with a host, over a connection of its own.
func (t *Transports) Open(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error) {
	return t.Openers().Open(ctx, h, hooks)
}

// host is a host of the inventory as SSH knows it.
func (t *Transports) host(ctx context.Context, h *inventory.Host) ssh.Host {
	host := ssh.Host{Name: h.Name, Address: h.Address, Port: h.Port, User: h.User}
	if h.Key != "" {
		host.Keys = []string{h.Key}
	}
	if c := h.Password; c != nil && t.login.Password == nil { // -k says it for all hosts
		host.Password, host.PasswordFrom = t.given(ctx, "password", c), c.Pos.String()
	}
	if c := h.PrivateKey; c != nil {
		host.Key, host.KeyFrom = t.given(ctx, "private key", c), c.Pos.String()
	}
	return host
}

func (t *Transports) openCommand(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error) {
	o := command.Options{
		Name: h.Name, Kind: kind.Of(h.Connection), Environ: withoutOwn(t.login.Environ), Timeout: t.login.Timeout,
		Host: kind.Host{Address: h.Address, User: h.User, Arguments: h.Arguments},
	}
	if h.Port != 0 {
		o.Host.Port = strconv.Itoa(h.Port)
	}
	shell, err := command.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if hooks.LoggedIn != nil {
		hooks.LoggedIn(fleet.Login{User: shell.User(), Address: h.Address, By: h.Connection})
	}
	return dial.Open(shell, t.with(ctx, h, hooks)), nil
}

// with are the options of one host's session.
func (t *Transports) with(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) dial.Options {
	o := t.options
	o.Host, o.Restricted, o.Note = h.Name, hooks.Restricted, hooks.Note
	o.Method, o.BecomeUser = h.BecomeMethod, h.BecomeUser
	if c := h.BecomePassword; c != nil && o.Become == nil {
		// The runner of another user is started later, too.
		o.Become, o.BecomeFrom = t.given(context.WithoutCancel(ctx), "password to become another user", c), c.Pos.String()
	}
	if hooks.Output != nil {
		o.Output = func(l dial.Live) { hooks.Output(l.Unit, l.Stderr, l.Text, l.Left) }
	}
	if hooks.Name != nil {
		o.Gate = hooks.Name
	}
	return o
}

// Guard gives the program that guards a host, for a platform, the same for all hosts of a run.
func Guard() func(goos, goarch string) ([]byte, error) {
	var mu sync.Mutex
	known := map[string][]byte{}
	return func(goos, goarch string) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		platform := goos + "/" + goarch
		if program := known[platform]; program != nil {
			return program, nil
		}
		program, err := runner.Guard(goos, goarch)
		if err == nil {
			known[platform] = program
		}
		return program, err
	}
}

// binaries gives the bootstrap the runner for a platform, the same for all hosts of a run.
func binaries() func(goos, goarch string) (*bootstrap.Binary, error) {
	var mu sync.Mutex
	known := map[string]*bootstrap.Binary{}
	return func(goos, goarch string) (*bootstrap.Binary, error) {
		mu.Lock()
		defer mu.Unlock()
		platform := goos + "/" + goarch
		if b := known[platform]; b != nil {
			return b, nil
		}
		packed, err := runner.Binary(goos, goarch)
		if err != nil {
			return nil, err
		}
		known[platform] = &bootstrap.Binary{Gzip: packed.Gzip, Zstd: packed.Zstd, Sum: packed.Sum, Size: packed.Size, Check: packed.Check}
		return known[platform], nil
	}
}
