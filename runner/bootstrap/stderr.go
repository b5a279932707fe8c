package bootstrap

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// maxStderr bounds what is kept of what a process says on stderr.
const maxStderr = 4 << 10

// stderr keeps the end of what a process says there, and watches for a prompt.
type stderr struct {
	prompt   []byte // or none
	prompted func() // called for each prompt, by the goroutine that reads
	closed   chan struct{}

	mu   sync.Mutex
	kept []byte // guarded by mu
}

func newStderr(prompt string, prompted func()) *stderr {
	return &stderr{prompt: []byte(prompt), prompted: prompted, closed: make(chan struct{})}
}

// read reads r to its end.
func (s *stderr) read(r io.Reader) {
	defer close(s.closed)
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		for range s.add(buf[:n]) {
			s.prompted()
		}
		if err != nil {
			return
		}
	}
}

// add keeps what was read and returns how many prompts it completed, which
// are taken out.
func (s *stderr) add(p []byte) (prompts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, p...)
	for len(s.prompt) > 0 {
		before, after, found := bytes.Cut(s.kept, s.prompt)
		if !found {
			break
		}
		s.kept = append(before, after...)
		prompts++
	}
	if over := len(s.kept) - maxStderr; over > 0 {
		s.kept = append(s.kept[:0], s.kept[over:]...)
	}
	return prompts
}

// text returns what was said so far.
func (s *stderr) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(string(s.kept))
}
