package watchdog

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inNamespaces has the real program guard what is a host of its own as far as that goes: files, processes, network. Nothing of
// systemd is there, so that the guard is watched by a process of its own session.
const inNamespaces = `set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
cp -a /etc /tmp/etc.$$ && mount -t tmpfs tmpfs /mnt && cp -a /tmp/etc.$$ /mnt/etc && rm -rf /tmp/etc.$$ && mount --bind /mnt/etc /etc
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib
mkdir /mnt/sbin && cp -a /usr/sbin/. /mnt/sbin/ && rm -f /mnt/sbin/sshd && cp /bin/true /mnt/sbin/sshd && mount --bind /mnt/sbin /usr/sbin
rm -rf /etc/ssh && mkdir /etc/ssh && echo "Port 22" >/etc/ssh/sshd_config
ip link set lo up
echo 0 >/proc/sys/net/ipv4/conf/all/forwarding # which a namespace takes over from the machine
ip link add d0 type veth peer name d1 && ip link set d1 up && ip address add 192.0.2.1/24 dev d0 && ip link set d0 up && ip route add default via 192.0.2.2
ip link add k0 type bridge && ip link set k0 up && ip address add 198.18.0.1/24 dev k0
ip link add link d0 name m0 type macvlan mode vepa && ip link set m0 up mtu 1400
echo 5 >/proc/sys/net/ipv4/ip_default_ttl 2>/dev/null || true
look() { cat /etc/ssh/sshd_config; ls /etc/ssh /etc/cron.d 2>/dev/null; ip -o -4 address show d0 | grep -o 'inet [^ ]*'; ip -4 route | sed 's, linkdown,,; s, *$,,'; cat /proc/sys/net/ipv4/conf/all/forwarding; test ! -e /etc/nologin
	ip -4 -o address | grep -o '[^ ]*  *inet [^ ]*' | sort; ip -o -d link show m0 | grep -o 'm0@[^:]*\|macvlan mode [^ ]*'
	for l in d0 d1 k0 m0; do ip -o link show $l | grep -oE 'mtu [0-9]+|master [^ ]+|ether [^ ]+'; done; }
arm() {
	mkdir -p -m 700 /var/lib/froyo/guard/$1 && cp "$GUARD" /var/lib/froyo/guard/$1/froyo-guard
	g=/var/lib/froyo/guard/$1/froyo-guard
	echo "{\"id\":\"$1\",\"run\":\"r1\",\"window\":$2}" | $g arm | grep -q '"phase":"armed"'
}
spoil() {
	echo "Port 2222" >/etc/ssh/sshd_config; touch /etc/nologin /etc/ssh/added
	echo 1 >/proc/sys/net/ipv4/conf/all/forwarding
	ip route del default; ip route add blackhole 198.51.100.0/24; ip link set d0 down
	ip link add b0 type bridge 2>/dev/null || true
	ip address add 192.0.2.129/25 dev d1; ip link add b1 type bridge; ip address add 192.0.2.1/24 dev b1
	ip link delete m0; ip link delete k0; ip link add k0 type veth peer name k1
	ip link set d0 mtu 600; ip link set d1 address 02:00:00:00:00:01; ip link set d1 master b0
	mkdir -p /mnt/other && echo mine >/mnt/other/sshd_config && touch /mnt/other/mine && mount --bind /mnt/other /etc/ssh
	ip link set d1 down; ip link set d1 name x1; ip link set d0 name d1; ip link set x1 name d0
}
state() { grep -q "\"phase\":\"$1\"" /var/lib/froyo/guard/state; }
look >/run/before
arm a1 600000
spoil
$g restore >/run/said
look >/run/after
diff /run/before /run/after
test "$(cat /mnt/other/sshd_config)" = mine; test -e /mnt/other/mine; grep -q '"mount at /etc/ssh"' /run/said
grep -q '"/etc/ssh/sshd_config"' /run/said; grep -q 'sysctl net.ipv4.conf.all.forwarding' /run/said; grep -q '"routes"' /run/said
state restored
test "$(ls /var/lib/froyo/guard)" = state
arm a2 600000
echo "Port 2200" >/etc/ssh/sshd_config
$g confirm | grep -q '"phase":"armed"' # sshd has taken it only by now
$g confirm | grep -q '"phase":"confirmed"'
grep -q 2200 /etc/ssh/sshd_config
test ! -e /var/lib/froyo && ! ls /etc/cron.d/froyo-guard* 2>/dev/null
echo "Port 22" >/etc/ssh/sshd_config
arm a3 6000
spoil
for i in $(seq 600); do ! state restored || break; sleep 0.1; done
look >/run/after
diff /run/before /run/after
arm a4 600000
mv /usr/sbin/sshd /usr/sbin/sshd.away # what runs lets in, and could not be started again
$g confirm >/run/said
grep -q '"phase":"restored"' /run/said; grep -q '"why":"restart"' /run/said; grep -q '"said":"/usr/sbin/sshd is not there' /run/said
cmp /usr/sbin/sshd /usr/sbin/sshd.away; test -x /usr/sbin/sshd
arm a5 600000
printf '#!/bin/sh\nexit 1\n' >/usr/sbin/sshd
$g confirm | grep -q '"why":"restart"'
cmp /usr/sbin/sshd /usr/sbin/sshd.away
arm a6 600000 # what is broken before is no fault of the window
$g settle >/run/said
$g confirm | grep -q '"phase":"confirmed"'
echo "all of it"
`

// TestInNamespaces: the program itself, with links, routes and settings.
func TestInNamespaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a guard is root's")
	}
	for _, tool := range []string{"unshare", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if out, err := exec.Command("unshare", "-mnpf", "--mount-proc", "ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1").CombinedOutput(); err != nil {
		t.Skipf("no namespaces here: %v: %s", err, out)
	}
	program := filepath.Join(t.TempDir(), "froyo-guard")
	build := exec.Command("go", "build", "-o", program, "github.com/openfroyo/froyo/runner/cmd/froyo-guard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command("unshare", "-mnpf", "--mount-proc", "sh", "-c", inNamespaces)
	cmd.Env = append(os.Environ(), "GUARD="+program)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "all of it\n") {
		t.Errorf("%v: %s", err, out)
	}
}
