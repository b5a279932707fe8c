package op

import (
	"strings"
	"testing"
)

func TestIsRun(t *testing.T) {
	for name, want := range map[string]bool{
		"20261129-140000-abcdef": true, "r.1_x": true, "r-": true,
		"": false, "-": false, "--kill": false, ".": false, "..": false, "a/b": false, "a b": false, "é": false,
	} {
		if IsRun(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestCheckKey(t *testing.T) {
	tests := []struct{ name, key, want string }{
		{"plain", "20261125-210315-ab12cd:web/0/file[/etc/motd]", ""},
		{"any printable text", "r1:é \"x\": 日本", ""},
		{"the longest", "r1:" + strings.Repeat("x", maxKey-3), ""},
		{"empty", "", "not RUN:REST"},
		{"no rest", "r1:", "not RUN:REST"},
		{"no run", ":a", "not RUN:REST"},
		{"no colon", "r1", "not RUN:REST"},
		{"too long", "r1:" + strings.Repeat("x", maxKey), "longer"},
		{"a run that leads elsewhere", "../r1:a", "not RUN:REST"},
		{"a run that is hidden", ".r1:a", "not RUN:REST"},
		{"a run that is too long", strings.Repeat("r", maxRun+1) + ":a", "not RUN:REST"},
		{"a newline", "r1:a\n", "cannot be printed"},
		{"an escape", "r1:\x1b[31m", "cannot be printed"},
		{"not UTF-8", "r1:\xff", "cannot be printed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := CheckKey(test.key)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestJournalOp(t *testing.T) {
	o := Op{Journal: &Journal{Run: "r1"}}
	if err := o.Validate(); err != nil || o.Kind() != KindJournal || o.Changes() || o.Subject() != "r1" {
		t.Errorf("%s: %v", o, err)
	}
	for _, run := range []string{"", "..", "a/b", "a\x00"} {
		if err := (Op{Journal: &Journal{Run: run}}).Validate(); err == nil {
			t.Errorf("the run %q was accepted", run)
		}
	}
}
