package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/schema"
)

// acting are arguments that say nothing of what is on the host, so that nothing done by hand makes it otherwise: those of
// all types, and those of one.
var acting = []struct{ why, fields string }{
	{"name the unit", "name unit_name"},
	{"say how something is reached or waited for", "timeout reboot.condition wait_for.* probe_http.* probe_tcp.* check.* download.by download.headers download.ca download.proxy git.key git.key_file git.accept_new_host_key"},
	{"say how a file is written", "backup validate follow file.in_place"},
	{"say how much is taken", "max_bytes max_members max_output"},
	{"say what a command is given and what its result means", "cmd.cwd cmd.env cmd.stdin script.content script.args script.cwd script.env background ok_exit_codes on_resume changed_when"},
	{"say what is left alone", "sync.exclude unpack.exclude unpack.keep"},
	{"say what else may be done in the course of it", "user.force user.move_home user.remove user.update_password non_unique firewall.allow_lockout sysctl.ignore_missing"},
	{"say by which program and from where something is installed", "python site_packages index_url find_links no_index break_system_packages gem.source gem.gem npm.npm npm.registry npm.ignore_scripts"},
	{"say how something new is made, and leave what is there", "user.system group.system ini.no_extra_spaces pkg.install_recommends pkg.update_cache pkg.cache_valid"},
}

// uncorrected are arguments of which no lab test changes the host by hand, with why.
var uncorrected = map[string]string{
	"debconf.type": "it is the question's, which a package brings",
}

// isActing reports whether an argument of a type is one of those.
func isActing(typ, field string) bool {
	return slices.ContainsFunc(acting, func(group struct{ why, fields string }) bool {
		names := strings.Fields(group.fields)
		return slices.Contains(names, typ+"."+field) || slices.Contains(names, field) || slices.Contains(names, typ+".*")
	})
}

// check holds the drifts of tests to what types have and what the tests' runbooks say.
func (all labCasesOf) check(t *testing.T, types *catalog.Catalog) {
	t.Helper()
	for _, c := range all {
		for _, drift := range c.drifts {
			name, field, _ := strings.Cut(drift, ".")
			typ := types.Type(name)
			if typ == nil || typ.Index(field) < 0 {
				t.Errorf("%s: %s is no argument of a type", c.path, drift)
			} else if !c.gives(typ, field) {
				t.Errorf("%s: %s is changed by hand, and no unit of the case gives it", c.path, drift)
			}
		}
	}
	for drift := range uncorrected {
		name, field, _ := strings.Cut(drift, ".")
		if typ := types.Type(name); typ == nil || typ.Index(field) < 0 {
			t.Errorf("%s is no argument of a type", drift)
		}
	}
}

// gives reports whether a case has a unit of a type with an argument, or one whose default it is.
func (c labCase) gives(typ *schema.Type, field string) bool {
	f := typ.Fields[typ.Index(field)]
	given := regexp.MustCompile(`\b` + field + `\s*=`)
	return slices.ContainsFunc(c.converges, func(text string) bool {
		return calls(typ.Name, text) && (f.Key || f.HasDefault || slices.ContainsFunc(append(c.around, text), given.MatchString))
	})
}

// drift says of how many of a type's arguments the tests change the host by hand.
func (s shown) drift(t *testing.T, typ *schema.Type) string {
	t.Helper()
	var corrected, all int
	var not []string
	for _, f := range typ.Fields {
		switch why := uncorrected[typ.Name+"."+f.Name]; {
		case s.drifts[f.Name] && why != "":
			t.Errorf("%s.%s is corrected: take it out of uncorrected", typ.Name, f.Name)
		case s.drifts[f.Name]:
			corrected++
			all++
		case f.Key || identifies(typ, f.Name) || isActing(typ.Name, f.Name) || s.drifts[f.SourceInto] || s.isSource(typ, f.Name):
		case why != "":
			not = append(not, fmt.Sprintf("`%s` (%s)", f.Name, why))
			all++
		default:
			t.Errorf("no lab test changes by hand what %s of %s says; acting and uncorrected list what need not be", f.Name, typ.Name)
		}
	}
	switch {
	case all == 0:
		return none
	case len(not) > 0:
		return fmt.Sprintf("%d of %d fields; not: %s", corrected, all, strings.Join(not, ", "))
	case all == 1:
		return "its one field"
	}
	return fmt.Sprintf("all %d fields", all)
}

// identifies reports whether an argument belongs to the key of a type's units.
func identifies(typ *schema.Type, field string) bool {
	return slices.ContainsFunc(typ.KeyWith, func(names []string) bool { return slices.Contains(names, field) })
}

// uncounted says which arguments do not count, and why.
func uncounted() string {
	var b strings.Builder
	b.WriteString("\nAs fields of which there is drift do not count those that\n\n")
	for _, group := range acting {
		fmt.Fprintf(&b, "- %s: `%s`\n", group.why, strings.Join(strings.Fields(group.fields), "`, `"))
	}
	return b.String()
}

// isSource reports whether an argument is what another one, of which the tests change the host, is read into.
func (s shown) isSource(typ *schema.Type, field string) bool {
	return slices.ContainsFunc(typ.Fields, func(f schema.Field) bool { return f.SourceInto == field && s.drifts[f.Name] })
}
