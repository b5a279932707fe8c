package cli_test

import "testing"

// TestLabScript runs scripts of the workspace, which are on no disk of the host.
func TestLabScript(t *testing.T) {
	f := startOwn(t, "root")
	f.write(t, "setup.sh", "#!/bin/sh -e\nprintf '%s\\n' \"$PWD\" \"$GREETING\" \"$@\" >/srv/lab/made\n")
	f.write(t, "own.bash", "#! /usr/bin/env bash\nwords=(one two); id -un >/srv/lab/ops/who; echo ${words[1]}\n")
	f.write(t, "windows.sh", "#!/bin/sh\r\ntouch /srv/lab/wrong\r\n")
	f.write(t, "plain.txt", "touch /srv/lab/wrong\n")
	f.write(t, "elsewhere.py", "#!/opt/nothing/python\n")
	f.write(t, "gone.sh", "#!/bin/sh\nrm /srv/lab/junk /srv/lab/may\n")
	f.write(t, "fails.sh", "#!/bin/sh\necho what is wrong >&2\nexit 3\n")
	typeCase{
		units: `
file("/srv/lab", state = "directory")
file("/srv/lab/ops", state = "directory", owner = "ops")
script("setup.sh", args = ["a b", "-x"], env = {"GREETING": "hello"}, cwd = "/srv/lab", creates = "/srv/lab/made")
said = script("own.bash", name = "theirs", run_as = "ops", unless = "grep -qx ops /srv/lab/ops/who")
script("gone.sh", removes = "/srv/lab/junk", onlyif = "test -e /srv/lab/may")
script("fails.sh", ok_exit_codes = [3], changed_when = False)
file("/srv/lab/said", content = later(lambda: said.stdout if said.ran else "two\n"))`,
		undo: "rm -rf /srv/lab",
		holds: []string{
			`test "$(cat /srv/lab/made)" = "$(printf '/srv/lab\nhello\na b\n-x')"`, "grep -qx ops /srv/lab/ops/who", "grep -qx two /srv/lab/said",
			"test ! -e /srv/lab/wrong && ! grep -rqs GREETING /tmp /run /root /home",
		},
		look:   "cat /srv/lab/made /srv/lab/ops/who; ls /srv/lab",
		drifts: []drift{{"script.creates", "rm /srv/lab/made"}, {"script.unless", "echo root >/srv/lab/ops/who"}, {"script.removes script.onlyif", "touch /srv/lab/junk /srv/lab/may"}},
		refused: map[string]string{
			`script("windows.sh")`:   "the script's first line ends with a carriage return",
			`script("plain.txt")`:    "the script's first line does not say what runs it",
			`script("elsewhere.py")`: "run /opt/nothing/python: no such file or directory",
			`script("fails.sh")`:     "what is wrong",
			`script("setp.sh")`:      "did you mean setup.sh?",
		},
	}.lab(t, f, f.hosts[0])
}
