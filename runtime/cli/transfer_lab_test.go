package cli_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tarOf is a tar of files by their names and texts; a text that begins with -> is the target of a link, and one that begins
// with ! the kind of another thing.
func tarOf(t *testing.T, members ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m[0], Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(m[1])), Uid: 4711, Gid: 4711}
		switch {
		case strings.HasPrefix(m[1], "->"):
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, m[1][2:], 0
		case strings.HasPrefix(m[1], "=>"):
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, m[1][2:], 0
		case strings.HasPrefix(m[1], "!"):
			h.Typeflag, h.Size = m[1][1], 0
		case strings.HasPrefix(m[1], "#!"):
			h.Mode = 0o775
		case m[1] == "setuid":
			h.Mode = 0o4755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, m[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipOf(t *testing.T, members ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		to, err := w.Create(m[0])
		if err == nil {
			_, err = io.WriteString(to, m[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestLabUnpack unpacks archives that are sent along and such that are on the host.
func TestLabUnpack(t *testing.T) {
	f := startOwn(t, "root")
	f.write(t, "app.tar", tarOf(t, [2]string{"app-1.0/bin/app", "#!/bin/sh\necho one\n"}, [2]string{"app-1.0/etc/app.conf", "port=80\n"}, [2]string{"app-1.0/current", "->bin/app"},
		[2]string{"app-1.0/bin/again", "=>app-1.0/bin/app"}, [2]string{"app-1.0/doc/manual", "text"}))
	f.write(t, "site.zip", zipOf(t, [2]string{"index.html", strings.Repeat("<p>hello</p>\n", 500)}, [2]string{"css/site.css", "p {}\n"}))
	hostile := map[string][2]string{
		"leads out of the directory by ..":          {"../../etc/cron.d/x", "x"},
		"has an absolute path":                      {"/etc/cron.d/x", "x"},
		"is a link that leads out":                  {"x", "->/etc"},
		"is a hard link that leads out":             {"x", "=>/etc/shadow"},
		"is a device":                               {"x", "!4"},
		"is a named pipe":                           {"x", "!6"},
		"is setuid":                                 {"x", "setuid"},
		"a control character in its name":           {"x\ny", "x"},
		"has the name of the record":                {".froyo-unpacked", "x"},
		"holds more than 20 bytes":                  {"x", "123456789012345678901"},
		"is there twice":                            {"first", "->x"},
		`is below the file "first"`:                 {"first/x", "x"},
		`is a hard link to "second", which is no f`: {"x", "=>second"},
	}
	f.write(t, "text", "hello\n")
	c := typeCase{
		units: `
unpack("/srv/app", source = "app.tar", strip = 1, exclude = ["*/doc"], owner = "www-data", group = "adm")
unpack("/srv/app/site", source = "site.zip", mode = "0750")
unpack("/srv/there/xz", remote = "/srv/a.tar.xz", keep = ["in"])
unpack("/srv/there/gz", remote = "/srv/a.tgz")
unpack("/srv/there/never", remote = "/srv/a.tgz", creates = "/etc/hostname")
unpack("/srv/there/once", remote = "/srv/a.tgz", creates = "/srv/there/once/d/in")`,
		before: `apt-get install -y -qq xz-utils >/dev/null 2>&1
rm -rf /srv/app /srv/there; cd /srv; mkdir -p d; echo in >d/in; tar -C d -cJf a.tar.xz in; tar -czf a.tgz d; rm -r d
truncate -s 400M zeros; tar -czf bomb.tar.gz zeros; rm zeros; head -c 100 a.tgz >cut.tar.gz`,
		undo: "rm -rf /srv/app /srv/there /srv/*.tar.xz /srv/*gz",
		holds: []string{
			"test $(stat -c %U:%G:%a /srv/app/bin/app) = www-data:adm:755", "test $(stat -c %U:%G:%a /srv/app/bin) = www-data:adm:755", "test $(/srv/app/current) = one", "test $(stat -c %h /srv/app/bin/again) = 1",
			"grep -qx port=80 /srv/app/etc/app.conf", "test ! -e /srv/app/doc", "test $(stat -c %U:%a /srv/app/site/css/site.css) = root:640", "test $(stat -c %a /srv/app/site/css) = 750",
			"test $(stat -c %s /srv/app/site/index.html) = 6500", "test -e /srv/there/xz/in", "grep -qx in /srv/there/gz/d/in", "test ! -e /srv/there/never",
			"test $(stat -c %U:%a /srv/app/.froyo-unpacked) = root:600", "test -z \"$(ls -A /srv | grep froyo-)\"",
		},
		look: "cd /srv && find app there -printf '%p %y %m %u:%g %l\\n' | sort; cat app/etc/app.conf app/bin/app there/xz/in there/gz/d/in; grep -c $(sha256sum a.tar.xz | cut -c1-64) there/xz/.froyo-unpacked",
		drifts: []drift{
			{"unpack.source unpack.strip", "echo port=81 >/srv/app/etc/app.conf"},
			{"unpack.source", "rm /srv/app/bin/again; chmod 777 /srv/app/bin/app"},
			{"unpack.owner", "chown root /srv/app/current -h"},
			{"unpack.group", "chgrp root /srv/app/bin"},
			{"unpack.source", "ln -sfn /etc /srv/app/current"},
			{"unpack.source", "rm -r /srv/app/site/css"},
			{"unpack.remote", "rm /srv/there/gz/d/in; ln -s /etc/passwd /srv/there/gz/d/in"},
		},
		later: []drift{
			{"", "rm /srv/app/.froyo-unpacked"},
			{"unpack.creates", "rm -r /srv/there/once/d"},
			{"unpack.state", "rm -r /srv/there/gz"},
			{"unpack.mode", "chmod 777 /srv/app/site/css/site.css"},
			{"unpack.remote", "cd /srv; echo in >in; tar -cJf a.tar.xz in; rm in"},
		},
		refused: map[string]string{
			`unpack("/srv/refused", source = "text")`:                     "neither a tar",
			`unpack("/srv/refused")`:                                      "exactly one of source and remote",
			`unpack("/srv/refused", remote = "/srv/nothing.tar")`:         "file /srv/nothing.tar",
			`unpack("/srv/refused", source = "app.tar", owner = "lost")`:  "there is no user lost",
			`unpack("/srv/refused", source = "app.tar", mode = "4755")`:   "octal digits",
			`unpack("srv", source = "app.tar")`:                           "an absolute path",
			`unpack("/srv/a\nb/../../etc", source = "app.tar")`:           "..",
			`unpack("/etc/hostname", source = "app.tar")`:                 "/etc/hostname is ",
			`unpack("/srv/refused", source = "app.tar", max_members = 2)`: "more than 2 members",
			`unpack("/srv/refused", remote = "/srv/bomb.tar.gz")`:         "250 times its own size",
			`unpack("/srv/refused", remote = "/srv/cut.tar.gz")`:          "it cannot be decompressed",
			`unpack("/srv/refused", remote = "/srv")`:                     "/srv is no file",
		},
		gone: `unpack("/srv/app/site", state = "absent")
unpack("/srv/app", state = "absent")
unpack("/srv/there/xz", state = "absent")
unpack("/srv/there/gz", state = "absent")
unpack("/srv/there/once", state = "absent")`,
		left: "test ! -e /srv/app/bin/app && test ! -e /srv/app/site && test ! -e /srv/there/xz && test ! -e /srv/there/gz && test ! -e /srv/refused && test ! -e /etc/cron.d/x",
	}
	n := 0
	for _, want := range slices.Sorted(maps.Keys(hostile)) {
		n++
		name := "hostile" + strings.Repeat("x", n) + ".tar"
		f.write(t, name, tarOf(t, [2]string{"first", "1"}, hostile[want]))
		c.refused[`unpack("/srv/refused", source = "`+name+`", max_bytes = 20)`] = want
	}
	c.lab(t, f, f.hosts[0])
}

// TestLabDownload downloads from a server beside the controller, and from one that only the host reaches.
func TestLabDownload(t *testing.T) {
	const text = "what is downloaded\n"
	digest := sha256.Sum256([]byte(text))
	sum := hex.EncodeToString(digest[:])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/private" && r.Header.Get("Authorization") != "Bearer s3cr3t-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	defer server.Close()
	f := startOwn(t, "root")
	typeCase{
		units: strings.NewReplacer("SERVER", server.URL, "SUM", "sha256:"+sum).Replace(`
download("/srv/file", url = "SERVER/file", checksum = "SUM", mode = "0640", owner = "www-data", group = "adm")
download("/srv/private", url = "SERVER/private", checksum = "SUM", headers = {"Authorization": sensitive("Bearer s3cr3t-token")})
download("/srv/any", url = "SERVER/file")
download("/srv/inside", url = "http://127.0.0.1/inside", by = "host", checksum = "SUM")`),
		before: "apt-get install -y -qq nginx-light >/dev/null 2>&1; systemctl start nginx; printf 'what is downloaded\\n' >/var/www/html/inside; rm -f /srv/file /srv/private /srv/any /srv/inside",
		undo:   "rm -f /srv/file /srv/private /srv/any /srv/inside /var/www/html/inside; systemctl stop nginx",
		holds: []string{
			"test $(stat -c %U:%G:%a /srv/file) = www-data:adm:640", "grep -qx 'what is downloaded' /srv/file", "grep -qx 'what is downloaded' /srv/private", "test -s /srv/any", "cmp /srv/inside /srv/file",
			"test -z \"$(ls -A /srv | grep froyo-)\"",
		},
		look:   "cd /srv && stat -c '%n %F %U:%G %a' file private any inside; cat file private any inside",
		drifts: []drift{{"download.checksum", "echo x >>/srv/file"}, {"download.owner", "chown root /srv/file"}, {"download.checksum", "rm /srv/private; ln -s /etc/passwd /srv/private"}, {"download.checksum", "rm /srv/inside"}},
		later:  []drift{{"download.mode", "chmod 600 /srv/file"}, {"download.group", "chgrp root /srv/file"}, {"download.url", "rm /srv/any"}},
		refused: map[string]string{
			`download("/srv/none", url = "` + server.URL + `", checksum = "sha256:` + strings.Repeat("0", 64) + `")`: "it is sha256:" + sum + ", expected sha256:" + strings.Repeat("0", 64),
			`download("/srv/none", url = "` + server.URL + `/private")`:                                              "401",
			`download("/srv/none", url = "` + server.URL + `", max_bytes = 3)`:                                       "more than the 3 that are allowed",
			`download("/srv/none", url = "file:///etc/passwd")`:                                                      "a URL such as",
			`download("/srv/none", url = "--output=/etc/x")`:                                                         "a URL such as",
			`download("/srv/none", url = "` + server.URL + `", checksum = "md5:0123")`:                               "64 hex digits",
			`download("/srv/no/none", url = "` + server.URL + `")`:                                                   "directory /srv/no",
			`download("/srv", url = "` + server.URL + `")`:                                                           "a directory is in the way",
		},
	}.lab(t, f, f.hosts[0])
	f.plays(t, `download("/srv/any", url = "`+server.URL+`/file", force = True)`)
	f.byHand(t, "cat /srv/any", []drift{{"download.force", "echo x >>/srv/any"}})
	if code, stdout, stderr := f.run(t, "apply", "-y"); code != 0 || !strings.Contains(stdout, "changed=1 ") || f.hosts[0].SSH(t, "cat /srv/any") != text {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if said := f.hosts[0].SSH(t, "ls /srv/none 2>&1 || true"); !strings.Contains(said, "No such file") {
		t.Errorf("what was refused is there: %s", said)
	}
}

// TestLabSync brings directories of the workspace.
func TestLabSync(t *testing.T) {
	f := startOwn(t, "root")
	at := func(name string) string { return filepath.Join(f.dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"app/bin/run": "#!/bin/sh\necho one\n", "app/etc/app.conf": "port=80\n", "app/etc/-rf": "dash\n", "app/etc/two words": "space\n", "app/empty": "",
		"app/.git/config": "secret\n", "app/etc/cache.tmp": "tmp\n", "pure/a": "a\n", "pure/sub/b": "b\n", "leads/x": "x", "named/x": "x",
	} {
		must(os.MkdirAll(filepath.Dir(at(name)), 0o755))
		f.write(t, name, text)
	}
	must(os.Chmod(at("app/bin/run"), 0o755))
	must(os.Chmod(at("app/etc/app.conf"), 0o600))
	must(os.Symlink("bin/run", at("app/current")))
	must(os.Symlink("../etc", at("app/etc/up")))
	must(os.Symlink("/etc/passwd", at("leads/out")))
	must(os.WriteFile(at("named/a\nb"), nil, 0o600))
	typeCase{
		units: `
sync("/srv/app", src = "app", exclude = [".git", "*.tmp"], owner = "www-data", group = "adm")
sync("/srv/pure", src = "pure", delete = True, exclude = ["keep"], file_mode = "0640", dir_mode = "0750")`,
		before: "rm -rf /srv/app /srv/pure /srv/refused; mkdir -p /srv/pure/old/deep /srv/pure/a /srv/pure/keep /srv/pure/half; mkdir -p /srv/way/a /srv/home; chown www-data /srv/home; setpriv --reuid=www-data ln -s /etc /srv/home/link; touch /srv/pure/old/deep/x /srv/pure/a/x /srv/pure/keep/mine /srv/pure/half/keep",
		undo:   "rm -rf /srv/app /srv/pure /srv/refused /srv/way /srv/home",
		holds: []string{
			"test $(stat -c %U:%G:%a /srv/app/bin/run) = www-data:adm:755", "test $(stat -c %U:%G:%a /srv/app/bin) = www-data:adm:755", "test $(/srv/app/current) = one", "test $(stat -c %U:%a /srv/app) = www-data:755",
			"test $(stat -c %a /srv/app/etc/app.conf) = 600", "grep -qx dash /srv/app/etc/-rf", "grep -qx space '/srv/app/etc/two words'", "test -e /srv/app/empty", "test ! -e /srv/app/.git", "test ! -e /srv/app/etc/cache.tmp",
			"test $(readlink /srv/app/etc/up) = ../etc", "test $(stat -c %a /srv/pure/a) = 640", "test $(stat -c %a /srv/pure/sub) = 750", "test -f /srv/pure/a", "test ! -e /srv/pure/old", "test -e /srv/pure/keep/mine", "test -e /srv/pure/half/keep",
			"test -z \"$(find /srv -name '.froyo-*')\"", "id www-data",
		},
		look: "cd /srv && find app pure -printf '%p %y %m %u:%g %l\\n' | sort; cat app/etc/app.conf pure/a",
		drifts: []drift{
			{"sync.src", "echo port=81 >/srv/app/etc/app.conf"},
			{"sync.src", "chmod 777 /srv/app/bin/run"},
			{"sync.group", "chgrp root /srv/app/bin"},
			{"sync.owner", "chown -h root /srv/app/current"},
			{"sync.src", "ln -sfn /etc /srv/app/etc/up"},
			{"sync.src", "rm /srv/app/empty; ln -s /etc/passwd /srv/app/empty"},
			{"sync.delete", "echo x >/srv/pure/new; mkdir /srv/pure/newer; touch /srv/pure/newer/y"},
			{"sync.delete", "rm -r /srv/pure/sub; ln -s /etc /srv/pure/sub"},
			{"sync.file_mode", "chmod 777 /srv/pure/a"},
		},
		later: []drift{{"sync.state", "rm -r /srv/app/etc"}, {"sync.dir_mode", "chmod 700 /srv/pure/sub"}, {"sync.state", "rm /srv/pure/a"}},
		refused: map[string]string{
			`sync("/srv/refused", src = "leads")`:                     "is a link that leads out of the directory",
			`sync("/srv/refused", src = "named")`:                     "has a control character in its name",
			`sync("/srv/refused", src = "nothing")`:                   "there is no file nothing",
			`sync("/srv/refused", src = "../..")`:                     "leads out of the workspace",
			`sync("/srv/refused", src = "pure/a")`:                    "is a file, want a directory",
			`sync("/srv/refused", src = "pure", owner = "lost")`:      "there is no user lost",
			`sync("/srv/refused", src = "pure", exclude = ["["])`:     "is not a pattern of names",
			`sync("/", src = "pure", delete = True)`:                  "other than /",
			`sync("/etc/hostname", src = "pure")`:                     "not a directory",
			`sync("/srv/way", src = "pure")`:                          "a is a directory",
			`sync("/srv/home/link/x", src = "pure", run_as = "root")`: "the link /srv/home/link of www-data leads to /etc of root",
		},
		gone: `sync("/srv/app", src = "app", state = "absent", exclude = [".git", "*.tmp"])
sync("/srv/pure", src = "pure", state = "absent", delete = True)`,
		left: "test ! -e /srv/app && test -e /srv/pure/keep/mine && test ! -e /srv/pure/a && test ! -e /srv/pure/sub && test ! -e /srv/refused",
	}.lab(t, f, f.hosts[0])
}

// TestLabFetch brings files of a host to the workspace.
func TestLabFetch(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	mine := func(name string) string {
		text, err := os.ReadFile(filepath.Join(f.dir, name))
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	prepare := "rm -rf /srv/fetch; mkdir -p /srv/fetch; echo one >'/srv/fetch/space -x'; truncate -s 1G /srv/fetch/large; mkfifo /srv/fetch/pipe; chown www-data /srv/fetch; setpriv --reuid=www-data ln -s /etc/shadow /srv/fetch/link"
	const units = `
fetch("/etc/hostname", dest = "fetched")
fetch("/srv/fetch/space -x", dest = "flat/" + host.name, flat = True)`
	typeCase{
		units:  units,
		before: prepare, undo: "rm -rf /srv/fetch",
		holds: []string{"test -e '/srv/fetch/space -x'"},
		refused: map[string]string{
			`fetch("/etc/hostname", dest = "../../x")`:           "a relative path below the workspace",
			`fetch("/etc/hostname", dest = "/etc/x")`:            "a relative path below the workspace",
			`fetch("/etc/hostname", dest = "a\nb")`:              "a relative path below the workspace",
			`fetch("/etc/hostname", dest = "-x")`:                "a relative path below the workspace",
			`fetch("/etc/../../x", dest = "fetched")`:            "..",
			`fetch("/etc/a\nb", dest = "fetched")`:               "holds a control character",
			`fetch("/srv/fetch/nothing", dest = "fetched")`:      "there is no file /srv/fetch/nothing",
			`fetch("/srv/fetch/large", dest = "fetched")`:        "1073741824 bytes, more than the 67108864 that are allowed",
			`fetch("/srv/fetch/pipe", dest = "fetched")`:         "is a fifo, and only files are fetched",
			`fetch("/srv/fetch/link", dest = "fetched")`:         "the link /srv/fetch/link of www-data leads to /etc/shadow of root",
			`fetch("/srv/fetch/space -x", dest = "site.star/x")`: "not a directory",
		},
	}.lab(t, f, h)
	f.plays(t, units)
	h.SSH(t, "echo two >'/srv/fetch/space -x'")
	f.byHandHere(t, []drift{{"fetch.dest", "rm -r fetched/*"}, {"fetch.flat", "echo mine >>flat/" + h.Name}})
	if code, stdout, stderr := f.run(t, "apply", "-y"); code != 0 || !strings.Contains(stdout, "changed=2 ") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if got, want := mine("fetched/"+h.Name+"/etc/hostname"), h.SSH(t, "cat /etc/hostname"); got != want || mine("flat/"+h.Name) != "two\n" {
		t.Errorf("got %q, expected %q, and %q", got, want, mine("flat/"+h.Name))
	}
}

// byHandHere makes changes by hand in the workspace.
func (f *froyo) byHandHere(t *testing.T, drifts []drift) {
	t.Helper()
	for _, d := range drifts {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", d.script)
		cmd.Dir = f.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", d.script, err, out)
		}
	}
}
