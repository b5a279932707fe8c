package pycsv

import "testing"

// FuzzRows reads all rows of a text: each takes some of it.
func FuzzRows(f *testing.F) {
	for _, text := range []string{"a,b\n\"c\"\"\",d\n", "\"a\nb\",c", "a;\"b", "\r\n\n", "a\rb"} {
		f.Add(text, ",", true)
	}
	f.Fuzz(func(t *testing.T, text, delimiter string, skip bool) {
		if delimiter == "" {
			return
		}
		r := NewReader(text, delimiter, skip)
		for n := 0; r.More(); n++ {
			if n > len(text) {
				t.Fatal("a row takes nothing")
			}
			if _, err := r.Row(); err != nil {
				return
			}
		}
	})
}
