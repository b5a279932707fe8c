package audit

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keyid"
)

// Finding is what is wrong with a log.
type Finding struct {
	Seq  int64 // the row that it is about
	Text string
	// Untrusted is the ID of a key that signed and is not among those that count. It may be that nothing else is wrong.
	Untrusted string
	// Anchor is set where it is about an anchor, and says nothing of the log.
	Anchor bool
}

// Log is what is kept of a log, in its order.
type Log struct {
	Rows  []Row
	Heads []Head
	// Before is the row that the first one continues, the zero Row where the log is read from its beginning.
	Before Row
	// Faults are what is wrong with the place where it is kept.
	Faults []string
}

// Verify finds what was changed, removed, moved, added or cut off: rows by their hashes and signatures, the end of the
// log by signed heads that are left of it and by anchors, which are heads that were kept elsewhere. A head counts where
// one of the keys signed it.
func (l *Log) Verify(anchors []Head, keys []ed25519.PublicKey) []Finding {
	v := verifier{log: l, keys: keys}
	for _, text := range l.Faults {
		v.add(0, "%s", text)
	}
	v.chain()
	v.unsigned()
	for i := range l.Heads {
		v.head(&l.Heads[i], "what was signed at "+when(l.Heads[i].Time), false)
	}
	for i := range anchors {
		v.head(&anchors[i], "the anchor of "+when(anchors[i].Time), true)
	}
	slices.SortStableFunc(v.found, func(a, b Finding) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.Compact(v.found)
}

// Changed is what Judge says of a log that was changed.
const Changed = "the audit log is not what was written"

// ChangedAnchor is what Judge says where nothing but anchors was changed.
const ChangedAnchor = "an anchor is not what was written, so the audit log cannot be held against it"

// Judge says what findings come to: that the log was changed, or an anchor, or that it cannot be known here.
func Judge(found []Finding) string {
	untrusted := map[bool]map[string]bool{false: {}, true: {}}
	judged := ""
	for _, f := range found {
		switch {
		case f.Untrusted != "":
			untrusted[f.Anchor][f.Untrusted] = true
		case !f.Anchor:
			return Changed
		default:
			judged = ChangedAnchor
		}
	}
	what, ids := "the audit log cannot be verified here: it is", untrusted[false]
	if len(ids) == 0 {
		what, ids = "the anchors cannot be used here: they are", untrusted[true]
	}
	if judged == "" {
		judged = what + " signed by " + strings.Join(slices.Sorted(maps.Keys(ids)), ", ") + ", and of these keys none is trusted here"
	}
	return judged
}

// Doubt is Judge in short, as an error; nil where nothing was found.
func Doubt(found []Finding) *diag.Error {
	if len(found) == 0 {
		return nil
	}
	text := Judge(found)
	if text == Changed {
		at := slices.IndexFunc(found, func(f Finding) bool { return f.Untrusted == "" && !f.Anchor })
		text += ": " + found[at].Text
		if rest := len(found) - 1; rest > 0 {
			text += ", and " + strconv.Itoa(rest) + " more"
		}
	}
	return (&diag.Error{Code: diag.Failed, Summary: text}).WithHint("froyo audit verify shows all of it")
}

// End is the last row, the zero Row of an empty log.
func (l *Log) End() Row {
	if len(l.Rows) == 0 {
		return l.first()
	}
	return l.Rows[len(l.Rows)-1]
}

// first is what the first row continues.
func (l *Log) first() Row {
	if l.Before.Seq == 0 {
		return Row{Hash: Begin}
	}
	return l.Before
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
	last := v.log.first()
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

// unsigned finds rows that have no signature, which is written together with each: they were added by who does not have
// the key, or it was removed. Those from before there was a log, which begin it, have no origin and were never signed.
func (v *verifier) unsigned() {
	signed := map[int64]bool{}
	for _, h := range v.log.Heads {
		signed[h.Seq] = true
	}
	var from, to int64
	adopted, begins := false, true
	tell := func() {
		switch {
		case from > 0 && adopted:
			v.add(from, "%s not signed: from before rows were signed, or added without the key; who wrote them is not known", rows(from, to))
		case from > 0:
			v.add(from, "%s not signed: added without the key, or the signature was removed", rows(from, to))
		}
		from = 0
	}
	for _, row := range v.log.Rows {
		begins = begins && row.Origin == "" && !signed[row.Seq] && v.log.Before.Seq == 0
		switch {
		case signed[row.Seq]:
			tell()
		case from > 0 && row.Seq == to+1 && begins == adopted:
			to = row.Seq
		default:
			tell()
			from, to, adopted = row.Seq, row.Seq, begins
		}
	}
	tell()
}

// head compares a head with the row that it is of.
func (v *verifier) head(h *Head, name string, anchor bool) {
	at := slices.IndexFunc(v.keys, func(k ed25519.PublicKey) bool { return keyid.Of(k) == h.Key })
	if at < 0 {
		text := fmt.Sprintf("%s, for row %d, is by the key %s, which is not trusted here", name, h.Seq, h.Key)
		v.found = append(v.found, Finding{Seq: h.Seq, Text: text, Untrusted: h.Key, Anchor: anchor})
		return
	}
	if !ed25519.Verify(v.keys[at], h.text(), h.Signature) {
		v.add(h.Seq, "%s, for row %d, has a signature that does not fit", name, h.Seq)
		v.found[len(v.found)-1].Anchor = anchor
		return
	}
	end := v.log.End().Seq
	if h.Seq > end {
		v.add(end+1, "%s missing at the end: %s has row %d", rows(end+1, h.Seq), name, h.Seq)
		return
	}
	i, there := slices.BinarySearchFunc(v.log.Rows, h.Seq, func(r Row, seq int64) int { return cmp.Compare(r.Seq, seq) })
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
