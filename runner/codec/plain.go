package codec

import (
	"math/bits"
	"unicode/utf8"
)

// Each byte of these words is the same.
const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	blanks = ' ' * ones
	quotes = '"' * ones
	slants = '\\' * ones
)

// plainRun returns how many bytes at the beginning of text stand for
// themselves in a JSON string: ASCII without control characters, quotes and
// backslashes. It looks at eight at once, since loops are slow in guests.
func plainRun[T string | []byte](text T) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		quote, slant := w^quotes, w^slants
		// A byte's high bit is set here where it is below a blank, equals zero
		// after the exclusive or, or is not ASCII. A borrow may set bits above
		// the first such byte, but none below.
		special := ((w-blanks)&^w | (quote-ones)&^quote | (slant-ones)&^slant | w) & highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for i < len(text) && isPlain(text[i]) {
		i++
	}
	return i
}

func isPlain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf
}
