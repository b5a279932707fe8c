package live

import (
	"os"
	"path"
	"strings"
	"syscall"
)

// sysctlDir is where settings are.
const sysctlDir = "/proc/sys"

// readSysctl reads all settings of the network that can be set.
func readSysctl() map[string]string {
	all := map[string]string{}
	readSettings("net", 0, all)
	return all
}

func readSettings(dir string, depth int, all map[string]string) {
	entries, err := os.ReadDir(sysctlDir + "/" + dir)
	if err != nil || depth > 6 {
		return
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			readSettings(name, depth+1, all)
			continue
		}
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o200 == 0 || info.Mode().Perm()&0o400 == 0 {
			continue
		}
		if text, ok := readSetting(sysctlDir + "/" + name); ok {
			all[name] = text
		}
	}
}

// readSetting reads a setting without waiting for anything.
func readSetting(file string) (string, bool) {
	fd, err := syscall.Open(file, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", false
	}
	defer func() { _ = syscall.Close(fd) }()
	buf := make([]byte, 4096)
	n, err := syscall.Read(fd, buf)
	if err != nil || n <= 0 || n == len(buf) {
		return "", false
	}
	return strings.TrimRight(string(buf[:n]), "\n"), true
}
