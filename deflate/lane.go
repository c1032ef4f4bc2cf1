package deflate

// A lane searches one segment of a long input on its own. What the search
// finds at a position depends on the bytes before it, which are there, and on
// whether a match is in hand, which is not known where a segment starts. So a
// lane starts a little early, with nothing in hand, and marks its states at
// the start of its segment. Where the lane before it comes upon one of them,
// both would go on alike, and the lane's symbols follow on.
type lane struct {
	s     *encoderState
	zero  uint32 // absolute position, in the lane's counting, of the input's first byte
	start int    // its segment, as indices of the input
	end   int
	skip  int // symbols at the start that are not to be used
	marks []mark
	spare []symbol // symbols of the round before, in use until they are coded
}

// mark is the state of a search before the step at index at.
type mark struct {
	at, symbols  int
	length, dist int
	literal      bool
}

// laneEarly is how much before its segment a lane starts.
var laneEarly = 4 << 10

const (
	// laneMarks is how far into its segment it marks its states.
	laneMarks = 1 << 10
	// laneHistory is what it reads before that.
	laneHistory = ringSize
)

// at returns the index in the input where the lane's next step begins.
func (l *lane) at() int { return int(int32(l.s.win.base + uint32(l.s.win.pos) - l.zero)) }

// state returns the mark for the lane as it is now.
func (l *lane) state() mark {
	e := &l.s.encoder
	m := mark{l.at(), len(e.syms), e.length, e.dist, e.literal}
	if m.length < minMatch {
		m.dist = 0
	}
	return m
}

// same reports whether two searches in these states go on alike.
func (m mark) same(o mark) bool {
	m.symbols = o.symbols
	return m == o
}

// settings are the parameters that a lane searches with. They are copied,
// since the encoder that has them is a lane too.
type settings struct {
	level, memLevel int
	strategy        Strategy
}

// search goes through the lane's segment of p.
func (l *lane) search(p []byte, set settings) {
	s := &l.s.encoder
	syms := s.syms[:0]
	s.reset(set.level, set.strategy, set.memLevel, 15)
	s.syms = syms
	s.symLimit = 1 << 30
	from := l.start - laneEarly - laneHistory
	s.in = p[from:]
	l.zero = s.win.base - uint32(from)
	s.fill()
	s.win.pos += laneHistory
	s.win.ahead -= laneHistory
	l.advance(l.start)
	l.marks = l.marks[:0]
	for at := l.at(); at < l.start+laneMarks; at = l.at() {
		l.marks = append(l.marks, l.state())
		l.advance(at + 1)
	}
	l.advance(l.end)
}

// room makes room for the symbols of a segment of size bytes, unless they are
// mostly literals, so that they need not move as they get more.
func (l *lane) room(size int) {
	if l.s.syms = l.s.syms[:0]; cap(l.s.syms) < size/3 {
		l.s.syms = make([]symbol, 0, size/3)
	}
}

// turn keeps the lane's symbols until they are coded and makes room for those
// of the next round.
func (l *lane) turn() {
	l.s.syms, l.spare = l.spare[:0], l.s.syms
	l.skip = 0
}

// advance takes the steps that begin before the index limit.
func (l *lane) advance(limit int) {
	s := &l.s.encoder
	for l.at() < limit {
		if s.win.ahead < minLookahead {
			s.fill()
		}
		s.lazyTo(min(s.win.end()-minLookahead+1, s.win.pos+limit-l.at()))
	}
}

// meet takes steps until the lane is in a state that next was in, and drops
// what next found before. It reports whether there was one.
func (l *lane) meet(next *lane) bool {
	marks := next.marks
	for at := l.at(); at < next.start+laneMarks; at = l.at() {
		for len(marks) > 0 && marks[0].at < at {
			marks = marks[1:]
		}
		if len(marks) == 0 {
			return false
		}
		if m := marks[0]; m.same(l.state()) {
			next.skip = m.symbols
			return true
		}
		l.advance(at + 1)
	}
	return false
}
