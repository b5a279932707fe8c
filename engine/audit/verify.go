package audit

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/keyid"
)

// Finding is what is wrong with a log.
type Finding struct {
	Seq  int64 // the row that it is about
	Text string
}

// Log is what is kept of a log, in its order.
type Log struct {
	Rows  []Row
	Heads []Head
}

// Verify finds what was changed, removed, moved or cut off: rows by their hashes, the end of the log by signed heads and
// by anchors, which are heads that were kept elsewhere. A head counts where one of the keys signed it.
func (l *Log) Verify(anchors []Head, keys []ed25519.PublicKey) []Finding {
	v := verifier{log: l, keys: keys}
	v.chain()
	v.missing()
	for i := range l.Heads {
		v.head(&l.Heads[i], "what was signed at "+when(l.Heads[i].Time))
	}
	for i := range anchors {
		v.head(&anchors[i], "the anchor of "+when(anchors[i].Time))
	}
	slices.SortStableFunc(v.found, func(a, b Finding) int { return int(a.Seq - b.Seq) })
	return slices.Compact(v.found)
}

// End is the last row, the zero Row of an empty log.
func (l *Log) End() Row {
	if len(l.Rows) == 0 {
		return Row{Hash: Begin}
	}
	return l.Rows[len(l.Rows)-1]
}

type verifier struct {
	log   *Log
	keys  []ed25519.PublicKey
	found []Finding
}

func (v *verifier) add(seq int64, format string, args ...any) {
	v.found = append(v.found, Finding{Seq: seq, Text: fmt.Sprintf(format, args...)})
}

// chain follows the hashes from row to row.
func (v *verifier) chain() {
	last := Row{Hash: Begin}
	for _, row := range v.log.Rows {
		switch {
		case row.Seq <= last.Seq:
			v.add(row.Seq, "row %d stands after row %d", row.Seq, last.Seq)
		case row.Seq > last.Seq+1:
			v.add(last.Seq+1, "%s missing", rows(last.Seq+1, row.Seq-1))
		case sum(last.Hash, row.Seq, &row.Entry) != row.Hash:
			if last.Seq == 0 {
				v.add(row.Seq, "row %d was changed", row.Seq)
			} else {
				v.add(row.Seq, "row %d was changed or moved, or row %d was and its hash made anew", row.Seq, last.Seq)
			}
		}
		last = row
	}
}

// missing finds rows that end something and have no signed head. A log none of whose rows was signed was written
// without a key.
func (v *verifier) missing() {
	signed := map[int64]bool{}
	for _, h := range v.log.Heads {
		signed[h.Seq] = true
	}
	for _, row := range v.log.Rows {
		if row.Outcome != "" && !signed[row.Seq] {
			v.add(row.Seq, "the signature of row %d is missing", row.Seq)
		}
	}
}

// head compares a head with the row that it is of.
func (v *verifier) head(h *Head, name string) {
	at := slices.IndexFunc(v.keys, func(k ed25519.PublicKey) bool { return keyid.Of(k) == h.Key })
	if at < 0 {
		v.add(h.Seq, "%s, for row %d, is by the key %s, which is not trusted here", name, h.Seq, h.Key)
		return
	}
	if !ed25519.Verify(v.keys[at], h.text(), h.Signature) {
		v.add(h.Seq, "%s, for row %d, has a signature that does not fit", name, h.Seq)
		return
	}
	end := v.log.End().Seq
	if h.Seq > end {
		v.add(end+1, "%s missing at the end: %s has row %d", rows(end+1, h.Seq), name, h.Seq)
		return
	}
	i, there := slices.BinarySearchFunc(v.log.Rows, h.Seq, func(r Row, seq int64) int { return int(r.Seq - seq) })
	if !there { // which the chain tells
		return
	}
	if v.log.Rows[i].Hash != h.Hash {
		v.add(h.Seq, "row %d is not as in %s: it, or a row before it, was written anew", h.Seq, name)
	}
}

// rows names rows from one to another, with a verb.
func rows(from, to int64) string {
	if from == to {
		return "row " + strconv.FormatInt(from, 10) + " is"
	}
	return fmt.Sprintf("rows %d to %d are", from, to)
}

func when(t time.Time) string { return t.UTC().Format(time.RFC3339) }
