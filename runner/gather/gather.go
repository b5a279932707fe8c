// Package gather gathers what the machine is: its system, processors and network.
// What it is told it bounds, and makes valid UTF-8.
//
// It imports runner/op, runner/perform, runner/sysfile and the standard library only;
// never fmt, net or os/user, since the runner's size is speed.
package gather

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/sysfile"
)

// maxFact bounds one value.
const maxFact = 1 << 10

// families maps the names that os-release gives in ID and ID_LIKE.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian",
	"rhel": "redhat", "fedora": "redhat", "centos": "redhat", "rocky": "redhat",
	"almalinux": "redhat", "ol": "redhat", "amzn": "redhat", "oracle": "redhat",
	"suse": "suse", "opensuse": "suse", "opensuse-leap": "suse", "opensuse-tumbleweed": "suse", "sles": "suse",
	"alpine": "alpine",
	"arch":   "arch", "archlinux": "arch", "manjaro": "arch",
}

// Collector gathers the facts of the machine.
type Collector struct {
	Root string // before the paths of system files; "/" except in tests
	// Packages lists what is installed, Services the services.
	Packages func(ctx context.Context) (*op.PkgManifest, error)
	Services func(ctx context.Context) *op.SvcUnits
}

// Perform implements perform.Performer, for the op that asks for facts.
func (c *Collector) Perform(ctx context.Context, call *perform.Call) error {
	if call.Op.Facts == nil {
		return perform.ErrUnknown
	}
	if err := perform.Stopped(ctx); err != nil {
		return err
	}
	result := &op.FactsResult{}
	call.Result.Facts = result
	for _, namespace := range call.Op.Facts.Namespaces {
		var err error
		switch namespace {
		case "os.basic":
			result.OSBasic, err = osBasic(c.Root)
		case "hw.cpu":
			result.HWCPU = hwCPU(c.Root)
		case "net.ifaces":
			result.NetIfaces = netIfaces()
		case "pkg.manifest":
			result.PkgManifest, err = c.Packages(ctx)
		case "svc.units":
			result.SvcUnits = c.Services(ctx)
		default:
			err = perform.Refuse("nofacts", "there are no facts "+strconv.Quote(namespace)+", expected os.basic, hw.cpu, net.ifaces, pkg.manifest or svc.units")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// osBasic gathers what the machine is. What it does not tell stays empty.
func osBasic(root string) (*op.OSBasic, error) {
	release, err := OSRelease(root)
	if err != nil {
		return nil, err
	}
	kernel, hostname := uname()
	return &op.OSBasic{
		ID:        release["ID"],
		Family:    Family(release["ID"], release["ID_LIKE"]),
		Version:   release["VERSION_ID"],
		Codename:  release["VERSION_CODENAME"],
		Name:      release["PRETTY_NAME"],
		Kernel:    kernel,
		Arch:      runtime.GOARCH,
		Hostname:  hostname,
		MachineID: machineID(root),
		Init:      Init(root),
	}, nil
}

// OSRelease reads what os-release(5) says below root.
func OSRelease(root string) (map[string]string, error) {
	for _, path := range []string{"etc/os-release", "usr/lib/os-release"} {
		switch text, err := sysfile.Read(root + path); {
		case err == nil:
			return parseRelease(text), nil
		case !perform.IsAbsent(err): // a guess in its place would be wrong in silence
			return nil, perform.Refuse("osrelease", "cannot tell what system this is: "+err.Error())
		}
	}
	return map[string]string{"ID": "linux"}, nil // what os-release(5) says to assume
}

// parseRelease reads os-release(5): assignments as a shell would take them.
func parseRelease(text string) map[string]string {
	values := map[string]string{"ID": "linux"}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		values[key] = fact(unquote(value))
	}
	return values
}

// unquote takes shell quotes and backslashes away.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return s[1 : len(s)-1]
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// Family names the kind of distribution: by its own id, else by what it says
// it is like, else its id.
func Family(id, like string) string {
	for _, name := range append([]string{id}, strings.Fields(like)...) {
		if f, ok := families[name]; ok {
			return f
		}
	}
	return id
}

// machineID returns machine-id(5), or "" where there is none yet.
func machineID(root string) string {
	for _, path := range []string{"etc/machine-id", "var/lib/dbus/machine-id"} {
		text, err := sysfile.Read(root + path)
		id := strings.TrimSpace(text)
		if err == nil && len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	return ""
}

// Init tells what runs the machine. A directory that systemd makes says so
// even where process 1 is hidden.
func Init(root string) string {
	if info, err := os.Lstat(filepath.Join(root, "run/systemd/system")); err == nil && info.IsDir() {
		return "systemd"
	}
	text, err := sysfile.Read(root + "proc/1/comm")
	if err != nil {
		return ""
	}
	return fact(strings.TrimSpace(text))
}

// uname returns the kernel's release and host name.
func uname() (release, hostname string) {
	var u syscall.Utsname
	if syscall.Uname(&u) != nil {
		return "", ""
	}
	return fact(chars(u.Release[:])), fact(chars(u.Nodename[:]))
}

// chars reads a C string, whose characters are signed on some platforms.
func chars[T int8 | uint8](s []T) string {
	out := make([]byte, 0, len(s))
	for _, c := range s {
		if c == 0 {
			break
		}
		out = append(out, byte(c))
	}
	return string(out)
}

// fact bounds one value. U+FFFD stands for what is not UTF-8, and for an end
// that was cut off: it is how the controller knows that the value is not whole.
func fact(s string) string {
	if len(s) > maxFact {
		return perform.Clean(s[:maxFact]) + "\uFFFD"
	}
	return perform.Clean(s)
}
