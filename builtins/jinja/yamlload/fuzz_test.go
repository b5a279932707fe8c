package yamlload

import (
	"errors"
	"testing"
)

// FuzzLoad reads YAML as PyYAML does, within its steps.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"a: [1, 0x1f, 1_000, yes, ~, 2001-12-14t21:59:43.10-05:00]\n", "- &a x\n- *a\n", "a: &a [*a]\n", "? {a: b}\n: c\n", "<<: {a: 1}\n", "!!python/object:os.system x\n", "--- a\n--- b\n", "\x00", "a: 'b\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		left := 100_000
		_, _ = LoadAll(text, func(n int) error {
			if left -= n; left < 0 {
				return errors.New("too many steps")
			}
			return nil
		})
	})
}
