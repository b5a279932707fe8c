package cli

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/ssh"
)

// connector opens sessions with hosts: how to get there, who to be, which passwords to use.
type connector struct {
	ssh     *ssh.Dialer
	options dial.Options
	environ []string
	// note is told what the units of a host wait for.
	note func(host, unit, text string)
}

// newConnector asks for the passwords that the flags call for, before anything else is printed.
func newConnector(e *env, f *targetFlags) (*connector, error) {
	home := e.Getenv("HOME")
	o := ssh.Options{
		Home: home, User: operator(), Keys: f.Key, AgentSocket: e.Getenv("SSH_AUTH_SOCK"), AcceptNew: f.AcceptNew,
		ConnectTimeout: time.Duration(f.Timeout) * time.Second,
		ConfigFiles:    []string{filepath.Join(home, ".ssh", "config"), "/etc/ssh/ssh_config"},
	}
	if f.SSHConfig != "" {
		o.ConfigFiles = []string{f.SSHConfig}
	}
	if file := e.Getenv("FROYO_KNOWN_HOSTS"); file != "" {
		o.KnownHosts = []string{file}
	}
	c := &connector{environ: e.Environ(), options: dial.Options{Binary: binaries()}}
	var err error
	if f.AskPass {
		if o.Password, err = e.password("SSH password", "FROYO_SSH_PASSWORD"); err != nil {
			return nil, err
		}
	}
	if f.AskBecome {
		if c.options.Become, err = e.password("sudo password", "FROYO_BECOME_PASSWORD"); err != nil {
			return nil, err
		}
	}
	c.ssh = ssh.NewDialer(o)
	return c, nil
}

// open connects to a host. The runner starts with the first op.
func (c *connector) open(ctx context.Context, h *inventory.Host, events event.Sink) (*dial.Session, error) {
	o := c.options
	o.Host = h.Name
	o.Restricted = func(user string, commands []string) {
		text := "sudo allows as " + user + " only " + strings.Join(commands, ", ")
		events.Emit(event.Event{Kind: event.HostLimited, Time: time.Now(), Host: h.Name, Text: text})
	}
	o.Note = func(unit, text string) { c.note(h.Name, unit, text) }
	if h.Connection == inventory.Local {
		return dial.Open(local.New(operator(), c.environ), o), nil
	}
	host := ssh.Host{Name: h.Name, Address: h.Address, Port: h.Port, User: h.User}
	if h.Key != "" {
		host.Keys = []string{h.Key}
	}
	client, err := c.ssh.Dial(ctx, host)
	if err != nil {
		return nil, err
	}
	return dial.Open(client, o), nil
}

// binaries gives the bootstrap the runner for a platform, the same for all hosts of a run.
func binaries() func(goos, goarch string) (*dial.Binary, error) {
	var mu sync.Mutex
	known := map[string]*dial.Binary{}
	return func(goos, goarch string) (*dial.Binary, error) {
		mu.Lock()
		defer mu.Unlock()
		platform := goos + "/" + goarch
		if b := known[platform]; b != nil {
			return b, nil
		}
		gz, sum, size, err := runner.Binary(goos, goarch)
		if err != nil {
			return nil, err
		}
		known[platform] = &dial.Binary{Gzip: gz, Sum: sum, Size: size}
		return known[platform], nil
	}
}

func (c *connector) close() error { return c.ssh.Close() }
