// Command bench measures froyo beside what it must not be slower than, on the
// hosts of a lab: the 19 checks of web.star, once with nothing to change on all
// of them, once on a pristine host. The contenders take turns in one loop, so
// that whatever else the machine does hits all of them alike.
//
//	make bench
//	testdata/lab/lab.sh with 20 go run ./testdata/bench [--runs N] [--write docs/performance.md]
//	testdata/lab/lab.sh with 1 go run ./testdata/bench --trees
//	testdata/lab/lab.sh with 20 go run ./testdata/bench --run
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	runs := flag.Int("runs", 5, "how often each contender runs")
	write := flag.String("write", "", "put the tables into this `file`, between its markers")
	trees := flag.Bool("trees", false, "measure only sync, beside rsync, with a tree of 1,000 files on one host")
	single := flag.Bool("run", false, "measure only one command on all hosts, by froyo run, beside ssh and Ansible")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 {
		return errors.New("usage: bench [--runs N] [--trees] [--run] [--write FILE]")
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if *single {
		return b.adhoc(ctx, *runs)
	}
	if *trees {
		return b.trees(ctx, *runs)
	}
	fresh, err := b.converge(ctx, *runs)
	if err != nil {
		return err
	}
	fleet, err := b.fleet(ctx, *runs)
	if err != nil {
		return err
	}
	alone, err := b.alone(ctx, *runs)
	if err != nil {
		return err
	}
	text := b.report(*runs, fleet, fresh, alone)
	fmt.Print(text)
	if *write == "" {
		return nil
	}
	return insert(*write, text)
}

// bench is what the contenders run with.
type bench struct {
	dir       string // temporary
	froyo     string
	bare      string
	lab       string // the script that runs the lab
	ansible   string // "" where it is not installed
	runner    string // for the lab's hosts, compressed
	inventory string
	hosts     []host
}

type host struct{ name, address, key string }

func newBench(ctx context.Context) (*bench, error) {
	b := &bench{inventory: os.Getenv("FROYO_LAB_HOSTS"), lab: os.Getenv("FROYO_LAB_SCRIPT"), runner: "runner/dist/froyo-runner-linux-amd64.gz"}
	if b.inventory == "" || b.lab == "" {
		return nil, errors.New("no lab: run make bench")
	}
	data, err := os.ReadFile(b.inventory)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		h := host{name: fields[0]}
		for _, f := range fields[1:] {
			switch key, value, _ := strings.Cut(f, "="); key {
			case "ansible_host":
				h.address = value
			case "ansible_ssh_private_key_file":
				h.key = value
			}
		}
		b.hosts = append(b.hosts, h)
	}
	if len(b.hosts) == 0 {
		return nil, fmt.Errorf("%s has no hosts", b.inventory)
	}
	if b.froyo, err = filepath.Abs("bin/froyo"); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if b.ansible, err = exec.LookPath("ansible-playbook"); err != nil {
		b.ansible = ""
	}
	b.bare = filepath.Join(b.dir, "bare")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.bare, "./testdata/bench/bare")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build bare: %w: %s", err, out)
	}
	return b, nil
}

// contender is one way to do the checks.
type contender struct {
	name string
	cmds func() []*exec.Cmd // all are started at once
}

// fleet measures the contenders on all hosts, which are as they should be.
func (b *bench) fleet(ctx context.Context, runs int) ([]result, error) {
	if out, err := b.froyoCommand(ctx, "apply", runbook, "-i", b.inventory, "-y").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("prepare the hosts: %w\n%s", err, out)
	}
	if b.ansible != "" { // it needs Python where it works
		for _, cmd := range b.sshCommands(ctx, "apt-get install -y -qq python3-minimal python3-apt >/dev/null", b.hosts...) {
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("prepare the hosts for Ansible: %w\n%s", err, out)
			}
		}
	}
	return b.turns(runs, b.contenders(ctx), func() error { return nil })
}

// converge measures the contenders on a host that is made pristine before each.
func (b *bench) converge(ctx context.Context, runs int) ([]result, error) {
	return b.turns(runs, b.converging(ctx), func() error {
		if out, err := exec.CommandContext(ctx, b.lab, "reset", "1").CombinedOutput(); err != nil {
			return fmt.Errorf("reset a host: %w\n%s", err, out)
		}
		return nil
	})
}

// turns measures contenders one after the other, so many times.
func (b *bench) turns(runs int, contenders []contender, before func() error) ([]result, error) {
	results := make([]result, len(contenders))
	for round := range runs + 1 { // the first warms caches and does not count
		for i, c := range contenders {
			if err := before(); err != nil {
				return nil, err
			}
			sample, err := b.measure(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			results[i].name = c.name
			if round > 0 {
				results[i].samples = append(results[i].samples, sample)
			}
		}
	}
	return results, nil
}

// alone measures what needs no host.
func (b *bench) alone(ctx context.Context, runs int) ([]result, error) {
	if err := b.writeLarge(); err != nil {
		return nil, err
	}
	var results []result
	for _, c := range b.soloists(ctx) {
		r := result{name: c.name}
		for range runs {
			sample, err := b.measure(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			r.samples = append(r.samples, sample)
		}
		results = append(results, r)
	}
	return results, nil
}

// result is what was measured of one contender.
type result struct {
	name    string
	samples []sample
}

// named finds the result of a contender.
func named(results []result, name string) result {
	return results[slices.IndexFunc(results, func(r result) bool { return r.name == name })]
}

// median returns the middle value of a figure.
func (r result) median(figure func(sample) float64) float64 {
	var all []float64
	for _, s := range r.samples {
		all = append(all, figure(s))
	}
	slices.Sort(all)
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}
