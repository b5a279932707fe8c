// Package pymath is the functions of Python's module math whose results Go's library rounds differently in the last
// digit. Results are rounded once, from about 100 bits.
//
// It imports the standard library only.
package pymath

import "math"

// pair is a number as a sum of two, the second of which is what the first lacks.
type pair struct{ hi, lo float64 }

// sum adds two numbers of which the first is not the smaller one.
func sum(a, b float64) pair {
	s := a + b
	return pair{s, b - (s - a)}
}

func (p pair) add(q pair) pair {
	s := p.hi + q.hi
	part := s - p.hi
	rest := (p.hi - (s - part)) + (q.hi - part)
	return sum(s, rest+p.lo+q.lo)
}

func (p pair) mul(q pair) pair {
	m := p.hi * q.hi
	return sum(m, math.FMA(p.hi, q.hi, -m)+p.hi*q.lo+p.lo*q.hi)
}

func (p pair) div(q pair) pair {
	first := p.hi / q.hi
	rest := p.add(q.mul(pair{-first, 0}))
	second := rest.hi / q.hi
	rest = rest.add(q.mul(pair{-second, 0}))
	return sum(first, second).add(pair{rest.hi / q.hi, 0})
}

// ln2 is the natural logarithm of 2.
var ln2 = pair{0.6931471805599453, 2.3190468138462996e-17}

// logarithm is the natural logarithm of a finite number above 0.
func logarithm(x float64) pair {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	// ln m = 2 artanh z, where z = (m-1)/(m+1) is at most 0.172.
	z := pair{m - 1, 0}.div(twoSum(m, 1))
	square := z.mul(z)
	series := pair{}
	for k := 43; k >= 1; k -= 2 {
		series = series.mul(square).add(pair{1, 0}.div(pair{float64(k), 0}))
	}
	out := z.mul(series)
	return ln2.mul(pair{float64(e), 0}).add(pair{2 * out.hi, 2 * out.lo})
}

func twoSum(a, b float64) pair {
	s := a + b
	part := s - a
	return pair{s, (a - (s - part)) + (b - part)}
}

// exponential is e to the power of p, as a number and the power of 2 to multiply it with.
func exponential(p pair) (out pair, by int) {
	k := math.Round(p.hi / ln2.hi)
	r := p.add(ln2.mul(pair{-k, 0}))
	const halvings = 6
	r = pair{math.Ldexp(r.hi, -halvings), math.Ldexp(r.lo, -halvings)}
	// e^r - 1 keeps the digits that 1 would take.
	term := pair{}
	for n := 14; n >= 1; n-- {
		term = term.add(pair{1, 0}).mul(r).div(pair{float64(n), 0})
	}
	for range halvings {
		term = term.mul(term).add(pair{2 * term.hi, 2 * term.lo})
	}
	return term.add(pair{1, 0}), int(k)
}

// Log is the natural logarithm.
func Log(x float64) float64 {
	if special(x) || x <= 0 {
		return math.Log(x)
	}
	return logarithm(x).hi
}

// Log10 is the logarithm to the base 10 as C computes it: from the rounded natural logarithm of the fraction.
func Log10(x float64) float64 {
	if special(x) || x <= 0 {
		return math.Log10(x)
	}
	m, e := math.Frexp(x) // x = m * 2^e, m in [0.5, 1)
	e--
	m *= 2
	if e < 0 {
		e++
		m /= 2
	}
	const (
		inverse = 4.34294481903251816668e-01 // 1/ln 10
		high    = 3.01029995663611771306e-01 // log10 2
		low     = 3.69423907715893078616e-13
	)
	y := float64(e)
	z := float64(y*low) + float64(inverse*Log(m))
	return z + float64(y*high)
}

// Pow is x to the power of y.
func Pow(x, y float64) float64 {
	rough := math.Pow(x, y)
	if special(x) || special(y) || special(rough) || x == 0 || x == 1 || rough == 0 || y == 0 || y == 1 {
		return rough
	}
	if whole(x) && whole(y) && y > 0 && math.Abs(rough) < 1<<53 {
		return rough
	}
	out, by := exponential(logarithm(math.Abs(x)).mul(pair{y, 0}))
	// Below the normal numbers, the sum is rounded by what is left of its digits.
	f := math.Ldexp(out.hi, by)
	return math.Copysign(f, rough)
}

func whole(f float64) bool { return f == math.Trunc(f) }

func special(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }
