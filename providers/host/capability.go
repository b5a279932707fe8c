package host

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/runner/op"
)

// scope is what a capability of a kind is narrowed by.
type scope int

const (
	scopeNone     scope = iota
	scopePaths          // paths, if it likes
	scopeSomePath       // paths, which it must list
	scopePrograms       // programs, which it must list
	scopeHosts          // hosts, which it must list
)

// scopeOf returns how ops of a kind are narrowed, and whether there is such a kind.
func scopeOf(kind op.Kind) (scope, bool) {
	switch kind {
	case op.KindGetent, op.KindFacts, op.KindPkgQuery, op.KindPkgEnsure, op.KindSvcQuery, op.KindSvcEnsure:
		return scopeNone, true
	case op.KindStat, op.KindRead, op.KindList:
		return scopePaths, true
	case op.KindWrite, op.KindMkdir, op.KindLink, op.KindRemove, op.KindAttr:
		return scopeSomePath, true
	case op.KindExec:
		return scopePrograms, true
	case op.KindHTTP, op.KindTCP:
		return scopeHosts, true
	}
	return 0, false // net.connect, lease.take and journal.read among them: they are the controller's own
}

// capability reads one entry of a manifest's ops.
func capability(n *yaml.Node) (Capability, error) {
	var c Capability
	err := mapping(n, []string{"kind"}, map[string]func(*yaml.Node) error{
		"kind": text((*string)(&c.Kind)),
		"paths": func(n *yaml.Node) error {
			return list(n, maxGlobs, glob(&c.Paths, true))
		},
		"programs": func(n *yaml.Node) error {
			return list(n, maxGlobs, glob(&c.Programs, false))
		},
		"hosts": func(n *yaml.Node) error {
			return list(n, maxGlobs, hostGlob(&c.Hosts))
		},
	})
	if err != nil {
		return c, err
	}
	by, known := scopeOf(c.Kind)
	switch {
	case !known:
		return c, at(n, "there is no op %q", c.Kind)
	case len(c.Paths) > 0 && by != scopePaths && by != scopeSomePath:
		return c, at(n, "%s has no paths", c.Kind)
	case len(c.Programs) > 0 && by != scopePrograms:
		return c, at(n, "%s has no programs", c.Kind)
	case len(c.Hosts) > 0 && by != scopeHosts:
		return c, at(n, "%s has no hosts", c.Kind)
	case len(c.Paths) == 0 && by == scopeSomePath:
		return c, at(n, `%s must list the paths it is for; "/**" is all`, c.Kind)
	case len(c.Programs) == 0 && by == scopePrograms:
		return c, at(n, `%s must list the programs it is for; "*" is all`, c.Kind)
	case len(c.Hosts) == 0 && by == scopeHosts:
		return c, at(n, `%s must list the hosts it is for; "*" is all`, c.Kind)
	}
	return c, nil
}

// glob reads one pattern.
func glob(to *[]string, absolute bool) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		var pattern string
		if err := text(&pattern)(n); err != nil {
			return err
		}
		_, err := path.Match(pattern, "")
		switch {
		case err != nil || pattern == "" || len(pattern) > 256:
			return at(n, "%q is no pattern", pattern)
		case absolute && !strings.HasPrefix(pattern, "/"):
			return at(n, "pattern %q must begin with /", pattern)
		case strings.Contains(pattern, "/") && path.Clean(pattern) != pattern:
			return at(n, "pattern %q should be %q", pattern, path.Clean(pattern))
		}
		*to = append(*to, pattern)
		return nil
	}
}

// hostGlob reads one pattern of hosts.
func hostGlob(to *[]string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		var pattern string
		if err := text(&pattern)(n); err != nil {
			return err
		}
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || len(pattern) > 256 || strings.Contains(pattern, "/") {
			return at(n, "%q is no pattern of hosts", pattern)
		}
		*to = append(*to, strings.ToLower(pattern))
		return nil
	}
}

// Allows reports, as an error, that the manifest does not cover an op. Paths
// are compared as text: what links on the host make of them is not looked at.
func (m *Manifest) Allows(o op.Op) error {
	if !m.covers(o) {
		return fmt.Errorf("op %s is outside its manifest", oneLine(o.String()))
	}
	// A check is a program like any other.
	if o.Write != nil && o.Write.Check != "" && !m.covers(op.Op{Exec: &op.Exec{Shell: o.Write.Check}}) {
		return fmt.Errorf("op %s runs a check, and exec is outside its manifest", oneLine(o.String()))
	}
	return nil
}

func (m *Manifest) covers(o op.Op) bool {
	kind := o.Kind()
	by, known := scopeOf(kind)
	return known && slices.ContainsFunc(m.Capabilities, func(c Capability) bool {
		switch {
		case c.Kind != kind:
			return false
		case by == scopePrograms:
			return c.runs(o.Exec)
		case by == scopeHosts:
			return c.probes(o)
		}
		return len(c.Paths) == 0 || slices.ContainsFunc(c.Paths, func(p string) bool { return matchPath(p, o.Subject()) })
	})
}

// shell is the program that shell commands count as.
const shell = "/bin/sh"

// runs reports whether a capability covers a program. Where it does not cover
// all, the environment must not decide which program it is.
func (c Capability) runs(e *op.Exec) bool {
	if slices.Contains(c.Programs, "*") {
		return true
	}
	for _, entry := range e.Env {
		if name, _, _ := strings.Cut(entry, "="); name == "PATH" || strings.HasPrefix(name, "LD_") {
			return false
		}
	}
	program := shell
	if len(e.Argv) > 0 {
		program = e.Argv[0]
	}
	return slices.ContainsFunc(c.Programs, func(p string) bool {
		if strings.Contains(p, "/") {
			return matchPath(p, program)
		}
		ok, err := path.Match(p, program)
		return ok && err == nil
	})
}

// probes reports whether a capability covers the host that a probe asks. Where
// redirects are followed, that may become any.
func (c Capability) probes(o op.Op) bool {
	if slices.Contains(c.Hosts, "*") {
		return true
	}
	var name string
	switch {
	case o.TCP != nil:
		name = o.TCP.Address
	case o.HTTP.Follow:
		return false
	default:
		u, err := url.Parse(o.HTTP.URL)
		if err != nil {
			return false
		}
		name = u.Hostname()
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return slices.ContainsFunc(c.Hosts, func(p string) bool { return matchSegment(p, name) })
}

// matchPath matches an absolute path against a pattern: within a segment as
// [path.Match] does, and "**" stands for any number of segments, at the end for
// at least one. "/**" is every path.
func matchPath(pattern, name string) bool {
	if pattern == "/**" {
		return strings.HasPrefix(name, "/")
	}
	if slices.Contains(strings.Split(name, "/"), "..") {
		return false // where it leads depends on the host's links
	}
	return matchSegments(segments(pattern), segments(path.Clean(name)))
}

func segments(name string) []string { return strings.Split(strings.TrimPrefix(name, "/"), "/") }

func matchSegments(pattern, name []string) bool {
	p, n := 0, 0
	star, resume := -1, 0 // the latest "**" and where in name to go on from it
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, n
			p++
		case p < len(pattern) && matchSegment(pattern[p], name[n]):
			p, n = p+1, n+1
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return p == len(pattern)
}

func matchSegment(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
