package gather

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

func TestIP(t *testing.T) {
	for _, want := range []string{
		"", "10.0.0.255", "::", "::1", "1::", "fe80::1", "2001:db8::8:800:200c:417a", "2001:0:0:1::1", "2001:db8:0:1:1:1:1:1",
		"1:2:3:4:5:6:7:8", "::2:0:0:5:6:7", "1:0:0:4::8", "0:1:2:3:4:5:6:7", "1:2:3:4:5:6:7:0", "1:2:3:4:5:6::",
	} {
		b := net.ParseIP(want)
		if v4 := b.To4(); v4 != nil {
			b = v4
		}
		if got := ip(b); got != want && got != b.String() {
			t.Errorf("got %s, want %s", got, b)
		}
	}
}

func TestMAC(t *testing.T) {
	if got := mac([]byte{0, 0x1b, 0xfe, 3, 4, 5}); got != "00:1b:fe:03:04:05" {
		t.Errorf("got %s", got)
	}
}

// TestNetIfaces compares what the kernel tells us with what it tells package net.
func TestNetIfaces(t *testing.T) {
	got := netIfaces()
	theirs, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var want []op.Iface
	for _, i := range theirs {
		w := op.Iface{Name: i.Name, MTU: i.MTU, MAC: i.HardwareAddr.String(), Up: i.Flags&net.FlagUp != 0, Loopback: i.Flags&net.FlagLoopback != 0, Addresses: []string{}}
		if w.Loopback || len(i.HardwareAddr) != 6 {
			w.MAC = ""
		}
		addresses, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			w.Addresses = append(w.Addresses, a.String())
		}
		want = append(want, w)
	}
	if diff := cmp.Diff(want, got.Ifaces); diff != "" {
		t.Errorf("interfaces differ (-package net +netlink):\n%s", diff)
	}
	if diff := cmp.Diff(got, netIfaces()); diff != "" {
		t.Errorf("they differ from one time to the next:\n%s", diff)
	}
}

// TestDefaultRoute makes routes in a network namespace of its own.
func TestDefaultRoute(t *testing.T) {
	performtest.NeedRoot(t, "to make network namespaces")
	const inside = "FROYO_TEST_NETNS"
	if os.Getenv(inside) == "" {
		if err := exec.Command("unshare", "-n", "ip", "link").Run(); err != nil {
			t.Skip("needs unshare and ip: ", err)
		}
		cmd := exec.Command("unshare", "-n", "/proc/self/exe", "-test.run=^TestDefaultRoute$")
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Args[2] = exe
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	ip := func(commands string) {
		for args := range strings.SplitSeq(commands, "; ") {
			if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
				t.Fatalf("ip %s: %v: %s", args, err, out)
			}
		}
	}
	ip("link add a0 type veth peer name b0; link set a0 up; link set b0 up")
	ip("addr add 10.1.0.2/24 dev a0; addr add 10.1.0.3/24 dev a0; addr add 10.2.0.2/24 dev b0; addr add 2001:db8::2/64 dev b0 nodad")
	steps := []struct{ name, commands, want string }{
		{"none", "route add 10.9.0.0/16 via 10.1.0.1", "  "},
		{"IPv6 only", "-6 route add default via 2001:db8::1 dev b0", "b0 2001:db8::1 2001:db8::2"},
		{"another table", "route add default via 10.2.0.9 table 7", "b0 2001:db8::1 2001:db8::2"},
		{"unreachable", "route add unreachable default metric 1", "b0 2001:db8::1 2001:db8::2"},
		{"IPv4 first", "route add default via 10.2.0.1 metric 200", "b0 10.2.0.1 10.2.0.2"},
		{"lower metric", "route add default via 10.1.0.1 metric 100", "a0 10.1.0.1 10.1.0.2"},
		{"several ways", "route add default metric 50 nexthop via 10.2.0.7 nexthop via 10.1.0.7", "b0 10.2.0.7 10.2.0.2"},
		{"gateway of the other family", "-4 route add default metric 40 via inet6 2001:db8::7 dev b0", "b0 2001:db8::7 10.2.0.2"},
		{"no gateway", "route add default metric 30 dev a0", "a0  10.1.0.2"},
	}
	for _, s := range steps {
		ip(s.commands)
		n := netIfaces()
		if got := n.Default + " " + n.Gateway + " " + n.Address; got != s.want {
			t.Errorf("%s: got %q, want %q", s.name, got, s.want)
		}
	}
}

// FuzzNetlink feeds the parser what no kernel should say.
func FuzzNetlink(f *testing.F) {
	for _, ask := range [][2]int{{syscall.RTM_GETLINK, 0}, {syscall.RTM_GETADDR, 0}, {syscall.RTM_GETROUTE, syscall.AF_INET}} {
		data, err := syscall.NetlinkRIB(ask[0], ask[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	hops := append([]byte{44, 0, 0, 0, 24, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, 16, 0, 9, 0}, 12, 0, 0, 0, 1, 0, 0, 0, 4, 0, 5, 0)
	f.Add(hops)
	f.Fuzz(func(t *testing.T, data []byte) {
		n := &network{}
		n.parse(data)
		n.parse(data)
		for _, i := range n.result().Ifaces {
			if perform.Clean(i.Name) != i.Name || len(i.Name) > maxFact+8 || len(i.Addresses) > maxIfaceAddresses {
				t.Errorf("interface %+v", i)
			}
		}
	})
}
