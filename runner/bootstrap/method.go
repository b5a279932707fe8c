package bootstrap

import (
	"bytes"
	"errors"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
)

// The methods of becoming another user, besides sudo, which is "" or Sudo.
const (
	Sudo = "sudo"
	Su   = "su"
	Doas = "doas"
)

// su reads the password from stdin where that is no terminal: one line, byte by byte, so that
// nothing is taken of what follows. Some want a terminal; then they get one.
//
// Who becomes root by su becomes others from there, since su would ask for each one's own password.
const (
	needSu = `LC_ALL=C; export LC_ALL; command -v su >/dev/null 2>&1 || { m=MAGIC1; m=${m}MAGIC2; echo; echo "$m E nosuprogram"; exit 1; }; `

	suUserScript = needSu + `exec su -s /bin/sh "USER" -c "$1"`
	suRootScript = needSu + `exec su -s /bin/sh root -c "$1" sh "$2"`
)

// doas reads the password from the terminal only, so that it gets one if it cannot do without.
const doasScript = `LC_ALL=C; export LC_ALL; command -v doas >/dev/null 2>&1 || ` +
	`{ m=MAGIC1; m=${m}MAGIC2; echo; echo "$m E nodoas"; exit 1; }; ` +
	`exec doas OPTIONS -u "USER" -- /bin/sh -c "$1"`

// terminalScript makes the terminal pass on bytes as they are, before anything but passwords was sent.
const terminalScript = `stty raw -echo || { m=MAGIC1; m=${m}MAGIC2; echo; echo "$m E nostty"; exit 1; }; `

// viaRoot reports whether others are become by way of root.
func (h *Host) viaRoot() bool { return h.BecomeUser == "" || h.BecomeUser == "root" }

// password is what is missing for whom, for messages.
func (h *Host) passwordOf(user string) string {
	if h.Method != Su {
		return h.Transport.User()
	}
	if h.viaRoot() {
		return "root"
	}
	return user
}

func (h *Host) method() string {
	if h.Method == "" {
		return Sudo
	}
	return h.Method
}

// errTerminal is a refusal that a terminal helps against.
var errTerminal = errors.New("a terminal is wanted")

// prompts finds questions for a password in what is read. By its end, it is of the text that follows.
type prompts func(text []byte) (begin, end int, found bool)

// exactly finds a text, none where that is "".
func exactly(prompt string) prompts {
	return func(text []byte) (int, int, bool) {
		i := bytes.Index(text, []byte(prompt))
		return i, i + len(prompt), prompt != "" && i >= 0
	}
}

// anyPrompt finds a last line without an end that asks for a password, as su and doas do.
func anyPrompt(text []byte) (begin, end int, found bool) {
	begin = bytes.LastIndexAny(text, "\r\n") + 1
	line := strings.ToLower(strings.TrimRight(string(text[begin:]), " "))
	return begin, len(text), strings.HasSuffix(line, ":") && (strings.Contains(line, "password") || strings.Contains(line, "passphrase"))
}

// becomeError explains why the user could not be changed, from what was said.
func (h *Host) becomeError(user, said string, asked, terminal bool, exit error) *target.Error {
	login := h.Transport.User()
	if login == "root" || h.method() == Sudo {
		return sudoError(h.Name, login, user, said, asked, exit)
	}
	e := &target.Error{Host: h.Name, Stage: target.StageBecome, Detail: escape.Lines(said), Cause: exit}
	has := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(said, text) {
				return true
			}
		}
		return false
	}
	switch {
	case has("currently not available", "restricted shell"):
		e.Message = "the login shell of " + escape.Text(user) + " runs no commands, and " + h.method() + " insists on it"
		e.Hint = "become root (ansible_become_user), and let units act as " + escape.Text(user) + " by run_as"
	case has("does not exist", "unknown user", "o passwd entry"):
		e.Message = "there is no user " + escape.Text(user)
	case h.Method == Su:
		h.suError(e, user, asked, terminal, has)
	default:
		h.doasError(e, user, asked, terminal, has)
	}
	if e.Message == "" {
		e.Message = "becoming " + escape.Text(user) + " by " + h.method() + " failed: " + Ended(exit)
	}
	return e
}

func (h *Host) suError(e *target.Error, user string, asked, terminal bool, has func(...string) bool) {
	login := escape.Text(h.Transport.User())
	switch {
	case has("must be run from a terminal") && !terminal:
		e.Message = "su wants a terminal"
		e.Cause = errors.Join(errTerminal, e.Cause)
	case has("ermission denied"):
		e.Message = "su does not allow " + login + " to become " + escape.Text(user)
		e.Hint = "a rule of PAM forbids it (/etc/pam.d/su): is " + login + " in the group that pam_wheel wants?"
	case asked && has("uthentication failure", "ncorrect password", "uthentication fail"):
		*e = *h.passwordRefused(user, "")
	case has("uthentication failure"):
		e.Message = "su refuses to ask for a password"
		e.Hint = "a rule of PAM refuses it before a password is asked for: see /etc/pam.d/su"
	}
}

func (h *Host) doasError(e *target.Error, user string, asked, terminal bool, has func(...string) bool) {
	login, whom := escape.Text(h.Transport.User()), escape.Text(user)
	const programs = "; rules for certain programs (cmd) are of use with sudo only"
	switch {
	case has("doas is not enabled"):
		e.Message = "doas has no rules: there is no /etc/doas.conf"
		e.Hint = "write it: permit " + login + " as " + whom
	case has("peration not permitted"):
		e.Message = "doas does not allow " + login + " to run /bin/sh as " + whom
		e.Hint = "add to /etc/doas.conf: permit " + login + " as " + whom + programs
	case asked && has("uthentication failed", "uthorization failed"):
		*e = *h.passwordRefused(user, "")
	case has("uthentication required", "uthorization required", "tty is required", "a tty") && !terminal:
		e.Message = "doas asks for a password"
		e.Hint = "give it by -K, or let the rule say nopass: permit nopass " + login + " as " + whom
		if h.Become != nil {
			e.Cause = errors.Join(errTerminal, e.Cause)
		}
	}
}

// whose says in an error about a wrong password where that is from.
func (h *Host) whose(e *target.Error) *target.Error {
	if h.BecomeFrom != "" && strings.HasSuffix(e.Message, " refused the password") {
		e.Message += ", which is that of " + escape.Text(h.BecomeFrom)
	}
	return e
}

// passwordRefused is the error that the password was wrong.
func (h *Host) passwordRefused(user, said string) *target.Error {
	e := passwordRefused(h.Name, said)
	if h.Transport.User() == "root" || h.method() == Sudo {
		return e
	}
	e.Message = h.method() + " refused the password"
	whose := escape.Text(h.passwordOf(user))
	e.Hint = "-K asks for the password of " + whose + ", which is whose " + h.method() + " wants here; passwd -S " + whose + " tells whether it has one"
	return e
}
