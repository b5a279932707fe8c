package onboard

import (
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
)

// TestFind: a target is found by its name, or by an address that is its alone, and never another instead.
func TestFind(t *testing.T) {
	t.Parallel()
	all := []state.Target{
		{Name: "db", Address: "192.0.2.1"},
		{Name: "web", Address: "192.0.2.1", Port: 2222},
		{Name: "alone", Address: "192.0.2.2", Port: 2222},
		{Name: "192.0.2.3", Address: "192.0.2.4"},
		{Name: "other", Address: "192.0.2.3"},
	}
	for _, tt := range []struct {
		name string
		port int
		want string // a name, or what the error says
	}{
		{"db", 0, "db"},
		{"db", 2200, "db"}, // it was moved
		{"192.0.2.1", 0, "192.0.2.1 is the address of several hosts: db, port 22; web, port 2222"},
		{"192.0.2.1", 22, "db"},
		{"192.0.2.1", 2222, "web"},
		{"192.0.2.1", 23, "no host 192.0.2.1 with port 23 was onboarded here"},
		{"192.0.2.2", 0, "alone"},
		{"192.0.2.2", 22, "no host 192.0.2.2 with port 22 was onboarded here"},
		{"192.0.2.3", 0, "192.0.2.3"}, // the name goes first
		{"de", 0, "no host de was onboarded here"},
	} {
		found, err := findAt(all, tt.name, tt.port)
		switch {
		case err == nil && found.Name != tt.want:
			t.Errorf("%s port %d is %s, want %s", tt.name, tt.port, found.Name, tt.want)
		case err != nil && diag.Of(err).Summary != tt.want:
			t.Errorf("%s port %d: %v, want %s", tt.name, tt.port, err, tt.want)
		case err != nil && errors.Is(err, errSeveral) != strings.Contains(tt.want, "several"):
			t.Errorf("%s: %v is not told apart", tt.name, err)
		}
	}
}
