package deflate

// tuning is what a level means to the search, as zlib sets it.
type tuning struct {
	good  int // a match this long at the last position quarters the chain
	lazy  int // a match this long is not bettered at the next position
	nice  int // a match this long ends the search
	chain int // candidates looked at
	loop  loop
}

// loop names the ways to go through the input.
type loop uint8

const (
	loopStored loop = iota
	loopGreedy
	loopLazy
)

var tunings = [10]tuning{
	{0, 0, 0, 0, loopStored},
	{4, 4, 8, 4, loopGreedy},
	{4, 5, 16, 8, loopGreedy},
	{4, 6, 32, 32, loopGreedy},
	{4, 4, 16, 16, loopLazy},
	{8, 16, 32, 32, loopLazy},
	{8, 16, 128, 128, loopLazy},
	{8, 32, 128, 256, loopLazy},
	{32, 128, 258, 1024, loopLazy},
	{32, 258, 258, 4096, loopLazy},
}

// noFlush codes what can be coded and keeps the rest.
const noFlush Flush = 0

// neverRun is the last flush of an encoder that was never run.
const neverRun = -2

// rank orders the flushes by strength: none, block, partial, sync, full.
func rank(f int) int {
	if f > int(Finish) {
		return f*2 - 9
	}
	return f * 2
}

// outcome is how a loop left.
type outcome uint8

const (
	needMore outcome = iota // the input is used up as far as it can be
	blockDone
	finished
)

// encoder is the state of one deflate stream without its wrapping.
type encoder struct {
	in     []byte // input of the current call not yet in the window
	win    window
	tables tables
	chains chains
	out    bitWriter
	coder  blockCoder

	syms     []symbol // of the current block
	symLimit int      // a block ends with this many
	pending  int      // the size of zlib's buffer of pending output

	level    int
	memLevel int
	strategy Strategy
	tune     tuning

	// The state of the lazy search between two positions. Lengths below
	// three say that there is none.
	length     int  // of the match at the last position
	dist       int  // its distance
	prevLength int  // what zlib would hold as the length before that
	literal    bool // the byte before pos is still to be coded

	linking bool            // the chains are kept, and fill leaves hashing to them
	gaps    *[ringSize]bool // positions that are in no chain, below gapEnd
	gapEnd  uint32          // absolute position

	slides int // since level 0 began: 0, 1, or 2 for too many to keep hashes

	last int // the last flush, or neverRun
}

// reset begins a stream that writes to the bit writer as it is.
func (e *encoder) reset(level int, strategy Strategy, memLevel, windowBits int) {
	w := &e.win
	e.in = nil
	w.size = 1 << windowBits
	// What earlier streams left in the tables must be out of reach.
	e.skipAhead()
	w.pos, w.ahead, w.insert, w.blockStart = 0, 0, 0, 0
	hashBits := uint(memLevel + 7)
	e.tables.shift = (hashBits + minMatch - 1) / minMatch
	e.tables.mask = 1<<hashBits - 1
	e.symLimit = 1<<(memLevel+6) - 1
	e.pending = 4 << (memLevel + 6)
	e.syms = e.syms[:0]
	e.level, e.strategy, e.tune = level, strategy, tunings[level]
	e.memLevel = memLevel
	e.length, e.prevLength, e.dist, e.literal = 2, 2, 0, false
	e.slides = 0
	e.last = neverRun
	if e.isLazy() && !e.linking {
		w.base = w.base&^0xffff | ringSize
		e.chains.clear()
	} else if !e.isLazy() && e.linking {
		clear(e.tables.head)
	}
	e.linking, e.gapEnd = e.isLazy(), 0
	e.chains.next3, e.chains.next4, e.chains.nextLong = 0, 0, 0
}

// skipAhead moves the window so far up the absolute positions that all that
// the tables hold is out of reach.
func (e *encoder) skipAhead() {
	w := &e.win
	w.base += uint32(w.pos+w.ahead) + 4*ringSize
	if e.linking {
		// The heads hold fewer bits. Cleared they are 32 Ki positions old.
		w.base = w.base&^0xffff | ringSize
		e.chains.clear()
	}
	e.rebase()
}

// preset loads a dictionary as if it had been coded.
func (e *encoder) preset(dict []byte) {
	w := &e.win
	if len(dict) >= w.size {
		dict = dict[len(dict)-w.size:]
	}
	e.in = dict
	if e.fill(); e.linking {
		e.linkTail(w.ahead)
		w.pos += w.ahead
		w.blockStart, w.ahead, w.insert = w.pos, 0, min(w.pos, minMatch-1)
		return
	}
	for ; w.ahead >= minMatch; e.fill() {
		n := w.ahead - (minMatch - 1)
		e.tables.insertRange(w.buf, w.base, w.pos, w.pos+n)
		w.pos += n
		w.ahead -= n
	}
	w.pos += w.ahead
	w.blockStart = w.pos
	w.insert = w.ahead
	w.ahead = 0
}

// run codes e.in and flushes. It is one call of zlib's deflate with room for
// all the output. It reports whether the stream is finished.
func (e *encoder) run(flush Flush) {
	old := e.last
	e.last = int(flush)
	if len(e.in) == 0 && rank(int(flush)) <= rank(old) && flush != Finish {
		return
	}
	if len(e.in) == 0 && e.win.ahead == 0 && flush == noFlush {
		return
	}
	var how outcome
	if e.linking && !e.isLazy() {
		e.leaveLazy()
	}
	switch {
	case e.level == 0:
		how = e.stored(flush)
	case e.strategy == HuffmanOnly:
		how = e.literals(flush)
	case e.strategy == RLE:
		how = e.runs(flush)
	case e.tune.loop == loopGreedy:
		how = e.greedy(flush)
	default:
		how = e.lazy(flush)
	}
	if how == blockDone {
		switch flush {
		case PartialFlush:
			e.out.put(fixedBlock<<1, 3)
			e.out.put(0, 7)
		case SyncFlush, FullFlush:
			storedHeader(&e.out, 0, false)
		}
		if flush == FullFlush {
			e.skipAhead()
			if e.win.ahead == 0 {
				if !e.linking {
					e.win.base += uint32(e.win.pos)
				}
				e.win.restart()
				e.chains.next3, e.chains.next4, e.chains.nextLong = 0, 0, 0
			}
		}
	}
}

// params changes level and strategy in the middle of the stream.
func (e *encoder) params(level int, strategy Strategy) {
	if (strategy != e.strategy || tunings[level].loop != e.tune.loop) && e.last != neverRun {
		e.run(BlockFlush)
	}
	if level != e.level {
		if e.level == 0 && e.slides != 0 {
			if e.slides > 1 {
				e.skipAhead()
			}
			e.slides = 0
		}
		e.level = level
		e.tune = tunings[level]
	}
	e.strategy = strategy
}

// endLoop is the common end of the loops once all input is coded: the rest
// of the block, if any.
func (e *encoder) endLoop(flush Flush) outcome {
	if flush == Finish {
		e.endBlock(true)
		return finished
	}
	if len(e.syms) > 0 {
		e.endBlock(false)
	}
	return blockDone
}

// endBlock codes the block up to pos.
func (e *encoder) endBlock(last bool) {
	w := &e.win
	size := w.pos - w.blockStart
	var raw []byte
	if w.blockStart >= 0 {
		raw = w.buf[w.blockStart:w.pos]
	}
	e.coder.block(&e.out, e.syms, raw, size, last, e.strategy == Fixed)
	e.syms = e.syms[:0]
	w.blockStart = w.pos
}

// isLazy reports whether level and strategy lead to the lazy search.
func (e *encoder) isLazy() bool {
	return e.level > 0 && e.strategy != HuffmanOnly && e.strategy != RLE && e.tune.loop == loopLazy
}

// rebase keeps absolute positions far from the end of their range.
func (e *encoder) rebase() {
	const high = 1 << 31
	w := &e.win
	if w.base < high {
		return
	}
	shift := (w.base - 8*ringSize) &^ 0xffff
	if !e.linking {
		for i, v := range e.tables.head {
			e.tables.head[i] = v - min(v, shift)
		}
	}
	e.gapEnd -= min(e.gapEnd, shift)
	w.base -= shift
}
