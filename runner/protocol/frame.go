package protocol

import (
	"errors"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Version is the version of the protocol; both ends must have the same.
const Version = 1

// What keeps either end from being flooded by the other.
const (
	MaxLine    = 4 << 20   // bytes of a frame, without the content behind it
	MaxNoise   = 1 << 20   // bytes before the magic
	MaxChunk   = 32 << 10  // bytes of content behind one data frame
	WindowSize = 256 << 10 // bytes of content on the way for one command
	MaxAfter   = 4096      // ids that one command may wait for
	MaxPending = 4096      // commands that are not done
	MaxOutput  = 8 << 10   // bytes of text in one output frame
	maxText    = 4096
)

// The clock of the line: the controller pings every PingEvery, and a runner
// that hears nothing at all for Silence takes the controller for gone.
const (
	PingEvery = 15 * time.Second
	Silence   = 60 * time.Second
)

// Deadlines of commands.
const (
	DefaultDeadline = 10 * time.Minute // of a command that names none
	MaxDeadline     = 7 * 24 * time.Hour
)

// Frame is one message. Exactly one field is set; its name in JSON is the
// frame's kind.
type Frame struct {
	Ready   *Ready   `json:"ready,omitempty"`
	Command *Command `json:"cmd,omitempty"`
	Data    *Data    `json:"data,omitempty"`
	Window  *Window  `json:"window,omitempty"`
	Done    *Done    `json:"done,omitempty"`
	Note    *Note    `json:"note,omitempty"`
	Output  *Output  `json:"output,omitempty"`
	Cancel  *Cancel  `json:"cancel,omitempty"`
	Ping    *Ping    `json:"ping,omitempty"`
	Pong    *Pong    `json:"pong,omitempty"`
	Exit    *Exit    `json:"exit,omitempty"`
	Bye     *Bye     `json:"bye,omitempty"`
	Error   *Error   `json:"error,omitempty"`
}

// Ready is the runner's first frame: who it is and where.
type Ready struct {
	Protocol int    `json:"protocol"`
	Version  string `json:"version"` // of froyo
	UID      int    `json:"uid"`
	User     string `json:"user"` // name, or the uid as decimal where it has none
	PID      int    `json:"pid"`
	OS       string `json:"os"`   // as Go names it
	Arch     string `json:"arch"` // as Go names it
	Dir      string `json:"dir"`  // where the runner was started from, gone by now
}

// Command asks for an op to be performed.
type Command struct {
	// ID is chosen by the controller, not 0, and never used twice.
	ID uint64 `json:"id"`
	Op op.Op  `json:"op"`
	// User is who shall perform it: the runner's own user, or "" which means the
	// same. For another user programs are run by sudo, as far as that allows them;
	// what only reads is done as the runner's user, and all else is refused.
	User string `json:"user,omitempty"`
	// DeadlineMS bounds its running time, not its waiting; 0 is DefaultDeadline.
	DeadlineMS int64 `json:"deadline_ms,omitempty"`
	// After holds smaller ids, sent before, that must have gone well.
	After []uint64 `json:"after,omitempty"`
	// Expect is the Digest that the result must have, or "".
	Expect string `json:"expect,omitempty"`
	// Live asks for what the program of an exec prints, as it does.
	Live bool `json:"live,omitempty"`
	// Key names the command in the journal of its run, RUN:REST; one without is
	// not noted there.
	Key string `json:"key,omitempty"`
}

// Deadline is how long the command may run.
func (c *Command) Deadline() time.Duration {
	if c.DeadlineMS == 0 {
		return DefaultDeadline
	}
	return time.Duration(c.DeadlineMS) * time.Millisecond
}

// Data is a piece of a command's content.
type Data struct {
	ID  uint64 `json:"id"`
	N   int    `json:"n"` // bytes behind this line; the writer sets it
	End bool   `json:"end,omitempty"`
	// Bytes stand behind the line. What a Reader returns belongs to its caller.
	Bytes []byte `json:"-"`
}

// Window gives credit for N more bytes of a command's content.
type Window struct {
	ID uint64 `json:"id"`
	N  int    `json:"n"`
}

// Done answers a command.
type Done struct {
	ID     uint64    `json:"id"`
	Result op.Result `json:"result"`
	// Mismatch says that the result is not the expected one.
	Mismatch bool `json:"mismatch,omitempty"`
	// NotRun says that a command it was to run after did not go well, or that
	// the runner was ending; there is no result.
	NotRun bool `json:"not_run,omitempty"`
}

// Note tells what a command that is under way waits for or does, for people:
// one line, without control characters.
type Note struct {
	ID   uint64 `json:"id"`
	Text string `json:"text"`
}

// Output is what the program of a live command has just printed on one of its streams: whole lines, but where one
// is very long, and at the end. Bytes that are not UTF-8 are replaced.
type Output struct {
	ID     uint64 `json:"id"`
	Stderr bool   `json:"stderr,omitempty"`
	Text   string `json:"text,omitempty"`
	// Left is how many bytes before it are left out, because there was no credit for them.
	Left int64 `json:"left,omitempty"`
}

// Cost is the credit that the frame takes. A frame of a few bytes costs more than these.
func (o *Output) Cost() int { return len(o.Text) + 64 }

// Cancel gives up a command, which is answered as ever.
type Cancel struct {
	ID uint64 `json:"id"`
}

// Ping shows that the controller is there.
type Ping struct{}

// Pong answers a ping.
type Pong struct{}

// Exit asks the runner to end as soon as all commands are done.
type Exit struct{}

// Bye is the runner's last frame after an exit.
type Bye struct{}

// Error is the last frame of an end that cannot go on with the other.
type Error struct {
	Message string `json:"message"`
}

// body is what each kind of frame can do.
type body interface{ Validate() error }

// body returns the one kind that is set and how many are.
func (f Frame) body() (body, int) {
	var found body
	n := 0
	set := func(b body, is bool) {
		if is {
			found, n = b, n+1
		}
	}
	set(f.Ready, f.Ready != nil)
	set(f.Command, f.Command != nil)
	set(f.Data, f.Data != nil)
	set(f.Window, f.Window != nil)
	set(f.Done, f.Done != nil)
	set(f.Note, f.Note != nil)
	set(f.Output, f.Output != nil)
	set(f.Cancel, f.Cancel != nil)
	set(f.Ping, f.Ping != nil)
	set(f.Pong, f.Pong != nil)
	set(f.Exit, f.Exit != nil)
	set(f.Bye, f.Bye != nil)
	set(f.Error, f.Error != nil)
	return found, n
}

// Validate checks that exactly one kind is set and makes sense. Readers and
// writers call it for every frame.
func (f Frame) Validate() error {
	b, n := f.body()
	if n != 1 {
		return errors.New("a frame must have exactly one kind, this one has " + strconv.Itoa(n))
	}
	return b.Validate()
}
