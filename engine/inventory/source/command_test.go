package source_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/command/kind"
)

// TestConnectionsByCommand takes from inventories of Ansible and of CUE how a host is reached by a command.
func TestConnectionsByCommand(t *testing.T) {
	inv, err := load(t, "hosts.yml", `
all:
  hosts:
    web: {ansible_connection: docker, ansible_docker_extra_args: "-H 'tcp://a b'", ansible_docker_timeout: 5}
    db: {ansible_connection: containers.podman.podman, ansible_host: db_1.x}
    pod: {ansible_connection: kubernetes.core.kubectl, ansible_kubectl_pod: shop-7, ansible_kubectl_namespace: shop, ansible_kubectl_container: app, ansible_kubectl_token: geheim}
    root: {ansible_connection: community.general.chroot, ansible_host: /srv/root, ansible_user: ops}
    vm: {ansible_connection: machinectl, froyo_connection_arguments: ["--slice=x"]}
    way: {ansible_connection: [incus, exec, "{host}", --], ansible_docker_extra_args: kept}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range inv.Hosts() {
		got = append(got, strings.Join(append([]string{h.Name, h.Connection, h.Address}, h.Arguments...), " "))
	}
	want := []string{
		"web docker web -H tcp://a b", "db podman db_1.x", "pod kubectl shop-7 --namespace shop --container app", "root chroot /srv/root",
		"vm machinectl vm --slice=x", "way command way incus exec {host} --",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if v := inv.Host("way").Vars["ansible_docker_extra_args"]; v != "kept" {
		t.Errorf("a variable of another connection is %v", v)
	}
	var warned []string
	for _, w := range inv.Warnings() {
		warned = append(warned, w.Summary)
	}
	if text := strings.Join(warned, "\n"); !strings.Contains(text, "ansible_docker_timeout has no effect: --timeout bounds connecting") ||
		!strings.Contains(text, "ansible_kubectl_token has no effect: passwords and tokens do not belong into an inventory") || len(warned) != 2 {
		t.Errorf("warned of %q", warned)
	}
}

func TestConnectionsByCommandInCUE(t *testing.T) {
	inv, err := load(t, "hosts.cue", `
hosts: way: connection: ["incus", "exec", "{host}", "--"]
hosts: pod: {connection: "kubectl", connectionArguments: ["--namespace", "web"]}
hosts: root: {connection: "chroot", address: "/srv/root"}
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"way": {"incus", "exec", "{host}", "--"}, "pod": {"--namespace", "web"}, "root": nil} {
		if diff := cmp.Diff(want, inv.Host(name).Arguments); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestConnectionsByCommandRefused follows the hint of a plugin that has no kind here, too.
func TestConnectionsByCommandRefused(t *testing.T) {
	_, err := load(t, "hosts.yml", `
all:
  hosts:
    a: {ansible_connection: community.general.incus}
    b: {ansible_connection: chroot, ansible_host: srv}
    c: {ansible_connection: docker, ansible_host: "-it"}
    d: {ansible_connection: [way, "{name}"]}
    e: {ansible_connection: [way, "{{ x }}"]}
    f: {ansible_connection: [way, 5]}
    g: {ansible_connection: chroot, ansible_host: /srv, froyo_connection_arguments: [x]}
    h: {froyo_connection_arguments: x}
`)
	check(t, "errors", []string{
		`hosts.yml:4:9: ansible_connection: "community.general.incus" is not supported; want ssh, local, docker, podman, kubectl, chroot, machinectl or a command as a list (in inventory.cue: connection: ["incus", "exec", "{host}", "--"])`,
		`hosts.yml:5:37: ansible_host: "srv" cannot be a root directory: want an absolute path without ".."`,
		`hosts.yml:6:37: ansible_host: "-it" cannot be the name of a container`,
		`hosts.yml:7:9: ansible_connection: {name} stands for nothing; there are {host}, {user} and {port}`,
		`hosts.yml:8:9: ansible_connection: a template, which is not evaluated in an inventory (write the value itself, or compute it in inventory.cue)`,
		`hosts.yml:9:9: ansible_connection: want a list of strings, got "5" in it`,
		`hosts.yml:10:57: froyo_connection_arguments: the connection takes no arguments`,
		`hosts.yml:11:9: froyo_connection_arguments: want a list of strings`,
	}, reportError(err))
	if _, err := load(t, "hosts.cue", `hosts: a: connection: ["incus", "exec", "{host}", "--"]`); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}

// TestConnectionKinds compares the table of docs/connections.md with what becomes of each connection.
func TestConnectionKinds(t *testing.T) {
	page, err := os.ReadFile("../../../docs/connections.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "## Connections by command")
	text, _, _ = strings.Cut(text, "## Odd hosts")
	var works, refused []string
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`") {
			continue
		}
		into := &works
		if strings.Contains(cells[3], "refused by name") {
			into = &refused
		}
		for name := range strings.SplitSeq(cells[1], "`, `") {
			if name = strings.Trim(name, " `"); name != "connection" && !strings.HasPrefix(name, "[") {
				*into = append(*into, name)
			}
		}
	}
	slices.Sort(works)
	if want := slices.Sorted(slices.Values(kind.Names())); !slices.Equal(works, want) {
		t.Errorf("the page has %q, and there are %q", works, want)
	}
	if len(refused) == 0 {
		t.Error("the page names nothing that is refused")
	}
	for _, name := range refused {
		_, err := load(t, "hosts.ini", "a ansible_connection="+name+"\n")
		if got := reportError(err); len(got) != 1 || !strings.Contains(got[0], "is not supported") || !strings.Contains(got[0], "(in inventory.cue: connection: [") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
