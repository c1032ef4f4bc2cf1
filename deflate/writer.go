package deflate

import (
	"errors"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"io"
	"sync"
)

// Options chooses what a Writer writes. The zero value is raw deflate at
// level 6 with zlib's default memory level and window.
//
// Parallel changes nothing but the speed. It helps at levels 4 to 9 with the
// full window, for a Write of a quarter of a mebibyte or more; its goroutines end
// before that Write returns, and each takes up to three mebibytes, which the
// Writer keeps to its Close.
type Options struct {
	Format     Format   // Raw, Zlib or Gzip
	Level      Level    // how hard to search
	Strategy   Strategy // the kind of data
	MemLevel   int      // 1 to 9, zero means 8: symbols in a block, size of the hash
	WindowBits int      // 9 to 15, zero means 15; Zlib takes 8 and uses 9, as zlib does
	Dict       []byte   // preset dictionary, not for Gzip; it must not change while in use
	Header     Header   // for Gzip
	Parallel   int      // goroutines that may share a large Write; zero or one means none
}

// check fills in the defaults and returns an error for what zlib refuses.
func (o *Options) check() error {
	switch {
	case o.Format > Gzip:
		return fmt.Errorf("deflate: cannot write format %v", o.Format)
	case o.Level < Stored || o.Level > Smallest:
		return fmt.Errorf("deflate: level %d, not -1 to 9", o.Level)
	case o.Strategy > Fixed:
		return fmt.Errorf("deflate: unknown strategy %d", o.Strategy)
	case o.MemLevel < 0 || o.MemLevel > 9:
		return fmt.Errorf("deflate: memory level %d, not 1 to 9", o.MemLevel)
	case o.Format == Gzip && len(o.Dict) > 0:
		return errors.New("deflate: gzip has no preset dictionary")
	case o.Parallel < 0:
		return fmt.Errorf("deflate: %d goroutines", o.Parallel)
	}
	if o.MemLevel == 0 {
		o.MemLevel = 8
	}
	switch {
	case o.WindowBits == 0:
		o.WindowBits = 15
	case o.WindowBits == 8 && o.Format == Zlib:
		o.WindowBits = 9
	case o.WindowBits < 9 || o.WindowBits > 15:
		return fmt.Errorf("deflate: %d window bits for %v", o.WindowBits, o.Format)
	}
	if o.Format == Gzip {
		return checkHeader(&o.Header)
	}
	return nil
}

// number returns the level as zlib counts it.
func (l Level) number() int {
	switch l {
	case Stored:
		return 0
	case DefaultLevel:
		return 6
	}
	return int(l)
}

// Writer compresses what is written to it, with the bytes that zlib would
// write if each call of Write, Flush and Close were a call of its deflate.
//
// What zlib would put out during a call has reached the writer below when the
// call returns: the header with the first one, and then whole blocks. The
// first error of the writer below is kept and returned by this and every
// later call. At level 0 how the input is cut into writes shows, as it does in
// zlib when there is always room for the output.
//
// A Writer holds 601 KiB, or 857 KiB at memory level 9, from its first call to
// its Close, which gives them to the next one. It is not for concurrent use.
type Writer struct {
	w     io.Writer
	o     Options
	s     *encoderState // nil before the first call and after the end
	lanes *lanes        // nil before there was work for them
	level Level         // as the last Params left it
	strat Strategy
	sum   uint32
	total uint64
	dirty bool
	ended bool
	err   error
}

// encoderState is the memory of a live Writer.
type encoderState struct {
	encoder
	header gzipHeader
	window windowMem
}

// NewWriter returns a Writer that compresses to w. It writes nothing yet. The
// error is for options that zlib would refuse.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := &Writer{o: o}
	z.Reset(w)
	return z, nil
}

// Reset abandons the stream and begins a new one on w with the options that
// the Writer was made with.
func (z *Writer) Reset(w io.Writer) {
	z.release()
	z.w = w
	z.level, z.strat = z.o.Level, z.o.Strategy
	z.total, z.dirty, z.ended, z.err = 0, false, false, nil
	z.sum = 0
	if z.o.Format == Zlib {
		z.sum = 1
	}
}

// states keeps the memory of Writers between streams, by size: those of
// memory level 9 need more. lanePools keeps that of parallel ones.
var states, lanePools [2]sync.Pool

// pool returns the one of pools that z's memory comes from.
func (z *Writer) pool(pools *[2]sync.Pool) *sync.Pool {
	if z.o.MemLevel > 8 {
		return &pools[1]
	}
	return &pools[0]
}

// acquire gets memory and writes the header, at the first call of a stream.
func (z *Writer) acquire() *encoderState {
	if z.s != nil {
		return z.s
	}
	s, _ := z.pool(&states).Get().(*encoderState)
	if s == nil {
		s = newEncoderState(z.o.MemLevel)
	}
	z.s = s
	s.out.reset(z.w)
	s.reset(z.level.number(), z.strat, z.o.MemLevel, z.o.WindowBits)
	if len(z.o.Dict) > 0 {
		s.preset(z.o.Dict)
		z.sum = adler32.Checksum(z.o.Dict)
	}
	z.writeHeader(s)
	return s
}

// newEncoderState allocates for memory levels up to 8, or for 9.
func newEncoderState(memLevel int) *encoderState {
	memLevel = max(memLevel, 8)
	s := new(encoderState)
	s.win.buf = s.window[:]
	s.win.mem = &s.window
	s.tables.head = make([]uint32, 1<<(memLevel+7))
	s.tables.prev = &s.chains.four
	s.chains.three = (*[ringSize]uint32)(s.tables.head)
	s.chains.head3 = make([]uint16, 1<<(memLevel+7))
	s.syms = make([]symbol, 0, 1<<(memLevel+6))
	return s
}

// release gives the memory back.
func (z *Writer) release() {
	if z.s != nil {
		z.s.out.w = nil
		z.s.in = nil
		z.pool(&states).Put(z.s)
		z.s = nil
	}
	if z.lanes != nil {
		z.pool(&lanePools).Put(z.lanes)
		z.lanes = nil
	}
}

// Write compresses p. What does not yet fill a block stays behind until a
// later Write, Flush or Close.
func (z *Writer) Write(p []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	if z.ended {
		return 0, ErrClosed
	}
	z.acquire()
	z.total += uint64(len(p))
	switch z.o.Format {
	case Zlib:
		z.sum = adlerSum(z.sum, p)
	case Gzip:
		z.sum = crc32Update(z.sum, p)
	}
	if len(p) > 0 {
		z.dirty = true
	}
	if err := z.run(p, noFlush); err != nil {
		return 0, err
	}
	return len(p), nil
}

// run is one step of the encoder and the delivery of its output.
func (z *Writer) run(p []byte, flush Flush) error {
	s := z.s
	for {
		// A long stretch of positions is split, so that they never run out.
		n := min(len(p), 1<<29)
		s.in = p[:n]
		if n == len(p) {
			break
		}
		p = p[n:]
		s.run(noFlush)
		s.rebase()
	}
	if z.o.Parallel > 1 && len(p) > 0 && flush == noFlush {
		if z.lanes == nil {
			if z.lanes, _ = z.pool(&lanePools).Get().(*lanes); z.lanes == nil {
				z.lanes = new(lanes)
			}
		}
		z.lanes.sideBySide(s, z.o.Parallel)
	}
	s.run(flush)
	s.in = nil
	s.rebase()
	s.out.drain()
	z.err = s.out.err
	return z.err
}

// Flush brings everything written so far out to the writer below, in the
// manner of f. As in zlib, a flush right after one as strong writes nothing,
// but the first call of a stream writes the header and, even without data,
// what the flush consists of; Pending tells whether that is worth it.
// Flush(Finish) is Close.
func (z *Writer) Flush(f Flush) error {
	switch {
	case f < PartialFlush || f > BlockFlush:
		return fmt.Errorf("deflate: unknown flush %d", f)
	case f == Finish:
		return z.Close()
	case z.err != nil:
		return z.err
	case z.ended:
		return ErrClosed
	}
	z.acquire()
	if f != BlockFlush {
		z.dirty = false
	}
	return z.run(nil, f)
}

// Pending reports whether something was written since the last flush other
// than BlockFlush, so that a flush would bring data out.
func (z *Writer) Pending() bool { return z.dirty }

// Params changes level and strategy from here on. What was written before is
// coded with the old ones. The Options stay as they are for Reset.
func (z *Writer) Params(l Level, s Strategy) error {
	switch {
	case z.err != nil:
		return z.err
	case z.ended:
		return ErrClosed
	case l < Stored || l > Smallest:
		return fmt.Errorf("deflate: level %d, not -1 to 9", l)
	case s > Fixed:
		return fmt.Errorf("deflate: unknown strategy %d", s)
	}
	z.level, z.strat = l, s
	if z.s == nil {
		return nil
	}
	z.s.params(l.number(), s)
	z.s.out.drain()
	z.err = z.s.out.err
	return z.err
}

// Close writes the end of the stream and its trailer. It does not close the
// writer below. A second Close does nothing and returns what the first did.
func (z *Writer) Close() error {
	if z.ended || z.err != nil {
		z.ended = true
		z.release()
		return z.err
	}
	s := z.acquire()
	z.ended, z.dirty = true, false
	z.run(nil, Finish)
	z.writeTrailer(&s.out)
	s.out.drain()
	z.err = s.out.err
	z.release()
	return z.err
}

func crc32Update(sum uint32, p []byte) uint32 { return crc32.Update(sum, crc32.IEEETable, p) }
