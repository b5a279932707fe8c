package ssh

import (
	"cmp"
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
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
	if why := s.Get("refuseconnection"); why != "" {
		return nil, t.errorAt(target.StageConnect, "ssh_config refuses connections to this host"+where(s, "refuseconnection")+": "+escape.Text(why), "", nil)
	}
	tokens := &sshconfig.Tokens{Home: d.options.Home, Alias: alias, Host: alias, Operator: d.options.User, Environ: d.options.Environ}
	if name := s.Get("hostname"); name != "" {
		if t.address, err = tokens.Name(name); err != nil {
			return nil, t.wrong(s, "hostname", err)
		}
	}
	if t.user == "" {
		t.user = cmp.Or(s.Get("user"), d.options.User)
	}
	if err := t.readPort(s); err != nil {
		return nil, err
	}
	t.keyAlias = s.Get("hostkeyalias")
	if err := t.checkComplete(); err != nil {
		return nil, err
	}
	tokens.Host, tokens.User, tokens.Port, tokens.KeyAlias = strings.ToLower(t.address), t.user, t.port, t.keyAlias
	if err := d.readWay(t, s, tokens); err != nil {
		return nil, err
	}
	if err := d.readKeys(t, h, s, tokens); err != nil {
		return nil, err
	}
	if err := d.readTrust(t, s, tokens); err != nil {
		return nil, err
	}
	for _, name := range []string{"pkcs11provider", "securitykeyprovider"} {
		if value := s.Get(name); value != "" && !strings.EqualFold(value, "none") && value != "internal" {
			t.notes = append(t.notes, name+" "+escape.Text(value)+" of ssh_config"+where(s, name)+" is not used: only an agent signs with its keys (ssh-add)")
		}
	}
	t.rules, err = t.readRules(s)
	return t, err
}

// where says where a setting stands, for the end of what is said of it.
func where(s sshconfig.Settings, name string) string {
	if place := s.Place(name); place != "ssh_config" {
		return " (" + place + ")"
	}
	return ""
}

// wrong refuses a host for the sake of a value that cannot be read.
func (t *endpoint) wrong(s sshconfig.Settings, name string, err error) *target.Error {
	return t.errorAt(target.StageConnect, "ssh_config sets "+name+" "+escape.Text(s.Get(name))+where(s, name)+": "+escape.Text(err.Error()),
		"ssh_config(5) says what it may be", err)
}

// settings are what ssh_config says of a host. Where that cannot be evaluated,
// nothing is connected to, since what is left out may be the bastion.
func (d *Dialer) settings(ctx context.Context, t *endpoint, alias string, h Host) (sshconfig.Settings, error) {
	s, err := d.config.Settings(ctx, sshconfig.Query{Alias: alias, User: h.User, Port: h.Port})
	if err != nil {
		hint := "install the ssh program (openssh-client), or give --ssh-config a file without that block"
		unclear, _ := errors.AsType[*sshconfig.UnclearError](err)
		if unclear != nil && unclear.Wrong != "" {
			hint = "correct or remove " + escape.Text(unclear.Wrong)
			if unclear.Unknown {
				hint += ", or allow it with IgnoreUnknown above it"
			}
		}
		message := "ssh_config may set how to reach this host, and "
		if unclear != nil && unclear.Elsewhere {
			message = "ssh takes nothing of ssh_config, since a line "
		}
		return nil, t.errorAt(target.StageConnect, message+err.Error(), hint, err)
	}
	return s, nil
}

func (t *endpoint) readPort(s sshconfig.Settings) error {
	if configured := s.Get("port"); t.port == 0 && configured != "" {
		port, err := strconv.Atoi(configured)
		if err != nil {
			return t.errorAt(target.StageConnect, "ssh_config has the port "+escape.Text(configured)+where(s, "port"), "a port is a number", err)
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

// way is how the byte stream below SSH is made, and kept.
type way struct {
	command   string        // ssh_config's ProxyCommand, expanded
	place     string        // of it, or of the jump hosts
	network   string        // tcp, tcp4 or tcp6
	bind      *net.TCPAddr  // the address of this machine to connect from, or nil
	attempts  int           // how often to try
	timeout   time.Duration // of each
	keepAlive time.Duration // how often a silent host is asked; 0 is as usual
	patience  int           // so many questions without an answer end the connection
}

// readWay reads by which way to reach the host.
func (d *Dialer) readWay(t *endpoint, s sshconfig.Settings, tokens *sshconfig.Tokens) error {
	w := &t.way
	var err error
	w.network, w.attempts, w.patience = "tcp", 1, 3
	switch family := strings.ToLower(s.Get("addressfamily")); family {
	case "", "any":
	case "inet":
		w.network = "tcp4"
	case "inet6":
		w.network = "tcp6"
	default:
		return t.wrong(s, "addressfamily", errors.New("it is any, inet or inet6"))
	}
	if bind := s.Get("bindaddress"); bind != "" && bind != "none" {
		if w.bind, err = net.ResolveTCPAddr(w.network, net.JoinHostPort(bind, "0")); err != nil {
			return t.wrong(s, "bindaddress", errors.New("it is no address"))
		}
	}
	if text := s.Get("connectionattempts"); text != "" {
		if w.attempts, err = strconv.Atoi(text); err != nil || w.attempts < 1 || w.attempts > 1000 {
			return t.wrong(s, "connectionattempts", errors.New("it is a number between 1 and 1000"))
		}
	}
	if text := s.Get("serveralivecountmax"); text != "" {
		if w.patience, err = strconv.Atoi(text); err != nil || w.patience < 0 || w.patience > 1000 {
			return t.wrong(s, "serveralivecountmax", errors.New("it is a number between 0 and 1000"))
		}
	}
	if w.keepAlive, err = duration(s.Get("serveraliveinterval")); err != nil {
		return t.wrong(s, "serveraliveinterval", err)
	}
	// 0 of ssh gives a host up that was silent once, which is no sign here: it is asked, and has as long to answer.
	w.keepAlive, w.patience = min(w.keepAlive, 24*time.Hour), max(w.patience, 1)
	if w.timeout, err = duration(s.Get("connecttimeout")); err != nil {
		return t.wrong(s, "connecttimeout", err)
	}
	w.timeout = cmp.Or(d.options.ConnectTimeout, w.timeout, defaultConnectTimeout)
	return t.readJumps(s, tokens)
}

// duration reads a time of ssh_config as ssh does: 90, 1m30s, 2d or 1w; none is 0.
func duration(text string) (time.Duration, error) {
	if text == "" || strings.EqualFold(text, "none") {
		return 0, nil
	}
	const most = 1<<31 - 1 // as of ssh
	var total uint64
	for rest := text; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseUint(rest[:digits], 10, 31)
		unit := uint64(1)
		if rest = rest[digits:]; rest != "" {
			unit = map[byte]uint64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[rest[0]|0x20]
			rest = rest[1:]
		}
		if total += n * unit; err != nil || unit == 0 || total > most {
			return 0, errors.New("it is a time such as 30, 1m30s, 2h, 1d or 1w")
		}
	}
	return time.Duration(total) * time.Second, nil //nolint:gosec // bounded
}

// readJumps reads the jump hosts or the program by which the host is reached.
// In ssh_config the first of the two that is given counts.
func (t *endpoint) readJumps(s sshconfig.Settings, tokens *sshconfig.Tokens) error {
	set := func(value string) bool { return value != "" && !strings.EqualFold(value, "none") }
	if jumps := s.Get("proxyjump"); set(jumps) {
		jumps, err := tokens.Proxy(jumps)
		if err != nil {
			return t.wrong(s, "proxyjump", err)
		}
		t.jumps, t.way.place = strings.Split(jumps, ","), s.Place("proxyjump")
		_, tokens.Jump, _ = cutJump(t.jumps[len(t.jumps)-1])
		return nil
	}
	command := s.Get("proxycommand")
	if !set(command) {
		return nil
	}
	if command == "-" {
		return t.notSupported(s, "proxycommand")
	}
	if value := strings.ToLower(s.Get("proxyusefdpass")); value == "yes" || value == "true" {
		return t.notSupported(s, "proxyusefdpass")
	}
	if strings.Contains(command, "%r") && strings.ContainsFunc(t.user, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@+", r)
	}) {
		return t.errorAt(target.StageConnect, "the user "+escape.Text(t.user)+" cannot be written into ssh_config's ProxyCommand"+where(s, "proxycommand"),
			"leave %r out of it", nil)
	}
	line, err := tokens.Proxy(command)
	if err != nil {
		return t.wrong(s, "proxycommand", err)
	}
	t.way.command, t.way.place = line, s.Place("proxycommand")
	return nil
}

// readKeys sets which keys to offer.
func (d *Dialer) readKeys(t *endpoint, h Host, s sshconfig.Settings, tokens *sshconfig.Tokens) error {
	for _, path := range slices.Concat(h.Keys, d.options.Keys) {
		if expanded, err := tokens.Path(path); err == nil {
			path = expanded // else it is meant as it is
		}
		t.explicit = append(t.explicit, path)
	}
	for _, setting := range []struct {
		name string
		into *[]string
	}{{"identityfile", &t.explicit}, {"certificatefile", &t.certificates}} {
		for _, path := range s.All(setting.name) {
			if strings.EqualFold(path, "none") {
				continue
			}
			expanded, err := tokens.Path(path)
			if err != nil {
				return t.wrong(s, setting.name, err)
			}
			*setting.into = append(*setting.into, expanded)
		}
	}
	t.agentOnly = yes(s.Get("identitiesonly"))
	if len(t.explicit) == 0 && s.Get("identityfile") == "" {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			t.defaults = append(t.defaults, filepath.Join(d.options.Home, ".ssh", name))
		}
	}
	t.agent = d.options.AgentSocket
	switch socket := s.Get("identityagent"); {
	case strings.EqualFold(socket, "none"):
		t.agent = ""
	case socket == "", socket == "SSH_AUTH_SOCK":
	case strings.HasPrefix(socket, "$") && !strings.HasPrefix(socket, "${"):
		if socket != "$SSH_AUTH_SOCK" {
			t.agent, _ = tokens.Variable(socket[1:])
		}
	default:
		path, err := tokens.Path(socket)
		if err != nil {
			return t.wrong(s, "identityagent", err)
		}
		t.agent = path
	}
	return nil
}

func yes(value string) bool {
	return strings.EqualFold(value, "yes") || strings.EqualFold(value, "true")
}

// trust is where host keys are known, and what becomes of one that is not.
type trust struct {
	files   []string
	revoked []string // files of keys that no host may have
	pin     string   // the fingerprint that the key must have, or ""
	accept  bool     // a key that is not known is learned
	hash    bool     // the name that it is learned by is hashed
	checkIP bool     // it must not be at odds with what is known of the address
}

// readTrust sets where host keys are known.
func (d *Dialer) readTrust(t *endpoint, s sshconfig.Settings, tokens *sshconfig.Tokens) error {
	switch value := strings.ToLower(s.Get("stricthostkeychecking")); value {
	case "accept-new", "no", "off", "false":
		t.trust.accept = true
	case "", "yes", "ask", "true":
		t.trust.accept = d.options.AcceptNew
	default:
		return t.wrong(s, "stricthostkeychecking", errors.New("it is yes, ask, accept-new or no"))
	}
	t.trust.hash = yes(s.Get("hashknownhosts"))
	t.trust.checkIP = yes(s.Get("checkhostip")) && t.keyAlias == ""
	for _, path := range s.All("revokedhostkeys") {
		if strings.EqualFold(path, "none") {
			continue
		}
		expanded, err := tokens.Path(path)
		if err != nil {
			return t.wrong(s, "revokedhostkeys", err)
		}
		t.trust.revoked = append(t.trust.revoked, expanded)
	}
	t.trust.files = d.options.KnownHosts
	if len(t.trust.files) > 0 {
		return nil
	}
	return t.readKnown(s, tokens, d.options.Home)
}

// readKnown sets the files of known hosts.
func (t *endpoint) readKnown(s sshconfig.Settings, tokens *sshconfig.Tokens, home string) error {
	for _, setting := range []struct{ name, usual string }{
		{"userknownhostsfile", filepath.Join(home, ".ssh", "known_hosts")},
		{"globalknownhostsfile", "/etc/ssh/ssh_known_hosts"},
	} {
		if s.Get(setting.name) == "" {
			t.trust.files = append(t.trust.files, setting.usual)
		}
		for _, path := range s.All(setting.name) {
			if strings.EqualFold(path, "none") {
				continue
			}
			expanded, err := tokens.Path(path)
			if err != nil {
				return t.wrong(s, setting.name, err)
			}
			t.trust.files = append(t.trust.files, expanded)
		}
	}
	return nil
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
