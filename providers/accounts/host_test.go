package accounts_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/accounts"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// host is a target with accounts, on which the programs of the shadow suite do what these tests need of them.
type host struct {
	*providertest.Memory
	users  map[string]*account
	groups map[string]*team
	// refuses ends a program with what it says.
	refuses map[string]string
}

// account is a user: fields of passwd and of shadow, as texts.
type account struct {
	uid, gid, comment, home, shell string
	hash                           string
	min, max, warn, expire         string
}

type team struct {
	gid     string
	members []string
}

func newHost() *host {
	h := &host{
		Memory: &providertest.Memory{Users: map[string]uint32{}, Files: map[string]*providertest.Node{
			"/etc": {Type: op.TypeDir, Mode: 0o755}, "/home": {Type: op.TypeDir, Mode: 0o755},
		}},
		users:   map[string]*account{"root": {uid: "0", gid: "0", home: "/root", shell: "/bin/sh", hash: "*"}},
		groups:  map[string]*team{"root": {gid: "0"}, "sudo": {gid: "27"}, "adm": {gid: "4"}, "users": {gid: "100"}},
		refuses: map[string]string{},
	}
	h.sync()
	return h
}

// sync writes the file of groups, and tells the files' part of the target who there is.
func (h *host) sync() {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h.groups)) {
		g := h.groups[name]
		text.WriteString(name + ":x:" + g.gid + ":" + strings.Join(g.members, ",") + "\n")
		h.Users[name] = number(g.gid)
	}
	for name, u := range h.users {
		h.Users[name] = number(u.uid)
		if u.home == "/root" {
			h.Files[u.home] = &providertest.Node{Type: op.TypeDir, Mode: 0o700}
		}
	}
	h.Files["/etc/group"] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(text.String()))}
}

func number(id string) uint32 {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		panic(err)
	}
	return uint32(n)
}

func (h *host) Do(o op.Op) op.Result {
	switch {
	case o.Getent != nil:
		return op.Result{Getent: h.find(o.Getent)}
	case o.Exec != nil:
		h.Done = append(h.Done, o)
		name, rest := o.Exec.Argv[0], o.Exec.Argv[1:]
		if why, is := h.refuses[name]; is {
			return op.Result{Exec: &op.ExecResult{RC: 1, Stderr: why + "\n"}}
		}
		h.perform(name, rest, o.Exec)
		h.sync()
		return op.Result{Exec: &op.ExecResult{}}
	case o.Need != nil: // of groups and users it tells those that there are now
		r := &op.NeedResult{NoProgram: slices.Contains(h.Lacks, o.Need.Program)}
		for _, g := range o.Need.Groups {
			if h.groups[g] == nil {
				r.NoGroups = append(r.NoGroups, g)
			}
		}
		for _, u := range o.Need.Users {
			if h.users[u] == nil {
				r.NoUsers = append(r.NoUsers, u)
			}
		}
		return op.Result{Need: r}
	}
	return h.Memory.Do(o)
}

func (h *host) find(g *op.Getent) *op.GetentResult {
	u := h.users[g.Key]
	switch {
	case g.DB == "group" && h.groups[g.Key] != nil:
		return &op.GetentResult{Found: true, Fields: []string{g.Key, "x", h.groups[g.Key].gid, ""}}
	case g.DB == "group":
		for name, team := range h.groups {
			if team.gid == g.Key {
				return &op.GetentResult{Found: true, Fields: []string{name, "x", team.gid, ""}}
			}
		}
	case u == nil:
	case g.DB == "passwd":
		return &op.GetentResult{Found: true, Fields: []string{g.Key, "x", u.uid, u.gid, u.comment, u.home, u.shell}}
	case g.DB == "shadow":
		bare := strings.TrimLeft(u.hash, "!")
		return &op.GetentResult{
			Found: true, Fields: []string{g.Key, "x", "1", u.min, u.max, u.warn, "", u.expire, ""},
			Locked: bare != u.hash, Unset: strings.Trim(u.hash, "!*") == "", Same: g.Hash != "" && bare == strings.TrimLeft(g.Hash, "!"),
		}
	}
	return &op.GetentResult{}
}

// perform does what a program does.
func (h *host) perform(program string, argv []string, e *op.Exec) {
	name := argv[len(argv)-1]
	u := h.users[name]
	switch program {
	case "groupadd":
		h.groups[name] = &team{gid: "900"}
	case "groupdel":
		delete(h.groups, name)
	case "useradd":
		u = &account{uid: "1000", gid: "1000", home: "/home/" + name, shell: "/bin/sh", hash: "!"}
		h.users[name] = u
	case "userdel":
		delete(h.users, name)
	case "mkhomedir_helper":
		h.Files[u.home] = &providertest.Node{Type: op.TypeDir, Mode: 0o755, Owner: name}
	case "chpasswd":
		f, err := e.Stdin.Open()
		if err != nil {
			panic(err)
		}
		text := make([]byte, e.Stdin.Size)
		if _, err := f.Read(text); err != nil {
			panic(err)
		}
		who, hash, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), ":")
		h.users[who].hash = hash
		return
	}
	for _, word := range argv {
		h.option(program, name, word)
	}
}

func (h *host) option(program, name, word string) {
	option, value, _ := strings.Cut(word, "=")
	u := h.users[name]
	switch {
	case strings.HasPrefix(program, "group"):
		if option == "--gid" {
			h.groups[name].gid = value
		}
	case option == "--uid":
		u.uid = value
	case option == "--user-group":
		h.groups[name] = &team{gid: u.uid}
		u.gid = u.uid
	case option == "--gid":
		if u.gid = value; h.groups[value] != nil {
			u.gid = h.groups[value].gid
		}
	case option == "--groups":
		for _, g := range h.groups {
			g.members = slices.DeleteFunc(g.members, func(m string) bool { return m == name })
		}
		for _, g := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' }) {
			h.groups[g].members = append(h.groups[g].members, name)
		}
	case option == "--comment":
		u.comment = value
	case option == "--home", option == "--home-dir":
		u.home = value
	case option == "--shell":
		u.shell = value
	case option == "--create-home":
		h.Files[u.home] = &providertest.Node{Type: op.TypeDir, Mode: 0o700, Owner: name}
	case option == "--lock":
		u.hash = "!" + u.hash
	case option == "--unlock":
		u.hash = strings.TrimLeft(u.hash, "!")
	case option == "--mindays":
		u.min = value
	case option == "--maxdays":
		u.max = value
	case option == "--warndays":
		u.warn = value
	case option == "--expiredate":
		u.expire = map[string]string{"-1": "", "2027-12-31": "21183", "2000-02-29": "11016"}[value]
	}
}

// ran lists the programs that ran, with their words.
func (h *host) ran() []string {
	var all []string
	for _, o := range h.Done {
		if o.Exec != nil {
			all = append(all, strings.Join(o.Exec.Argv, " "))
		}
	}
	return all
}

type given = map[string]any

// unit completes arguments as the schema does.
func unit(t *testing.T, typ string, args given) providertest.Unit {
	t.Helper()
	all := given{"state": "present"}
	if typ == "user" {
		all["create_home"], all["update_password"] = true, "always"
	}
	maps.Copy(all, args)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return providertest.Unit{Type: typ, Args: string(data)}
}

// kitGuest is the guest without WebAssembly.
var kitGuest = providertest.Native(accounts.Types())

func kit(t *testing.T, h *host) *providertest.Kit {
	return providertest.New(t, kitGuest, h)
}
