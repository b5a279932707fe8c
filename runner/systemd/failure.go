package systemd

import (
	"context"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// deed is what is done to a unit: the verb of systemctl, how its failure reads,
// and the programs of the unit that it runs.
type deed struct{ verb, failed, programs string }

var (
	starting   = deed{"start", "did not start", "ExecCondition ExecStartPre ExecStart ExecStartPost"}
	stopping   = deed{"stop", "did not stop", "ExecStop ExecStopPost"}
	restarting = deed{"restart", "did not restart", starting.programs}
	reloading  = deed{"reload-or-restart", "did not reload", "ExecReload " + starting.programs}
)

// failure is systemctl that did not do as it was told.
type failure struct {
	answer *op.Error
	said   string // by it, on its standard error
}

func (f *failure) Error() string { return f.answer.Message }
func (f *failure) Unwrap() error { return f.answer }

// control runs systemctl as who may change services. The error of a verb that
// failed is a *failure.
func (m *Manager) control(ctx context.Context, name, verb string, options []string) error {
	argv := append([]string{m.systemctl(), "--no-pager", "--no-ask-password", verb}, options...)
	if verb != "daemon-reload" {
		argv = append(argv, "--", name)
	}
	r, err := m.host.Run(ctx, m.host.Elevate(argv...), environment)
	switch {
	case err != nil:
		return err
	case r.RC == 0:
		return nil
	case denied(r):
		return &failure{m.denial(name, verb, r), r.Stderr}
	}
	text := line(r.Stderr)
	if text == "" {
		text = "it ended with exit code " + strconv.Itoa(r.RC)
	}
	e := refusal("failed", "systemctl "+verb+" "+name+": "+text)
	if passes(r.Stderr) {
		e.Class = op.Transient
	}
	return &failure{e, r.Stderr}
}

// denied reports whether it was a matter of permission: to systemd or to sudo.
func denied(r *op.ExecResult) bool {
	for _, sign := range [...]string{"Access denied", "Interactive authentication required", "Permission denied", "Operation not permitted"} {
		if strings.Contains(r.Stderr, sign) {
			return true
		}
	}
	return strings.HasPrefix(r.Stderr, "sudo: ") || strings.HasPrefix(r.Stderr, "Sorry, user ")
}

// denial names the rule that would permit it.
func (m *Manager) denial(name, verb string, r *op.ExecResult) *op.Error {
	what := m.host.User + " may not run systemctl " + verb + " " + name
	if m.host.UID == 0 {
		return refusal("eacces", what+": "+line(r.Stderr))
	}
	return refusal("eacces", what+" as root; expected the sudo rule "+
		strconv.Quote(m.host.User+" ALL=(root) NOPASSWD: "+m.systemctl())+"\n"+line(r.Stderr))
}

// passes reports whether the reason is one that may be gone the next time.
func passes(text string) bool {
	for _, sign := range [...]string{
		"is destructive", "canceled", "timed out", "Connection reset by peer", "Transport endpoint is not connected",
		"Failed to activate service",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// asked are the properties that tell how a unit failed.
const asked = "Type,Result,ExecMainCode,ExecMainStatus," +
	"ExecCondition,ExecStartPre,ExecStart,ExecStartPost,ExecReload,ExecStop,ExecStopPost"

// explain says why a unit is not where it should be, with evidence. Where
// systemctl found nothing wrong (failed is nil), a unit that does its work and
// ends is where it should be.
func (m *Manager) explain(ctx context.Context, name string, d deed, failed error) error {
	f, isFailure := failed.(*failure) //nolint:errorlint // control returns it as it is
	if failed != nil && (!isFailure || f.answer.Code == "eacces") {
		return failed
	}
	r, err := m.host.Run(ctx, []string{m.systemctl(), "show", "--no-pager", "--property=" + asked, "--", name}, environment)
	if err != nil {
		return err
	}
	p := parseProperties(r.Stdout)
	result := p.get("Result")
	if failed == nil && p.get("Type") == "oneshot" && result == "success" {
		return nil
	}
	said := ""
	if isFailure {
		said = f.said
	}
	lines := m.evidence(ctx, name)
	e, why := reason(p, d, said, lines)
	if isWord(result) && result != "success" {
		why += " (result '" + result + "')"
	}
	e.Message = strings.Join(append([]string{name + " " + d.failed + ": " + why}, lines...), "\n")
	return e
}

// reason tells a failure's class and its reason, by the unit's properties,
// what systemctl said, and what the journal ends with.
func reason(p properties, d deed, said string, lines []string) (e *op.Error, why string) {
	e = &op.Error{Class: op.Permanent, Code: "failed"}
	end := strings.Join(lines[max(0, len(lines)-3):], "\n")
	switch result := p.get("Result"); {
	case passes(said):
		e.Class = op.Transient
		return e, line(said)
	case result == "timeout":
		e.Class, e.Code = op.Transient, "timeout"
		return e, "it took too long"
	case result == "start-limit-hit" || strings.Contains(said+end, "repeated too quickly"):
		e.Class, e.Code = op.Throttled, "startlimit"
		return e, "it was started too often in a short time"
	case said == "" && result == "success" && (strings.Contains(end, "unmet condition") || strings.Contains(end, "Condition check resulted")):
		return e, "a condition in its file does not hold"
	}
	if why = culprit(p, strings.Fields(d.programs)); why != "" {
		return e, why
	}
	if said != "" {
		return e, line(said)
	}
	return e, "it ended by itself"
}

// culprit names the program of the unit that failed, and how.
func culprit(p properties, programs []string) string {
	for _, program := range programs {
		for _, each := range p {
			if each[0] != program || strings.Contains(each[1], "ignore_errors=yes") {
				continue
			}
			how := ending(each[1])
			if how != "" && program != "ExecStart" {
				return program + "=" + between(each[1], "argv[]=", " ; ") + ": " + how
			}
			if how != "" {
				return how
			}
		}
	}
	status := p.get("ExecMainStatus")
	switch code := p.get("ExecMainCode"); {
	case status == "" || status == "0" || !isWord(status):
		return ""
	case code == "1": // CLD_EXITED
		return "exit code " + status
	default:
		return "ended by signal " + status
	}
}

// ending tells how a program of a unit ended, or "" where it did well or did not run.
func ending(exec string) string {
	code := between(exec, "code=", " ")
	status := between(exec, "status=", " ")
	switch {
	case status == "" || status == "0":
		return ""
	case code == "exited":
		return "exit code " + status
	case code == "killed" || code == "dumped":
		return "ended by signal " + status
	}
	return ""
}

// between returns what is after the one text and before the other, or "".
func between(s, from, to string) string {
	_, s, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return line(s)
}

// evidence is the end of what the unit last wrote to the journal. systemctl
// gives it, so that no other program need be permitted; of a unit that systemd
// will start again it gives nothing, and the journal itself may.
func (m *Manager) evidence(ctx context.Context, name string) []string {
	if sleep(ctx, settleTime) != nil { // until the journal has taken what was written last
		return nil
	}
	status := m.host.Elevate(m.systemctl(), "status", "--no-pager", "--no-ask-password", "--full", "--lines=15", "--output=cat", "--", name)
	if r, err := m.host.Run(ctx, status, environment); err == nil && !denied(r) {
		if _, journal, _ := strings.Cut(r.Stdout, "\n\n"); strings.TrimSpace(journal) != "" {
			return tail(journal)
		}
	}
	r, err := m.host.Run(ctx, []string{"journalctl", "--no-pager", "--quiet", "--unit=" + name, "--lines=15", "--output=cat"}, environment)
	if err != nil || r.RC != 0 {
		return nil
	}
	return tail(r.Stdout)
}

// tail is the end of a text, in bounded lines.
func tail(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	size := 0
	for i := len(lines) - 1; i >= 0; i-- {
		lines[i] = line(lines[i])
		if size += len(lines[i]) + 1; size > maxEvidence {
			return lines[i+1:]
		}
	}
	if size <= 1 {
		return nil
	}
	return lines
}
