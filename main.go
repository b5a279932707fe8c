// Command froyo configures fleets of machines from runbooks written in
// Starlark: it plans what would change, shows it, and makes exactly that.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/openfroyo/froyo/runtime/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.Process{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ,
	})
	stop()
	os.Exit(int(code))
}
