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
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	code := cli.Main(context.Background(), cli.Process{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ,
		Signals: signals,
	})
	os.Exit(int(code))
}
