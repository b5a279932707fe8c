package unit

import "strconv"

// Size is a number of hosts: fixed, or a share of the play's.
type Size struct {
	N       int
	Percent bool
}

// String is the size as runbooks write it.
func (s Size) String() string {
	if s.Percent {
		return strconv.Itoa(s.N) + "%"
	}
	return strconv.Itoa(s.N)
}

// Up is the size of so many hosts, rounded up, at least one.
func (s Size) Up(hosts int) int {
	if !s.Percent {
		return max(1, s.N)
	}
	return max(1, (hosts*s.N+99)/100)
}

// Down is the size of so many hosts, rounded down.
func (s Size) Down(hosts int) int {
	if !s.Percent {
		return s.N
	}
	return hosts * s.N / 100
}
