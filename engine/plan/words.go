package plan

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// words says what an effect of the step does: all of it, since it is read to
// find out whether it is wanted.
func (s *Step) words(e abi.Effect) string {
	text := s.verb(e)
	if len(e.Unknown) > 0 {
		text += " (known after apply: " + strings.Join(e.Unknown, ", ") + ")"
	}
	return text
}

func (s *Step) verb(e abi.Effect) string {
	o := e.Op
	switch {
	case o.Write != nil:
		return "writes " + o.Write.Path + brackets(writeWords(o.Write))
	case o.Mkdir != nil:
		return "makes the directory " + o.Mkdir.Path + brackets(attributeWords(o.Mkdir.Attributes))
	case o.Link != nil:
		return "links " + o.Link.Path + " to " + o.Link.Target + brackets(attributeWords(op.Attributes{Owner: o.Link.Owner, Group: o.Link.Group}))
	case o.Remove != nil:
		return "removes " + o.Remove.Path + either(o.Remove.Recurse, " with all it holds", "")
	case o.Attr != nil:
		return "sets " + o.Attr.Path + either(o.Attr.Recurse, " and all below it", "") + " to " + strings.Join(attributeWords(o.Attr.Attributes), ", ")
	case o.Exec != nil:
		return "runs " + execWords(o.Exec) + " as " + either(s.Unit.User == "", "the login user", s.Unit.User)
	case o.PkgEnsure != nil:
		return s.packageWords(o.PkgEnsure)
	case o.SvcEnsure != nil:
		return serviceWords(o.SvcEnsure)
	case o.HTTP != nil:
		method := either(o.HTTP.Method == "" || o.HTTP.Method == "GET", "", " with "+o.HTTP.Method)
		return "asks " + o.HTTP.URL + method + either(o.HTTP.Via == "", "", " from "+o.HTTP.Via)
	case o.TCP != nil:
		return "connects to " + o.Subject() + either(o.TCP.Via == "", "", " from "+o.TCP.Via)
	}
	return "performs " + o.String()
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func brackets(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func writeWords(w *op.Write) []string {
	var parts []string
	if w.Content != nil {
		parts = append(parts, fmt.Sprintf("%d bytes", w.Content.Size))
	}
	parts = append(parts, attributeWords(w.Attributes)...)
	if w.Backup {
		parts = append(parts, "the old one kept beside it")
	}
	if w.Check != "" {
		parts = append(parts, "checked by "+quote(w.Check))
	}
	return parts
}

func attributeWords(a op.Attributes) []string {
	var parts []string
	if a.Mode != nil {
		parts = append(parts, fmt.Sprintf("mode %04o", *a.Mode))
	}
	if a.DirMode != nil {
		parts = append(parts, fmt.Sprintf("mode %04o of directories", *a.DirMode))
	}
	if a.Owner != "" {
		parts = append(parts, "owner "+a.Owner)
	}
	if a.Group != "" {
		parts = append(parts, "group "+a.Group)
	}
	return parts
}

func execWords(e *op.Exec) string {
	argv := e.Argv
	if e.Shell != "" {
		argv = []string{"/bin/sh", "-c", e.Shell}
	}
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = quote(arg)
	}
	if len(words) == 0 {
		words = []string{"a program"}
	}
	text := strings.Join(words, " ")
	if len(e.Env) > 0 {
		text += " with " + quote(strings.Join(e.Env, " "))
	}
	if e.Dir != "" {
		text += " in " + e.Dir
	}
	if e.Stdin != nil {
		text += fmt.Sprintf(" reading %d bytes", e.Stdin.Size)
	}
	return text
}

// quote writes an argument as a shell reads it.
func quote(arg string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("+-./:=@_,%", r) || r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9')
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !plain(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

func (s *Step) packageWords(e *op.PkgEnsure) string {
	var parts []string
	for _, p := range e.Packages {
		switch p.State {
		case op.PkgAbsent:
			parts = append(parts, "removes "+p.Name)
		case op.PkgPurged:
			parts = append(parts, "removes "+p.Name+" with its configuration")
		case op.PkgPresent, op.PkgLatest:
			version := p.Version
			if len(e.Packages) == 1 {
				version = s.newVersion(version)
			}
			parts = append(parts, "installs "+p.Name+either(version == "", "", " "+version)+either(version == "" && p.State == op.PkgLatest, " in its latest version", ""))
		default:
			parts = append(parts, "brings "+p.Name+" to a state")
		}
	}
	return either(e.Update, "fetches the package lists and ", "") + strings.Join(parts, ", ")
}

// newVersion is the version that the plan shows, else the one that is asked for.
func (s *Step) newVersion(asked string) string {
	if s.Change == nil {
		return asked
	}
	for _, d := range s.Change.Diffs {
		var version string
		if d.Field == "version" && len(d.After) > 0 && codec.Unmarshal(d.After, &version) == nil {
			return version
		}
	}
	return asked
}

func serviceWords(e *op.SvcEnsure) string {
	var parts []string
	if e.Reload {
		parts = append(parts, "has the manager read its files again")
	}
	if e.Masked != nil {
		parts = append(parts, either(*e.Masked, "masks", "unmasks"))
	}
	if e.Enabled != nil {
		parts = append(parts, either(*e.Enabled, "enables", "disables"))
	}
	switch e.State {
	case op.SvcRunning:
		parts = append(parts, "starts")
	case op.SvcStopped:
		parts = append(parts, "stops")
	case op.SvcRestarted:
		parts = append(parts, "restarts")
	case op.SvcReloaded:
		parts = append(parts, "reloads")
	}
	if len(parts) == 0 {
		parts = []string{"brings to a state"}
	}
	last := parts[len(parts)-1]
	if len(parts) > 1 {
		last = strings.Join(parts[:len(parts)-1], ", ") + " and " + last
	}
	return last + " " + e.Name
}
