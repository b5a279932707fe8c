package pycrypt

import (
	stdbase64 "encoding/base64"

	"golang.org/x/crypto/blowfish" //nolint:staticcheck // what bcrypt is made of
)

// bcryptSteps is how many elements take about as long as one step of bcrypt.
const bcryptSteps = 64

const bcryptDigits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var bcryptBase64 = stdbase64.NewEncoding(bcryptDigits).WithPadding(stdbase64.NoPadding)

// bcrypt is Blowfish of a text with a key that a password and a salt of 16 bytes make, in 2 to the power of cost steps.
// A password counts up to 72 bytes.
func bcrypt(password string, salt []byte, cost int, each func(n int) error) (string, error) {
	key := append([]byte(password), 0)
	if len(key) > 72 {
		key = key[:72]
	}
	c, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return "", err
	}
	for range 1 << cost {
		if err := each(bcryptSteps); err != nil {
			return "", err
		}
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(salt, c)
	}
	out := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(out); i += 8 {
		for range 64 {
			c.Encrypt(out[i:i+8], out[i:i+8])
		}
	}
	return bcryptBase64.EncodeToString(out[:23]), nil
}
