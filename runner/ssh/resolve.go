package ssh

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/openfroyo/froyo/runner/dial"
)

// resolve completes a host from ssh_config and the run's options. What is
// given explicitly wins.
func (d *Dialer) resolve(h Host) (*target, error) {
	alias := h.Address
	if alias == "" {
		alias = h.Name
	}
	t := &target{name: dial.Escape(h.Name), address: alias, port: h.Port, user: h.User}
	if err := t.check(); err != nil {
		return nil, err
	}
	s := d.config().lookup(alias)
	if name := s.get("hostname"); name != "" {
		t.address = strings.NewReplacer("%%", "%", "%h", alias).Replace(name)
	}
	if t.user == "" {
		t.user = s.get("user")
	}
	if t.user == "" {
		t.user = d.options.User
	}
	if err := t.readPort(s.get("port")); err != nil {
		return nil, err
	}
	t.keyAlias = s.get("hostkeyalias")
	t.timeout = d.timeout(s.get("connecttimeout"))
	if err := t.readJumps(s); err != nil {
		return nil, err
	}
	d.readKeys(t, h, s, alias)
	return t, t.checkComplete()
}

func (t *target) readPort(configured string) error {
	if t.port == 0 && configured != "" {
		port, err := strconv.Atoi(configured)
		if err != nil {
			return t.errorAt(dial.StageConnect, "ssh_config has the port "+dial.Escape(configured), "a port is a number", err)
		}
		t.port = port
	}
	if t.port == 0 {
		t.port = 22
	}
	if t.port < 1 || t.port > 65535 {
		return t.errorAt(dial.StageConnect, "the port "+strconv.Itoa(t.port)+" is not between 1 and 65535", "", nil)
	}
	return nil
}

func (t *target) readJumps(s settings) error {
	jumps := s.get("proxyjump")
	if jumps != "" && !strings.EqualFold(jumps, "none") {
		t.jumps = strings.Split(jumps, ",")
		return nil
	}
	if command := s.get("proxycommand"); jumps == "" && command != "" && !strings.EqualFold(command, "none") {
		return t.errorAt(dial.StageConnect, "ssh_config sets ProxyCommand, which is not run", "use ProxyJump", nil)
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
func (d *Dialer) readKeys(t *target, h Host, s settings, alias string) {
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
	for _, path := range s.all("identityfile") {
		if !strings.EqualFold(path, "none") {
			t.explicit = append(t.explicit, expand(path))
		}
	}
	t.agentOnly = strings.EqualFold(s.get("identitiesonly"), "yes")
	if len(t.explicit) == 0 {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			t.defaults = append(t.defaults, filepath.Join(home, ".ssh", name))
		}
	}
	t.knownHosts = d.options.KnownHosts
	if len(t.knownHosts) > 0 {
		return
	}
	for path := range strings.FieldsSeq(s.get("userknownhostsfile")) {
		if !strings.EqualFold(path, "none") {
			t.knownHosts = append(t.knownHosts, expand(strings.Trim(path, `"`)))
		}
	}
	if len(t.knownHosts) == 0 {
		t.knownHosts = []string{filepath.Join(home, ".ssh", "known_hosts")}
	}
	t.knownHosts = append(t.knownHosts, "/etc/ssh/ssh_known_hosts")
}

// check refuses names that are no names: what begins with "-" is taken for an
// option somewhere, and control characters have no business here.
func (t *target) check() error {
	if t.address == "" {
		return t.errorAt(dial.StageConnect, "the host has no address", "", nil)
	}
	for _, r := range t.address {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-:%", r) {
			return t.errorAt(dial.StageConnect, "the address "+dial.Escape(t.address)+" holds a character that no address has", "", nil)
		}
	}
	if t.address[0] == '-' {
		return t.errorAt(dial.StageConnect, "the address "+dial.Escape(t.address)+` begins with "-"`, "", nil)
	}
	if strings.HasPrefix(t.user, "-") || strings.ContainsFunc(t.user, unicode.IsControl) {
		return t.errorAt(dial.StageConnect, "the user "+dial.Escape(t.user)+" is not a user's name", "", nil)
	}
	return nil
}

// checkComplete checks what ssh_config gave.
func (t *target) checkComplete() error {
	if t.user == "" {
		return t.errorAt(dial.StageConnect, "no user to log in as", "give one by -u, in the inventory or in ssh_config", nil)
	}
	return t.check()
}
