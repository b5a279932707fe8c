package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/openfroyo/froyo/runtime/console"
)

// version is set by the build: -ldflags "-X github.com/openfroyo/froyo/runtime/cli.version=v1.2.3".
var version = "dev"

type versionCommand struct{}

// Help gives the command's example.
func (versionCommand) Help() string {
	return `Example:
  froyo version`
}

// Run prints the version and what it was built for.
func (versionCommand) Run(_ context.Context, e *console.Console) error {
	_, err := fmt.Fprintf(e.Stdout, "froyo %s %s/%s %s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}
