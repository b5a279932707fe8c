package linux

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// needs is what a file needs of its host beside its directory, nil for nothing.
func (f File) needs() *op.Need {
	if f.State == absent {
		return nil
	}
	n := &op.Need{Users: named(f.Owner), Groups: named(f.Group)}
	if words := plainWords(strings.ReplaceAll(f.Validate, "%s", "x")); len(words) > 0 {
		n.Program = words[0]
	}
	return some(n)
}

// needs is what a command needs of its host, nil for nothing or where that cannot be told.
func (c Cmd) needs(t *sdk.T) *op.Need {
	n := &op.Need{}
	if !t.Unknown("cwd") && strings.HasPrefix(c.Cwd, "/") {
		n.Dir = c.Cwd
	}
	if !t.Unknown("command") && !t.Unknown("env") {
		n.Program, n.Search = c.program(), c.Env["PATH"]
	}
	return some(n)
}

// program is the program that a command surely starts, "" where a shell decides.
func (c Cmd) program() string {
	switch command := c.Command.(type) {
	case string:
		if words := plainWords(command); len(words) > 0 && !c.accepts(notFound) {
			return words[0]
		}
	case []any:
		if name, ok := command[0].(string); ok && (strings.HasPrefix(name, "/") || !strings.Contains(name, "/")) {
			return name
		}
	}
	return ""
}

// plainWords splits a command of which a shell starts the first word and nothing else; nil
// is that it may do something else, since it has characters that mean something to a shell,
// or begins with a path that is not absolute, or with a word of the shell's own.
func plainWords(command string) []string {
	for i := range len(command) {
		switch c := command[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ' ' || c == '\t':
		case strings.IndexByte("-_./+:,@%", c) >= 0:
		case c == '=' && strings.ContainsAny(command[:i], " \t"): // no assignment before the program
		default:
			return nil
		}
	}
	words := strings.Fields(command)
	if len(words) == 0 || strings.Contains(words[0], "/") && words[0][0] != '/' || shellWords[words[0]] {
		return nil
	}
	return words
}

// shellWords are the words that shells know without a program of that name.
var shellWords = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`. : [ alias bg bind break builtin caller case cd chdir command compgen complete continue
		declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help
		history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift
		shopt source suspend test then time times trap true type typeset ulimit umask unalias unset until wait while`) {
		words[word] = true
	}
	return words
}()

// named is a name of a user or a group that has to be known: a number has not, and root always is.
func named(name string) []string {
	if _, err := strconv.ParseUint(name, 10, 32); name == "" || name == "root" || err == nil {
		return nil
	}
	return []string{name}
}

func some(n *op.Need) *op.Need {
	if len(n.Users)+len(n.Groups) == 0 && n.Program == "" && n.Dir == "" {
		return nil
	}
	return n
}

// lacks is the answer to a question about needs, nil where all is there.
func lacks(t *sdk.T, r op.Result) *op.NeedResult {
	if found := t.Must(r).Need; found.Lacking() > 0 {
		return found
	}
	return nil
}

// need announces what is not there of what was asked for.
func need(t *sdk.T, asked *op.Need, lacks *op.NeedResult) {
	for i, user := range lacks.NoUsers {
		t.Needs(abi.NeedUser(user, lacks.NearUser(i)))
	}
	for i, group := range lacks.NoGroups {
		t.Needs(abi.Need{
			What: "group " + group, Kind: "group", Name: group, Near: lacks.NearGroup(i), Paths: []string{"/etc/group"},
			Hint: "is the name right? what brings it, such as a package, has to be declared before",
		})
	}
	if lacks.NoDir {
		needDirectory(t, asked.Dir)
	}
	if lacks.NoProgram {
		t.Needs(program(asked, lacks))
	}
}

func program(asked *op.Need, lacks *op.NeedResult) abi.Need {
	n := abi.Need{
		What: "program " + asked.Program, Kind: "program", Name: asked.Program, Near: lacks.NearProgram(), Paths: []string{asked.Program},
		Hint: "is the name right? what brings it, such as its package, has to be declared before",
	}
	if strings.HasPrefix(asked.Program, "/") {
		return n
	}
	search := asked.Search
	if search == "" {
		search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	n.Where, n.Paths = "in "+search, nil
	for dir := range strings.SplitSeq(search, ":") {
		if strings.HasPrefix(dir, "/") && len(n.Paths) < maxSearched {
			n.Paths = append(n.Paths, strings.TrimSuffix(dir, "/")+"/"+asked.Program)
		}
	}
	return n
}

// maxSearched bounds how many directories of a PATH are named.
const maxSearched = 32

func needDirectory(t *sdk.T, dir string) {
	t.Needs(abi.Need{
		What: "directory " + dir, Kind: "directory", Name: dir, Paths: []string{dir}, Directory: true,
		Hint: "declare it before: file(" + strconv.Quote(dir) + `, state = "directory")`,
	})
}
