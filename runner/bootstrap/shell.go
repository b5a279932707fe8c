package bootstrap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// shell is a script under way on the host, as the user it was meant for.
type shell struct {
	host    *Host
	user    string
	process *transport.Process
	stdin   io.Writer
	stdout  *bufio.Reader
	stderr  *stderr
	asked   atomic.Bool // the password was asked for
	begun   atomic.Bool // the script runs, so that nothing may be asked any more

	mu     sync.Mutex
	broken *target.Error // why the shell was given up, guarded by mu
}

// shell starts a script as user, in a terminal or not, and answers where a password is asked for.
func (h *Host) shell(ctx context.Context, user, magic, script string, terminal bool) (*shell, error) {
	prompt, start, find := "", h.Transport.Start, prompts(nil)
	other := user != h.Transport.User() && h.Transport.User() != "root"
	if other && h.Become != nil {
		prompt = protocol.NewMagic() + ":"
	}
	if find = exactly(prompt); other && h.method() != Sudo {
		find = anyPrompt
	}
	if terminal {
		start = h.Transport.StartTerminal
	}
	process, err := start(ctx, h.asUser(script, magic, user, prompt, terminal))
	if err != nil {
		return nil, h.startError(ctx, err)
	}
	sh := &shell{host: h, user: user, process: process, stdin: countingWriter{process.Stdin, &h.Cost.Sent}}
	var stdout io.Reader = countingReader{process.Stdout, &h.Cost.Received}
	if terminal {
		stdout = &asking{r: stdout, prompts: find, prompted: sh.answerPrompt, begun: sh.begun.Load}
	}
	sh.stdout = bufio.NewReaderSize(stdout, 64<<10)
	sh.stderr = newStderr(find, sh.answerPrompt)
	go sh.stderr.read(process.Stderr)
	return sh, nil
}

// startError gives an error of the transport a host and a stage where it has none.
func (h *Host) startError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*target.Error](err); ok {
		return e
	}
	return h.errorAt(target.StageStart, "no shell could be started: "+escape.Text(err.Error()), "", "", err)
}

// answerPrompt gives the password once. To be asked again means that it was wrong.
func (sh *shell) answerPrompt() {
	if sh.begun.Load() {
		return
	}
	if sh.asked.Swap(true) {
		sh.giveUp(sh.host.whose(sh.host.passwordRefused(sh.user, sh.stderr.text())))
		return
	}
	if sh.host.Become == nil {
		sh.giveUp(sh.host.errorAt(target.StageBecome, sh.host.method()+" asks for a password", "",
			"give that of "+escape.Text(sh.host.passwordOf(sh.user))+" by -K", nil))
		return
	}
	password, err := sh.host.Become()
	if err != nil {
		e := sh.host.errorAt(target.StageBecome, "there is no password for "+sh.host.method()+": "+escape.Text(err.Error()), "", "", err)
		if why, ok := errors.AsType[*target.Error](err); ok {
			e.Message, e.Detail, e.Hint = why.Message, why.Detail, why.Hint
		}
		sh.giveUp(e)
		return
	}
	// A process that has gone makes this fail; reading its output says why.
	_, _ = io.WriteString(sh.stdin, password+"\n")
}

// giveUp ends the process, and makes e the reason.
func (sh *shell) giveUp(e *target.Error) {
	sh.mu.Lock()
	if sh.broken == nil {
		sh.broken = e
	}
	sh.mu.Unlock()
	sh.process.Kill()
}

func (sh *shell) reason() *target.Error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.broken
}

// endTime is how long a process whose output has ended gets to tell how it ended.
const endTime = 2 * time.Second

// end waits for the process, whose output has ended, and returns how it ended.
func (sh *shell) end() error {
	ended := make(chan error, 1)
	go func() {
		<-sh.stderr.closed
		ended <- sh.process.Wait()
	}()
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		sh.process.Kill()
		return errors.New("its output ended, yet it did not")
	}
}

// readLine reads to the line that begins with prefix, and returns the rest of
// it and the noise before it. Both are bounded.
func readLine(r *bufio.Reader, prefix string) (line string, noise []byte, err error) {
	start := 0 // of the line under way
	for {
		part, err := r.ReadSlice('\n')
		noise = append(noise, part...)
		if len(noise) > protocol.MaxNoise {
			return "", noise, protocol.ErrNoMagic
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return "", noise, err
		}
		if rest, ok := bytes.CutPrefix(noise[start:], []byte(prefix)); ok {
			return string(bytes.TrimRight(rest, "\r\n")), noise[:start], nil
		}
		start = len(noise)
	}
}

// countingWriter adds to a count what is written.
type countingWriter struct {
	io.Writer
	n *atomic.Int64
}

func (w countingWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.n.Add(int64(n))
	return n, err
}

// countingReader adds to a count what is read.
type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	return n, err
}
