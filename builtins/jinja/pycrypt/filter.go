package pycrypt

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Filters returns the filter password_hash. It wants a salt: without one it would give something else each time.
func Filters() []*function.Func {
	return []*function.Func{
		function.New("password_hash", "hashtype='sha512', salt=None, salt_size=None, rounds=None, ident=None",
			"The password as /etc/shadow has it, with a salt: sha512, sha256, md5 or bcrypt.", passwordHash),
	}
}

// scheme is a way to hash a password.
type scheme struct {
	name     string
	ident    string
	maxSalt  int
	min, max int // rounds; 0 where it has none
}

var schemes = map[string]*scheme{
	"sha512": {"sha512", "6", 16, 1000, 999_999_999}, "sha512_crypt": {"sha512", "6", 16, 1000, 999_999_999},
	"sha256": {"sha256", "5", 16, 1000, 999_999_999}, "sha256_crypt": {"sha256", "5", 16, 1000, 999_999_999},
	"md5": {"md5", "1", 8, 0, 0}, "md5_crypt": {"md5", "1", 8, 0, 0},
	"blowfish": {"bcrypt", "2b", 22, 4, 31}, "bcrypt": {"bcrypt", "2b", 22, 4, 31},
}

const (
	shaRounds  = 5000 // without rounds, as crypt has it
	bcryptCost = 12
)

func passwordHash(c *function.Call) (py.Value, error) {
	password, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected a password as a text, not %s", py.TypeName(c.Value))
	}
	if strings.ContainsRune(string(password), 0) {
		return nil, py.Errorf("the password has a NUL in it")
	}
	hashType, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	s, ok := schemes[hashType]
	if !ok {
		return nil, py.Errorf("hashtype is sha512, sha256, md5 or bcrypt, not %s", hashType)
	}
	salt, err := s.salt(c.Values[1])
	if err != nil {
		return nil, err
	}
	rounds, err := s.rounds(c.Values[3])
	if err != nil {
		return nil, err
	}
	ident := s.ident
	if given, isText := c.Values[4].(starlark.String); isText && given != "" && s.name == "bcrypt" {
		if ident = string(given); ident != "2a" && ident != "2b" && ident != "2y" {
			return nil, py.Errorf("ident is 2a, 2b or 2y, not %s", ident)
		}
	}
	out, err := s.hash(c.Run.Step, string(password), salt, ident, rounds)
	return starlark.String(out), err
}

func (s *scheme) hash(step func(n int) error, password, salt, ident string, rounds int) (string, error) {
	head := "$" + ident + "$"
	switch s.name {
	case "md5":
		return head + salt + "$" + md5Crypt(password, salt), step(1024)
	case "bcrypt":
		raw, err := bcryptBase64.DecodeString(salt)
		if err != nil {
			return "", py.Errorf("the salt is no text of bcrypt's")
		}
		if rounds == 0 {
			rounds = bcryptCost
		}
		sum, err := bcrypt(password, raw, rounds, step)
		return fmt.Sprintf("%s%02d$%s%s", head, rounds, bcryptBase64.EncodeToString(raw), sum), err
	}
	if rounds == 0 {
		rounds = shaRounds
	} else {
		head += fmt.Sprintf("rounds=%d$", rounds)
	}
	makes := sha512Crypt
	if s.name == "sha256" {
		makes = sha256Crypt
	}
	sum, err := makes(password, salt, rounds, step)
	return head + salt + "$" + sum, err
}

func (s *scheme) salt(v py.Value) (string, error) {
	if given, err := py.Truth(v); err != nil || !given {
		return "", py.Errorf("without a salt it gives another hash each time: write password_hash('%s', salt=...) with %s characters of a-z, A-Z, 0-9, . and /, such as (inventory_hostname | hash('sha256'))[:%d]",
			s.name, s.length(), s.maxSalt)
	}
	salt, ok := v.(starlark.String)
	if !ok {
		return "", py.Errorf("the salt is a text, not %s", py.TypeName(v))
	}
	if strings.ContainsFunc(string(salt), func(r rune) bool { return !strings.ContainsRune(digits64, r) }) {
		return "", py.Errorf("the salt has other characters than a-z, A-Z, 0-9, . and /")
	}
	if len(salt) > s.maxSalt || s.name == "bcrypt" && len(salt) != s.maxSalt {
		return "", py.Errorf("the salt of %s has %s characters, not %d", s.name, s.length(), len(salt))
	}
	return string(salt), nil
}

func (s *scheme) length() string {
	if s.name == "bcrypt" {
		return fmt.Sprint(s.maxSalt)
	}
	return fmt.Sprintf("1 to %d", s.maxSalt)
}

// rounds are 0 where they are not given.
func (s *scheme) rounds(v py.Value) (int, error) {
	if given, err := py.Truth(v); err != nil || !given {
		return 0, err
	}
	n, ok := py.Int(v)
	switch {
	case !ok:
		return 0, py.Errorf("rounds is a whole number, not %s", py.TypeName(v))
	case s.max == 0:
		return 0, py.Errorf("%s has no rounds", s.name)
	case n < s.min || n > s.max:
		return 0, py.Errorf("rounds of %s are %d to %d, not %d", s.name, s.min, s.max, n)
	}
	return n, nil
}
