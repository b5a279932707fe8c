package ssh

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/sshconfig"
	"github.com/openfroyo/froyo/runner/target"
)

// resolve completes a host from ssh_config and the run's options. What is
// given explicitly wins.
func (d *Dialer) resolve(ctx context.Context, h Host) (*endpoint, error) {
	alias := h.Address
	if alias == "" {
		alias = h.Name
	}
	t := &endpoint{name: escape.Text(h.Name), address: alias, port: h.Port, user: h.User}
	if err := t.check(); err != nil {
		return nil, err
	}
	s, err := d.settings(ctx, t, alias, h)
	if err != nil {
		return nil, err
	}
	if name := s.Get("hostname"); name != "" {
		t.address = strings.NewReplacer("%%", "%", "%h", alias).Replace(name)
	}
	if t.user == "" {
		t.user = s.Get("user")
	}
	if t.user == "" {
		t.user = d.options.User
	}
	if err := t.readPort(s.Get("port")); err != nil {
		return nil, err
	}
	t.keyAlias = s.Get("hostkeyalias")
	t.timeout = d.timeout(s.Get("connecttimeout"))
	if err := t.readJumps(s); err != nil {
		return nil, err
	}
	d.readKeys(t, h, s, alias)
	if t.rules, err = t.readRules(s); err != nil {
		return nil, err
	}
	return t, t.checkComplete()
}

// settings are what ssh_config says of a host. Where that cannot be evaluated,
// nothing is connected to, since what is left out may be the bastion.
func (d *Dialer) settings(ctx context.Context, t *endpoint, alias string, h Host) (sshconfig.Settings, error) {
	s, err := d.config.Settings(ctx, sshconfig.Query{Alias: alias, User: h.User, Port: h.Port})
	if err != nil {
		return nil, t.errorAt(target.StageConnect, "ssh_config may set how to reach this host, and "+err.Error(),
			"install the ssh program (openssh-client), or give --ssh-config a file without that block", err)
	}
	return s, nil
}

func (t *endpoint) readPort(configured string) error {
	if t.port == 0 && configured != "" {
		port, err := strconv.Atoi(configured)
		if err != nil {
			return t.errorAt(target.StageConnect, "ssh_config has the port "+escape.Text(configured), "a port is a number", err)
		}
		t.port = port
	}
	if t.port == 0 {
		t.port = 22
	}
	if t.port < 1 || t.port > 65535 {
		return t.errorAt(target.StageConnect, "the port "+strconv.Itoa(t.port)+" is not between 1 and 65535", "", nil)
	}
	return nil
}

func (t *endpoint) readJumps(s sshconfig.Settings) error {
	jumps := s.Get("proxyjump")
	if jumps != "" && !strings.EqualFold(jumps, "none") {
		t.jumps = strings.Split(jumps, ",")
		return nil
	}
	if command := s.Get("proxycommand"); jumps == "" && command != "" && !strings.EqualFold(command, "none") {
		return t.errorAt(target.StageConnect, "ssh_config sets ProxyCommand, which is not run", "use ProxyJump", nil)
	}
	return nil
}

func (d *Dialer) timeout(configured string) time.Duration {
	if d.options.ConnectTimeout > 0 {
		return d.options.ConnectTimeout
	}
	if seconds, err := strconv.Atoi(configured); err == nil && seconds > 0 && seconds < 3600 {
		return time.Duration(seconds) * time.Second
	}
	return defaultConnectTimeout
}

// readKeys sets which keys to offer and where host keys are known.
func (d *Dialer) readKeys(t *endpoint, h Host, s sshconfig.Settings, alias string) {
	home := d.options.Home
	expand := func(path string) string {
		path = strings.NewReplacer("%%", "%", "%d", home, "%h", t.address, "%n", alias, "%r", t.user,
			"%p", strconv.Itoa(t.port)).Replace(path)
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			return filepath.Join(home, rest)
		}
		return path
	}
	for _, path := range append(append([]string{}, h.Keys...), d.options.Keys...) {
		t.explicit = append(t.explicit, expand(path))
	}
	for _, path := range s.All("identityfile") {
		if !strings.EqualFold(path, "none") {
			t.explicit = append(t.explicit, expand(path))
		}
	}
	t.agentOnly = strings.EqualFold(s.Get("identitiesonly"), "yes")
	if len(t.explicit) == 0 {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			t.defaults = append(t.defaults, filepath.Join(home, ".ssh", name))
		}
	}
	t.knownHosts = d.options.KnownHosts
	if len(t.knownHosts) > 0 {
		return
	}
	for _, setting := range []struct{ name, usual string }{
		{"userknownhostsfile", filepath.Join(home, ".ssh", "known_hosts")},
		{"globalknownhostsfile", "/etc/ssh/ssh_known_hosts"},
	} {
		configured := s.Get(setting.name)
		if configured == "" {
			configured = `"` + setting.usual + `"`
		}
		for _, path := range words(configured) {
			if !strings.EqualFold(path, "none") {
				t.knownHosts = append(t.knownHosts, expand(path))
			}
		}
	}
}

// words splits the value of a setting at spaces outside of double quotes.
func words(value string) []string {
	var all []string
	for i, part := range strings.Split(value, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// check refuses names that are no names: what begins with "-" is taken for an
// option somewhere, and control characters have no business here.
func (t *endpoint) check() error {
	if t.address == "" {
		return t.errorAt(target.StageConnect, "the host has no address", "", nil)
	}
	for _, r := range t.address {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-:%", r) {
			return t.errorAt(target.StageConnect, "the address "+escape.Text(t.address)+" holds a character that no address has", "", nil)
		}
	}
	if t.address[0] == '-' {
		return t.errorAt(target.StageConnect, "the address "+escape.Text(t.address)+` begins with "-"`, "", nil)
	}
	if strings.HasPrefix(t.user, "-") || strings.ContainsFunc(t.user, unicode.IsControl) {
		return t.errorAt(target.StageConnect, "the user "+escape.Text(t.user)+" is not a user's name", "", nil)
	}
	return nil
}

// checkComplete checks what ssh_config gave.
func (t *endpoint) checkComplete() error {
	if t.user == "" {
		return t.errorAt(target.StageConnect, "no user to log in as", "give one by -u, in the inventory or in ssh_config", nil)
	}
	return t.check()
}
