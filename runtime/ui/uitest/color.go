package uitest

// RGB is one of the 256 colours that do not depend on the terminal's settings,
// those from 16 on: a cube of 6 steps a side, then 24 greys.
func RGB(n int) [3]int {
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return [3]int{grey, grey, grey}
	}
	step := func(i int) int {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return [3]int{step(n / 36), step(n / 6 % 6), step(n % 6)}
}
