package event

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// fields says what the fields of a line mean, in the order in which they are written.
var fields = []struct{ name, form, doc string }{
	{"event", "string", "The kind of event."},
	{"time", "RFC 3339", "When it happened, on this machine's clock."},
	{"host", "string", "The host, by its name in the inventory."},
	{"play", "string", "The play; left out for units that are declared outside of plays."},
	{"unit", "string", "The unit, without its host: `file[/etc/motd]`."},
	{"pos", "object", "Where the runbook declares it: `file`, `line` and `col`; what is not known is left out."},
	{"action", "string", "What the unit's change is: `create`, `update`, `delete`, `replace`, `run`, `probe`, or `none`."},
	{"status", "string", "How the unit ended: `ok`, `changed`, `failed` or `skipped`."},
	{"reason", "string", "Why a unit was skipped, had nothing to do, or changed, in words."},
	{"elapsed_ms", "integer", "How long the unit took, in milliseconds; 0 is left out."},
	{"text", "string", "Words, or a name; the kind says which."},
	{"stream", "string", "`stdout` or `stderr`."},
	{"error", "string", "What went wrong, on one line."},
	{"detail", "string", "Evidence of the error: the output of a program, for instance. May have several lines."},
	{"hint", "string", "What to do about the error."},
	{"ignored", "bool", "The unit failed, and its host continues (`ignore_failure`)."},
	{"unreachable", "bool", "The host could not be reached, or the connection was lost."},
	{"total", "integer", "How many there are; the kind says of what."},
	{"exit_code", "integer", "The exit code of the last program that the unit ran."},
	{"stdout", "string", "The end of what the unit's programs printed, at most 4 KiB: left out where that is nothing, or the unit is sensitive. `froyo runs show RUN UNIT` has all that is kept."},
	{"stderr", "string", "As `stdout`, of standard error."},
	{"stdout_omitted_bytes", "integer", "How many bytes were printed before `stdout`; 0 is left out."},
	{"stderr_omitted_bytes", "integer", "How many bytes were printed before `stderr`; 0 is left out."},
	{"plan", "object", "The plan, in the form of `froyo plan --json` and of saved plans; its own field `format` names the version."},
	{"hosts", "object", "By host: `ok`, `changed`, `unreachable`, `failed`, `skipped`, and `ignored` where it is not 0. A changed unit also counts as `ok`."},
}

// head is how the page begins.
const head = `# Events

What ` + "`froyo apply --json`" + ` prints, and what ` + "`--json-into FILE`" + ` writes for ` + "`plan`, `apply` and `resume`" + `: one JSON object a
line, each as soon as it happens. (` + "`froyo plan --json`" + ` prints the plan instead, as one document.) Events of one host are in the order in
which they happened; those of several hosts are interleaved.

Stability: the names of events and fields and their meanings stay. New events, new fields and new values of ` + "`text` and `reason`" + ` may be
added at any time, so ignore what you do not know. Texts for people (` + "`text`, `reason`, `error`, `detail`, `hint`" + `) may be
reworded at any time: decide by ` + "`event`, `status`, `action`" + ` and the other fields. Sensitive values are masked; control characters
and bytes that are not UTF-8 are escaped.

A field in parentheses is left out where there is nothing to say.

| Event | | Fields besides ` + "`event` and `time`" + ` |
|---|---|---|
`

// kinds says what each kind of line means, and which fields it has besides event and time.
var kinds = []struct {
	kind             Kind
	doc              string
	always, optional string // names of fields
}{
	{RunStarted, "A run begins; `text` is the command, `total` how many hosts it has.", "text total", ""},
	{HostStarted, "Work on a host begins.", "host", ""},
	{HostLimited, "sudo permits only certain programs as another user; `text` says which.", "host text", ""},
	{HostReached, "A host is connected.", "host", ""},
	{HostPlanned, "The plan of a host is made; `total` is how many units it has.", "host", "total"},
	{HostFailed, "A host failed outside its units, and takes no further part.", "host error", "detail hint unreachable"},
	{HostRefused, "A host is left as it is, since it must not be changed now: another run has locked it, for instance.", "host error", "play detail hint"},
	{HostWarned, "What the runbook read of a host while it was planned has another answer since a unit changed the host; or the guard of an earlier run has put back what was there.", "host error", "pos play detail hint"},
	{HostWaits, "A host waits for others, at a barrier, at a pause (also for the operator), or for a unit's `throttle` or `run_once`; `text` says for what.", "host pos text", "play unit"},
	{Plan, "The whole plan. Only in the file of `--json-into`, and only of `froyo plan`.", "plan", ""},
	{UnitStarted, "A unit is about to act.", "host unit pos", "play action"},
	{UnitNoted, "`text` says what a unit waits for or does meanwhile; also while planning.", "host text", "play unit pos action"},
	{UnitOutput, "With `--live` only: lines that a unit's program printed, as it did; `text` has them without the last line end. Not kept in the store.", "host unit stream text", ""},
	{UnitFinished, "A unit ended.", "host unit pos status", "play action reason elapsed_ms error detail hint ignored exit_code stdout stderr stdout_omitted_bytes stderr_omitted_bytes"},
	{Printed, "The runbook called `print`; `text` is what it printed.", "text", "pos host"},
	{HostStopped, "A host's play goes no further, though no unit of it failed: too many other hosts failed, or hosts wait for each other.", "host error", "play detail hint"},
	{HostFinished, "Apply is through with a host; with an error where it failed.", "host", "error detail hint unreachable"},
	{Recap, "The counts of all hosts, after all work on hosts.", "hosts", ""},
	{RunFinished, "The run ended, as its last line; `text` is `succeeded`, `failed` or `interrupted`.", "text", ""},
	{HostOnboarded, "A host was onboarded: it is registered, and as it is wanted; `text` says how it is reached.", "host text", ""},
}

// Fields returns which fields a line of a kind always has, and which it has where there is
// something to say, in the order of the page; nil for a kind that there is not.
func Fields(kind Kind) (always, optional []string) {
	for _, k := range kinds {
		if k.kind != kind {
			continue
		}
		always = append([]string{"event"}, strings.Fields(k.always)...)
		if kind != Plan && kind != Recap {
			always = slices.Insert(always, 1, "time")
		}
		return always, strings.Fields(k.optional)
	}
	return nil, nil
}

// Reference writes the page of all events as Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head)
	for _, k := range kinds {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.kind, k.doc, listed(k.always, k.optional))
	}
	b.WriteString("\n## Fields\n\n| Field | Form | |\n|---|---|---|\n")
	for _, f := range fields {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.name, f.form, f.doc)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// listed sets the names of fields as code, those that are optional in parentheses.
func listed(always, optional string) string {
	code := func(names string) string {
		return "`" + strings.ReplaceAll(names, " ", "` `") + "`"
	}
	if optional == "" {
		return code(always)
	}
	return code(always) + " (" + code(optional) + ")"
}
