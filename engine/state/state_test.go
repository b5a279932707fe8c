package state_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/storefault"
	"github.com/openfroyo/froyo/runner/op"
)

func TestNewRunID(t *testing.T) {
	at := time.Date(2026, 11, 23, 22, 45, 1, 0, time.FixedZone("", 3600))
	id := state.NewRunID(at)
	if !regexp.MustCompile(`^20261123-214501-[0-9a-f]{6}$`).MatchString(id) {
		t.Errorf("id is %q", id)
	}
	if later := state.NewRunID(at.Add(time.Second)); later <= id {
		t.Errorf("%q does not follow %q", later, id)
	}
	if again := state.NewRunID(at); again == id {
		t.Errorf("two runs share the id %q", id)
	}
}

func TestFault(t *testing.T) {
	cause := errors.New("evidence")
	tests := []struct {
		name    string
		kind    error
		summary string
		code    diag.Code
	}{
		{"newer", storefault.ErrNewer, "the state in /w/x.db is written by a newer froyo", diag.OK},
		{"corrupt", storefault.ErrCorrupt, "the state in /w/x.db is damaged", diag.OK},
		{"read-only", storefault.ErrReadOnly, "the state in /w/x.db is not writable", diag.OK},
		{"full", storefault.ErrFull, "the state in /w/x.db: no space left on its disk", diag.OK},
		{"busy", storefault.ErrBusy, "the state in /w/x.db is in use by another process", diag.Locked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := state.Faults.Error(test.kind, "/w/x.db", cause)
			if d.Summary != test.summary || d.Detail != "evidence" || d.Code != test.code {
				t.Errorf("got %q, %q, %d", d.Summary, d.Detail, d.Code)
			}
			if d.Hint == "" || strings.ContainsAny(d.Hint, "\n") {
				t.Errorf("hint is %q", d.Hint)
			}
			if !errors.Is(d, test.kind) || !errors.Is(d, cause) {
				t.Errorf("%v has lost its causes", d)
			}
		})
	}
}

// TestFaultInWords: what SQLite puts behind its messages is no evidence.
func TestFaultInWords(t *testing.T) {
	for text, want := range map[string]string{
		"database is locked (5) (SQLITE_BUSY)": "database is locked", "file is not a database (26)": "file is not a database", "page 7 of 9": "page 7 of 9",
	} {
		if d := state.Faults.Error(storefault.ErrCorrupt, "/w/x.db", errors.New(text)); d.Detail != want {
			t.Errorf("%q: got %q", text, d.Detail)
		}
	}
}

func TestValueSum(t *testing.T) {
	tests := []struct {
		name  string
		value state.Value
		want  string
	}{
		{"not there", state.Value{}, ""},
		{"open", state.Value{Data: []byte("{}")}, op.Sum([]byte("{}"))},
		{"sensitive", state.Value{Digest: "keyed"}, "keyed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.value.Sum(); got != test.want {
				t.Errorf("Sum() = %q, want %q", got, test.want)
			}
		})
	}
}
