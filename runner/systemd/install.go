package systemd

import (
	"io"
	"os"
	"slices"
	"strings"
)

// maxUnitFile bounds what is read of a unit's file.
const maxUnitFile = 256 << 10

// unitFiles are the files from which systemd knows its units.
type unitFiles struct{ root string } // before their paths, with a "/" at its end

// judge corrects what systemd says of a unit's file where that does not tell
// what happens at boot: a script of System V is "generated" whether it is
// started or not, and a unit stays "enabled" where its [Install] has changed.
func (f unitFiles) judge(u *unit) {
	switch u.File {
	case "generated":
		if name, ok := strings.CutSuffix(u.id, ".service"); ok && f.isScript(name) {
			u.File = "disabled"
			if f.scriptStarts(name) {
				u.File = "enabled"
			}
		}
	case "enabled":
		u.Stale = f.lacksLinks(u.id)
	}
}

// isScript reports whether a unit stands for a script in /etc/init.d.
func (f unitFiles) isScript(name string) bool {
	info, err := os.Stat(f.root + "etc/init.d/" + name)
	return err == nil && info.Mode().IsRegular()
}

// scriptStarts reports whether a runlevel that people work in starts the
// script, as update-rc.d and chkconfig link it: /etc/rc3.d/S01name.
func (f unitFiles) scriptStarts(name string) bool {
	for _, level := range "2345S" {
		for _, link := range names(f.root + "etc/rc" + string(level) + ".d") {
			if len(link) == len("S01")+len(name) && link[0] == 'S' && link[len("S01"):] == name {
				return true
			}
		}
	}
	return false
}

// names lists a directory; one that cannot be read has none.
func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	const most = 10_000
	found, _ := f.Readdirnames(most) // at its end it returns io.EOF
	return found
}

// lacksLinks reports whether a link is missing that the unit's [Install] asks
// for. Links beyond those may be others' doing, so they do not count.
func (f unitFiles) lacksLinks(id string) bool {
	for _, link := range f.wanted(id) {
		if !slices.ContainsFunc(unitDirs[:], func(dir string) bool {
			_, err := os.Lstat(f.root + dir + "/" + link)
			return err == nil
		}) {
			return true
		}
	}
	return false
}

// wanted lists the links that a unit's [Install] asks for, below a directory of
// units. What uses specifiers that are not known here is left out.
func (f unitFiles) wanted(id string) []string {
	var links []string
	install := f.installOf(id)
	for _, kind := range []struct{ key, below string }{
		{"WantedBy", ".wants/" + id}, {"RequiredBy", ".requires/" + id}, {"UpheldBy", ".upholds/" + id}, {"Alias", ""},
	} {
		for _, name := range install[kind.key] {
			if name, ok := expand(name, id); ok && isUnit(name) && !strings.Contains(name, "/") {
				links = append(links, name+kind.below)
			}
		}
	}
	return links
}

// installOf reads the [Install] section of a unit's file and its drop-ins. A
// unit whose file is not found has none.
func (f unitFiles) installOf(id string) map[string][]string {
	install := map[string][]string{}
	files := []string{id}
	if stem, rest, ok := strings.Cut(id, "@"); ok {
		if dot := strings.LastIndexByte(rest, '.'); dot >= 0 {
			files = append(files, stem+"@"+rest[dot:])
		}
	}
	if !f.firstFile(files, install) {
		return nil
	}
	for _, file := range slices.Backward(files) {
		drops := map[string]string{} // the earlier directory wins
		for _, dir := range slices.Backward(unitDirs[:]) {
			for _, name := range names(f.root + dir + "/" + file + ".d") {
				if strings.HasSuffix(name, ".conf") {
					drops[name] = f.root + dir + "/" + file + ".d/" + name
				}
			}
		}
		for _, name := range sortedKeys(drops) {
			readInstall(drops[name], install)
		}
	}
	return install
}

// firstFile reads the first of the files that is found.
func (f unitFiles) firstFile(files []string, install map[string][]string) bool {
	for _, file := range files {
		for _, dir := range unitDirs {
			if readInstall(f.root+dir+"/"+file, install) {
				return true
			}
		}
	}
	return false
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// readInstall adds what a file's [Install] section says. It reports whether there is such a file.
func readInstall(path string, install map[string][]string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxUnitFile))
	if err != nil {
		return false
	}
	section, long := "", ""
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSpace(l)
		if long == "" && (l == "" || l[0] == '#' || l[0] == ';') {
			continue
		}
		if before, ok := strings.CutSuffix(l, `\`); ok {
			long += before + " "
			continue
		}
		l, long = strings.TrimSpace(long+l), ""
		if strings.HasPrefix(l, "[") {
			section = l
			continue
		}
		key, value, ok := strings.Cut(l, "=")
		if section != "[Install]" || !ok {
			continue
		}
		if key = strings.TrimSpace(key); strings.TrimSpace(value) == "" {
			delete(install, key) // which takes back what was said before
		}
		install[key] = append(install[key], strings.Fields(value)...)
	}
	return true
}

// expand replaces the specifiers of a name; it reports false where it does not know one.
func expand(name, id string) (string, bool) {
	stem := id
	if dot := strings.LastIndexByte(id, '.'); dot >= 0 {
		stem = id[:dot]
	}
	prefix, instance, _ := strings.Cut(stem, "@")
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		switch name[i] {
		case '%':
			b.WriteByte('%')
		case 'n':
			b.WriteString(id)
		case 'N':
			b.WriteString(stem)
		case 'p':
			b.WriteString(prefix)
		case 'i':
			b.WriteString(instance)
		default:
			return "", false
		}
	}
	return b.String(), true
}
