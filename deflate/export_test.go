package deflate

// SetSegment makes the lanes of a parallel Write search n bytes each, so that
// tests need less input, and start only early bytes before, so that they are
// often in another state when they should join. It returns what undoes it.
func SetSegment(n, early int) func() {
	oldSegment, oldEarly := segment, laneEarly
	segment, laneEarly = n, early
	return func() { segment, laneEarly = oldSegment, oldEarly }
}
