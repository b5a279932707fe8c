package main

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// bench.conf as web.star has it.
const site = "server {\n    listen 8080;\n    root /srv/bench;\n}\n"

func page(i int) string { return fmt.Sprintf("<h1>Page %d</h1>\n", i) }

// checks is web.star on a host that is as it should be, as one would write it
// for a shell. It fails where a check does.
func checks() string {
	var s strings.Builder
	s.WriteString("set -e\n")
	is := func(path, want string) {
		fmt.Fprintf(&s, "[ \"$(stat -c '%%a %%U %%G %%F' %s)\" = '%s' ]\n", path, want)
	}
	holds := func(path, content string) {
		is(path, "644 root root regular file")
		fmt.Fprintf(&s, "[ \"$(sha256sum <%s)\" = '%s  -' ]\n", path, op.Sum([]byte(content)))
	}
	s.WriteString("[ \"$(dpkg-query -W -f '${Status}' nginx-light)\" = 'install ok installed' ]\n")
	is("/srv/bench", "755 root root directory")
	for i := range 10 {
		holds(fmt.Sprintf("/srv/bench/page%d.html", i), page(i))
	}
	holds("/etc/nginx/conf.d/bench.conf", site)
	s.WriteString("[ ! -e /etc/nginx/sites-enabled/default ]\n[ \"$(readlink /srv/bench/current)\" = /srv/bench/page0.html ]\n[ -e /srv/bench/born ]\n")
	for _, guard := range []string{"grep -qx 1 /srv/bench/version", "! test -e /srv/bench/stale"} {
		fmt.Fprintf(&s, "sh -c '%s'\n", guard)
	}
	s.WriteString("systemctl is-active -q nginx\nsystemctl is-enabled -q nginx\n")
	return s.String()
}

// converge is web.star on a pristine host, as one would write it for a shell.
func converge() string {
	var s strings.Builder
	s.WriteString("set -e\nexport DEBIAN_FRONTEND=noninteractive\n")
	s.WriteString("dpkg-query -W nginx-light >/dev/null 2>&1 || apt-get install -y -qq nginx-light >/dev/null\n")
	s.WriteString("mkdir -p /srv/bench\nchmod 0755 /srv/bench\nchown root:root /srv/bench\n")
	put := func(path, content string) {
		fmt.Fprintf(&s, "cat >%s.new <<'END'\n%sEND\nchmod 0644 %s.new\nchown root:root %s.new\nmv %s.new %s\n", path, content, path, path, path, path)
	}
	for i := range 10 {
		put(fmt.Sprintf("/srv/bench/page%d.html", i), page(i))
	}
	put("/etc/nginx/conf.d/bench.conf", site)
	s.WriteString("rm -f /etc/nginx/sites-enabled/default\nln -sfn /srv/bench/page0.html /srv/bench/current\n")
	s.WriteString("[ -e /srv/bench/born ] || touch /srv/bench/born\n")
	s.WriteString("grep -qsx 1 /srv/bench/version || echo 1 >/srv/bench/version\n")
	s.WriteString("! test -e /srv/bench/stale || rm /srv/bench/stale\n")
	s.WriteString("systemctl enable -q --now nginx\nsystemctl reload nginx\n")
	return s.String()
}
