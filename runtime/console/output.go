package console

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// WriteJSON prints a value on standard output, to be read by people and programs alike.
func (c *Console) WriteJSON(v any) error {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := c.Stdout.Write(escape.JSON([]byte(text.String())))
	return err
}

// Columns is how wide the terminal is that standard output goes to, 0 where it is none.
func (c *Console) Columns() int {
	if !IsTerminal(c.Stdout) {
		return 0
	}
	columns, _ := Size(c.Stdout)
	return columns
}

// WriteFitted prints lines on standard output, on a terminal none longer than it is wide.
func (c *Console) WriteFitted(text string) error {
	if !IsTerminal(c.Stdout) {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
	columns, _ := Size(c.Stdout)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if _, err := fmt.Fprintln(c.Stdout, layout.Fit(line, columns)); err != nil {
			return err
		}
	}
	return nil
}
