package accounts

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
)

func (u User) uid() string { return strconv.FormatUint(uint64(*u.UID), 10) }

// add makes the user. A group of the user's name that is there becomes its own, where no other is asked for.
func (u User) add(t *sdk.T, hasGroup bool) {
	argv := append([]string{"useradd"}, u.number()...)
	switch {
	case u.Group != "":
		argv = append(argv, "--gid="+u.Group)
	case hasGroup:
		argv = append(argv, "--gid="+u.Name)
	default:
		argv = append(argv, "--user-group")
	}
	if groups := u.wantsGroups(); len(groups) > 0 {
		argv = append(argv, "--groups="+strings.Join(groups, ","))
	}
	if u.Comment != nil {
		argv = append(argv, "--comment="+*u.Comment)
	}
	if u.Home != "" {
		argv = append(argv, "--home-dir="+u.Home)
	}
	if u.Shell != "" {
		argv = append(argv, "--shell="+u.Shell)
	}
	if u.System {
		argv = append(argv, "--system")
	}
	if u.CreateHome {
		argv = append(argv, "--create-home")
	} else {
		argv = append(argv, "--no-create-home")
	}
	program(t, append(argv, "--", u.Name)...)
}

// modify sets all that is given, so that what it does is the same whatever differs.
func (u User) modify(t *sdk.T) {
	argv := append([]string{"usermod"}, u.number()...)
	if u.Group != "" {
		argv = append(argv, "--gid="+u.Group)
	}
	if u.Groups != nil {
		argv = append(argv, "--groups="+strings.Join(u.wantsGroups(), ","))
		if u.Append {
			argv = append(argv, "--append")
		}
	}
	if u.Comment != nil {
		argv = append(argv, "--comment="+*u.Comment)
	}
	if u.Home != "" {
		argv = append(argv, "--home="+u.Home)
		if u.MoveHome {
			argv = append(argv, "--move-home")
		}
	}
	if u.Shell != "" {
		argv = append(argv, "--shell="+u.Shell)
	}
	if len(argv) > 1 {
		program(t, append(argv, "--", u.Name)...)
	}
}

func (u User) number() []string {
	if u.UID == nil {
		return nil
	}
	options := []string{"--uid=" + u.uid()}
	if u.NonUnique {
		options = append(options, "--non-unique")
	}
	return options
}

// makeHome makes a home directory that is not there, with what /etc/skel has.
func (u User) makeHome(t *sdk.T) { program(t, "mkhomedir_helper", u.Name) }

func (u User) remove(t *sdk.T) {
	argv := []string{"userdel"}
	if u.Force {
		argv = append(argv, "--force")
	}
	if u.Remove {
		argv = append(argv, "--remove")
	}
	program(t, append(argv, "--", u.Name)...)
}
