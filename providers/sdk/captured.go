package sdk

import (
	"strconv"

	"github.com/openfroyo/froyo/runner/op"
)

// Captured is a text that a program or a server gave, as ops tell it.
type Captured struct {
	Output string // the output that holds it; Output_bytes holds its bytes
	Text   string
	Raw    string // as base64, where it is not UTF-8
	Cut    bool   // there was more
	Limit  int64  // in bytes, 0 for the default
	Raise  string // the argument that raises the limit, or ""
}

// Check marks the output, and that of its bytes, where it is not whole, and
// returns what the output of its bytes is: "" where they are those of the text.
func (c Captured) Check(t *T) string {
	limit := c.Limit
	if limit == 0 {
		limit = op.DefaultOutput
	}
	kept := int64(len(c.Text))
	if c.Raw != "" {
		kept = int64(len(c.Raw)) / 4 * 3
	}
	if c.Cut {
		why := "it is longer than the " + strconv.FormatInt(kept, 10) + " bytes that are kept"
		hint := "have it say less, or write it to a file and read what is needed of that"
		if c.Raise != "" && kept+4 >= limit && limit < op.MaxOutput {
			hint = c.Raise + " = N takes N bytes, at most " + strconv.Itoa(op.MaxOutput)
		}
		t.Incomplete(c.Output, why, hint)
		t.Incomplete(c.Output+"_bytes", why, hint)
	}
	if c.Raw != "" {
		t.Incomplete(c.Output, "it is not UTF-8 text", c.Output+"_bytes has its bytes as they are")
	}
	return c.Raw
}
