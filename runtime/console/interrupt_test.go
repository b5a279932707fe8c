package console_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runtime/console"
)

// pipe is a pipe that is closed at the end of the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

func TestReadersThatHaveGone(t *testing.T) {
	for name, gone := range map[string]int{"standard output": 0, "standard error": 1} {
		t.Run(name, func(t *testing.T) {
			var readers, writers [2]*os.File
			for i := range readers {
				readers[i], writers[i] = pipe(t)
			}
			c, ctx, cancel := console.New(t.Context(), console.Process{Stdout: writers[0], Stderr: writers[1], Getenv: os.Getenv})
			defer cancel()
			why := make(chan string, 1)
			stop, end := c.Softly(func(text string) { why <- text })
			defer end()
			defer c.WatchReaders()()
			readers[gone].Close()
			<-stop
			if got, want := <-why, "the output is no longer read"; got != want {
				t.Errorf("told %q, want %q", got, want)
			}
			if ctx.Err() != nil {
				t.Error("the command was cancelled")
			}
		})
	}
}

// TestSignals: a second Ctrl-C or SIGTERM is meant, but a terminal is closed only once, however often that is told.
func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name      string
		signals   []os.Signal
		cancelled bool
	}{
		{"twice", []os.Signal{os.Interrupt, os.Interrupt}, true},
		{"two kinds", []os.Signal{syscall.SIGHUP, syscall.SIGTERM}, true},
		{"of the terminal", []os.Signal{syscall.SIGHUP, syscall.SIGHUP}, false},
		{"after Ctrl-C", []os.Signal{os.Interrupt, syscall.SIGHUP}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, w := pipe(t)
			signals := make(chan os.Signal)
			c, ctx, cancel := console.New(t.Context(), console.Process{Stdout: w, Stderr: w, Getenv: os.Getenv, Signals: signals})
			defer cancel()
			stop, end := c.Softly(func(string) {})
			defer end()
			for _, s := range tt.signals {
				signals <- s
			}
			<-stop
			if tt.cancelled {
				<-ctx.Done()
				return
			}
			signals <- syscall.SIGHUP // taken once the one before has been dealt with
			if ctx.Err() != nil {
				t.Error("the command was cancelled")
			}
		})
	}
}

// TestInterruptible: Ctrl-C ends the work that is under way, however often, and SIGTERM the command.
func TestInterruptible(t *testing.T) {
	_, w := pipe(t)
	signals := make(chan os.Signal)
	c, ctx, cancel := console.New(t.Context(), console.Process{Stdout: w, Stderr: w, Getenv: os.Getenv, Signals: signals})
	defer cancel()
	for range 2 {
		work, end := c.Interruptible(ctx)
		signals <- os.Interrupt
		<-work.Done()
		signals <- os.Interrupt // of an impatient operator
		end()
	}
	if ctx.Err() != nil {
		t.Fatal("Ctrl-C ended the command")
	}
	work, end := c.Interruptible(ctx)
	defer end()
	signals <- syscall.SIGTERM
	<-ctx.Done()
	<-work.Done()
}
