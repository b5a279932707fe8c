package manifest

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/providers/host/grant"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/runner/op"
)

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
		"arguments": func(n *yaml.Node) error {
			return list(n, maxGlobs, names(&c.Arguments))
		},
		"reads":  grants(&c.Reads),
		"probes": grants(&c.Probes),
		"runs":   grants(&c.Runs),
	})
	if err != nil {
		return c, err
	}
	by, known := c.Kind.Scope()
	switch {
	case !known:
		return c, at(n, "there is no op %q", c.Kind)
	case len(c.Paths) > 0 && by != op.ScopePaths && by != op.ScopeSomePath:
		return c, at(n, "%s has no paths", c.Kind)
	case len(c.Programs) > 0 && by != op.ScopePrograms:
		return c, at(n, "%s has no programs", c.Kind)
	case len(c.Hosts) > 0 && by != op.ScopeHosts:
		return c, at(n, "%s has no hosts", c.Kind)
	case by != op.ScopePrograms && len(c.Reads)+len(c.Probes)+len(c.Runs) > 0:
		return c, at(n, "%s runs no programs", c.Kind)
	case by == op.ScopePrograms && len(c.Arguments) > 0:
		return c, at(n, `%s takes what comes from arguments under "runs"`, c.Kind)
	case len(c.Paths) == 0 && by == op.ScopeSomePath:
		return c, at(n, `%s must list the paths it is for; "/**" is all`, c.Kind)
	case len(c.Programs) == 0 && by == op.ScopePrograms:
		return c, at(n, `%s must list the programs it is for; "*" is all`, c.Kind)
	case len(c.Hosts) == 0 && by == op.ScopeHosts:
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

// names reads one name of an argument or of a field.
func names(to *[]string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		var name string
		err := matching(&name, typeName, "a name of lower case letters, digits and underscores")(n)
		*to = append(*to, name)
		return err
	}
}

// grants reads a list of programs that are granted.
func grants(to *[]grant.Grant) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		return list(n, maxGlobs, func(item *yaml.Node) error {
			g := grant.Grant{From: map[string]string{}, Where: map[string]string{}}
			err := mapping(item, nil, map[string]func(*yaml.Node) error{
				"from":    func(n *yaml.Node) error { return assignments(n, g.From, execFields) },
				"where":   func(n *yaml.Node) error { return assignments(n, g.Where, nil) },
				"argv":    func(n *yaml.Node) error { return list(n, maxGlobs, glob(&g.Argv, false)) },
				"options": func(n *yaml.Node) error { return list(n, maxGlobs, glob(&g.Options, false)) },
				"stdin":   truth(&g.Stdin),
				"public":  truth(&g.Public),
				"shell":   program(&g.Shell),
			})
			if err == nil {
				err = checkGrant(item, &g)
			}
			*to = append(*to, g)
			return err
		})
	}
}

// checkGrant refuses what does not go together.
func checkGrant(n *yaml.Node, g *grant.Grant) error {
	given := 0
	for _, is := range []bool{len(g.From) > 0, len(g.Argv) > 0, g.Shell != ""} {
		if is {
			given++
		}
	}
	rest := slices.Index(g.Argv, grant.Rest)
	switch {
	case given != 1:
		return at(n, "give one of from, argv and shell")
	case g.Stdin && len(g.From) > 0:
		return at(n, "stdin is for argv and shell; from has a field of that name")
	case g.Public && len(g.Argv) == 0:
		return at(n, "public is for argv: what an author's command prints may be a secret")
	case (rest >= 0) != (len(g.Options) > 0), rest >= 0 && slices.Contains(g.Argv[rest+1:], grant.Rest):
		return at(n, `options are what stands for "..." in argv, which may be there once`)
	case rest == 0:
		return at(n, "the program is missing before its options")
	}
	return nil
}

// execFields are the fields of exec that a manifest may take from arguments.
var execFields = []string{"argv", "shell", "dir", "env", "stdin", "script", "background"}

// assignments reads fields and the arguments that they are taken from or, without
// a list of fields, arguments and the values that they must have.
func assignments(n *yaml.Node, to map[string]string, fields []string) error {
	return pairs(n, maxGlobs, func(key, value *yaml.Node) error {
		switch {
		case fields != nil && !slices.Contains(fields, key.Value):
			return at(key, "exec has no field %q; known are %s", printable.Line(key.Value), strings.Join(fields, ", "))
		case !typeName.MatchString(key.Value) || fields != nil && !typeName.MatchString(value.Value):
			return at(key, "%q: %q is no name of an argument", printable.Line(key.Value), printable.Line(value.Value))
		case value.Kind != yaml.ScalarNode:
			return at(value, "must be a single value")
		}
		to[key.Value] = value.Value
		if fields == nil && value.ShortTag() == "!!str" {
			to[key.Value] = strconv.Quote(value.Value)
		}
		return nil
	})
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
