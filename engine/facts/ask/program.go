package ask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what a program of a host may print as facts.
const (
	maxPrinted = 256 << 10 // bytes
	maxDepth   = 20        // of objects and lists in one another
	maxShown   = 500       // bytes of what it says of its failure
)

// program runs what prints the facts of a workspace's own namespace.
func program(own *facts.Own) op.Op {
	return op.Op{Exec: &op.Exec{Argv: own.Argv, ReadOnly: true, Limit: maxPrinted}}
}

// printed reads the JSON object that a program printed.
func printed(n *facts.Namespace, r *op.ExecResult) (map[string]any, error) {
	what := n.Own.Argv[0]
	switch {
	case r == nil:
		return nil, errors.New("the host gave no answer about " + what)
	case r.RC != 0:
		return nil, fmt.Errorf("%s: exit code %d (expected 0)%s", what, r.RC, lastLine(r.Stderr))
	case r.StdoutCut:
		return nil, fmt.Errorf("%s printed more than %d bytes", what, maxPrinted)
	case r.StdoutRaw != "":
		return nil, fmt.Errorf("what %s printed is no UTF-8 text", what)
	}
	d := json.NewDecoder(bytes.NewBufferString(r.Stdout))
	d.UseNumber()
	v, err := value(d, 0)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("something follows the JSON object")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("what %s printed is no JSON: %w", what, err)
	}
	values, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s printed JSON, but no object of fields: %.100q", what, strings.TrimSpace(r.Stdout))
	}
	return values, nil
}

// lastLine is the last line that a program printed, after a colon.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if text = text[strings.LastIndexByte(text, '\n')+1:]; text == "" {
		return ""
	}
	if text = clean(text); len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return ": " + text
}

// value reads the next value as plain data. A name that is there twice is an error: which of the two is meant cannot be known.
func value(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d objects and lists in one another", maxDepth)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return list(d, depth)
		}
		return object(d, depth)
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, nil
		}
		f, err := t.Float64()
		if n := int64(f); err == nil && float64(n) == f && n > -1<<53 && n < 1<<53 {
			return n, nil // as it is kept
		}
		return f, err
	}
	return token, nil
}

func list(d *json.Decoder, depth int) (any, error) {
	all := []any{}
	for d.More() {
		v, err := value(d, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := d.Token()
	return all, err
}

func object(d *json.Decoder, depth int) (any, error) {
	all := map[string]any{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		if _, twice := all[name.(string)]; twice {
			return nil, fmt.Errorf("%.100q is there twice", name)
		}
		if all[name.(string)], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return all, err
}
