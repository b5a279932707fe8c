package bootstrap

import (
	"errors"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/target"
)

// sudoScript runs its first argument as another user. sudo asks for the
// password by our own prompt, on stderr, and reads it from stdin byte by byte,
// so that it takes nothing of what follows.
const sudoScript = `LC_ALL=C; export LC_ALL; command -v sudo >/dev/null 2>&1 || ` +
	`{ m=MAGIC1; m=${m}MAGIC2; echo; echo "$m E nosudo"; exit 1; }; ` +
	`exec sudo OPTIONS -H -u "USER" -- /bin/sh -c "$1"`

// suScript does the same for root, who needs no permission, and hosts
// without sudo.
const suScript = `LC_ALL=C; export LC_ALL; for c in runuser su sudo; do command -v $c >/dev/null 2>&1 && break; c=; done; case $c in ` +
	`sudo) exec sudo -n -H -u "USER" -- /bin/sh -c "$1";; ?*) exec $c -s /bin/sh -c "$1" "USER";; esac; ` +
	`m=MAGIC1; m=${m}MAGIC2; echo; echo "$m E nosu"; exit 1`

// asUser wraps a script so that it runs as user. prompt is what sudo shall ask with, or ""
// where there is no password.
func (h *Host) asUser(script, magic, user, prompt string, terminal bool) string {
	login := h.Transport.User()
	if user == login {
		return inShell(script)
	}
	if terminal {
		script = withMagic(terminalScript, magic) + script
	}
	prepare := func(wrapper, user string) string {
		return strings.ReplaceAll(withMagic(wrapper, magic), "USER", user)
	}
	switch {
	case login == "root":
		return inShell(prepare(suScript, user), "sh", script)
	case h.Method == Su && user != "root" && h.viaRoot():
		return inShell(prepare(suRootScript, "root"), "sh", prepare(suScript, user), script)
	case h.Method == Su:
		return inShell(prepare(suUserScript, user), "sh", script)
	case h.Method == Doas:
		options := "-n"
		if terminal {
			options = ""
		}
		return inShell(prepare(strings.Replace(doasScript, "OPTIONS", options, 1), user), "sh", script)
	}
	options := "-n"
	if prompt != "" {
		options = `-S -p "` + prompt + `"`
	}
	return inShell(prepare(strings.Replace(sudoScript, "OPTIONS", options, 1), user), "sh", script)
}

// IsUser reports whether a name can be a user's, and is nothing more: an option,
// a piece of shell.
func IsUser(user string) bool {
	return user != "" && user[0] != '-' && len(user) <= 256 && !strings.ContainsFunc(user, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@+", r)
	})
}

// ErrDenied is a refusal that sudo's rules explain: asked for them, sudo may
// tell what else it allows.
var ErrDenied = errors.New("sudo's rules do not allow the runner")

// sudoError explains why the user could not be changed, from what sudo said.
func sudoError(host, login, user, said string, asked bool, exit error) *target.Error {
	e := &target.Error{Host: host, Stage: target.StageBecome, Detail: escape.Lines(said), Cause: exit}
	has := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(said, text) {
				return true
			}
		}
		return false
	}
	switch {
	case has("you must have a tty"):
		e.Message = "sudo wants a terminal (requiretty)"
		e.Hint = "add \"Defaults:" + escape.Text(login) + " !requiretty\" to sudoers"
	case has("not in the sudoers file", "may not run sudo"):
		return NotAllowed(host, login, user, said, exit)
	case sudo.Forbids(said):
		return NotAllowed(host, login, user, said, errors.Join(ErrDenied, exit))
	case has("unknown user", "does not exist"):
		e.Message = "there is no user " + escape.Text(user)
	case asked && has("incorrect password", "incorrect authentication", "uthentication failed", "no password was provided"):
		return passwordRefused(host, said)
	case sudo.WantsPassword(said):
		e.Cause = errors.Join(ErrDenied, exit)
		e.Message = "sudo asks for a password"
		e.Hint = "give it by -K, or add a NOPASSWD rule to sudoers"
	default:
		e.Message = "becoming " + escape.Text(user) + " failed: " + Ended(exit)
	}
	return e
}

// NotAllowed is the error that sudo does not let login become user.
func NotAllowed(host, login, user, said string, cause error) *target.Error {
	return &target.Error{
		Host: host, Stage: target.StageBecome, Detail: escape.Lines(said), Cause: cause,
		Message: "sudo does not allow " + escape.Text(login) + " to become " + escape.Text(user),
		Hint:    "a sudoers rule must allow /bin/sh as " + escape.Text(user),
	}
}

func passwordRefused(host, said string) *target.Error {
	return &target.Error{
		Host: host, Stage: target.StageBecome, Message: "sudo refused the password", Detail: escape.Lines(said),
		Hint: "-K asks for the password of the user that logs in, unless sudoers says otherwise (rootpw, targetpw)",
	}
}

// Ended says how a process ended.
func Ended(exit error) string {
	if exit == nil {
		return "exit status 0"
	}
	return escape.Text(exit.Error())
}
