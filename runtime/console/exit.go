package console

import (
	"context"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
)

// ExitError ends the process with a code; Err, where there is one, is printed.
type ExitError struct {
	Code diag.Code
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Finish prints what went wrong with a command and decides the exit code.
func (c *Console) Finish(ctx context.Context, err error) diag.Code {
	if exit, ok := errors.AsType[*ExitError](err); ok {
		if exit.Err != nil {
			c.Errors.Print(exit.Err)
		}
		return exit.Code
	}
	if err == nil {
		return diag.OK
	}
	if OutputClosed(err) {
		return diag.Interrupted // as the signal does that others die of
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		c.Errors.Print(&diag.Error{Summary: "interrupted"})
		return diag.Interrupted
	}
	c.Errors.Print(err)
	return diag.CodeOf(err)
}
