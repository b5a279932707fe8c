package linux_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
)

// TestHints does what each hint about services and packages says: the unit can be planned, and lacks nothing.
func TestHints(t *testing.T) {
	pkg := func(name, more string) providertest.Unit {
		return providertest.Unit{Type: "pkg", Args: pkgArgs(name, more)}
	}
	service := func(name, more string) providertest.Unit {
		return providertest.Unit{Type: "service", Args: svcArgs(name, more)}
	}
	both := func() *providertest.Memory {
		m := pkgHost()
		m.Services = svcHost().Services
		return m
	}
	for _, tt := range []struct {
		wrong   providertest.Unit
		hint    string
		advised providertest.Unit
	}{
		{service("masked", `"state":"running"`), "to unmask it, add masked = False", service("masked", `"state":"running","masked":false`)},
		{service("up", `"state":"running","masked":true`), "leave one of them out", service("up", `"state":"running"`)},
		{service("up", `"state":"running","masked":true`), "leave one of them out", service("up", `"masked":true`)},
		{service("upp", `"state":"running"`), "is the name right? what brings it, its package or its file, has to be declared before", service("up", `"state":"running"`)},
		{pkg("virtual", ""), "name one of those: apt-cache showpkg virtual", pkg("known", "")},
		{
			pkg("packed", `"file":"/srv/none.deb"`), `declare it before: download("/srv/none.deb", url = ..., checksum = ...), or file() with source`,
			pkg("packed", `"file":"/srv/a.deb"`),
		},
		{pkg("knwon", ""), "is it right? update_cache = True fetches the lists first; a repository that has it must be declared before", pkg("known", "")},
		{pkg("knwon", ""), "is it right? update_cache = True fetches the lists first", pkg("knwon", `"update_cache":true`)},
	} {
		t.Run(tt.hint, func(t *testing.T) {
			said := func(u providertest.Unit) string {
				change, err := kit(t, both()).Plan(u)
				if err != nil {
					return err.Message + "; " + err.Hint
				}
				var all []string
				for _, n := range change.Needs {
					all = append(all, n.String()+"; "+n.Hint)
				}
				return strings.Join(all, "\n")
			}
			if got := said(tt.wrong); !strings.Contains(got, tt.hint) {
				t.Errorf("it says %q", got)
			}
			if got := said(tt.advised); got != "" {
				t.Errorf("the hint does not help: %s", got)
			}
		})
	}
}
