package ui

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
)

// JSONLines writes each event as one line of JSON. It implements event.Sink.
type JSONLines struct {
	mu  sync.Mutex
	out io.Writer
	err error // the first
}

// NewJSONLines writes to w.
func NewJSONLines(w io.Writer) *JSONLines { return &JSONLines{out: w} }

// write writes one value as a line.
func (j *JSONLines) write(v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.out.Write(dial.EscapeJSON(text.Bytes()))
	if j.err == nil {
		j.err = err
	}
	return err
}

// Err is the first error of all writes.
func (j *JSONLines) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Plan writes a whole plan as one line.
func (j *JSONLines) Plan(d *plan.Document) error {
	return j.write(struct {
		Event string         `json:"event"`
		Plan  *plan.Document `json:"plan"`
	}{"plan", d})
}

// line is the shape of an event on the outside.
type line struct {
	Kind        event.Kind `json:"event"`
	Time        time.Time  `json:"time"`
	Host        string     `json:"host,omitempty"`
	Play        string     `json:"play,omitempty"`
	Unit        string     `json:"unit,omitempty"`
	Pos         *diag.Pos  `json:"pos,omitempty"`
	Action      string     `json:"action,omitempty"`
	Status      string     `json:"status,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	ElapsedMS   int64      `json:"elapsed_ms,omitempty"`
	Text        string     `json:"text,omitempty"`
	Error       string     `json:"error,omitempty"`
	Detail      string     `json:"detail,omitempty"`
	Hint        string     `json:"hint,omitempty"`
	Ignored     bool       `json:"ignored,omitempty"`
	Unreachable bool       `json:"unreachable,omitempty"`
	Total       int        `json:"total,omitempty"`
}

// EventJSON gives an event the shape in which it is written and stored.
func EventJSON(e event.Event) ([]byte, error) { return json.Marshal(shape(e)) }

func shape(e event.Event) line {
	l := line{
		Kind: e.Kind, Time: e.Time, Host: e.Host, Play: e.Play, Action: string(e.Action), Status: string(e.Status),
		Reason: e.Reason, ElapsedMS: e.Elapsed.Milliseconds(), Text: e.Text, Unreachable: e.Unreachable, Ignored: e.Ignored, Total: e.Total,
	}
	if l.Time.IsZero() {
		l.Time = time.Now()
	}
	if e.Unit.Type != "" {
		l.Unit = e.Unit.Local()
	}
	if e.Pos.File != "" {
		l.Pos = &e.Pos
	}
	if e.Err != nil {
		d := asDiagnostic(e.Err)
		l.Error, l.Detail, l.Hint = d.Summary, d.Detail, d.Hint
	}
	return l
}

// Emit implements event.Sink.
func (j *JSONLines) Emit(e event.Event) {
	_ = j.write(shape(e)) // Err tells it in the end; a closed pipe ends the process by its own signal
}

// Recap writes the counts of all hosts as the last line.
func (j *JSONLines) Recap(counts []apply.Count) error {
	type host struct {
		OK          int `json:"ok"`
		Changed     int `json:"changed"`
		Unreachable int `json:"unreachable"`
		Failed      int `json:"failed"`
		Skipped     int `json:"skipped"`
		Ignored     int `json:"ignored,omitempty"`
	}
	recap := struct {
		Event string          `json:"event"`
		Hosts map[string]host `json:"hosts"`
	}{"recap", map[string]host{}}
	for _, c := range counts {
		recap.Hosts[c.Host] = host{c.OK, c.Changed, c.Unreachable, c.Failed, c.Skipped, c.Ignored}
	}
	return j.write(recap)
}
