package args

import (
	"fmt"
	"time"

	"go.starlark.net/starlark"
)

// Duration is a span of time, given as text: "30s", "1m30s", "2h".
type Duration time.Duration

var _ starlark.Unpacker = (*Duration)(nil)

// maxDuration is more than anything a runbook waits for.
const maxDuration = 7 * 24 * time.Hour

// Unpack implements starlark.Unpacker.
func (d *Duration) Unpack(v starlark.Value) error {
	text, ok := starlark.AsString(v)
	if !ok {
		return fmt.Errorf("got %s, want a duration as text, such as \"30s\" or \"1m30s\"", v.Type())
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 || parsed > maxDuration {
		return fmt.Errorf("got %q, want a duration such as \"30s\" or \"1m30s\", at most 168h", text)
	}
	*d = Duration(parsed)
	return nil
}
