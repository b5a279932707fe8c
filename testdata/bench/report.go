package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

func wall(s sample) float64   { return s.wall.Seconds() }
func cpu(s sample) float64    { return s.cpu.Seconds() }
func memory(s sample) float64 { return float64(s.memory) / (1 << 20) }

// report puts the medians into tables.
func (b *bench) report(runs int, fleet, fresh, alone []result) string {
	var out strings.Builder
	hosts := float64(len(b.hosts))
	fmt.Fprintf(&out, "The web runbook on %d lab hosts, nothing to change; medians of %d, alternating, on %d cores that also run the hosts.\n\n",
		len(b.hosts), runs, runtime.NumCPU())
	fmt.Fprintln(&out, "| | wall | of ssh | of bare | controller CPU | peak memory | bytes per host |")
	fmt.Fprintln(&out, "|---|---|---|---|---|---|---|")
	ssh, bare := named(fleet, parallelSSH).median(wall), named(fleet, bareProgram).median(wall)
	for _, r := range fleet {
		w := r.median(wall)
		fmt.Fprintf(&out, "| %s | %.2f s | %.3g | %.3g | %.2f s | %.0f MiB | %.2f MB |\n", r.name, w, w/ssh, w/bare,
			r.median(cpu), r.median(memory), r.median(func(s sample) float64 { return float64(s.traffic) })/hosts/1e6)
	}
	fmt.Fprintf(&out, "\nTargets: at most 0.80 of parallel ssh")
	if b.ansible != "" {
		ansible := named(fleet, ansibleName).median(wall)
		fmt.Fprintf(&out, ", and 1/50 of Ansible, of which froyo apply takes 1/%.0f", ansible/named(fleet, "froyo apply").median(wall))
	}
	fmt.Fprintf(&out, ".\n\nThe same on one pristine host, which is reset before each run:\n\n")
	fmt.Fprintln(&out, "| | wall | of the script |\n|---|---|---|")
	script := named(fresh, shellScript).median(wall)
	for _, r := range fresh {
		fmt.Fprintf(&out, "| %s | %.2f s | %.2f |\n", r.name, r.median(wall), r.median(wall)/script)
	}
	fmt.Fprintf(&out, "\nTarget: at most 1.25 of the script.\n\n")
	fmt.Fprintln(&out, "| | wall | CPU | peak memory |")
	fmt.Fprintln(&out, "|---|---|---|---|")
	for _, r := range alone {
		fmt.Fprintf(&out, "| %s | %.0f ms | %.0f ms | %.0f MiB |\n", r.name, 1000*r.median(wall), 1000*r.median(cpu), r.median(memory))
	}
	return out.String()
}

// The lines between which a file's tables stand.
const (
	begin = "<!-- make bench writes from here -->\n"
	end   = "<!-- to here -->\n"
)

// insert replaces what stands between the markers of a file.
func insert(name, text string) error {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = []byte("# Performance\n\n"+begin+end), nil
	}
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the lines %q and %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(name, []byte(head+begin+"\n"+text+"\n"+end+tail), 0o644)
}
