package live

import (
	"os"
	"slices"
	"strings"
	"syscall"
)

// readMounts are what is mounted: the file system, what of it, and where.
func readMounts() []string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var all []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 4 {
			all = append(all, strings.Join(fields[2:5], " "))
		}
	}
	return all
}

// hiding are directories in which a mount hides what lets one in.
var hiding = []string{"/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64"}

// Uncover takes away mounts that were added and hide what lets one in, or any of what is kept: files are put back below them, not into
// what they show.
func (s *State) Uncover(kept []string) []string {
	var names []string
	for _, m := range slices.Backward(readMounts()) {
		point := m[strings.LastIndexByte(m, ' ')+1:]
		hides := slices.ContainsFunc(hiding, func(dir string) bool { return point == dir || strings.HasPrefix(point, dir+"/") }) ||
			point != "/" && slices.ContainsFunc(kept, func(p string) bool { return p == point || strings.HasPrefix(p, point+"/") })
		if slices.Contains(s.Mounts, m) || !hides {
			continue
		}
		if syscall.Unmount(point, syscall.MNT_DETACH) == nil {
			names = append(names, "mount at "+point)
		}
	}
	return names
}
