package event

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/escape"
)

// Counts are what a recap says of one host.
type Counts struct {
	OK          int `json:"ok"`
	Changed     int `json:"changed"`
	Unreachable int `json:"unreachable"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	Ignored     int `json:"ignored,omitempty"`
}

// planLine is a plan as a line.
type planLine struct {
	Kind Kind `json:"event"`
	Plan any  `json:"plan"`
}

// recapLine is a recap as a line.
type recapLine struct {
	Kind  Kind              `json:"event"`
	Hosts map[string]Counts `json:"hosts"`
}

// Lines writes a run as lines of JSON: its events, its plan and its recap. It implements Sink.
type Lines struct {
	mu  sync.Mutex
	out io.Writer
	err error // the first
}

// NewLines writes to w.
func NewLines(w io.Writer) *Lines { return &Lines{out: w} }

// Emit implements Sink.
func (l *Lines) Emit(e Event) {
	_ = l.write(e.Record()) // Err returns it in the end
}

// Plan writes a whole plan, in the form in which it is saved.
func (l *Lines) Plan(document any) error { return l.write(planLine{Plan, document}) }

// Recap writes the counts of all hosts, by name.
func (l *Lines) Recap(hosts map[string]Counts) error { return l.write(recapLine{Recap, hosts}) }

// Err is the first error of all writes.
func (l *Lines) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// write writes one value as a line.
func (l *Lines) write(v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.out.Write(escape.JSON([]byte(secret.Mask(text.String()))))
	}
	if l.err == nil {
		l.err = err
	}
	return err
}
