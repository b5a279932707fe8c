package machine

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what is read for facts.
const (
	maxFactFile = 64 << 10
	maxFact     = 1 << 10
)

// families maps the names that os-release gives in ID and ID_LIKE.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian",
	"rhel": "redhat", "fedora": "redhat", "centos": "redhat", "rocky": "redhat",
	"almalinux": "redhat", "ol": "redhat", "amzn": "redhat", "oracle": "redhat",
	"suse": "suse", "opensuse": "suse", "opensuse-leap": "suse", "opensuse-tumbleweed": "suse", "sles": "suse",
	"alpine": "alpine",
	"arch":   "arch", "archlinux": "arch", "manjaro": "arch",
}

func (m *Machine) facts(ctx context.Context, f *op.Facts) (*op.FactsResult, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	result := &op.FactsResult{}
	for _, namespace := range f.Namespaces {
		var err error
		switch namespace {
		case "os.basic":
			result.OSBasic = m.osBasic()
		case "hw.cpu":
			result.HWCPU = m.hwCPU()
		case "net.ifaces":
			result.NetIfaces = netIfaces()
		case "pkg.manifest":
			result.PkgManifest, err = m.pkgManifest()
		case "svc.units":
			result.SvcUnits = m.services().Units(ctx)
		default:
			err = refusal("nofacts", "there are no facts "+strconv.Quote(namespace)+", expected os.basic, hw.cpu, net.ifaces, pkg.manifest or svc.units")
		}
		if err != nil {
			return nil, err
		}
	}
	return result, nil
}

// osBasic gathers what the machine is. What cannot be found out stays empty.
func (m *Machine) osBasic() *op.OSBasic {
	release := m.osRelease()
	kernel, hostname := uname()
	return &op.OSBasic{
		ID:        release["ID"],
		Family:    family(release["ID"], release["ID_LIKE"]),
		Version:   release["VERSION_ID"],
		Codename:  release["VERSION_CODENAME"],
		Name:      release["PRETTY_NAME"],
		Kernel:    kernel,
		Arch:      runtime.GOARCH,
		Hostname:  hostname,
		MachineID: m.machineID(),
		Init:      m.initName(),
	}
}

func (m *Machine) osRelease() map[string]string {
	for _, path := range []string{"etc/os-release", "usr/lib/os-release"} {
		if text, err := readSmall(m.root + path); err == nil {
			return parseRelease(text)
		}
	}
	return map[string]string{"ID": "linux"} // what os-release(5) says to assume
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

// family names the kind of distribution: by its own id, else by what it says
// it is like, else its id.
func family(id, like string) string {
	for _, name := range append([]string{id}, strings.Fields(like)...) {
		if f, ok := families[name]; ok {
			return f
		}
	}
	return id
}

// machineID returns machine-id(5), or "" where there is none yet.
func (m *Machine) machineID() string {
	for _, path := range []string{"etc/machine-id", "var/lib/dbus/machine-id"} {
		text, err := readSmall(m.root + path)
		id := strings.TrimSpace(text)
		if err == nil && len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	return ""
}

// initName tells what runs the machine. A folder that systemd makes says so
// even where process 1 is hidden.
func (m *Machine) initName() string {
	if info, err := os.Lstat(filepath.Join(m.root, "run/systemd/system")); err == nil && info.IsDir() {
		return "systemd"
	}
	text, err := readSmall(m.root + "proc/1/comm")
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

// fact bounds one value.
func fact(s string) string {
	if len(s) > maxFact {
		s = s[:maxFact]
	}
	return clean(s)
}

// readSmall returns a system file's content, refusing more than maxFactFile bytes.
func readSmall(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the path is ours
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFactFile+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxFactFile {
		return "", errors.New(path + " is larger than " + strconv.Itoa(maxFactFile) + " bytes")
	}
	return string(content), nil
}
