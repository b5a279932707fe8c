// Command froyo configures fleets of machines from runbooks written in
// Starlark: it plans what would change, shows it, and makes exactly that.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"github.com/openfroyo/froyo/runtime/cli"
	"github.com/openfroyo/froyo/runtime/console"
)

func main() {
	if os.Getenv("GOGC") == "" {
		collectLess()
	}
	signals := endingSignals()
	code := cli.Main(context.Background(), console.Process{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ,
		Signals: signals,
	})
	os.Exit(int(code))
}

// endingSignals are those that ask froyo to end. SIGHUP is none of them under nohup. What is written to a
// closed pipe gets an error and not SIGPIPE, which would kill a run in the middle of its work.
func endingSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // programs that froyo starts keep the usual one
	return signals
}

// Most of what a run takes lives until its end, which is near, so garbage is collected
// less often than Go does by itself: a twentieth of the time of a run without changes. A short
// command ends before the first collection: Go begins as if 4 MB lived.
const (
	first     = 1600      // per cent of growth before the first collection
	fewer     = 400       // the same before the next one
	usual     = 100       // what Go does by itself
	largeHeap = 128 << 20 // bytes that live from which on it does that again
)

func collectLess() {
	debug.SetGCPercent(first)
	watchHeap()
}

// watchHeap looks at the heap after each collection, as finalizers run then.
func watchHeap() {
	runtime.SetFinalizer(new([16]byte), func(*[16]byte) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		if metrics.Read(live); live[0].Value.Uint64() > largeHeap {
			debug.SetGCPercent(usual)
			return
		}
		debug.SetGCPercent(fewer)
		watchHeap()
	})
}
