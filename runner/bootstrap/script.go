package bootstrap

import (
	"errors"
	"strings"
	"unicode"
)

// The bootstrap is one line for /bin/sh that puts the runner in place. It
// finds a directory, says what machine this is, takes the runner from stdin,
// checks it and becomes it. It speaks in lines that begin with the magic:
//
//	MAGIC R Linux x86_64 3 /tmp/.froyo-...   ready to receive; 1: gzip is there, 2: zstd is, 3: both
//	MAGIC E noexec ...                       gave up; nothing is left behind
//
// What it must withstand:
//
//   - It passes through login shells that are not Bourne's (csh, fish), so it is one
//     line without single quotes, backslashes or exclamation marks.
//   - Noise may echo the line itself, so the magic stands in it in two halves.
//   - The controller may be gone at any moment: reading then ends early, and writing
//     raises SIGPIPE. Both lead to q, which removes the directory.
//   - What arrives is checked: gzip and zstd compare their own checksum and length as they
//     unpack; what is not compressed is held against its SHA-256.
//   - Every program started costs: on a fleet, time is made of these. Six are (mkdir, chmod,
//     uname, head, gzip or zstd, the runner), the rest is the shell's own.
//
// Whether a directory allows execution is asked by "test -x" on a file in
// it: the kernel answers no on a noexec mount, also to root. A shell whose test
// looks at mode bits alone finds out at exec, and the controller goes on with
// the next directory. Without gzip and zstd, sha256sum, shasum or openssl is needed;
// where there is none of them, too, the bootstrap gives up.
const bootstrapScript = `cd /; umask 077; LC_ALL=C; export LC_ALL; m=MAGIC1; m=${m}MAGIC2; d=; t=; ` +
	`q() { trap - EXIT; trap "" PIPE; [ -z "$d" ] || rm -rf "$d"; echo; printf "%s E %s" $m "$*"; echo; exit 1; }; ` +
	`trap "q signal" HUP INT TERM PIPE; ` +
	`z=0; UNPACKER; ` +
	`for b in DIRECTORIES; do [ -n "$b" ] || continue; d=$b/.$m; ` +
	`if e=$(mkdir -m 700 "$d" 2>&1); then f=$d/froyo-runner; ` +
	`if { true >"$f" && chmod 700 "$f"; } 2>/dev/null; then [ -x "$f" ] && break; e=noexec; else e="cannot hold a file"; fi; ` +
	`rm -rf "$d"; fi; t="$t$b (${e##*: }), "; d=; done; ` +
	`[ -n "$d" ] || q directory "${t%, }"; ` +
	`u=$(uname -s -m) || q uname; ` +
	`echo; printf "%s R %s %s %s" $m "$u" $z "$d"; echo; ` +
	`read -r n s c || q eof; ` +
	`case $c in gzip|zstd) head -c $n | $c -dcq >"$f" || q unpack;; ` +
	`*) h=; for c in sha256sum "shasum -a 256" "openssl dgst -sha256 -r"; do command -v ${c%% *} >/dev/null 2>&1 && h=$c && break; done; ` +
	`[ -n "$h" ] || q nosum; ` +
	`head -c $n >"$f" || q unpack; ` +
	`c=$($h <"$f"); c=${c%% *}; [ "$c" = "$s" ] || q sum "$c";; esac; ` +
	`trap "q exec" EXIT; exec "$f" $m "$f"; q exec`

// The directories to try, in order. A user's own comes first; apart from that
// /tmp allows execution almost everywhere, and home, the last, may be a network's.
var (
	rootDirectories = []string{"/tmp", "/var/tmp", "/dev/shm", "/run", `"$HOME"`}
	userDirectories = []string{`"$XDG_RUNTIME_DIR"`, "/tmp", "/var/tmp", "/dev/shm", `"$HOME"`}
)

// script returns the bootstrap for a user, leaving out directories that
// turned out to be of no use. Where the host is near, nothing is compressed.
func script(magic, user string, near bool, without []string) string {
	directories := userDirectories
	if user == "root" {
		directories = rootDirectories
	}
	text := withMagic(bootstrapScript, magic)
	if len(without) > 0 {
		text = strings.Replace(text, `[ -n "$b" ] || continue;`,
			`case $b in ""|`+strings.Join(without, "|")+`) continue;; esac;`, 1)
	}
	unpacker := "command -v gzip >/dev/null 2>&1 && z=1; command -v zstd >/dev/null 2>&1 && z=$((z+2))"
	if near {
		unpacker = ":"
	}
	return strings.NewReplacer("DIRECTORIES", strings.Join(directories, " "), "UNPACKER", unpacker).Replace(text)
}

// withMagic puts the two halves of the magic into a script.
func withMagic(script, magic string) string {
	half := len(magic) / 2
	return strings.NewReplacer("MAGIC1", magic[:half], "MAGIC2", magic[half:]).Replace(script)
}

// plainPath reports whether a path may stand in a script without quotes.
func plainPath(path string) bool {
	return path != "" && !strings.ContainsFunc(path, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-", r)
	})
}

// inShell makes a line that any login shell hands to /bin/sh as it is.
func inShell(script string, args ...string) string {
	return "exec /bin/sh -c '" + strings.Join(append([]string{script}, args...), "' '") + "'"
}

// report is what the bootstrap says.
type report struct {
	failed  string // the reason's name, or "" for a report of readiness
	detail  string
	system  string // uname -s
	machine string // uname -m
	gzip    bool   // the host can unpack it
	zstd    bool   // the same
	dir     string
}

var errReport = errors.New("the bootstrap's line cannot be understood")

// parseReport reads what follows the magic on its line.
func parseReport(line, magic string) (report, error) {
	if rest, ok := strings.CutPrefix(line, "E "); ok {
		name, detail, _ := strings.Cut(rest, " ")
		if name == "" {
			return report{}, errReport
		}
		return report{failed: name, detail: detail}, nil
	}
	fields := strings.SplitN(line, " ", 5)
	if len(fields) != 5 || fields[0] != "R" || len(fields[3]) != 1 || fields[3] < "0" || fields[3] > "3" {
		return report{}, errReport
	}
	unpacks := fields[3][0] - '0'
	r := report{system: fields[1], machine: fields[2], gzip: unpacks&1 != 0, zstd: unpacks&2 != 0, dir: fields[4]}
	if !strings.HasPrefix(r.dir, "/") || !strings.HasSuffix(r.dir, "/."+magic) || strings.ContainsFunc(r.dir, unreadable) {
		return report{}, errReport
	}
	return r, nil
}

// unreadable characters make the bootstrap's line mean more than one thing.
func unreadable(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }

// base is the directory in which the runner's own was made.
func (r report) base(magic string) string { return strings.TrimSuffix(r.dir, "/."+magic) }

// platform names the machine as Go does.
func (r report) platform() (goos, goarch string, ok bool) {
	if r.system != "Linux" {
		return "", "", false
	}
	switch r.machine {
	case "x86_64", "amd64":
		return "linux", "amd64", true
	case "aarch64", "arm64":
		return "linux", "arm64", true
	case "armv6l", "armv7l", "armv8l":
		return "linux", "arm", true
	case "i386", "i486", "i586", "i686":
		return "linux", "386", true
	case "riscv64":
		return "linux", "riscv64", true
	}
	return "", "", false
}

// supported is what platform knows, for messages.
const supported = "Linux on x86_64, aarch64, armv6l and up, i386 and up, riscv64"
