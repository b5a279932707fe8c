package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/workspace"
)

type initCommand struct {
	Dir  string `arg:"" optional:"" type:"path" help:"Folder of the workspace; the current one where left out."`
	Solo bool   `help:"For this machine alone, to begin with."`
}

// Help gives the command's example.
func (*initCommand) Help() string {
	return `Example:
  froyo init --solo lab && cd lab && froyo plan`
}

// Run makes what is missing of a workspace, and keeps what is there.
func (c *initCommand) Run(_ context.Context, e *env) error {
	if !c.Solo {
		return (&diag.Error{Summary: "froyo init needs to know what kind of workspace to make"}).
			WithHint("froyo init --solo makes one for this machine, which grows with its inventory")
	}
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return err
		}
	}
	w, created, err := workspace.Init(dir, workspace.InitOptions{Solo: c.Solo}, e.workspaceEnv())
	if err != nil {
		return err
	}
	for _, name := range created {
		fmt.Fprintf(e.Stdout, "made %s\n", name)
	}
	if len(created) == 0 {
		fmt.Fprintf(e.Stdout, "%s is a workspace already; nothing was changed\n", w.Root)
	}
	_, err = fmt.Fprintf(e.Stdout, "Next: cd %s && froyo plan\n", relativeTo(dir))
	return err
}

// relativeTo gives a folder as one would type it.
func relativeTo(dir string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return dir
	}
	rel, err := filepath.Rel(cwd, dir)
	if err != nil || len(rel) > len(dir) {
		return dir
	}
	return rel
}
