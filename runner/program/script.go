package program

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/memfile"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// scriptPath is where a script is for what runs it: the first of the descriptors behind the standard streams.
const scriptPath = "/proc/self/fd/3"

const (
	maxScript    = 16 << 20
	maxFirstLine = 256 // as the kernel reads of it
)

// script runs a script by what its first line names, as the kernel would. It is a file in memory that nobody else can open, so
// that it is on no disk, and no file system has to allow programs.
func (s *Starter) script(ctx context.Context, p Program, content io.Reader) (*op.ExecResult, error) {
	if s.as != "" {
		return nil, perform.Refuse(op.CodeSudo, "sudo allows single programs here, and a script is none of them")
	}
	file, err := memfile.New("script")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if n, err := io.Copy(file, io.LimitReader(content, maxScript+1)); err != nil {
		return nil, err
	} else if n > maxScript {
		return nil, perform.Refuse("efbig", "the script has more than the "+strconv.Itoa(maxScript)+" bytes that are allowed")
	}
	head := make([]byte, maxFirstLine)
	n, _ := file.ReadAt(head, 0) // a short one ends with an error
	words, err := interpreter(string(head[:n]))
	if err != nil {
		return nil, err
	}
	p.Argv, p.script = append(append(words, scriptPath), p.Argv...), file
	return s.Run(ctx, p)
}

// interpreter is what a script's beginning says that runs it: a program, and at most one argument.
func interpreter(head string) ([]string, error) {
	line, _, whole := strings.Cut(head, "\n")
	line, is := strings.CutPrefix(line, "#!")
	program, argument, _ := strings.Cut(strings.Trim(line, " \t"), " ")
	switch {
	case strings.HasSuffix(line, "\r"):
		return nil, perform.Refuse(op.CodeScript, "the script's first line ends with a carriage return, as on Windows: there is no program "+strconv.Quote(strings.Trim(line, " \t")))
	case !is, !strings.HasPrefix(program, "/"), !whole && len(head) == maxFirstLine:
		return nil, perform.Refuse(op.CodeScript, "the script's first line does not say what runs it: #! and the path of a program")
	case strings.Trim(argument, " \t") == "":
		return []string{program}, nil
	}
	return []string{program, strings.Trim(argument, " \t")}, nil
}
