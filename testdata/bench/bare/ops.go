package main

import (
	"fmt"

	"github.com/openfroyo/froyo/runner/op"
)

// ops are what the provider asks for the units of checks.star, and the facts
// that identify a host.
func ops() []op.Op {
	all := []op.Op{{Facts: &op.Facts{Namespaces: []string{"os.basic"}}}}
	stat := func(path string, follow bool) {
		all = append(all, op.Op{Stat: &op.Stat{Path: path, Follow: follow}})
	}
	for _, path := range []string{"/srv/bench", "/srv/bench/etc", "/srv/bench/www", "/srv/bench/log"} {
		stat(path, false)
	}
	for i := range 9 {
		path := fmt.Sprintf("/srv/bench/etc/app%d.conf", i)
		stat(path, false)
		content := fmt.Sprintf("listen = 800%d\nworkers = 4\n", i)
		all = append(all, op.Op{Read: &op.Read{Path: path, Limit: 1 << 20, Unless: op.Sum([]byte(content))}})
	}
	stat("/srv/bench/current", false)
	stat("/srv/bench/born", true)
	stat("/srv/bench/junk", true)
	for _, command := range []string{"test -s /srv/bench/ready", "grep -qx 1 /srv/bench/version", "test -e /srv/bench/stale"} {
		all = append(all, op.Op{Exec: &op.Exec{Shell: command, ReadOnly: true}})
	}
	return all
}
