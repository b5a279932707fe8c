// Package keyid names the public keys that sign plans and the audit log, in files and in messages.
//
// It imports the standard library only.
package keyid

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
)

// Size is how many characters an ID has.
const Size = 32

// Of is the ID of a key.
func Of(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:Size/2])
}
