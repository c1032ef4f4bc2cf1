package deflate_test

import "os"

// fewer is how many times fewer cases, or smaller inputs, a test has in this
// run: one, or slowDown under the race detector unless DUPLEX_FULL is set.
var fewer = func() int {
	if os.Getenv("DUPLEX_FULL") != "" {
		return 1
	}
	return slowDown
}()
