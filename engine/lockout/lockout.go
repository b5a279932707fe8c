// Package lockout says what on a host decides whether one gets in to it: paths, and services. Units that change those are
// applied under guard, whatever their type.
//
// It imports the standard library only.
package lockout

import (
	"slices"
	"strings"
)

// ways are the paths that decide who gets in, and how, each with what is below it.
var ways = []string{
	"/etc/ssh", "/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/pam.d", "/etc/pam.conf", "/etc/security",
	"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/nologin", "/etc/shells",
	"/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/NetworkManager",
	"/etc/nftables.conf", "/etc/nftables", "/etc/iptables", "/etc/ufw", "/etc/firewalld",
}

// services are those that let one in.
var services = []string{"ssh", "sshd", "ssh.service", "sshd.service", "ssh.socket", "sshd.socket"}

// Path reports whether what is at a path, in its one spelling, decides who gets in.
func Path(p string) bool {
	return slices.ContainsFunc(ways, func(way string) bool { return p == way || strings.HasPrefix(p, way+"/") })
}

// Service reports whether a service lets one in.
func Service(name string) bool { return slices.Contains(services, name) }
