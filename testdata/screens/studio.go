package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// studio is where the sessions take place.
type studio struct {
	froyo string
	lab   string // the script that runs the lab
	dir   string // temporary: the runbook, the inventory, froyo's state
	env   []string
}

// newStudio copies what the sessions need into a directory of its own.
func newStudio(froyo, runbook string) (*studio, error) {
	hosts, lab := os.Getenv("FROYO_LAB_HOSTS"), os.Getenv("FROYO_LAB_SCRIPT")
	if hosts == "" || lab == "" {
		return nil, errors.New("no lab: run testdata/lab/lab.sh with 20 go run ./testdata/screens")
	}
	s := &studio{lab: lab}
	var err error
	if s.froyo, err = filepath.Abs(froyo); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "froyo-screens."); err != nil {
		return nil, err
	}
	for from, to := range map[string]string{hosts: "hosts.ini", runbook: "site.star"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(s.dir, to), data, 0o600); err != nil {
			return nil, err
		}
	}
	s.env = append(os.Environ(), "HOME="+s.dir, "TERM=xterm-256color", "COLORTERM=truecolor", "NO_COLOR=",
		"FROYO_KNOWN_HOSTS="+filepath.Join(filepath.Dir(hosts), "known_hosts"), "XDG_STATE_HOME="+s.dir+"/state", "XDG_CACHE_HOME="+s.dir+"/cache")
	return s, nil
}

// quietly runs froyo without a picture.
func (s *studio) quietly(args ...string) step {
	return func(ctx context.Context) error { return s.command(ctx, s.froyo, args...) }
}

// byHand does something on hosts, as an operator would who does not use froyo for it.
func (s *studio) byHand(command string, hosts ...int) step {
	return func(ctx context.Context) error {
		for _, host := range hosts {
			if err := s.command(ctx, s.lab, "ssh", strconv.Itoa(host), command); err != nil {
				return err
			}
		}
		return nil
	}
}

// network takes a host off the network, by cut, or puts it back, by join.
func (s *studio) network(verb string, host int) step {
	return func(ctx context.Context) error { return s.command(ctx, s.lab, verb, strconv.Itoa(host)) }
}

func (s *studio) command(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// allHosts are the numbers of the lab's hosts.
func (s *studio) allHosts() ([]int, error) {
	data, err := os.ReadFile(filepath.Join(s.dir, "hosts.ini"))
	var all []int
	for i := range strings.Count(string(data), "ansible_host=") {
		all = append(all, i+1)
	}
	return all, err
}
