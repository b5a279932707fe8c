package proctreetest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// stage tells a program that is started again what it is there for.
const stage = "FROYO_TEST_PID_NAMESPACE"

// Enter returns in a PID namespace of the test program's own, where root runs it: what
// a killed runner leaves running is seen on the whole machine, and refuses its lock to
// the tests of other packages, which run at the same time. The program is started again
// in it, and the process that was started first only waits for it, and exits. Other
// users stay where they are.
func Enter() {
	switch os.Getenv(stage) {
	case "":
		if os.Getuid() == 0 {
			if code, ok := again("init", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}); ok {
				os.Exit(code)
			}
		}
	case "init":
		os.Exit(initial())
	case child:
		os.Exit(initialChild())
	}
	// The stage stays in the environment: a test that starts this program again stays in the namespace.
}

// again starts the program once more and waits for it. It is not ok where it cannot be started.
func again(as string, attr *syscall.SysProcAttr) (code int, ok bool) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), stage+"="+as)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attr
	if err := cmd.Start(); err != nil {
		return 0, false // no namespaces here
	}
	if err := cmd.Wait(); err != nil {
		exit, is := errors.AsType[*exec.ExitError](err)
		if !is {
			fail(err)
		}
		return max(1, exit.ExitCode()), true
	}
	return 0, true
}

// initial is the first process of the namespace: it waits for the tests, and for what they leave behind.
func initial() int {
	if err := errors.Join(
		syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""),
		syscall.Mount("proc", "/proc", "proc", 0, ""),
		os.Setenv(stage, "tests"),
	); err != nil {
		fail(err)
	}
	tests, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fail(err)
	}
	for {
		var status syscall.WaitStatus
		switch pid, err := syscall.Wait4(-1, &status, 0, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			fail(err)
		case pid == tests.Pid && status.Signaled():
			return 128 + int(status.Signal())
		case pid == tests.Pid && status.Exited():
			return status.ExitStatus()
		}
	}
}

func fail(err error) {
	_, _ = os.Stderr.WriteString("the tests' PID namespace: " + err.Error() + "\n")
	os.Exit(1)
}
