// Command froyo-runner performs ops on the machine it is started on, for as
// long as the controller that started it is there. It speaks runner/protocol on
// its standard input and output.
//
//	froyo-runner MAGIC [PATH]
//
// MAGIC is the line that it writes before the first frame. PATH is its own
// file, which it removes at once, together with the directory made for it.
package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/openfroyo/froyo/runner/agent"
	"github.com/openfroyo/froyo/runner/protocol"
)

// version is froyo's; the build sets it.
var version = "dev"

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = os.Stderr.WriteString("froyo-runner: " + err.Error() + "\n") // it cannot be told otherwise
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: froyo-runner MAGIC [PATH]")
	}
	opts := agent.Options{
		Magic:   args[0],
		Version: version,
		Grease:  rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // it only varies what is sent
	}
	if err := protocol.CheckMagic(opts.Magic); err != nil {
		return err
	}
	if len(args) == 2 {
		opts.Dir = filepath.Dir(args[1])
		if err := vanish(args[1]); err != nil {
			return err
		}
	}
	if err := os.Chdir("/"); err != nil { // so that no file system is kept busy
		return err
	}
	seal()
	detach()
	syscall.Umask(0o022) // the login's own would make results depend on it
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	watchSignals(stop)
	return agent.Serve(ctx, os.Stdin, os.Stdout, opts)
}

// vanish removes the runner's own file, once it is sure that path is that, and
// the directory it is in where the name says that it was made for it.
func vanish(path string) error {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return errors.New("find the own program: " + err.Error())
	}
	named, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(self, named) {
		return errors.New(path + " is not this program, so it is not removed")
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if !strings.HasPrefix(strings.TrimPrefix(filepath.Base(dir), "."), "froyo") {
		return nil
	}
	return os.Remove(dir)
}

// seal keeps files that were left open by whatever started the runner from the
// programs it runs, where a service would hold them for ever.
func seal() {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return // without /proc it stays as it would be without a runner
	}
	defer dir.Close()
	open, _ := dir.Readdirnames(-1) // what could be read counts
	for _, name := range open {
		if fd, err := strconv.Atoi(name); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// detach lets go of the terminal that the runner's input may be: programs that open /dev/tty
// would speak in the midst of frames, and so would what is written to stderr.
func detach() {
	var modes [64]byte                                                                                                     // of struct termios, which is smaller everywhere
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TCGETS, uintptr(unsafe.Pointer(&modes))); errno != 0 { //nolint:gosec // the kernel fills it
		return
	}
	if _, err := syscall.Setsid(); err != nil { // it leads a session; then it gives the terminal up, and the SIGHUP for it is dropped
		dropped := make(chan os.Signal, 1)
		signal.Notify(dropped, syscall.SIGHUP, syscall.SIGCONT)
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCNOTTY, 0) // it may have none
		signal.Reset(syscall.SIGCONT)
	}
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		_ = syscall.Dup3(int(null.Fd()), 2, 0) // both are open
		_ = null.Close()
	}
}

// watchSignals takes the signals that would end the runner by themselves. The end of
// its input tells that the connection is gone, better than SIGHUP does, which
// may come while output can still be sent; SIGINT is typed at the controller,
// which decides what it means; a write to a closed pipe returns an error. They
// are caught and not ignored, since programs inherit what is ignored.
func watchSignals(stop context.CancelCauseFunc) {
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE)
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		stop(errors.New("ended by SIGTERM"))
	}()
}
