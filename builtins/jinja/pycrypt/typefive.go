package pycrypt

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// TypeFive returns the filters of the collection ansible.netcommon that make and compare hashes of MD5.
func TypeFive() []*function.Func {
	return []*function.Func{
		function.New("type5_pw", "salt=None", "The password as password_hash('md5') has it, with a salt.", func(c *function.Call) (py.Value, error) {
			s, err := typeFive(c, c.Value, c.Values[0])
			return starlark.String(s), err
		}),
		function.New("hash_salt", "", "The salt of a hash such as $1$salt$hash.", func(c *function.Call) (py.Value, error) {
			s, err := hashSalt(c.Value)
			return starlark.String(s), err
		}),
		function.New("comp_type5", "encrypted_password, return_original=False", "Whether the password has a hash of type5_pw.", func(c *function.Call) (py.Value, error) {
			salt, err := hashSalt(c.Values[0])
			if err != nil {
				return nil, err
			}
			s, err := typeFive(c, c.Value, starlark.String(salt))
			if err != nil {
				return nil, err
			}
			if same := starlark.String(s) == c.Values[0]; !same || c.Values[1] != starlark.True {
				return starlark.Bool(same), nil
			}
			return c.Values[0], nil
		}),
	}
}

func typeFive(c *function.Call, v, with py.Value) (string, error) {
	password, ok := v.(starlark.String)
	if !ok {
		return "", py.Errorf("expected a password as a text, not %s", py.TypeName(v))
	}
	if strings.ContainsRune(string(password), 0) {
		return "", py.Errorf("the password has a NUL in it")
	}
	s := schemes["md5"]
	salt, err := s.salt(with)
	if err != nil {
		return "", err
	}
	return s.hash(c.Run.Step, string(password), salt, s.ident, 0)
}

func hashSalt(v py.Value) (string, error) {
	s, ok := v.(starlark.String)
	parts := strings.Split(string(s), "$")
	if !ok || len(parts) != 4 {
		return "", py.Errorf("expected a hash such as $1$salt$hash")
	}
	return parts[2], nil
}
