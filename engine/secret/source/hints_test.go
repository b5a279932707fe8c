package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// TestHints: what each hint says is what helps.
func TestHints(t *testing.T) {
	p := newPlace(t)
	file := func(name, text string) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := func(*testing.T) {}
	for _, tt := range []struct {
		name, generate string
		hint           string
		follow         func(*testing.T)
		then, made     string // what is asked for then
	}{
		{"env:DB_PASWORD", "", "did you mean env:DB_PASSWORD?", none, "env:DB_PASSWORD", ""},
		{"evn:DB_PASSWORD", "", "did you mean env:DB_PASSWORD?", none, "env:DB_PASSWORD", ""},
		{"http:x", "", "the name of one of the store has no colon; other sources are command:, env:, file:, vault:", none, "command:echo x", ""},
		{"", "", `secret("db/password"), secret("env:DB_PASSWORD")`, none, "db/password", ""},
		{"file:none", "", "its name starts from the workspace's directory; write it into none", file("none", "x\n"), "file:none", ""},
		{"vault:line", "", "ansible-vault encrypt line; or, if it is to stay as it is, file:line", none, "file:line", ""},
		{"file:.", "", "name a file that holds what is wanted, and nothing else", none, "file:line", ""},
		{"file:large", "", "name a file that holds what is wanted, and nothing else", none, "file:line", ""},
		{"command:yes", "", "have it print the secret and nothing else", none, "command:echo yes", ""},
		{"command:cat later", "", "see what it does, in " + p.dir + ": sh -c 'cat later' </dev/null", file("later", "x"), "command:cat  later", ""},
		{"env:OTHER_THING", "hex(8)", `secret("db/password", generate = "hex(8)")`, none, "other/password", "hex(8)"},
		{"made", "pasword(24)", "did you mean password(24)?", none, "made", "password(24)"},
		{"made2", "secret", "one of password(24), alphanumeric(20), hex(32), base64(32), uuid()", none, "made2", "alphanumeric(20)"},
		{"made3", "hex", "such as hex(32)", none, "made3", "hex(32)"},
		{"made4", "uuid(4)", "uuid()", none, "made4", "uuid()"},
		{"made", "", `give it here, too: secret("made", generate = "password(24)"); or use the value of one call`, none, "made", "password(24)"},
		{"made", "uuid()", "say the same at both places, or use the value of one call", none, "made", "password(24)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Get(t.Context(), tt.name, tt.generate)
			if got := diag.Of(err).Hint; err == nil || got != tt.hint {
				t.Fatalf("%v: %q, want %q", err, got, tt.hint)
			}
			tt.follow(t)
			if tt.then == tt.name && tt.made == tt.generate {
				p.renew()
			}
			if marked, err := p.Get(t.Context(), tt.then, tt.made); err != nil || !secret.Marked(marked) {
				t.Errorf("it does not help: %v", err)
			}
		})
	}
	// Of a store that says nothing itself.
	s := New(Options{Seal: func() (func([]byte) string, error) { return secret.Unkept, nil }})
	_, err := s.Get(t.Context(), "db/password", "")
	if got := diag.Of(err).Hint; got != `give it a value: froyo secret set db/password; or have it made: secret("db/password", generate = "password(24)")` {
		t.Errorf("%v: %q", err, got)
	}
	if _, err := s.Get(t.Context(), "db/password", "password(24)"); err != nil {
		t.Error(err)
	}
	if _, err := p.Get(t.Context(), "file:open", ""); err != nil || len(p.warn) == 0 {
		t.Fatal(err)
	}
	if warned := p.warn[len(p.warn)-1]; !strings.Contains(warned, "others can read") {
		t.Error(warned)
	}
	// chmod 600 is what the warning says.
	if err := os.Chmod(filepath.Join(p.dir, "open"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.renew()
	before := len(p.warn)
	if _, err := p.Get(t.Context(), "file:open", ""); err != nil || len(p.warn) != before {
		t.Errorf("it still warns: %v, %v", p.warn, err)
	}
}
