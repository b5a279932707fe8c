// Package live keeps what of a host is not in files and lets people in: addresses, routes and rules, settings of the network,
// the filter of packets, and which services run. It puts back what differs from that later.
//
// It imports runner/codec and the standard library only.
package live

import (
	"os"
	"strings"

	"github.com/openfroyo/froyo/runner/codec"
)

// State is what a host is at.
type State struct {
	Net      Net               `json:"net"`
	Sysctl   map[string]string `json:"sysctl,omitempty"`
	Filter   Filter            `json:"filter"`
	Services []Service         `json:"services,omitempty"`
	SSHD     SSHD              `json:"sshd"`
	Mounts   []string          `json:"mounts,omitempty"`
}

// Result names what was put back, and what could not be.
type Result struct{ Restored, Failed []string }

func (r *Result) restored(what string) { r.Restored = append(r.Restored, what) }
func (r *Result) failed(what string, err error) {
	r.Failed = append(r.Failed, what+": "+err.Error())
}

// Keep writes to a file what the host is at. Services are those to look at beside the usual ones.
func Keep(file string, services []string) error {
	running, err := readServices(services)
	if err != nil {
		return err
	}
	filter, err := readFilter()
	if err != nil {
		return err
	}
	s := State{Net: readNet(), Sysctl: readSysctl(), Filter: filter, Services: running, SSHD: readSSHD(), Mounts: readMounts()}
	text, err := codec.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// Load reads what was kept.
func Load(file string) (*State, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &State{}
	return s, codec.Unmarshal(text, s)
}

// Restore puts back what differs by now. Files were put back before; units says that those of systemd are others.
func (s *State) Restore(units bool, files []string) Result {
	r := &Result{}
	if units && hasSystemd() {
		if _, err := run("systemctl", "daemon-reload"); err != nil {
			r.failed("the units of systemd", err)
		}
	}
	s.Net.restore(r)
	restoreSysctl(s.Sysctl, r)
	s.Filter.restore(r)
	restoreServices(s.Services, s.SSHD, files, r)
	return *r
}

// restoreSysctl sets what is another by now; one setting may change others, so that it is done twice.
func restoreSysctl(want map[string]string, r *Result) {
	told := map[string]bool{}
	for pass := range 2 {
		for name, now := range readSysctl() {
			before, known := want[name]
			if !known || now == before {
				continue
			}
			err := os.WriteFile(sysctlDir+"/"+name, []byte(before), 0)
			what := "sysctl " + strings.ReplaceAll(name, "/", ".")
			switch {
			case err == nil && !told[name]:
				told[name] = true
				r.restored(what)
			case err != nil && pass == 1:
				r.failed(what, err)
			}
		}
	}
}
