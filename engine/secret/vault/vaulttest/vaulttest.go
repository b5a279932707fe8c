// Package vaulttest encrypts for tests as ansible-vault does.
package vaulttest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// Seal encrypts a text with a password, in the format 1.1.
func Seal(t testing.TB, password, text string) string {
	t.Helper()
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	keys, err := pbkdf2.Key(sha256.New, password, salt, 10000, 80)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		t.Fatal(err)
	}
	n := aes.BlockSize - len(text)%aes.BlockSize
	sealed := append([]byte(text), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCTR(block, keys[64:]).XORKeyStream(sealed, sealed)
	mac := hmac.New(sha256.New, keys[32:64])
	mac.Write(sealed)
	inner := hex.EncodeToString(salt) + "\n" + hex.EncodeToString(mac.Sum(nil)) + "\n" + hex.EncodeToString(sealed)
	lines := []string{"$ANSIBLE_VAULT;1.1;AES256"}
	for outer := hex.EncodeToString([]byte(inner)); outer != ""; {
		const width = 80
		cut := min(width, len(outer))
		lines, outer = append(lines, outer[:cut]), outer[cut:]
	}
	return strings.Join(lines, "\n") + "\n"
}

// Value is a text as it stands in YAML, behind the name of a variable; its lines are indented by so many blanks.
func Value(t testing.TB, password, text string, indent int) string {
	t.Helper()
	blanks := "\n" + strings.Repeat(" ", indent)
	return "!vault |" + blanks + strings.ReplaceAll(strings.TrimSpace(Seal(t, password, text)), "\n", blanks) + "\n"
}
