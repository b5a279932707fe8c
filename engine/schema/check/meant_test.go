package check

import (
	"os"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/schema"
)

// TestMeant: words of other tools lead to values and arguments that there are.
func TestMeant(t *testing.T) {
	defs := map[string]string{"file": "#File", "cmd": "#Cmd", "pkg": "#Pkg", "service": "#Service"}
	p, err := schema.Load(os.DirFS("../../../providers/linux"), "linux", defs)
	if err != nil {
		t.Fatal(err)
	}
	meant, called := 0, 0
	for _, typ := range p.Types {
		for i, f := range typ.Fields {
			for word, value := range typ.Rules[i].Meant {
				meant++
				_, problems := new(Checker).Check(typ, map[string]any{f.Name: word}, nil)
				hint := slices.ContainsFunc(problems, func(p Problem) bool { return p.Field == f.Name && p.Hint == `did you mean "`+value+`"?` })
				if !hint || !slices.Contains(f.Enum, value) || slices.Contains(f.Enum, word) {
					t.Errorf("%s: %s = %q: %+v", typ.Name, f.Name, word, problems)
				}
			}
			for _, name := range typ.Rules[i].Called {
				called++
				if typ.Index(name) >= 0 || typ.Called(name) != f.Name {
					t.Errorf("%s: %s is called %q, which leads to %q", typ.Name, f.Name, name, typ.Called(name))
				}
			}
		}
	}
	if meant == 0 || called == 0 {
		t.Error("no type names what other tools say")
	}
}
