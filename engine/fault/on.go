//go:build faults

// Package fault lets tests kill froyo at every place where something has been,
// or is about to be, kept for good. FROYO_FAULT_AT=N kills it with SIGKILL at
// the Nth; FROYO_FAULT_LOG=FILE notes each.
package fault

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

var (
	passed atomic.Int64
	at, _  = strconv.ParseInt(os.Getenv("FROYO_FAULT_AT"), 10, 64)
	log    = os.Getenv("FROYO_FAULT_LOG")
)

// Point is passed before and after each durable step.
func Point(name string) {
	n := passed.Add(1)
	if log != "" {
		note(n, name)
	}
	if n == at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

func note(n int64, name string) {
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, n, name)
}
