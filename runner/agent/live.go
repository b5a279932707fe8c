package agent

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/protocol"
)

// live sends what a job's program prints, as far as there is credit. It never waits: what there is no credit for is
// left out.
type live struct {
	job     *job
	courier *courier

	mu      sync.Mutex
	streams [2]liveStream // stdout and stderr; guarded by mu
	over    bool          // the job is to be answered, and nothing may be sent for it; guarded by mu
}

// liveStream is one stream of a program.
type liveStream struct {
	line []byte // that has not ended yet
	left int64  // bytes left out since the last frame
}

// heard takes what was printed, and sends the lines that have ended.
func (l *live) heard(stderr bool, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	s := l.stream(stderr)
	s.line = append(s.line, b...)
	whole := bytes.LastIndexByte(s.line, '\n') + 1
	l.send(stderr, s.line[:whole])
	s.line = append(s.line[:0], s.line[whole:]...)
	if long := len(s.line) - len(s.line)%liveText; long > 0 {
		l.send(stderr, s.line[:long])
		s.line = append(s.line[:0], s.line[long:]...)
	}
}

// end sends lines that have no end, and how much was left out.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, stderr := range []bool{false, true} {
		s := l.stream(stderr)
		l.send(stderr, s.line)
		if s.left > 0 {
			l.post(stderr, "")
		}
	}
	l.over = true
}

func (l *live) stream(stderr bool) *liveStream {
	if stderr {
		return &l.streams[1]
	}
	return &l.streams[0]
}

// liveText is how many bytes go into one frame: each that is not UTF-8 becomes three.
const liveText = protocol.MaxOutput / 3

// send sends bytes in frames that are not too long, none of which ends within a character.
func (l *live) send(stderr bool, b []byte) {
	for len(b) > 0 {
		n := min(len(b), liveText)
		for i := n; n < len(b) && i > n-utf8.UTFMax; i-- {
			if utf8.RuneStart(b[i]) {
				n = i
				break
			}
		}
		text := perform.Clean(string(b[:n]))
		if l.job.credit.Try((&protocol.Output{Text: text}).Cost()) {
			l.post(stderr, text)
		} else {
			l.stream(stderr).left += int64(n)
		}
		b = b[n:]
	}
}

func (l *live) post(stderr bool, text string) {
	s := l.stream(stderr)
	l.courier.post(protocol.Frame{Output: &protocol.Output{ID: l.job.cmd.ID, Stderr: stderr, Text: text, Left: s.left}}, false)
	s.left = 0
}
