package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is one run of a contender.
type sample struct {
	wall, cpu time.Duration
	memory    int64 // bytes, of all its processes at their largest
	traffic   int64 // bytes, to and from all hosts
}

func (b *bench) measure(c contender) (sample, error) {
	cmds := c.cmds()
	outputs := make([]bytes.Buffer, len(cmds))
	before, err := traffic()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	for i, cmd := range cmds {
		cmd.Stdout, cmd.Stderr = &outputs[i], &outputs[i]
		if err := cmd.Start(); err != nil {
			return sample{}, err
		}
	}
	var s sample
	var errs []error
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s", err, outputs[i].String()))
		}
	}
	s.wall = time.Since(began)
	for _, cmd := range cmds {
		s.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			s.memory += usage.Maxrss << 10
		}
	}
	after, err := traffic()
	s.traffic = after - before
	return s, errors.Join(append(errs, err)...)
}

// traffic is what the lab's bridge has carried between this machine and the hosts.
func traffic() (int64, error) {
	name := os.Getenv("FROYO_LAB_NAME")
	if name == "" {
		name = "lab"
	}
	var total int64
	for _, counter := range []string{"rx_bytes", "tx_bytes"} {
		data, err := os.ReadFile("/sys/class/net/br-" + name + "/statistics/" + counter)
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}
