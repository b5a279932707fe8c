// Package onboard makes a managed target of a host that lets somebody in by a password: what is wanted of it, the runbook that
// brings it there, what is proven over new connections, and how the host is restored.
//
// The runbook is carried out by engine/run as any other; its units that prove something, or that register the target, are done here
// (Wrap). It imports engine/fleet, engine/inventory, engine/state, engine/secret and what lies below.
package onboard

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/endpoint"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
)

// Request is what is wanted of a host.
type Request struct {
	// Name is the target's, Address and Port are where it is reached.
	Name    string
	Address string
	Port    int // 0 is SSH's
	// Login is who is let in now, by Password, nil where keys do.
	Login    string
	Password *inventory.Credential
	// LoginKey lets Login in, where it is named: with it Password is that of sudo.
	LoginKey *Key
	// User is who is made, and let in by Key.
	User string
	Key  Key
	// Sudo is what the user may do, as sudoers has it behind the user's name.
	Sudo string
	// LockDown is what is closed once the key lets in.
	LockDown []string
	Labels   map[string]string
	// NoRollback leaves the user nothing to restore the host by.
	NoRollback bool
	// HostKey is the fingerprint that the host's key must have, "" for one that is known.
	HostKey string
}

// Key lets a user in.
type Key struct {
	// Name is the workspace's name of it, File the file that holds it where the workspace does not.
	Name, File string
	// Line is its public half, type and key, and Print the fingerprint.
	Line, Print string
}

// String names the key.
func (k Key) String() string {
	if k.File != "" {
		return k.File
	}
	return k.Name
}

var userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

// Check refuses what cannot be.
func (r *Request) Check() error {
	if err := r.CheckAddress(); err != nil {
		return err
	}
	if err := inventory.CheckName("host", r.Name); err != nil && !inventory.IsAddress(r.Name) {
		return (&diag.Error{Summary: "--name: " + err.Error()}).WithHint("name it as in an inventory: --name web1")
	}
	if err := endpoint.CheckUser(r.Login); err != nil {
		return &diag.Error{Summary: "--user: " + err.Error()}
	}
	if !userName.MatchString(r.User) {
		return (&diag.Error{Summary: fmt.Sprintf("--create-user %q is no name of a user: it begins with a small letter or _, and has small letters, digits, _ and -, 32 at most", r.User)}).
			WithHint("the usual one: --create-user froyo")
	}
	if r.User == "root" || r.User == r.Login {
		return (&diag.Error{Summary: fmt.Sprintf("--create-user %s: a user of its own is made, not the one who logs in now, nor root", r.User)}).
			WithHint("the usual one: --create-user froyo")
	}
	if r.HostKey != "" && !isPrint(r.HostKey) {
		return (&diag.Error{Summary: fmt.Sprintf("--host-key %q is no fingerprint: SHA256: and 43 characters", r.HostKey)}).
			WithHint("on the host's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
	}
	if strings.ContainsFunc(r.Sudo, func(c rune) bool { return c < ' ' || c == 0x7f }) || strings.TrimSpace(r.Sudo) == "" {
		return (&diag.Error{Summary: "--sudo: want a rule of sudoers in one line, without the user's name"}).
			WithHint(ruleHint)
	}
	if own := ruled(r.rules()[0].(string)); len(own.Free("root")) == 0 || own.AskPassword("root") {
		return (&diag.Error{Summary: fmt.Sprintf("--sudo %q lets nothing be called as root without a password, or asks for one for a part; a target has no password for sudo", r.Sudo)}).
			WithHint(ruleHint)
	}
	return nil
}

// ruleHint is what a rule looks like.
const ruleHint = "such as --sudo 'NOPASSWD: /usr/bin/systemctl,/usr/bin/apt'"

// CheckAddress refuses what is no host.
func (r *Request) CheckAddress() error {
	if err := inventory.CheckName("host", r.Address); err != nil && !inventory.IsAddress(r.Address) {
		return (&diag.Error{Summary: "--host: " + err.Error()}).WithHint("give a name or an IP address; the port has a flag of its own: --port 2222")
	}
	return nil
}

// isPrint reports whether a text is the fingerprint of a key, as ssh-keygen shows it.
func isPrint(text string) bool {
	sum, ok := strings.CutPrefix(text, "SHA256:")
	raw, err := base64.RawStdEncoding.Strict().DecodeString(sum)
	return ok && err == nil && len(raw) == sha256.Size
}

// Locks are what can be closed, and what sshd has to show then.
func Locks() []Lock {
	return []Lock{
		{"disable_password_auth", "no password lets anybody in", []string{"PasswordAuthentication no", "KbdInteractiveAuthentication no"}},
		{"disable_root_login", "root does not log in", []string{"PermitRootLogin no"}},
	}
}

// Lock is one of them.
type Lock struct {
	Name, Doc string
	Settings  []string
}

// ParseLocks reads names of what is to be closed.
func ParseLocks(names []string) ([]string, error) {
	var known, all []string
	for _, l := range Locks() {
		known = append(known, l.Name)
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			err := &diag.Error{Summary: fmt.Sprintf("--lock-down %q is nothing that can be closed", name)}
			if near := diag.Nearest(name, known); near != "" {
				return nil, err.WithHint("did you mean %s?", near)
			}
			return nil, err.WithHint("there are: %s", strings.Join(known, ", "))
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all, nil
}

// ParseLabels reads k=v,k=v.
func ParseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		k, v, ok := strings.Cut(part, "=")
		if k, v = strings.TrimSpace(k), strings.TrimSpace(v); !ok {
			return nil, noLabel(part)
		}
		if err := checkLabel(k, v); err != nil {
			return nil, err
		}
		if _, twice := labels[k]; twice {
			return nil, (&diag.Error{Summary: fmt.Sprintf("--labels: %s is given twice", k)}).WithHint("such as --labels env=dev,role=web")
		}
		labels[k] = v
	}
	return labels, nil
}

// checkLabel refuses what is no label.
func checkLabel(k, v string) error {
	if inventory.CheckName("label", k) != nil || v == "" || strings.ContainsAny(v, "*?[]:&!,") || strings.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return noLabel(k + "=" + v)
	}
	return nil
}

func noLabel(text string) error {
	return (&diag.Error{Summary: fmt.Sprintf("--labels: %q is no label, which is NAME=VALUE without blanks, commas and * ? [ ] : & !", text)}).
		WithHint("such as --labels env=dev,role=web")
}

// Place is where the host is, as --host takes it on a command line, with its --port.
func (r *Request) Place() string {
	at := wording.Quote(r.Address)
	if r.Port != 0 {
		at += fmt.Sprintf(" --port %d", r.Port)
	}
	return at
}

// host is the part of an inventory's host that both users have in common.
func (r *Request) host(user string) *inventory.Host {
	return &inventory.Host{
		Name: r.Name, Address: r.Address, Port: r.Port, User: user, Connection: inventory.SSH, Become: new(bool), Labels: maps.Clone(r.Labels),
		Pos: diag.Pos{File: "onboarding"},
	}
}

// Before is the host as who is let in now reaches it, acting as root.
func (r *Request) Before() *inventory.Host {
	h := r.host(r.Login)
	if r.LoginKey != nil {
		r.LoginKey.lets(h)
	} else if r.Password != nil {
		h.Password, h.HasPasswords = r.Password, true
	}
	if r.Login != "root" {
		*h.Become, h.BecomePassword = true, r.Password
	}
	return h
}

// After is the host as the new user reaches it.
func (r *Request) After() *inventory.Host {
	h := r.host(r.User)
	r.Key.lets(h)
	return h
}

// lets gives a host the key that lets in.
func (k Key) lets(h *inventory.Host) {
	if k.File != "" {
		h.Key = k.File
		return
	}
	h.PrivateKey, h.HasPasswords = &inventory.Credential{Key: k.Name, Pos: h.Pos}, true
}

// Target is what is registered.
func (r *Request) Target(workspace string) state.Target {
	t := state.Target{
		Workspace: workspace, Name: r.Name, Address: r.Address, Port: r.Port, User: r.User, Login: r.Login,
		Key: r.Key.Name, KeyFile: r.Key.File, KeyLine: r.Key.Line, KeyPrint: r.Key.Print,
		Labels: r.Labels, Sudo: r.Sudo, LockDown: r.LockDown, Rollback: !r.NoRollback,
	}
	if t.KeyFile != "" {
		t.Key = ""
	}
	return t
}
