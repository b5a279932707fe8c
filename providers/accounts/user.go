package accounts

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// User is a user of the host. Its fields are described in user.cue.
type User struct {
	Credentials
	State      string    `json:"state"`
	UID        *uint32   `json:"uid"`
	NonUnique  bool      `json:"non_unique"`
	Group      string    `json:"group"`
	Groups     *[]string `json:"groups"`
	Append     bool      `json:"append"`
	Comment    *string   `json:"comment"`
	Shell      string    `json:"shell"`
	Home       string    `json:"home"`
	CreateHome bool      `json:"create_home"`
	MoveHome   bool      `json:"move_home"`
	System     bool      `json:"system"`
	Remove     bool      `json:"remove"`
	Force      bool      `json:"force"`
}

// UserState is what is known of the user.
type UserState struct {
	Found   bool   `json:"found"`
	UID     string `json:"uid,omitempty"`
	GID     string `json:"gid,omitempty"`
	Comment string `json:"comment,omitempty"`
	Home    string `json:"home,omitempty"`
	Shell   string `json:"shell,omitempty"`
	// Groups are the other groups, sorted.
	Groups []string `json:"groups,omitempty"`
	// WantGID is the number of the group that the user should have, or of the one of its name; "" where there is none.
	WantGID string `json:"want_gid,omitempty"`
	// NoHome says that the home directory which the user should have is not there.
	NoHome bool           `json:"no_home,omitempty"`
	Lacks  *op.NeedResult `json:"lacks,omitempty"`
	Shadow
}

func (u User) tool() string {
	if u.State == absent {
		return "userdel"
	}
	return "useradd"
}

// ownGroup is the group that the user has as its own.
func (u User) ownGroup() string {
	if u.Group != "" {
		return u.Group
	}
	return u.Name
}

// wantsGroups are the other groups that are asked for: the own one is none of them.
func (u User) wantsGroups() []string {
	if u.Groups == nil {
		return nil
	}
	var all []string
	for _, g := range *u.Groups {
		if g != u.ownGroup() && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return all
}

// likelyHome is where the home directory mostly is, so that it can be looked at in the same go.
func (u User) likelyHome() string {
	switch {
	case u.Home != "":
		return u.Home
	case u.Name == "root":
		return "/root"
	}
	return "/home/" + u.Name
}

// noHome is a home directory that services have so that they have none.
const noHome = "/nonexistent"

// Read implements sdk.Resource.
func (u User) Read(t *sdk.T) UserState {
	need := &op.Need{Program: u.tool()}
	if u.State == absent {
		got := t.All(entry("passwd", u.Name), op.Op{Need: need})
		now := account(t.Must(got[0]).Getent)
		now.Lacks = lacks(t, got[1])
		return now
	}
	need.Groups = named(append(u.wantsGroups(), u.Group)...)
	ops := []op.Op{entry("passwd", u.Name), {Need: need}, entry("group", u.ownGroup())}
	ask := func(wanted bool, o op.Op) int {
		if wanted {
			ops = append(ops, o)
		}
		return len(ops) - 1
	}
	home := u.likelyHome()
	secrets := ask(u.asksShadow(), op.Op{Getent: &op.Getent{DB: "shadow", Key: u.Name, Hash: u.Password}})
	members := ask(u.Groups != nil, op.Op{Text: &op.Text{Path: groupFile, Limit: op.MaxText}})
	stat := ask(u.CreateHome, op.Op{Stat: &op.Stat{Path: home}})
	got := t.All(ops...)
	now := account(t.Must(got[0]).Getent)
	now.Lacks = lacks(t, got[1])
	now.WantGID = field(t.Must(got[2]).Getent, fieldID)
	if u.asksShadow() {
		now.Shadow = shadow(t, got[secrets])
	}
	if u.Groups != nil {
		now.Groups = memberships(t, t.Must(got[members]).Text, u.Name, now.GID)
	}
	if now.Found && u.CreateHome {
		now.NoHome = u.lacksHome(t, now, home, got[stat])
	}
	return now
}

// groupFile says which users are in which groups.
const groupFile = "/etc/group"

// lacksHome reports whether the home directory that the user should have is not there. looked is what was found at home.
func (u User) lacksHome(t *sdk.T, now UserState, home string, looked op.Result) bool {
	if u.Home == "" {
		if now.Home == noHome || now.Home == "" {
			return false
		}
		if now.Home != home {
			looked = t.Do(op.Op{Stat: &op.Stat{Path: now.Home}})
		}
	}
	return !t.Must(looked).Stat.Exists
}

func account(e *op.GetentResult) UserState {
	return UserState{
		Found: e.Found, UID: field(e, fieldID), GID: field(e, fieldGID), Comment: field(e, fieldComment),
		Home: field(e, fieldHome), Shell: field(e, fieldShell),
	}
}

// memberships are the groups of which the file of groups says that the user is in them, but for its own.
func memberships(t *sdk.T, file *op.TextResult, user, gid string) []string {
	if file.Long > 0 || file.Binary {
		t.Fail(op.Permanent, groupFile+" is no text of at most 1 MiB, so the user's groups cannot be told", "", "")
	}
	var all []string
	for line := range strings.SplitSeq(file.Text, "\n") {
		f := strings.Split(line, ":")
		if len(f) == 4 && f[fieldID] != gid && slices.Contains(strings.Split(f[3], ","), user) && !slices.Contains(all, f[0]) {
			all = append(all, f[0])
		}
	}
	slices.Sort(all)
	return all
}

// Plan implements sdk.Resource.
func (u User) Plan(t *sdk.T, now UserState) {
	switch {
	case u.State == absent:
		if now.UID == "0" {
			t.Fail(op.Permanent, u.Name+" has the number 0, with which the host is run, and is not removed", "", "")
		}
		if now.Found {
			t.Action(abi.Delete)
			t.Differ("uid", now.UID, nil)
			if u.Remove {
				t.Differ("home", now.Home, nil)
			}
			need(t, u.tool(), now.Lacks)
			u.remove(t)
		}
	case !now.Found:
		u.check(t, now)
		t.Action(abi.Create)
		u.differ(t, now)
		need(t, u.tool(), now.Lacks)
		u.add(t, now.WantGID != "")
		u.secure(t, now)
	default:
		u.check(t, now)
		if u.differ(t, now) {
			need(t, u.tool(), now.Lacks)
			u.modify(t)
		}
		if u.CreateHome && now.NoHome && (!u.MoveHome || now.Home == u.homeAfter(now)) {
			t.Differ("home directory", nil, u.homeAfter(now))
			u.makeHome(t)
		}
		u.secure(t, now)
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (u User) Potential(t *sdk.T) {
	if u.State == absent {
		u.remove(t)
		return
	}
	u.add(t, true)
	u.add(t, false)
	u.modify(t)
	if u.CreateHome {
		u.makeHome(t)
	}
	u.secrets(t)
}

func (u User) homeAfter(now UserState) string {
	if u.Home != "" {
		return u.Home
	}
	return now.Home
}

// differ compares what usermod can set.
func (u User) differ(t *sdk.T, now UserState) bool {
	differs := false
	compare := func(name, before, after string) {
		var was any
		if now.Found {
			was = before
		}
		differs = t.Differ(name, was, after) || differs
	}
	if u.UID != nil {
		compare("uid", now.UID, u.uid())
	}
	if u.Group != "" && (!now.Found || now.WantGID == "" || now.WantGID != now.GID) {
		compare("group", now.GID, u.Group)
	}
	if u.Groups != nil {
		want := u.wantsGroups()
		if u.Append {
			want = append(want, now.Groups...)
			slices.Sort(want)
			want = slices.Compact(want)
		}
		compare("groups", strings.Join(now.Groups, ", "), strings.Join(want, ", "))
	}
	if u.Comment != nil {
		compare("comment", now.Comment, *u.Comment)
	}
	if u.Home != "" {
		compare("home", now.Home, u.Home)
	}
	if u.Shell != "" {
		compare("shell", now.Shell, u.Shell)
	}
	return differs
}
