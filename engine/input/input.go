// Package input reads what an operator gives a command: files by their names, and streams. Reading has a limit and ends with
// the command, also where a file is a FIFO that nothing is written to.
//
// It imports engine/diag.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
)

// File is a file that an operator named.
type File struct {
	Name string
	// What is how it was named, such as "--limit @hosts", for errors; "" is its name.
	What string
	// Max is how many bytes it may have.
	Max int64
	// Hint says what to do where it cannot be read; "" is that it depends on why.
	Hint string
	// Regular refuses what is no regular file, such as a FIFO.
	Regular bool
	// Check, where there is one, may refuse the open file before it is read.
	Check func(fs.FileInfo) error
}

// Read reads all of the file.
func (f File) Read(ctx context.Context) ([]byte, error) {
	return Use(ctx, f, func(r io.Reader) ([]byte, error) {
		text, err := io.ReadAll(io.LimitReader(r, f.Max+1))
		return limited(text, f.Max, err)
	})
}

// Use has read read the file, without a limit, and closes it. After ctx nothing waits for it.
func Use[T any](ctx context.Context, f File, read func(io.Reader) (T, error)) (T, error) {
	value, err := wait(ctx, func() (value T, err error) {
		if f.Regular {
			if info, err := os.Stat(f.Name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
				return value, &refusal{"it is no regular file"}
			}
		}
		in, err := os.Open(f.Name)
		if err != nil {
			return value, err
		}
		defer in.Close()
		info, err := in.Stat()
		if err == nil {
			err = kind(in, info)
		}
		if err == nil && f.Check != nil {
			err = f.Check(info)
		}
		if err != nil {
			return value, err
		}
		return read(in)
	})
	what := f.What
	if what == "" {
		what = f.Name
	}
	return value, told(ctx, what, f.Hint, err)
}

// Stream reads a stream to its end, such as standard input. what is its name for errors.
func Stream(ctx context.Context, what string, r io.Reader, most int64) ([]byte, error) {
	text, err := wait(ctx, func() ([]byte, error) {
		text, err := io.ReadAll(io.LimitReader(r, most+1))
		return limited(text, most, err)
	})
	return text, told(ctx, what, "", err)
}

// wait waits for work, and no longer than ctx: a FIFO that nothing is written to is opened and read for ever. What is left then ends
// with the process, which is about to.
func wait[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := work()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// another is what to do about what is not read.
const another = "name a file that holds what is wanted, and nothing else"

// refusal is why something is not read, though it could be.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

// kind refuses what is no stream of bytes that ends.
func kind(f *os.File, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return &refusal{"it is a directory"}
	case mode&fs.ModeDevice == 0:
		return nil
	case mode&fs.ModeCharDevice != 0 && term.IsTerminal(int(f.Fd())): //nolint:gosec // a descriptor is a small number
		return nil
	}
	if null, err := os.Stat(os.DevNull); err == nil && os.SameFile(null, info) {
		return nil
	}
	return &refusal{"it is a device"}
}

// limited refuses what is longer than it may be.
func limited(text []byte, most int64, err error) ([]byte, error) {
	if err == nil && int64(len(text)) > most {
		return nil, &refusal{"it is larger than " + size(most)}
	}
	return text, err
}

// size is a limit in words.
func size(n int64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB"} {
		if n < 1<<10 || n%(1<<10) != 0 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n >>= 10
	}
	return fmt.Sprintf("%d GiB", n)
}

// told is an error as it is shown. One that says itself where and why is left as it is.
func told(ctx context.Context, what, hint string, err error) error {
	if _, said := errors.AsType[*diag.Error](err); err == nil || said || ctx.Err() != nil {
		return err
	}
	if r, is := errors.AsType[*refusal](err); is {
		return &diag.Error{Summary: what + ": " + r.why, Hint: another, Cause: err}
	}
	d := diag.ReadFailed(what, err)
	if hint != "" {
		d.Hint = hint
	}
	return d
}
