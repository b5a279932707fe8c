package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openfroyo/froyo/engine/event"
)

// events checks that each line of a file, or of stdout, is as docs/events.md says of its kind, and that
// the kinds that are named occur: events run.jsonl run.started recap.
func events(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: events FILE [KIND...]")
	}
	seen := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var fields map[string]json.RawMessage
		ts.Check(json.Unmarshal([]byte(line), &fields))
		var kind string
		ts.Check(json.Unmarshal(fields["event"], &kind))
		seen[kind] = true
		always, optional := event.Fields(event.Kind(kind))
		if always == nil {
			ts.Fatalf("docs/events.md does not have the kind of %s", line)
		}
		for _, name := range always {
			if _, ok := fields[name]; !ok {
				ts.Fatalf("there is no %s in %s", name, line)
			}
		}
		for name := range fields {
			if !slices.Contains(always, name) && !slices.Contains(optional, name) {
				ts.Fatalf("docs/events.md does not list %s for %s", name, line)
			}
		}
	}
	for _, kind := range args[1:] {
		if !seen[kind] {
			ts.Fatalf("%s: no event %s", args[0], kind)
		}
	}
}
