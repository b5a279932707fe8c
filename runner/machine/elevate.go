package machine

// elevate gives the command line that runs a program as the user that the op
// is for: as it is, or by sudo where this process is another user and may
// become the other for certain programs only.
func (m *Machine) elevate(argv ...string) []string {
	if m.as == "" {
		return argv
	}
	return append([]string{"sudo", "-n", "-u", m.as, "--"}, argv...)
}
