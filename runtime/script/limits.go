package script

import (
	"context"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"

	"go.starlark.net/starlark"
)

// thread makes a thread within the program's limits. done must be called when
// its work is over.
func (p *Program) thread(ctx context.Context, name string) (*starlark.Thread, func()) {
	t := &starlark.Thread{Name: name}
	t.SetMaxExecutionSteps(p.opts.MaxSteps)
	t.OnMaxSteps = func(t *starlark.Thread) {
		t.Cancel(fmt.Sprintf("the evaluation took more than %d steps", p.opts.MaxSteps))
	}
	if ctx.Err() != nil {
		t.Cancel("interrupted")
	}
	stop := context.AfterFunc(ctx, func() { t.Cancel("interrupted") })
	release := p.guard.watch(t)
	return t, func() {
		stop()
		release()
	}
}

// Limits of the watchdog.
const (
	maxGrowth = 1 << 30 // bytes of heap
	watchEach = 20 * time.Millisecond
)

// watchdog ends threads during whose work the process's heap grows too much.
// It is best effort: it cannot tell whose memory it is, and a single step may
// allocate much before it looks again.
type watchdog struct {
	mu      sync.Mutex
	threads map[*starlark.Thread]uint64 // heap when the thread began
	running bool
}

// watch begins to guard a thread; the result ends it.
func (w *watchdog) watch(t *starlark.Thread) (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.threads == nil {
		w.threads = map[*starlark.Thread]uint64{}
	}
	w.threads[t] = heapSize()
	if !w.running {
		w.running = true
		go w.run()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.threads, t)
	}
}

// run looks at the heap until no thread is left.
func (w *watchdog) run() {
	tick := time.NewTicker(watchEach)
	defer tick.Stop()
	for range tick.C {
		if !w.check(heapSize()) {
			return
		}
	}
}

func (w *watchdog) check(heap uint64) (more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for t, before := range w.threads {
		if heap > before+maxGrowth {
			t.Cancel(fmt.Sprintf("the evaluation uses too much memory: the heap grew by %d MiB", (heap-before)>>20))
		}
	}
	w.running = len(w.threads) > 0
	return w.running
}

func heapSize() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
