package pyini

import "testing"

// FuzzFile reads INI files as Python does.
func FuzzFile(f *testing.F) {
	for _, text := range []string{"[a]\nb = c\n  d\n", "[DEFAULT]\nx: 1\n[s]\ny\n", "x = 1\n", "[a\n", "# c\n; d\n[a]\nb=%(c)s\n"} {
		f.Add(text, false, true)
	}
	f.Fuzz(func(t *testing.T, text string, exact, bare bool) {
		file, err := Read(text, Options{Exact: exact, Bare: bare, Step: func(int) error { return nil }})
		if err != nil {
			return
		}
		for _, name := range file.Names {
			if file.Sections[name] == nil {
				t.Errorf("there is no section %q", name)
			}
		}
	})
}
