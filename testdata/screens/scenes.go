package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// step is something that is done out of sight.
type step func(context.Context) error

// scene is a situation: what comes before it, and the session that is pictured.
type scene struct {
	name   string
	before []step
	args   []string
	typed  []typed
	code   diag.Code // that froyo ends with
	after  []step
}

// typed is what is typed once the screen shows something.
type typed struct {
	when func(screen string) bool
	keys string
}

// asked is that a question waits for an answer.
func asked(screen string) bool { return strings.HasSuffix(strings.TrimRight(screen, "\n "), "[y/N]") }

// underWay is that hosts have changed and more are at work.
func underWay(screen string) bool { return atWork(screen) > 0 && strings.Contains(screen, " changed") }

// prompted is that the prompt of froyo repl waits.
func prompted(screen string) bool {
	return strings.HasSuffix(strings.TrimRight(screen, "\n "), "\nfroyo>")
}

var yes = typed{asked, "y\n"}

// scenes are what is pictured, in an order in which each leaves the hosts as the next needs them.
func (s *studio) scenes(hosts []int) []scene {
	const conf = "/srv/app/app.conf"
	apply := []string{"apply", "-i", "hosts.ini"}
	release := func(n string) []string { return append(apply[:3:3], "-e", "release="+n) }
	return []scene{
		{name: "first", before: []step{s.byHand("rm -rf /srv/app", hosts...)}, args: apply, typed: []typed{yes}},
		{name: "repl", args: []string{"repl", "-i", "hosts.ini"}, typed: []typed{
			{prompted, "hosts(\"h[1-3]\")\r"},
			{prompted, "[struct(name = h.name, system = h.facts.os.basic.name, cores = h.facts.hw.cpu.cores) for h in hosts(\"h[1-4]\")]\r"},
			{prompted, "def note(host):\r    file(\"/srv/app/note\", content = \"this is %s\\n\" % host.name)\r\r"},
			{prompted, "plan(note, hosts = \"h[1-3]\")\r"},
			{prompted, "\x04"},
		}},
		{name: "plan", before: []step{
			s.byHand("echo 'workers = 64' >"+conf+" && chmod 666 "+conf, 2, 3),
			s.byHand("rm /srv/app/current && chmod 777 /srv/app", 5),
		}, args: []string{"plan", "-i", "hosts.ini"}},
		{name: "stale", before: []step{
			s.quietly("plan", "-i", "hosts.ini", "--out", "plan.json"),
			s.byHand("echo 'workers = 8' >"+conf+" && chown ops "+conf, 3),
		}, args: []string{"apply", "--plan", "plan.json"}, code: diag.Stale},
		{name: "apply", before: []step{s.quietly("apply", "-i", "hosts.ini", "-y")}, args: release("1.5"), typed: []typed{yes}},
		{name: "failed", before: []step{
			s.byHand("mkdir /srv/app/cache && touch /srv/app/cache/broken", 7, 12),
		}, args: release("1.6"), typed: []typed{yes}, code: diag.Failed, after: []step{s.byHand("rm -r /srv/app/cache", 7, 12)}},
		{name: "unreachable", before: []step{s.network("cut", 4)}, args: release("1.7"), typed: []typed{yes}, code: diag.Unreachable, after: []step{s.network("join", 4)}},
		{name: "interrupted", args: release("1.8"), typed: []typed{yes, {underWay, "\x03"}}, code: diag.Interrupted},
		{name: "resume", args: []string{"resume"}},
	}
}

// tour goes through the situations on a terminal of a width, to the one named last, and saves the frames of each.
func (s *studio) tour(ctx context.Context, columns int, last string, save func(name string, frames []frame) error) error {
	hosts, err := s.allHosts()
	if err != nil {
		return err
	}
	for _, sc := range s.scenes(hosts) {
		frames, err := s.play(ctx, sc, columns)
		if err != nil {
			return fmt.Errorf("%s at %d columns: %w", sc.name, columns, err)
		}
		if err := save(sc.name, frames); err != nil {
			return err
		}
		if sc.name == last {
			return nil
		}
	}
	return nil
}

func (s *studio) play(ctx context.Context, sc scene, columns int) ([]frame, error) {
	for _, do := range sc.before {
		if err := do(ctx); err != nil {
			return nil, err
		}
	}
	frames, err := s.record(ctx, sc, columns)
	if err != nil {
		return nil, err
	}
	for _, do := range sc.after {
		if err := do(ctx); err != nil {
			return nil, err
		}
	}
	return frames, nil
}
