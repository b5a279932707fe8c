// Package ask asks hosts for facts: which ops that takes for each namespace, and what the answers say. It connects to nothing.
//
// It imports engine/facts, engine/facts/procfs and the contracts of the runner.
package ask

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Question is what is put to a host for one namespace of facts.
type Question struct {
	namespace *facts.Namespace
	source    source
}

// source is how the facts of a namespace are told: the ops, and how their results are read. Where read is nil, the runner
// tells them itself.
type source struct {
	ops  []op.Op
	read func(results []op.Result, asked time.Time) (map[string]any, error)
}

// sources are the namespaces of froyo's that the controller reads from what files and programs of the host say.
var sources = map[string]source{
	"hw.memory":  {texts("/proc/meminfo"), memory},
	"hw.disks":   {scripts(diskScript), disks},
	"net.routes": {texts("/proc/net/route", "/proc/net/ipv6_route"), routes},
	"fs.mounts":  {scripts("cat /proc/self/mountinfo", sizeScript), mounts},
	"users":      {scripts("cat /etc/passwd", "cat /etc/group"), users},
	"time":       {append(texts("/proc/stat", "/etc/timezone"), append(scripts(clockScript), op.Op{Stat: &op.Stat{Path: "/etc/localtime"}})...), clock},
	"virt":       {append(texts("/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"), scripts(virtScript)...), virt},
}

// For returns the question for a namespace that a host tells itself: one of froyo's, or one of a workspace's that a program of
// the host prints.
func For(n *facts.Namespace) Question {
	switch s, found := sources[n.Name]; {
	case n.Own != nil:
		return Question{n, source{[]op.Op{program(n.Own)}, func(results []op.Result, _ time.Time) (map[string]any, error) { return printed(n, results[0].Exec) }}}
	case found:
		return Question{n, s}
	}
	return Question{n, source{ops: []op.Op{{Facts: &op.Facts{Namespaces: []string{n.Name}}}}}}
}

// Steps are what the host has to do, as user.
func (q Question) Steps(user string) []target.Step {
	steps := make([]target.Step, len(q.source.ops))
	if q.namespace.Own != nil && q.namespace.Own.User != "" {
		user = q.namespace.Own.User
	}
	for i, o := range q.source.ops {
		steps[i] = target.Step{Op: o, User: user, Timeout: q.namespace.Deadline}
	}
	return steps
}

// Answer reads the results of the steps, and holds them to the namespace's definition. asked is when they were sent.
func (q Question) Answer(results []op.Result, asked time.Time) (map[string]any, error) {
	for i, r := range results {
		if r.Error != nil {
			return nil, q.explain(fmt.Errorf("%s%w", what(q.source.ops[i], r.Error), r.Error))
		}
	}
	if q.source.read == nil {
		return facts.Of(results[0].Facts, q.namespace.Name)
	}
	values, err := q.source.read(results, asked)
	if err == nil {
		err = q.namespace.Check(values)
	} else {
		err = facts.Bad(q.namespace.Name, err)
	}
	if err != nil {
		return nil, q.explain(err)
	}
	return values, nil
}

// what names an op before an error that does not name it.
func what(o op.Op, err *op.Error) string {
	if text := o.String(); !strings.Contains(err.Message, text) {
		return text + ": "
	}
	return ""
}

// explain says of facts that a program of the workspace tells where it is said what they are.
func (q Question) explain(err error) error {
	if q.namespace.Own == nil {
		return err
	}
	told := diag.Of(err)
	return (&diag.Error{Summary: told.Summary, Detail: told.Detail, Cause: err}).
		WithHint("%s has to print a JSON object of the fields in %s, within %s", q.namespace.Own.Argv[0], q.namespace.Own.File, q.namespace.Deadline)
}

// texts asks what files say.
func texts(paths ...string) []op.Op {
	ops := make([]op.Op, len(paths))
	for i, p := range paths {
		ops[i] = op.Op{Text: &op.Text{Path: p, Limit: op.MaxText, Unsafe: true}}
	}
	return ops
}

// scripts asks what shell scripts print that change nothing.
func scripts(texts ...string) []op.Op {
	ops := make([]op.Op, len(texts))
	for i, t := range texts {
		ops[i] = op.Op{Exec: &op.Exec{Shell: t, ReadOnly: true, Public: true, Limit: op.MaxOutput}}
	}
	return ops
}

// said is what a file said, "" where there is none.
func said(r *op.TextResult) (string, error) {
	switch {
	case r == nil:
		return "", errors.New("the host gave no answer about a file")
	case r.Long > 0:
		return "", fmt.Errorf("it has %d bytes, expected at most %d", r.Long, op.MaxText)
	case r.Binary:
		return "", errors.New("it is no UTF-8 text")
	case r.Exists && r.Type != "" && r.Type != op.TypeFile:
		return "", fmt.Errorf("it is a %s, expected a file", r.Type)
	}
	return r.Text, nil
}

// output is what a script printed.
func output(r *op.ExecResult) (string, error) {
	switch {
	case r == nil:
		return "", errors.New("the host gave no answer about a program")
	case r.RC != 0:
		return "", fmt.Errorf("exit code %d (expected 0)%s", r.RC, lastLine(r.Stderr))
	case r.StdoutCut:
		return "", fmt.Errorf("it printed more than %d bytes", op.MaxOutput)
	}
	return r.Stdout, nil
}

// clean makes one line of a text: what cannot stand in it becomes U+FFFD, by which its readers know that it is not whole.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
