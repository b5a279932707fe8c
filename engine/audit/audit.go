// Package audit is the log of who did what: rows of which each holds the digest of the one before, so that none
// can be changed, removed or moved without that being found, and of which each is signed, so that none can be added
// by who does not have the key. A signature says how far the log had come: it is a head.
//
// It imports engine/diag and engine/keyid.
package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/keyid"
)

// Entry is what one row tells. It holds no values of secrets.
type Entry struct {
	Time   time.Time // kept in microseconds
	User   string    // login name of who did it
	Origin string    // from where: machine, process, and the address that the operator is logged in from
	Action string    // apply
	Run    string
	Hosts  string // their names, where it is about any
	Plan   string // digest of the plan that is carried out
	// Outcome is how it ended, "" of what begins.
	Outcome string
	Detail  string
}

// Done is the outcome of what is done at once.
const Done = "done"

// Author is who writes rows: what is left out of an entry is theirs.
type Author struct {
	User   string
	Origin string
	// Key gives the key that signs rows, always the same; nil signs none, and what is written is not whole.
	Key func() (ed25519.PrivateKey, error)
	// Keys gives those by which a row may be signed.
	Keys func() ([]ed25519.PublicKey, error)
}

// Fill completes an entry as it is kept: text that is no UTF-8 could not be exported.
func (a Author) Fill(e Entry) Entry {
	if e.User == "" {
		e.User = a.User
	}
	if e.Origin == "" {
		e.Origin = a.Origin
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	for _, text := range e.texts() {
		*text = strings.ToValidUTF8(*text, "\uFFFD")
	}
	return e
}

// texts are the fields of an entry in the order in which they are hashed.
func (e *Entry) texts() []*string {
	return []*string{&e.User, &e.Origin, &e.Action, &e.Run, &e.Hosts, &e.Plan, &e.Outcome, &e.Detail}
}

// Row is an entry in its place.
type Row struct {
	Seq int64 // from 1, without gaps
	Entry
	Hash string
}

// Begin is the hash that the first row continues.
var Begin = strings.Repeat("0", 2*sha256.Size)

// Next is the row that follows another one, of which seq and hash are given; 0 and Begin are those of none.
func Next(seq int64, hash string, e Entry) Row {
	return Row{Seq: seq + 1, Entry: e, Hash: sum(hash, seq+1, &e)}
}

// sum is the hash of a row: SHA-256 over its fields, each with its length before it, as in netstrings.
func sum(before string, seq int64, e *Entry) string {
	var text []byte
	add := func(field string) {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(text, ':')
		text = append(text, field...)
		text = append(text, ',')
	}
	add("froyo-audit-1")
	add(before)
	add(strconv.FormatInt(seq, 10))
	add(strconv.FormatInt(e.Time.UnixMicro(), 10))
	for _, field := range e.texts() {
		add(*field)
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// Head says that the log had come to a row, and what stood there.
type Head struct {
	Seq       int64
	Hash      string
	Time      time.Time
	Key       string // ID of the key that signed it
	Signature []byte
}

// Sign makes the head of a row.
func Sign(seq int64, hash string, now time.Time, key ed25519.PrivateKey) Head {
	public, _ := key.Public().(ed25519.PublicKey)
	h := Head{Seq: seq, Hash: hash, Time: now.UTC().Truncate(time.Microsecond), Key: keyid.Of(public)}
	h.Signature = ed25519.Sign(key, h.text())
	return h
}

// text is what is signed.
func (h *Head) text() []byte {
	return []byte("froyo-audit-head-1\n" + strconv.FormatInt(h.Seq, 10) + "\n" + h.Hash + "\n" + strconv.FormatInt(h.Time.UnixMicro(), 10) + "\n")
}
