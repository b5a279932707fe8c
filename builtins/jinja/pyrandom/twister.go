// Package pyrandom draws the numbers that Python's random.Random draws for the same seed, and has the filters that
// Ansible makes of them.
//
// It imports package function and what that imports only.
package pyrandom

import (
	"crypto/sha512"
	"encoding/binary"
	"math"
	"math/big"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

const (
	words  = 624 // of the Mersenne Twister's state
	offset = 397
)

// Random is a Mersenne Twister as Python has it.
type Random struct {
	state [words]uint32
	at    int
}

// New makes one of a seed as random.Random(seed) does: a whole number, a float or a text.
func New(seed py.Value) (*Random, error) {
	var n *big.Int
	switch v := seed.(type) {
	case starlark.String, starlark.Bytes:
		text, _ := starlark.AsString(v)
		if b, ok := v.(starlark.Bytes); ok {
			text = string(b)
		}
		sum := sha512.Sum512([]byte(text))
		n = new(big.Int).SetBytes(append([]byte(text), sum[:]...))
	case starlark.Float:
		if math.IsNaN(float64(v)) {
			return nil, py.Errorf("a seed that is no number is another one each time")
		}
		n = new(big.Int).SetUint64(uint64(floatHash(float64(v)))) //nolint:gosec // as Python reads it, without its sign
	default:
		whole, ok := py.Number(seed)
		if !ok {
			return nil, py.Errorf("a seed is a number or a text, not %s", py.TypeName(seed))
		}
		n = new(big.Int).Abs(whole.(starlark.Int).BigInt())
	}
	r := &Random{}
	r.seed(n)
	return r, nil
}

// seed fills the state from the words of a number, the lowest first.
func (r *Random) seed(n *big.Int) {
	raw := n.Bytes()
	slices.Reverse(raw)
	for len(raw)%4 != 0 || len(raw) == 0 {
		raw = append(raw, 0)
	}
	key := make([]uint32, len(raw)/4)
	for i := range key {
		key[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	s := &r.state
	s[0] = 19650218
	for i := uint32(1); i < words; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + i
	}
	i, j := uint32(1), 0
	next := func() {
		if i++; i >= words {
			s[0], i = s[words-1], 1
		}
	}
	for range max(words, len(key)) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + key[j] + uint32(j) //nolint:gosec // the length of a seed
		next()
		if j++; j >= len(key) {
			j = 0
		}
	}
	for range words - 1 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - i
		next()
	}
	s[0] = 0x80000000
	r.at = words
}

func (r *Random) uint32() uint32 {
	if r.at >= words {
		for i := range words {
			y := r.state[i]&0x80000000 | r.state[(i+1)%words]&0x7fffffff
			r.state[i] = r.state[(i+offset)%words] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		r.at = 0
	}
	y := r.state[r.at]
	r.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// bits are the next n random bits.
func (r *Random) bits(n int) *big.Int {
	out := new(big.Int)
	for shift := 0; n > 0; shift += 32 {
		word := r.uint32()
		if n < 32 {
			word >>= 32 - n
		}
		out.Or(out, new(big.Int).Lsh(new(big.Int).SetUint64(uint64(word)), uint(shift))) //nolint:gosec // it is not negative
		n -= 32
	}
	return out
}

// Below is a number from 0 up to n, which is not among them.
func (r *Random) Below(n *big.Int) *big.Int {
	for {
		if x := r.bits(n.BitLen()); x.Cmp(n) < 0 {
			return x
		}
	}
}

// Index is a number from 0 up to n, which is not among them.
func (r *Random) Index(n int) int { return int(r.Below(big.NewInt(int64(n))).Int64()) }

// Range is a number of range(start, stop, step).
func (r *Random) Range(start, stop, step *big.Int) (*big.Int, error) {
	width := new(big.Int).Sub(stop, start)
	n := width
	switch step.Sign() {
	case 0:
		return nil, py.Errorf("zero step for randrange()")
	case 1:
		n = floorDiv(new(big.Int).Sub(new(big.Int).Add(width, step), big.NewInt(1)), step)
	case -1:
		n = floorDiv(new(big.Int).Add(new(big.Int).Add(width, step), big.NewInt(1)), step)
	}
	if n.Sign() <= 0 {
		return nil, py.Errorf("empty range for randrange()")
	}
	return new(big.Int).Add(start, new(big.Int).Mul(step, r.Below(n))), nil
}

func floorDiv(a, b *big.Int) *big.Int {
	q, m := new(big.Int).QuoRem(a, b, new(big.Int))
	if m.Sign() != 0 && m.Sign() != b.Sign() {
		q.Sub(q, big.NewInt(1))
	}
	return q
}

// Shuffle puts elements into a random order.
func (r *Random) Shuffle(items []py.Value) {
	for i := len(items) - 1; i > 0; i-- {
		j := r.Index(i + 1)
		items[i], items[j] = items[j], items[i]
	}
}

// floatHash is hash() of a float: its value modulo a prime.
func floatHash(f float64) int64 {
	const prime = 1<<61 - 1
	switch {
	case math.IsInf(f, 1):
		return 314159
	case math.IsInf(f, -1):
		return -314159
	}
	m, e := math.Frexp(math.Abs(f))
	n := new(big.Int)
	new(big.Float).SetMantExp(big.NewFloat(m), 53).Int(n)
	e -= 53
	two := big.NewInt(2)
	p := big.NewInt(prime)
	if e < 0 { // 2 to the power of 61 is 1 modulo the prime
		e = 61 - -e%61
	}
	n.Mul(n, new(big.Int).Exp(two, big.NewInt(int64(e)), p)).Mod(n, p)
	h := n.Int64()
	if f < 0 {
		h = -h
	}
	if h == -1 {
		h = -2
	}
	return h
}
