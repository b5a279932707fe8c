// Package pycrypt hashes passwords as the C library's crypt does, with a salt that is given: MD5, SHA-256, SHA-512 and
// bcrypt.
//
// It imports package function, what that imports, and golang.org/x/crypto/blowfish.
package pycrypt

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the scheme that old systems read
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

const digits64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// base64 writes bytes, in an order, as crypt does: three at a time, the lowest bits first. -1 stands for no byte.
func base64(sum []byte, order []int) string {
	var b strings.Builder
	for i := 0; i < len(order); i += 3 {
		var word uint32
		chars := 0
		for _, at := range order[i : i+3] {
			word <<= 8
			if at >= 0 {
				word |= uint32(sum[at])
				chars++
			}
		}
		for range chars + 1 {
			b.WriteByte(digits64[word&63])
			word >>= 6
		}
	}
	return b.String()
}

// repeated is as much of a sum, over and over, as a number of bytes takes.
func repeated(sum []byte, n int) []byte {
	return append(bytes.Repeat(sum, n/len(sum)), sum[:n%len(sum)]...)
}

// shaCrypt is SHA-256 or SHA-512 of a password, many times. each is called now and then and may end it.
func shaCrypt(makes func() hash.Hash, password, salt string, rounds int, each func(n int) error) ([]byte, error) {
	sum := func(parts ...[]byte) []byte {
		h := makes()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	pw, sa := []byte(password), []byte(salt)
	b := sum(pw, sa, pw)
	a := makes()
	a.Write(pw)
	a.Write(sa)
	a.Write(repeated(b, len(pw)))
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 != 0 {
			a.Write(b)
		} else {
			a.Write(pw)
		}
	}
	out := a.Sum(nil)
	p := repeated(sum(bytes.Repeat(pw, len(pw))), len(pw))
	s := repeated(sum(bytes.Repeat(sa, 16+int(out[0]))), len(sa))
	h := makes()
	for i := range rounds {
		if i%1024 == 0 {
			if err := each(1024); err != nil {
				return nil, err
			}
		}
		h.Reset()
		if i&1 != 0 {
			h.Write(p)
		} else {
			h.Write(out)
		}
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		if i&1 != 0 {
			h.Write(out)
		} else {
			h.Write(p)
		}
		out = h.Sum(out[:0])
	}
	return out, nil
}

// orders are the places of a sum's bytes in its text.
var (
	order256 = []int{0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29, -1, 31, 30}
	order512 = []int{
		0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8, 29, 9, 30, 51, 31, 52, 10,
		53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58, 16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, -1, -1, 63,
	}
	orderMD5 = []int{0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, -1, -1, 11}
)

func sha256Crypt(password, salt string, rounds int, each func(n int) error) (string, error) {
	sum, err := shaCrypt(sha256.New, password, salt, rounds, each)
	if err != nil {
		return "", err
	}
	return base64(sum, order256), nil
}

func sha512Crypt(password, salt string, rounds int, each func(n int) error) (string, error) {
	sum, err := shaCrypt(sha512.New, password, salt, rounds, each)
	if err != nil {
		return "", err
	}
	return base64(sum, order512), nil
}

// md5Crypt is MD5 of a password, a thousand times.
func md5Crypt(password, salt string) string {
	pw, sa := []byte(password), []byte(salt)
	sum := func(parts ...[]byte) []byte {
		h := md5.New() //nolint:gosec // the scheme that old systems read
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	b := sum(pw, sa, pw)
	parts := [][]byte{pw, []byte("$1$"), sa, repeated(b, len(pw))}
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 != 0 {
			parts = append(parts, []byte{0})
		} else {
			parts = append(parts, pw[:1])
		}
	}
	out := sum(parts...)
	for i := range 1000 {
		parts = parts[:0]
		if i&1 != 0 {
			parts = append(parts, pw)
		} else {
			parts = append(parts, out)
		}
		if i%3 != 0 {
			parts = append(parts, sa)
		}
		if i%7 != 0 {
			parts = append(parts, pw)
		}
		if i&1 != 0 {
			parts = append(parts, out)
		} else {
			parts = append(parts, pw)
		}
		out = sum(parts...)
	}
	return base64(out, orderMD5)
}
