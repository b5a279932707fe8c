// Command screens makes the pictures of docs/ from recorded sessions: it runs
// froyo in a terminal of a fixed size against the hosts of a lab, answers its
// question, and draws what the terminal showed as SVG.
//
//	testdata/lab/lab.sh with 5 go run ./testdata/screens --out docs
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// studio is where the sessions take place.
type studio struct {
	froyo string
	dir   string // of the runbook's copy
	env   []string
	out   string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	froyo := flag.String("froyo", "bin/froyo", "the program")
	out := flag.String("out", "docs", "directory of the pictures")
	runbook := flag.String("runbook", "examples/demo", "directory with the site.star to apply")
	root := flag.String("root", "/srv/demo", "the runbook's variable root")
	drift := flag.String("drift", "testdata/screens/drift.star", "runbook that changes some hosts by hand, before the plan")
	hosts := flag.String("hosts", os.Getenv("FROYO_LAB_HOSTS"), "inventory of the lab")
	flag.Parse()
	if *hosts == "" {
		return fmt.Errorf("no lab: run testdata/lab/lab.sh with 5 go run ./testdata/screens")
	}
	dir, err := os.MkdirTemp("", "froyo-screens.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &studio{dir: filepath.Join(dir, "site"), out: *out}
	if s.froyo, err = filepath.Abs(*froyo); err != nil {
		return err
	}
	s.env = append(os.Environ(), "HOME="+dir, "TERM=xterm-256color", "NO_COLOR=", "FROYO_VAR_root="+*root,
		"FROYO_KNOWN_HOSTS="+filepath.Join(filepath.Dir(*hosts), "known_hosts"), "XDG_STATE_HOME="+dir+"/state", "XDG_CACHE_HOME="+dir+"/cache")
	if err := s.furnish(*runbook, *hosts, *drift); err != nil {
		return err
	}
	if err := s.apply(ctx); err != nil {
		return err
	}
	if err := s.quietly(ctx, "apply", "drift.star", "-i", "hosts.ini", "-y"); err != nil {
		return err
	}
	return s.plan(ctx)
}

// furnish copies what the sessions need.
func (s *studio) furnish(runbook, hosts, drift string) error {
	if err := os.CopyFS(s.dir, os.DirFS(runbook)); err != nil {
		return err
	}
	for from, to := range map[string]string{hosts: "hosts.ini", drift: "drift.star"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.dir, to), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// quietly runs froyo without a picture.
func (s *studio) quietly(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, s.froyo, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("froyo %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// apply pictures an apply: the question, the hosts at work, the recap.
func (s *studio) apply(ctx context.Context) error {
	session, err := s.record(ctx, 88, 24, "y\n", "apply", "-i", "hosts.ini")
	if err != nil {
		return err
	}
	frames := []frame{session.asked}
	if session.busiest.rows != nil {
		session.busiest.seconds = 3
		frames = append(frames, session.busiest)
	}
	return s.save("apply.svg", "froyo apply on five hosts", append(frames, session.last))
}

// plan pictures a plan after some hosts were changed by hand.
func (s *studio) plan(ctx context.Context) error {
	session, err := s.record(ctx, 88, 60, "", "plan", "-i", "hosts.ini")
	if err != nil {
		return err
	}
	return s.save("plan.svg", "froyo plan on five hosts, some of which were changed by hand", []frame{session.last})
}

func (s *studio) save(name, title string, frames []frame) error {
	svg := draw(title, frames)
	if len(svg) > 40_000 {
		return fmt.Errorf("%s has %d bytes, more than 40 kB", name, len(svg))
	}
	fmt.Printf("%s: %d bytes, %d frames\n", name, len(svg), len(frames))
	return os.WriteFile(filepath.Join(s.out, name), svg, 0o644)
}
