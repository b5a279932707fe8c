// Package ssh connects to hosts over SSH and starts shells there: the
// transport below runner/dial for real servers.
//
// It imports runner/transport, runner/target for its errors, runner/escape, and the libraries of
// SSH. What all hosts of a run share (keys, the agent, known_hosts, ssh_config,
// connections to jump hosts) is read once and held by a Dialer.
package ssh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/proxy"
	"github.com/openfroyo/froyo/runner/ssh/sshconfig"
	"github.com/openfroyo/froyo/runner/target"
	"golang.org/x/crypto/ssh"
)

// Options are what all hosts of a run have in common.
type Options struct {
	// Home is the operator's home directory: default keys, "~" in ssh_config.
	Home string
	// User is who to log in as where neither the host nor ssh_config says.
	User string
	// Environ is the operator's environment, for what ssh_config takes from it and for the
	// programs that it names; nil is this program's own.
	Environ []string
	// Keys are private key files to use for every host, before all others.
	Keys []string
	// Password gives the password to log in with, or is nil. It is called at most once.
	Password func() (string, error)
	// Passphrase gives the passphrase of keys that are encrypted, or is nil. It is called at most once.
	Passphrase func() (string, error)
	// AgentSocket is where the SSH agent listens, or "".
	AgentSocket string
	// KnownHosts are the files of known host keys; none means the usual two.
	KnownHosts []string
	// AcceptNew appends the keys of unknown hosts to the first of KnownHosts. A key that
	// changed is refused all the same.
	AcceptNew bool
	// ConfigFiles are ssh_config files, the earlier winning; those that do not exist are fine.
	ConfigFiles []string
	// ConnectTimeout bounds reaching a host, and again the handshake with it;
	// 0 is ssh_config's, else 10 seconds.
	ConnectTimeout time.Duration
	// KeepAlive is how often a silent connection is asked whether it is alive; 0 is 15
	// seconds. Three times as long without an answer ends it.
	KeepAlive time.Duration
}

const (
	defaultConnectTimeout = 10 * time.Second
	defaultKeepAlive      = 15 * time.Second
)

// Host is one host to connect to. What is empty comes from ssh_config, then from Options.
type Host struct {
	// Name is what the operator calls the host, for messages.
	Name string
	// Address is what to look up in ssh_config and to connect to; "" is Name.
	Address string
	Port    int
	User    string
	Keys    []string
	// Password gives the password of this host, nil where Options.Password counts. PasswordFrom says where it is from, for messages.
	Password     func() (string, error)
	PasswordFrom string
	// Key gives a private key of this host that no file holds, nil where there is none, and KeyFrom says where it is from.
	Key     func() (string, error)
	KeyFrom string
	// HostKey is the fingerprint that the host's key must have, SHA256:..., "" for one that is known. A key that is not known is
	// learned by it.
	HostKey string
	// PasswordOnly offers no key.
	PasswordOnly bool
}

// Dialer connects to the hosts of one run. It is safe for concurrent use.
type Dialer struct {
	options  Options
	config   *sshconfig.Config
	keyring  *keyring
	password func() (string, error)

	mu       sync.Mutex
	hostKeys map[string]*hostKeys // by the list of files
	jumps    map[string]*jump     // by all that is set for them
	hops     map[string]*endpoint // by how ProxyJump names them
}

// NewDialer returns a dialer. It reads nothing before the first Dial.
func NewDialer(o Options) *Dialer {
	d := &Dialer{
		options:  o,
		config:   sshconfig.New(o.Home, o.ConfigFiles),
		keyring:  newKeyring(),
		hostKeys: map[string]*hostKeys{},
		jumps:    map[string]*jump{},
		hops:     map[string]*endpoint{},
	}
	d.config.Environ, d.config.Algorithm = o.Environ, isAlgorithm
	if o.Passphrase != nil {
		d.options.Passphrase = sync.OnceValues(o.Passphrase)
	}
	if o.Password != nil {
		d.password = sync.OnceValues(o.Password)
	}
	return d
}

// Dial connects to a host and logs in. The error is a *target.Error, or that of ctx.
func (d *Dialer) Dial(ctx context.Context, h Host) (*Client, error) {
	t, err := d.resolve(ctx, h)
	if err == nil {
		err = d.checkJumps(ctx, t)
	}
	if err != nil {
		return nil, err
	}
	if t.password, t.passwordFrom = d.password, ""; h.Password != nil {
		t.password, t.passwordFrom = h.Password, h.PasswordFrom
	}
	if h.Key != nil {
		t.ownKey, t.ownKeyFrom, t.defaults = h.Key, h.KeyFrom, nil
	}
	t.trust.pin = h.HostKey
	if h.PasswordOnly { // whatever ssh_config says of the ways of others: that no password lets in is no proof where none was tried
		t.rules.noKeys, t.rules.noPassword, t.rules.noQuestions = true, false, false
	}
	return d.connect(ctx, t)
}

// Close ends the connections to jump hosts and the agent. Clients are closed by their owners.
func (d *Dialer) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	errs := []error{d.keyring.close()}
	for _, j := range d.jumps {
		errs = append(errs, j.close())
	}
	return errors.Join(errs...)
}

// connect opens a connection to a target.
func (d *Dialer) connect(ctx context.Context, t *endpoint) (*Client, error) {
	keys := d.keysOf(t)
	algorithms, err := keys.algorithms(t)
	if err != nil {
		return nil, err
	}
	allowed := t.rules.hostKeyAlgorithms(algorithms)
	if len(algorithms) > 0 && len(allowed) == 0 {
		return nil, t.errorAt(target.StageHostKey, "the host is known by keys that ssh_config does not allow ("+strings.Join(algorithms, ", ")+")",
			"allow one in HostKeyAlgorithms, or learn another key of the host", nil)
	}
	if d.options.Passphrase != nil && !t.rules.noKeys {
		d.keyring.unlock(slices.Concat(t.explicit, t.defaults), t.agent, d.options.Passphrase)
	}
	attempt, conn, err := d.logIn(ctx, t, keys, allowed)
	if err != nil {
		return nil, err
	}
	c := newClient(conn, t, cmp.Or(d.options.KeepAlive, t.way.keepAlive, defaultKeepAlive))
	c.again = func(ctx context.Context) (*Client, error) {
		other, err := d.connect(ctx, t)
		if err == nil {
			other.again = nil // one that allows no session at all does not allow it elsewhere
		}
		return other, err
	}
	c.login = attempt.login
	c.login.User, c.login.Address, c.login.Jumps, c.login.HostKey = t.user, t.hostPort(), t.jumps, describe(attempt.host.key)
	return c, nil
}

// maxDrops is how often a host is tried that closes the connection without a word, as sshd does with those beyond
// MaxStartups: who else is logging in there will have done so.
const maxDrops = 6

// dropPause is how long to wait after so many of them. Those who were dropped together do not come back together.
func dropPause(tried int) time.Duration {
	most := min(250*time.Millisecond<<(tried-1), 2*time.Second)
	return most/2 + rand.N(most) //nolint:gosec // it is no secret
}

// try connects once; attempt is nil where it came to no handshake.
func (d *Dialer) try(ctx context.Context, t *endpoint, keys *hostKeys, allowed []string, tried int) (*attempt, *ssh.Client, error) {
	raw, err := d.open(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	a := &attempt{dialer: d, target: t, hostKeys: keys, algorithms: allowed, tried: tried}
	conn, err := a.handshake(ctx, raw)
	return a, conn, err
}

// logIn makes a connection and logs in, again where the host drops it without a word. Where the host's key is not the one that it must
// have, its keys of other types are looked at.
func (d *Dialer) logIn(ctx context.Context, t *endpoint, keys *hostKeys, algorithms []string) (*attempt, *ssh.Client, error) {
	var first error
	for tried := 1; ; tried++ {
		a, conn, err := d.try(ctx, t, keys, algorithms, tried)
		if err == nil {
			return a, conn, nil
		}
		switch {
		case a != nil && a.host.other:
			first = cmp.Or(first, err)
			if algorithms = withoutType(algorithms, a.host.key.Type()); len(algorithms) == 0 {
				return nil, nil, first
			}
		case a == nil || !a.dropped || tried >= maxDrops:
			return nil, nil, cmp.Or(first, err)
		default:
			select {
			case <-time.After(dropPause(tried)):
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
		}
	}
}

// withoutType leaves out the algorithms of keys of a type; none are all.
func withoutType(algorithms []string, keyType string) []string {
	if len(algorithms) == 0 {
		algorithms = ssh.SupportedAlgorithms().HostKeys
	}
	of := []string{keyType}
	if keyType == ssh.KeyAlgoRSA {
		of = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return slices.DeleteFunc(slices.Clone(algorithms), func(name string) bool { return slices.Contains(of, name) })
}

// open makes the byte stream below SSH: TCP, a channel through jump hosts, or a program's.
func (d *Dialer) open(ctx context.Context, t *endpoint) (net.Conn, error) {
	if t.way.command != "" {
		conn, err := proxy.Start(d.shell(), t.way.command, d.options.Environ)
		if err != nil {
			return nil, t.errorAt(target.StageConnect, "the ProxyCommand of "+t.way.place+" cannot be started: "+escape.Text(err.Error()), "check the shell that SHELL names", err)
		}
		return conn, nil
	}
	for tried := 1; ; tried++ {
		conn, err := d.reach(ctx, t)
		if err == nil {
			return conn, nil
		}
		if tried >= t.way.attempts || ctx.Err() != nil {
			return nil, t.failed(ctx, err)
		}
		select { // as ssh does
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// reach connects once.
func (d *Dialer) reach(ctx context.Context, t *endpoint) (net.Conn, error) {
	timed, cancel := context.WithTimeout(ctx, t.way.timeout)
	defer cancel()
	if len(t.jumps) > 0 {
		via, err := d.via(timed, t)
		if err != nil {
			return nil, err
		}
		return via.conn.DialContext(timed, "tcp", t.hostPort())
	}
	var dialer net.Dialer
	if t.way.bind != nil {
		dialer.LocalAddr = t.way.bind
	}
	return dialer.DialContext(timed, t.way.network, t.hostPort())
}

// shell is the operator's, which runs the commands of ssh_config.
func (d *Dialer) shell() string {
	t := sshconfig.Tokens{Environ: d.options.Environ}
	if shell, _ := t.Variable("SHELL"); strings.HasPrefix(shell, "/") {
		return shell
	}
	return "/bin/sh"
}

// keysOf returns the known hosts for a target, shared by all targets with the same files.
func (d *Dialer) keysOf(t *endpoint) *hostKeys {
	id := strings.Join(t.trust.files, "\x00") + "\x00\x00" + strings.Join(t.trust.revoked, "\x00")
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.hostKeys[id]
	if k == nil {
		k = newHostKeys(t.trust.files, t.trust.revoked)
		d.hostKeys[id] = k
	}
	return k
}

// endpoint is a host with everything resolved.
type endpoint struct {
	name         string
	address      string
	port         int
	user         string
	explicit     []string // key files that were asked for
	defaults     []string // key files to try after the agent's
	certificates []string // files of certificates for them
	agent        string   // the socket of the SSH agent, or ""
	agentOnly    bool     // the agent's keys may be used only where they are explicit ones
	keyAlias     string
	way          way
	trust        trust
	jumps        []string
	jump         bool // others are reached through it
	rules        rules
	notes        []string // what of ssh_config is not used to log in

	password     func() (string, error) // nil where there is none, as for hosts on the way
	passwordFrom string
	ownKey       func() (string, error) // a key that no file holds, nil where there is none
	ownKeyFrom   string
}

// hostPort is the address to connect to.
func (t *endpoint) hostPort() string { return net.JoinHostPort(t.address, strconv.Itoa(t.port)) }

// keyName is the name under which the host's key is known, in lower case: names
// of hosts have none.
func (t *endpoint) keyName() string {
	if t.keyAlias != "" {
		return net.JoinHostPort(strings.ToLower(t.keyAlias), "22")
	}
	return strings.ToLower(t.hostPort())
}

// bareName is the name without its port, under which the host's key is looked up where it is not known
// with its port, as ssh does; "" where there is none.
func (t *endpoint) bareName() string {
	if t.keyAlias != "" || t.port == 22 {
		return ""
	}
	return strings.ToLower(t.address)
}

// id tells targets apart that need connections of their own.
func (t *endpoint) id() string {
	return t.user + "@" + t.hostPort() + " " + strings.Join(t.jumps, ",") + t.way.command
}

// shared tells jump hosts apart that need connections of their own: by all that says who is
// talked to, how that is secured and who logs in. A setting that is new to endpoint counts by itself.
func (t *endpoint) shared() string {
	all := *t
	all.name, all.notes, all.password, all.way.bind, all.way.place = "", nil, nil, nil, ""
	bind := ""
	if t.way.bind != nil {
		bind = t.way.bind.String()
	}
	return fmt.Sprintf("%#v %s", all, bind)
}

// errorAt is an error about the target.
func (t *endpoint) errorAt(stage target.Stage, message, hint string, cause error) *target.Error {
	return &target.Error{Host: t.name, Stage: stage, Message: message, Hint: hint, Cause: cause}
}
