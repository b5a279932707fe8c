// Command froyo-guard keeps how one gets in to the host that it is on, and puts that back unless it is told in time that
// one still does.
//
//	froyo-guard arm|settle|confirm|restore|dismiss|watch|boot
//
// What it has to tell, a guard.State, is one line of JSON on its standard output.
package main

import (
	"errors"
	"os"
	"syscall"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/guard/watchdog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = os.Stderr.WriteString("froyo-guard: " + err.Error() + "\n") // it cannot be told otherwise
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: froyo-guard arm|settle|confirm|restore|watch|boot")
	}
	if os.Geteuid() != 0 {
		return errors.New("only root can guard a host")
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	syscall.Umask(0o022)
	if err := os.Chdir("/"); err != nil { // so that no file system is kept busy
		return err
	}
	g := &watchdog.Guard{Self: self}
	state, err := g.Do(args[0], os.Stdin)
	if err != nil || state == nil {
		return err
	}
	text, err := codec.Marshal(state)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(text, '\n'))
	return err
}
