package event

import (
	"encoding/json"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Record is an event as it is written and stored: a line of --json, a row of the store.
type Record struct {
	Kind        Kind      `json:"event"`
	Time        time.Time `json:"time"`
	Host        string    `json:"host,omitempty"`
	Play        string    `json:"play,omitempty"`
	Unit        string    `json:"unit,omitempty"` // its local name
	Pos         *diag.Pos `json:"pos,omitempty"`
	Action      string    `json:"action,omitempty"`
	Status      string    `json:"status,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	ElapsedMS   int64     `json:"elapsed_ms,omitempty"`
	Text        string    `json:"text,omitempty"`
	Stream      string    `json:"stream,omitempty"`
	Error       string    `json:"error,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Hint        string    `json:"hint,omitempty"`
	Ignored     bool      `json:"ignored,omitempty"`
	Unreachable bool      `json:"unreachable,omitempty"`
	Total       int       `json:"total,omitempty"`
	// The end of what the programs of a unit printed; the store keeps all of it elsewhere.
	ExitCode      *int   `json:"exit_code,omitempty"`
	Stdout        string `json:"stdout,omitempty"`
	Stderr        string `json:"stderr,omitempty"`
	StdoutOmitted int64  `json:"stdout_omitted_bytes,omitempty"`
	StderrOmitted int64  `json:"stderr_omitted_bytes,omitempty"`
}

// outputEnd is how much a line has of what a unit printed on each stream, in bytes.
const outputEnd = 4 << 10

// Record gives an event the form in which it is written. One without a time is of now.
func (e Event) Record() Record {
	r := Record{
		Kind: e.Kind, Time: e.Time, Host: e.Host, Play: e.Play, Action: string(e.Action), Status: string(e.Status),
		Reason: e.Reason, ElapsedMS: e.Elapsed.Milliseconds(), Text: e.Text, Stream: e.Stream, Unreachable: e.Unreachable, Ignored: e.Ignored, Total: e.Total,
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	if e.Unit.Type != "" {
		r.Unit = e.Unit.Local()
	}
	if e.Pos.File != "" {
		r.Pos = &e.Pos
	}
	if e.Err != nil {
		d := diag.Of(e.Err)
		r.Error, r.Detail, r.Hint = d.Summary, d.Detail, d.Hint
	}
	if o := e.Output; o != nil {
		stdout, stderr := o.Stdout.Tail(outputEnd, 0), o.Stderr.Tail(outputEnd, 0)
		r.ExitCode = &o.RC
		r.Stdout, r.StdoutOmitted = stdout.Text, stdout.Omitted
		r.Stderr, r.StderrOmitted = stderr.Text, stderr.Omitted
	}
	return r
}

// Encode writes an event as JSON for the store, in which no secret stands, nor what programs printed.
func Encode(e Event) ([]byte, error) {
	e.Output = nil
	text, err := json.Marshal(e.Record())
	return []byte(secret.Mask(string(text))), err
}

// Decode reads what Encode wrote, by this version or an earlier one.
func Decode(data []byte) (Record, error) {
	var r Record
	err := json.Unmarshal(data, &r)
	return r, err
}
