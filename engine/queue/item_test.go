package queue

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/storefault"
)

func TestID(t *testing.T) {
	tests := []struct {
		name  string
		run   string
		batch int
		play  string
		host  string
		want  string
	}{
		{"plain", "20261125-210315-ab12cd", 2, "web", "web1.example.org", "20261125-210315-ab12cd/3/web/web1.example.org"},
		{"no play", "r1", 0, "", "h1", "r1/1//h1"},
		{"blanks and slashes", "r1", 0, "my play", "a/b", "r1/1/my%20play/a%2Fb"},
		{"control characters", "r1", 0, "x\n", "\x1b[31m", "r1/1/x%0A/%1B%5B31m"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ID(test.run, test.batch, test.play, test.host); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestIDsDiffer: no two items have one ID, and every ID can be printed.
func TestIDsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type part struct {
			run        string
			batch      int
			play, host string
		}
		name := rapid.StringOf(rapid.RuneFrom([]rune{'a', '/', '%', '2', 'F', '\n', 'é', ' '}))
		draw := func(label string) part {
			return part{
				name.Draw(t, label+" run"), rapid.IntRange(0, 12).Draw(t, label+" batch"),
				name.Draw(t, label+" play"), name.Draw(t, label+" host"),
			}
		}
		a, b := draw("a"), draw("b")
		ida, idb := ID(a.run, a.batch, a.play, a.host), ID(b.run, b.batch, b.play, b.host)
		if (a == b) != (ida == idb) {
			t.Errorf("%+v is %q, %+v is %q", a, ida, b, idb)
		}
		if strings.ContainsFunc(ida, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' }) {
			t.Errorf("%q cannot be printed", ida)
		}
	})
}

func TestFault(t *testing.T) {
	for _, kind := range []error{storefault.ErrNewer, storefault.ErrCorrupt, storefault.ErrReadOnly, storefault.ErrFull, storefault.ErrBusy} {
		t.Run(kind.Error(), func(t *testing.T) {
			cause := errors.New("evidence")
			d := Faults.Error(kind, "/srv/queue.db", cause)
			if !errors.Is(d, kind) || !errors.Is(d, cause) || d.Detail != "evidence" || d.Hint == "" {
				t.Errorf("%#v", d)
			}
			if !strings.Contains(d.Summary, "/srv/queue.db") || !strings.Contains(d.Summary, kind.Error()) {
				t.Errorf("summary %q", d.Summary)
			}
			if locked := d.Code == diag.Locked; locked != errors.Is(kind, storefault.ErrBusy) {
				t.Errorf("exit code %d", d.Code)
			}
		})
	}
}
