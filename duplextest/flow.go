package duplextest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/duplex-go/duplex"
)

// tape is what streams are tested with: bytes among which no two places look
// alike, and which no codec makes shorter.
var tape = func() []byte {
	b := make([]byte, 65_521) // a prime, so that no size in use divides it
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}()

// flow is the bytes of one direction: those of the tape from a start of its
// own, so that a stream that mixes up its directions is found out.
type flow struct {
	at    int // in the tape
	count int64
	buf   []byte
}

func newFlow(direction int) *flow { return &flow{at: direction * 12_345 % len(tape)} }

// next returns the next n bytes in a buffer that the call after it spoils: a
// Write that keeps its argument is found out.
func (f *flow) next(n int) []byte {
	for i := range f.buf {
		f.buf[i] = 0xEE
	}
	f.buf = f.buf[:0]
	for len(f.buf) < n {
		k := min(n-len(f.buf), len(tape)-f.at)
		f.buf = append(f.buf, tape[f.at:f.at+k]...)
		f.at = (f.at + k) % len(tape)
	}
	f.count += int64(n)
	return f.buf
}

// back takes the last n bytes back.
func (f *flow) back(n int) {
	f.count -= int64(n)
	f.at = ((f.at-n)%len(tape) + len(tape)) % len(tape)
}

// check compares p with the next bytes.
func (f *flow) check(p []byte) error {
	for len(p) > 0 {
		k := min(len(p), len(tape)-f.at)
		want := tape[f.at : f.at+k]
		if !bytes.Equal(p[:k], want) {
			i := 0
			for p[i] == want[i] {
				i++
			}
			return wrongByte{f.count + int64(i), p[i], want[i]}
		}
		f.at = (f.at + k) % len(tape)
		f.count += int64(k)
		p = p[k:]
	}
	return nil
}

// wrongByte says where what was read is not what was written.
type wrongByte struct {
	at        int64
	got, want byte
}

func (e wrongByte) Error() string {
	return fmt.Sprintf("byte %d is %#02x, want %#02x", e.at, e.got, e.want)
}

// pieces returns how large the next Write or Read is to be.
type pieces func() int

func each(n int) pieces { return func() int { return n } }

func mixed(seed uint64, most int) pieces {
	r := rand.New(rand.NewPCG(seed, 0))
	return func() int { return 1 + r.IntN(most) }
}

// send starts to write size bytes of f to s in pieces and, if end is set,
// ends that direction.
func (t *trial) send(s duplex.Stream, f *flow, size int, p pieces, end bool) *call {
	return t.start(fmt.Sprintf("writing %d bytes", size), func() (int64, error) {
		for left := size; left > 0; {
			buf := f.next(min(left, p()))
			n, err := s.Write(buf)
			switch {
			case err != nil:
				return 0, fmt.Errorf("Write returned %d, %w", n, err)
			case n != len(buf):
				return 0, fmt.Errorf("Write of %d bytes returned %d without an error", len(buf), n)
			}
			f.back(n)
			if err := f.check(buf); err != nil {
				return 0, fmt.Errorf("Write changed its argument: %w", err)
			}
			left -= n
		}
		if end {
			if err := s.CloseWrite(); err != nil {
				return 0, fmt.Errorf("CloseWrite returned %w", err)
			}
		}
		return int64(size), nil
	})
}

// receive starts to read size bytes of f from s and, if end is set, the end
// after them.
func (t *trial) receive(s duplex.Stream, f *flow, size int64, p pieces, end bool) *call {
	return t.start(fmt.Sprintf("reading %d bytes", size), func() (int64, error) {
		upTo := f.count + size
		for f.count < upTo {
			_, err := readSome(s, f, min(p(), int(upTo-f.count)))
			if err != nil {
				return f.count, fmt.Errorf("after %d of %d bytes: %w", f.count, upTo, err)
			}
		}
		if !end {
			return f.count, nil
		}
		for range 2 { // the end stays the end
			if n, err := readSome(s, f, 64); err != io.EOF {
				return f.count, fmt.Errorf("Read returned %d, %v after the last byte, want 0, io.EOF", n, err)
			}
		}
		return f.count, nil
	})
}

// errNoBytes is what a Read says that says nothing.
var errNoBytes = errors.New("Read returned 0, nil again and again")

// readSome reads up to n bytes from s until there are some, and checks them.
func readSome(s duplex.Stream, f *flow, n int) (int, error) {
	buf := make([]byte, n)
	for range 1000 {
		n, err := s.Read(buf)
		if n < 0 || n > len(buf) {
			return n, fmt.Errorf("Read into %d bytes returned %d", len(buf), n)
		}
		if cerr := f.check(buf[:n]); cerr != nil {
			return n, cerr
		}
		if n > 0 && err == io.EOF {
			err = nil // io.Reader allows it; the next Read has to say so again
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, errNoBytes
}

// drain starts to read from s until something ends it, which is the call's
// error; n counts the bytes, which must be those of f.
func (t *trial) drain(s duplex.Stream, f *flow) *call {
	return t.start("reading until the end", func() (int64, error) {
		for {
			if _, err := readSome(s, f, 32<<10); err != nil {
				return f.count, err
			}
		}
	})
}
