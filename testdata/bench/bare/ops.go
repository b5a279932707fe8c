package main

import (
	"fmt"

	"github.com/openfroyo/froyo/runner/op"
)

// ops are what the providers ask for the units of web.star, and the facts that
// identify a host.
func ops() []op.Op {
	all := []op.Op{
		{Facts: &op.Facts{Namespaces: []string{"os.basic"}}},
		{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "nginx-light", Candidate: op.Missing}}}},
		{SvcQuery: &op.SvcQuery{Names: []string{"nginx.service", "nginx.service"}}},
	}
	stat := func(path string, follow bool) {
		all = append(all, op.Op{Stat: &op.Stat{Path: path, Follow: follow}})
	}
	read := func(path, content string) {
		stat(path, false)
		all = append(all, op.Op{Read: &op.Read{Path: path, Limit: 1 << 20, Unless: op.Sum([]byte(content))}})
	}
	stat("/srv/bench", false)
	for i := range 10 {
		read(fmt.Sprintf("/srv/bench/page%d.html", i), fmt.Sprintf("<h1>Page %d</h1>\n", i))
	}
	read("/etc/nginx/conf.d/bench.conf", "server {\n    listen 8080;\n    root /srv/bench;\n}\n")
	stat("/etc/nginx/sites-enabled/default", false)
	stat("/srv/bench/current", false)
	stat("/srv/bench/born", true)
	for _, command := range []string{"grep -qx 1 /srv/bench/version", "test -e /srv/bench/stale"} {
		all = append(all, op.Op{Exec: &op.Exec{Shell: command, ReadOnly: true}})
	}
	return all
}
