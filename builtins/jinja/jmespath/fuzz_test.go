package jmespath

import "testing"

// FuzzQuery reads queries, which come from runbooks and from what they were given.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{"a.b[0].c", "a[?b == `1`].{x: y, z: w}", "sort_by(@, &a)[::-1] | [0]", "[a, b][]", "a[1:2:0]", "'x", "`{`", "((((", "!a && b || c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parse(text); err == nil && n == nil {
			t.Errorf("%q is nothing", text)
		}
	})
}
