package planning

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// earlyLooks warns of questions about what a unit before them is going to change: the file or directory itself, what is above or
// below it, or a path that a command names. What other units change without saying so is found out after apply (see engine/apply).
func earlyLooks(h *plan.Host, steps []*plan.Step) []*diag.Error {
	var warnings []*diag.Error
	for _, look := range h.Looks {
		paths := pathsOf(look.Op)
		for _, s := range own(steps) {
			if s.Unit.Index >= look.After || !s.Pending() || !slices.ContainsFunc(paths, func(path string) bool { return writes(s, path) }) {
				continue
			}
			warnings = append(warnings, (&diag.Error{
				Summary: "this was read before " + s.Unit.ID.Local() + " changes it", Pos: look.Pos, Host: h.Host.Name,
			}).WithHint(plan.ReadLater))
			break
		}
	}
	return warnings
}

// pathsOf are the paths that a question is about, none where only its answer tells.
func pathsOf(o op.Op) []string {
	switch {
	case o.Getent != nil:
		return []string{"/etc/" + o.Getent.DB}
	case o.Kind().OnFiles():
		return []string{hostpath.Clean(o.Subject())}
	}
	return nil
}

// writes reports whether a step is going to change what is at a path, above or below it, as far as it says where it writes.
func writes(s *plan.Step, path string) bool {
	near := func(p string) bool { return hostpath.Below(p, path) || hostpath.Below(path, p) }
	if slices.ContainsFunc(s.Unit.Order.Claims, func(c unit.Claim) bool { return c.Owns && c.Namespace == unit.PathNamespace && near(c.Name) }) {
		return true
	}
	return slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool {
		if e.Op.Kind().OnFiles() {
			return near(hostpath.Clean(e.Op.Subject()))
		}
		return e.Op.Exec != nil && mentions(e.Op.Exec, path)
	})
}

// mentions reports whether a command names a path, or one below it.
func mentions(e *op.Exec, path string) bool {
	if path == "/" {
		return false
	}
	return slices.ContainsFunc(append([]string{e.Shell}, e.Argv...), func(text string) bool {
		for from := 0; ; {
			at := strings.Index(text[from:], path)
			if at < 0 {
				return false
			}
			at += from
			end := at + len(path)
			if (at == 0 || !strings.ContainsRune(pathRunes, rune(text[at-1]))) && (end == len(text) || text[end] == '/' || !strings.ContainsRune(pathRunes, rune(text[end]))) {
				return true
			}
			from = at + 1
		}
	})
}

// pathRunes are the characters that a path in a command goes on with.
const pathRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
