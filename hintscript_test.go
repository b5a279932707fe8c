package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// hinted runs a command, whatever it ends with, and wants a hint that has a text: hinted 'TEXT' COMMAND...
// It stands in the script as it is in the code, so that TestEveryHintIsFollowed finds it.
func hinted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hinted 'TEXT' COMMAND...")
	}
	said, _ := shellOut(ts, args[1:])
	if !strings.Contains(said, args[0]) || !strings.Contains(said, "hint: ") {
		ts.Fatalf("no hint %q in\n%s", args[0], said)
	}
	ts.Setenv("LASTHINT", args[0])
}

// helps runs a command as the last hint advises: it succeeds, and the hint is gone. helps COMMAND...
func helps(ts *testscript.TestScript, neg bool, args []string) {
	hint := ts.Getenv("LASTHINT")
	if neg || len(args) < 1 || hint == "" {
		ts.Fatalf("usage, after hinted: helps COMMAND...")
	}
	said, err := shellOut(ts, args)
	if err != nil || strings.Contains(said, hint) {
		ts.Fatalf("the hint %q does not help: %v\n%s", hint, err, said)
	}
}

// shellOut runs a command, and returns what it said, and how it ended.
func shellOut(ts *testscript.TestScript, args []string) (string, error) {
	err := ts.Exec(args[0], args[1:]...)
	return ts.ReadFile("stderr") + ts.ReadFile("stdout"), err
}
