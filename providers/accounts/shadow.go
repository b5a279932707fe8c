package accounts

import (
	"strconv"
	"time"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Shadow is what is known of a user's password and of when it and the account end: never the password, nor its hash.
type Shadow struct {
	Known  bool   `json:"known,omitempty"`
	Locked bool   `json:"locked,omitempty"`
	Unset  bool   `json:"unset,omitempty"` // no password was ever set
	Same   bool   `json:"same,omitempty"`  // it is the one that is asked for
	Min    string `json:"min,omitempty"`
	Max    string `json:"max,omitempty"`
	Warn   string `json:"warn,omitempty"`
	Expire string `json:"expire,omitempty"`
}

const never = "never"

// Credentials are how a user is known, and until when.
type Credentials struct {
	Name               string `json:"name"`
	Password           string `json:"password"`
	UpdatePassword     string `json:"update_password"`
	PasswordLock       *bool  `json:"password_lock"`
	Expires            string `json:"expires"`
	PasswordExpireMin  *int   `json:"password_expire_min"`
	PasswordExpireMax  *int   `json:"password_expire_max"`
	PasswordExpireWarn *int   `json:"password_expire_warn"`
}

// asksShadow reports whether the unit is about what only root can read.
func (u Credentials) asksShadow() bool {
	return u.Password != "" || u.PasswordLock != nil || u.asksAge()
}

func (u Credentials) asksAge() bool {
	return u.Expires != "" || u.PasswordExpireMin != nil || u.PasswordExpireMax != nil || u.PasswordExpireWarn != nil
}

func shadow(t *sdk.T, r op.Result) Shadow {
	if r.Error != nil && r.Error.Code == "eacces" {
		t.Fail(op.Permanent, "only root can read what there is about passwords", "", "become root: become = True")
	}
	e := t.Must(r).Getent
	return Shadow{
		Known: e.Found, Locked: e.Locked, Unset: e.Unset, Same: e.Same,
		Min: age(field(e, 3)), Max: age(field(e, 4)), Warn: age(field(e, 5)), Expire: day(field(e, 7)),
	}
}

// age is a number of days, of which none is -1.
func age(days string) string {
	if days == "" {
		return "-1"
	}
	return days
}

const (
	dayForm = "2006-01-02"
	daySecs = 24 * 60 * 60
)

// day spells a day that is counted from 1970.
func day(count string) string {
	if n, err := strconv.ParseInt(count, 10, 32); err == nil && n >= 0 {
		return time.Unix(n*daySecs, 0).UTC().Format(dayForm)
	}
	return never
}

// check refuses arguments that cannot be met.
func (u Credentials) check(t *sdk.T, now UserState) {
	if u.Expires != "" && u.Expires != never {
		if _, err := time.Parse(dayForm, u.Expires); err != nil {
			t.Fail(op.Permanent, "expires is "+strconv.Quote(u.Expires)+", and there is no such day", "", "")
		}
	}
	if u.PasswordLock != nil && !*u.PasswordLock && u.Password == "" && !t.Unknown("password") && (!now.Found || now.Unset) {
		t.Fail(op.Permanent, "there is no password to unlock: none was ever set", "", "give password, or leave password_lock out")
	}
}

// setsPassword reports whether the password is set.
func (u Credentials) setsPassword(t *sdk.T, now UserState) bool {
	switch {
	case t.Unknown("password"):
		return u.UpdatePassword != "on_create" || !now.Found || now.Unset
	case u.Password == "":
		return false
	case !now.Found:
		return true
	case u.UpdatePassword == "on_create":
		return now.Unset && !now.Same
	}
	return !now.Same
}

// secure brings password, lock and ages into the wanted state. Of a new user nothing is there before.
func (u Credentials) secure(t *sdk.T, now UserState) {
	sets := u.setsPassword(t, now)
	if sets {
		u.differPassword(t, now)
		u.setPassword(t)
	}
	if lock := u.PasswordLock; lock != nil {
		switch {
		case !now.Found: // it comes locked where it has no password
			t.Differ("password_lock", nil, *lock)
		case now.Locked != *lock:
			t.Differ("password_lock", now.Locked, *lock)
			if !sets {
				u.lock(t)
			}
		}
	}
	if u.differAge(t, now) {
		u.setAge(t)
	}
}

// differPassword tells that the password differs, and neither of the two.
func (u Credentials) differPassword(t *sdk.T, now UserState) {
	var before any
	if now.Found && !now.Unset {
		before = "as it is on the host"
	}
	if t.Unknown("password") {
		t.DifferUnknown("password", before)
		return
	}
	t.Differ("password", before, "as given")
}

func (u Credentials) differAge(t *sdk.T, now UserState) bool {
	differs := false
	compare := func(name, before, after string) {
		var was any
		if now.Found {
			was = before
		}
		differs = t.Differ(name, was, after) || differs
	}
	if u.Expires != "" {
		compare("expires", now.Expire, u.Expires)
	}
	for _, f := range u.ages() {
		if f.want != nil {
			compare(f.name, *f.of(&now.Shadow), strconv.Itoa(*f.want))
		}
	}
	return differs
}

type ageing struct {
	name, option string
	want         *int
	of           func(*Shadow) *string
}

func (u Credentials) ages() []ageing {
	return []ageing{
		{"password_expire_min", "--mindays=", u.PasswordExpireMin, func(s *Shadow) *string { return &s.Min }},
		{"password_expire_max", "--maxdays=", u.PasswordExpireMax, func(s *Shadow) *string { return &s.Max }},
		{"password_expire_warn", "--warndays=", u.PasswordExpireWarn, func(s *Shadow) *string { return &s.Warn }},
	}
}

// secrets asks for all that secure may do.
func (u Credentials) secrets(t *sdk.T) {
	if u.Password != "" || t.Unknown("password") {
		u.setPassword(t)
	}
	if u.PasswordLock != nil {
		u.lock(t)
	}
	if u.asksAge() {
		u.setAge(t)
	}
}

// setPassword gives the hash to chpasswd by its standard input, where no other user can see it.
func (u Credentials) setPassword(t *sdk.T) {
	e := &op.Exec{Argv: []string{"chpasswd", "--encrypted"}}
	if t.Unknown("password") {
		run(t, e, "stdin")
		return
	}
	line := u.Name + ":"
	if u.PasswordLock != nil && *u.PasswordLock {
		line += "!"
	}
	line += u.Password + "\n"
	e.Stdin = &op.Blob{Text: &line}
	run(t, e)
}

func (u Credentials) lock(t *sdk.T) {
	if *u.PasswordLock {
		program(t, "usermod", "--lock", "--", u.Name)
		return
	}
	program(t, "usermod", "--unlock", "--", u.Name)
}

func (u Credentials) setAge(t *sdk.T) {
	argv := []string{"chage"}
	for _, f := range u.ages() {
		if f.want != nil {
			argv = append(argv, f.option+strconv.Itoa(*f.want))
		}
	}
	switch u.Expires {
	case "":
	case never:
		argv = append(argv, "--expiredate=-1")
	default:
		argv = append(argv, "--expiredate="+u.Expires)
	}
	program(t, append(argv, "--", u.Name)...)
}
