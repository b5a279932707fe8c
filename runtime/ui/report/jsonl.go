package report

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/escape"
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
	_, err := j.out.Write(escape.JSON([]byte(secret.Mask(text.String()))))
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
func (j *JSONLines) Plan(d *planfile.Document) error {
	return j.write(struct {
		Event string             `json:"event"`
		Plan  *planfile.Document `json:"plan"`
	}{"plan", d})
}

// Emit implements event.Sink.
func (j *JSONLines) Emit(e event.Event) {
	_ = j.write(e.Record()) // Err tells it in the end
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
