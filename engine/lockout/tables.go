package lockout

import "strings"

// Row is names that decide alike who gets in, and why.
type Row struct{ Why, Names string }

// names are the names of all rows.
func names(rows []Row) []string {
	var all []string
	for _, r := range rows {
		all = append(all, strings.Fields(r.Names)...)
	}
	return all
}

// Paths are files and directories, each with what is below it. * is one component.
var Paths = []Row{
	{"the SSH daemon", "/etc/ssh /etc/default/ssh /etc/sysconfig/sshd /etc/conf.d/sshd /etc/dropbear /etc/default/dropbear /run/sshd /var/empty /etc/crypto-policies"},
	{"privileges", "/etc/sudoers /etc/sudoers.d /etc/sudo.conf /etc/sudo-ldap.conf /etc/doas.conf /etc/doas.d /etc/polkit-1"},
	{"logins", "/etc/pam.d /etc/pam.conf /etc/security /etc/nologin /run/nologin /var/run/nologin /etc/shells /etc/securetty /etc/login.defs /etc/selinux /etc/systemd/logind.conf /etc/systemd/logind.conf.d"},
	{"users and groups", "/etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/nsswitch.conf /etc/sssd /etc/authselect /etc/nslcd.conf /etc/krb5.conf /etc/krb5.conf.d /etc/krb5.keytab"},
	{"what a shell reads first", "/etc/environment /etc/profile /etc/profile.d /etc/bash.bashrc /etc/bashrc /etc/zsh /etc/zshenv /etc/ld.so.preload /etc/ld.so.conf /etc/ld.so.conf.d"},
	{"the network", "/etc/network /etc/netplan /etc/systemd/network /etc/NetworkManager /etc/sysconfig/network /etc/sysconfig/network-scripts /etc/conf.d/net /etc/dhcp /etc/dhcpcd.conf /etc/systemd/networkd.conf /etc/systemd/networkd.conf.d /etc/wpa_supplicant /etc/sysctl.conf /etc/sysctl.d"},
	{"tunnels", "/etc/wireguard /etc/openvpn /etc/swanctl /etc/ipsec.conf /etc/ipsec.d"},
	{"the firewall", "/etc/nftables.conf /etc/nftables /etc/nftables.d /etc/sysconfig/nftables.conf /etc/iptables /etc/sysconfig/iptables /etc/sysconfig/ip6tables /etc/ipset.conf /etc/ufw /etc/default/ufw /etc/firewalld /etc/shorewall /etc/ferm /etc/hosts.allow /etc/hosts.deny"},
	{"programs", "/usr/sbin/sshd /usr/bin/sudo /usr/bin/doas /usr/bin/su /bin/su /usr/lib/openssh /usr/libexec/openssh /usr/lib/sudo /usr/libexec/sudo /bin/sh /usr/bin/sh /bin/bash /usr/bin/bash /usr/lib/*/security /lib/*/security /usr/lib64/security /lib64/security /usr/lib/security /lib/security"},
}

// InHome are those below the home of who logs in.
var InHome = []Row{
	{"keys", ".ssh .rhosts .shosts .k5login .k5users"},
	{"what a shell reads first", ".bashrc .bash_profile .bash_login .profile .zshenv .zprofile .zshrc .zlogin .cshrc .tcshrc .login .config/fish .pam_environment"},
}

// Services are units of systemd, or what init scripts are called, without .service or .socket. A name that ends with @ is a template.
var Services = []Row{
	{"the SSH daemon", "ssh sshd ssh@ sshd@ sshd-unix-local sshd-vsock dropbear dropbear@"},
	{"the network", "networking network systemd-networkd NetworkManager ifup@ netctl netctl@ dhcpcd dhcpcd@ dhclient wicked wickedd connman iwd wpa_supplicant wpa_supplicant@ systemd-sysctl"},
	{"tunnels", "wg-quick@ openvpn openvpn@ openvpn-client@ openvpn-server@ strongswan strongswan-starter ipsec tailscaled zerotier-one"},
	{"the firewall", "nftables firewalld ufw iptables ip6tables netfilter-persistent shorewall shorewall6 ferm ipset"},
	{"users, and logins", "systemd-logind systemd-user-sessions systemd-homed systemd-userdbd dbus dbus-broker nscd nslcd sssd winbind polkit"},
	{"what is started at all", "rescue.target emergency.target default.target multi-user.target graphical.target basic.target sysinit.target sockets.target user.slice user-.slice system.slice network.target network-online.target network-pre.target"},
}

// Packages are those without which one may not get in.
var Packages = []Row{
	{"the SSH daemon", "openssh openssh-server openssh-sftp-server ssh dropbear dropbear-bin"},
	{"privileges", "sudo sudo-rs sudo-ldap doas opendoas"},
	{"the network", "ifupdown ifupdown2 netplan.io network-manager NetworkManager systemd-networkd systemd-resolved isc-dhcp-client dhcp-client dhcpcd dhcpcd5 dhcpcd-base wicked connman iwd wpasupplicant wpa_supplicant iproute iproute2"},
	{"tunnels", "wireguard wireguard-tools openvpn strongswan tailscale zerotier-one"},
	{"users, and logins", "login passwd shadow shadow-utils util-linux pam libpam-modules libpam-runtime libpam-systemd libpam0g sssd libpam-sss libnss-sss libnss-ldapd nslcd dbus dbus-broker"},
	{"the system", "systemd systemd-sysv init bash dash libc6 glibc coreutils"},
}

// Users are those of the host without whom it lets in none.
var Users = []Row{
	{"of the system", "root sshd dropbear systemd-network systemd-resolve messagebus dbus sssd"},
}

// Groups are those that rules of sudo and of the SSH daemon mostly name, and those of the system. Any group that is removed is
// guarded beside these.
var Groups = []Row{
	{"privileges", "sudo wheel admin adm root"},
	{"of the system", "shadow sshd ssh_keys systemd-network systemd-resolve messagebus dbus sssd"},
}
