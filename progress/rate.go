package progress

import "time"

// rate is how many bytes a second there were of late. What is shown follows the
// rate of the last interval by a third each time, so that it can be read and
// still is true within a second or two.
type rate struct {
	last     time.Time // zero before the first look
	n        int64     // how many there were then
	smoothed float64
	settled  bool // it has a value to follow from
}

// follow takes note that there have been n bytes at that time.
func (r *rate) follow(at time.Time, n int64) {
	if took := at.Sub(r.last).Seconds(); !r.last.IsZero() && took > 0 {
		now := float64(n-r.n) / took
		if !r.settled {
			r.smoothed, r.settled = now, true
		}
		r.smoothed += (now - r.smoothed) / 3
	}
	r.last, r.n = at, n
}

func (r *rate) value() int64 { return int64(r.smoothed) }

// mean is how many bytes a second n are in that time.
func mean(n int64, took time.Duration) int64 {
	if took <= 0 {
		return 0
	}
	return int64(float64(n) / took.Seconds())
}
