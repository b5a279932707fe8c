package protocol

import (
	"errors"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Validate checks the runner's introduction.
func (r *Ready) Validate() error {
	if r.Protocol != Version {
		return errors.New("ready: the runner speaks protocol " + strconv.Itoa(r.Protocol) +
			", expected " + strconv.Itoa(Version))
	}
	for _, text := range []string{r.Version, r.User, r.OS, r.Arch, r.Dir} {
		if text == "" || len(text) > maxText {
			return errors.New("ready: a text is empty or too long")
		}
	}
	if r.UID < 0 || r.PID <= 0 {
		return errors.New("ready: uid or pid is out of range")
	}
	return nil
}

// Validate checks the command and its op.
func (c *Command) Validate() error {
	if err := checkID("cmd", c.ID); err != nil {
		return err
	}
	at := "cmd " + strconv.FormatUint(c.ID, 10) + ": "
	if err := c.Op.Validate(); err != nil {
		return errors.New(at + err.Error())
	}
	for _, blob := range c.Op.Blobs() {
		if !isSum(blob.Sum) || blob.Size < 0 {
			return errors.New(at + "a blob has no SHA-256 or a negative size")
		}
	}
	if c.DeadlineMS < 0 || c.DeadlineMS > int64(MaxDeadline/time.Millisecond) {
		return errors.New(at + "deadline is out of range")
	}
	if len(c.After) > MaxAfter {
		return errors.New(at + "waits for too many commands")
	}
	for _, id := range c.After {
		if id == 0 || id >= c.ID {
			return errors.New(at + "waits for a command that is not before it")
		}
	}
	if c.Live && c.Op.Exec == nil {
		return errors.New(at + "runs no program that could be live")
	}
	if c.Expect != "" && !isSum(c.Expect) {
		return errors.New(at + "expect is not a SHA-256 in hex")
	}
	if c.Key != "" {
		if err := op.CheckKey(c.Key); err != nil {
			return errors.New(at + err.Error())
		}
	}
	return nil
}

// Validate checks the header of a piece of content.
func (d *Data) Validate() error {
	if d.N < 0 || d.N > MaxChunk {
		return errors.New("data: " + strconv.Itoa(d.N) + " bytes, expected at most " + strconv.Itoa(MaxChunk))
	}
	if d.N == 0 && !d.End {
		return errors.New("data: neither content nor end")
	}
	return checkID("data", d.ID)
}

// Validate checks a credit.
func (w *Window) Validate() error {
	if w.N <= 0 || w.N > WindowSize {
		return errors.New("window: credit for " + strconv.Itoa(w.N) + " bytes, expected 1 to " + strconv.Itoa(WindowSize))
	}
	return checkID("window", w.ID)
}

// Validate checks that the answer holds what it says.
func (d *Done) Validate() error {
	n := d.Result.Answers()
	if d.NotRun && (n != 0 || d.Mismatch) {
		return errors.New("done: not run, yet with a result")
	}
	if !d.NotRun && n != 1 {
		return errors.New("done: a result must have exactly one kind, this one has " + strconv.Itoa(n))
	}
	if read := d.Result.Read; read != nil && read.Content != nil && !isSum(read.Content.Sum) {
		return errors.New("done: the content has no SHA-256")
	}
	return checkID("done", d.ID)
}

// Validate checks that a command is named.
func (c *Cancel) Validate() error { return checkID("cancel", c.ID) }

// Validate checks that the note says something.
func (n *Note) Validate() error {
	if n.Text == "" || len(n.Text) > maxText {
		return errors.New("note: the text is empty or too long")
	}
	return checkID("note", n.ID)
}

// Validate checks that the output says something.
func (o *Output) Validate() error {
	if len(o.Text) > MaxOutput || o.Left < 0 || o.Text == "" && o.Left == 0 {
		return errors.New("output: the text is empty or too long, or less than nothing was left out")
	}
	return checkID("output", o.ID)
}

// Validate accepts every ping.
func (*Ping) Validate() error { return nil }

// Validate accepts every pong.
func (*Pong) Validate() error { return nil }

// Validate accepts every exit.
func (*Exit) Validate() error { return nil }

// Validate accepts every bye.
func (*Bye) Validate() error { return nil }

// Validate checks that the error says something.
func (e *Error) Validate() error {
	if e.Message == "" || len(e.Message) > maxText {
		return errors.New("error: the message is empty or too long")
	}
	return nil
}

func checkID(kind string, id uint64) error {
	if id == 0 {
		return errors.New(kind + ": id 0 is not a command")
	}
	return nil
}

// isSum reports whether s is a SHA-256 in lower-case hex.
func isSum(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
