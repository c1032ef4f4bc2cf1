package deflate

// SetSegment makes the lanes of a parallel Write search n bytes each, so that
// tests need less input, and returns a function that undoes it.
func SetSegment(n int) func() {
	old := segment
	segment = n
	return func() { segment = old }
}
