package result

import (
	"fmt"
	"slices"
)

// Median returns the middle one of v, the mean of the two in the middle if their
// number is even, or 0 if there is none.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Number writes v with three digits or to the whole, whichever is more.
func Number(v float64) string {
	if v < 999.5 {
		return fmt.Sprintf("%.3g", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
