package program

import (
	"encoding/base64"
	"os"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/memfile"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// How often the output of a lasting program is looked at, and how much of its
// beginning and of its end is kept.
const (
	lastingPoll = 100 * time.Millisecond
	lastingHead = 64 << 10
	lastingTail = 128 << 10
	maxLine     = 1 << 10 // of what is told of a line
)

// RunLasting runs a program that must not be ended halfway, such as a transaction of
// the package manager. It goes on when this process ends: nothing signals it,
// and its output goes to memory of its own, since a program that writes to a
// pipe without a reader is ended by that. heard is told each line.
func (s *Starter) RunLasting(argv, env []string, heard func(line string)) (*op.ExecResult, error) {
	all := s.environment(env)
	path, err := lookup(argv[0], all)
	if err != nil {
		return nil, err
	}
	out, err := memfile.New(argv[0])
	if err != nil {
		return nil, err
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	// Services that a package starts are there to stay.
	tree, err := s.start(path, Program{Argv: argv, lasting: true, Background: true}, all, []*os.File{null, out, out})
	if err != nil {
		return nil, err
	}
	var state *os.ProcessState
	done := make(chan struct{})
	go func() {
		state, err = tree.Process.Wait()
		tree.Done()
		close(done)
	}()
	f := &follower{file: out, heard: heard}
	poll := time.NewTicker(lastingPoll)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			f.read()
		case <-done:
			f.read()
			f.end()
			if err != nil {
				return nil, err
			}
			return f.result(state), nil
		}
	}
}

// follower reads a file that a program writes, and gives its memory back.
type follower struct {
	file   *os.File
	heard  func(line string)
	at     int64
	line   []byte
	head   []byte
	tail   []byte
	missed bool // something between head and tail
}

// read takes in what is new.
func (f *follower) read() {
	chunk := make([]byte, 32<<10)
	before := f.at
	for {
		n, err := f.file.ReadAt(chunk, f.at)
		f.at += int64(n)
		f.take(chunk[:n])
		if err != nil {
			break // the end of what there is so far
		}
	}
	if f.at > before {
		const punch, keepSize = 2, 1
		// Where this is not possible the output stays in memory until the program ends.
		_ = syscall.Fallocate(int(f.file.Fd()), punch|keepSize, 0, f.at)
	}
}

// take keeps bytes. Zeros are where a program began its output anew, as it does
// by opening /dev/stderr.
func (f *follower) take(b []byte) {
	for _, c := range b {
		switch c {
		case 0:
			continue
		case '\n', '\r':
			f.say()
		default:
			if len(f.line) < maxLine {
				f.line = append(f.line, c)
			}
		}
		if len(f.head) < lastingHead {
			f.head = append(f.head, c)
		} else {
			f.tail = append(f.tail, c)
		}
	}
	if len(f.tail) > 2*lastingTail {
		f.missed = true
		f.tail = append(f.tail[:0], f.tail[len(f.tail)-lastingTail:]...)
	}
}

func (f *follower) say() {
	if len(f.line) > 0 {
		f.heard(perform.Clean(string(f.line)))
		f.line = f.line[:0]
	}
}

// end takes in a last line without an end.
func (f *follower) end() { f.say() }

func (f *follower) result(state *os.ProcessState) *op.ExecResult {
	text := string(f.head)
	if f.missed {
		text += "\n...\n"
	}
	text += string(f.tail)
	r := &op.ExecResult{RC: state.ExitCode(), Stdout: perform.Clean(text), StdoutCut: f.missed}
	if r.Stdout != text {
		r.StdoutRaw = base64.StdEncoding.EncodeToString([]byte(text))
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		r.RC = 128 + int(ws.Signal())
	}
	return r
}
