package store

import "testing"

// FuzzRecipients reads lists of recipients, of which each line has a key or is a comment.
func FuzzRecipients(f *testing.F) {
	for _, text := range []string{"# x\nage1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudqqqqqqqqqqqq\n", "<<<<<<< HEAD\n", "ssh-rsa AAAA x\r\n", "\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := parseList("recipients", text); err == nil && len(l.all) != len(l.keys) {
			t.Errorf("%d recipients, %d keys", len(l.all), len(l.keys))
		}
	})
}
