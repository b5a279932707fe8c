package bootstrap

import (
	"io"
	"strings"
	"sync"
)

// maxStderr bounds what is kept of what a process says on stderr.
const maxStderr = 4 << 10

// stderr keeps the end of what a process says there, and watches for a prompt.
type stderr struct {
	prompts  prompts
	prompted func() // called for each prompt, by the goroutine that reads
	closed   chan struct{}

	mu   sync.Mutex
	kept []byte // guarded by mu
}

func newStderr(p prompts, prompted func()) *stderr {
	return &stderr{prompts: p, prompted: prompted, closed: make(chan struct{})}
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
func (s *stderr) add(p []byte) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, p...)
	for {
		begin, end, found := s.prompts(s.kept)
		if !found {
			break
		}
		s.kept = append(s.kept[:begin], s.kept[end:]...)
		count++
	}
	if over := len(s.kept) - maxStderr; over > 0 {
		s.kept = append(s.kept[:0], s.kept[over:]...)
	}
	return count
}

// text returns what was said so far.
func (s *stderr) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(string(s.kept))
}

// asking watches for questions in the output of a terminal, which is stdout and stderr in one,
// until the script has begun.
type asking struct {
	r        io.Reader
	prompts  prompts
	prompted func()
	begun    func() bool
	line     []byte // the last, as far as it was read
}

// Read implements io.Reader. What it reads it passes on as it is.
func (a *asking) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if a.begun() || n == 0 {
		return n, err
	}
	a.line = append(a.line, p[:n]...)
	if over := len(a.line) - maxStderr; over > 0 {
		a.line = append(a.line[:0], a.line[over:]...)
	}
	if _, _, found := a.prompts(a.line); found {
		a.line = a.line[:0]
		a.prompted()
	}
	return n, err
}
