package deflate_test

import "slices"

// shrink drops steps and bytes of s as long as the outputs still differ.
func shrink(p *peer, s *stream) *stream {
	differs := func(steps []step) bool { return difference(p, &stream{s.options, steps}) != nil }
	steps := s.steps
	for n := len(steps) / 2; n > 0; n /= 2 {
		for i := 0; i+n < len(steps); {
			less := slices.Concat(steps[:i], steps[i+n:])
			if differs(less) {
				steps = less
			} else {
				i += n
			}
		}
	}
	for i := range steps {
		for n := len(steps[i].data) / 2; n > 0; n /= 2 {
			for at := 0; at+n <= len(steps[i].data); {
				less := slices.Clone(steps)
				less[i].data = slices.Concat(less[i].data[:at], less[i].data[at+n:])
				if differs(less) {
					steps = less
				} else {
					at += n
				}
			}
		}
	}
	return &stream{s.options, steps}
}
