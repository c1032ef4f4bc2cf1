package compress

import (
	"errors"
	"io"
	"iter"

	"github.com/duplex-go/duplex/deflate"
)

// Member is one of the members of a gzip stream.
type Member struct {
	Header deflate.Header
	io.Reader
}

// Members returns an iterator over the members of the gzip data that r gives,
// each with its own header and its data to be read. What the loop leaves unread
// of a member is passed over, and still has to be whole. An error ends the
// iteration as its last pair; in the data it is what the member's Read returns
// too. What follows a member is judged by o.Trailing, and what is ignored is not
// read; the limits hold for each member.
func Members(r io.Reader, o DecoderOptions) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		d := o.deflate(deflate.Gzip)
		d.Trailing = deflate.TrailingReturn
		dec, err := deflate.NewDecoder(d)
		if err != nil {
			yield(Member{}, err)
			return
		}
		m := &memberReader{src: source{r: r}, dec: dec, store: make([]byte, 8<<10)}
		for first := true; first || m.another(o.Trailing); first = false {
			if !m.open() {
				break
			}
			h, _ := dec.Header()
			if !yield(Member{h, m}, nil) {
				return
			}
			if _, err := io.Copy(io.Discard, m); err != nil {
				m.err = err // the source's own is not kept by Read
				break
			}
		}
		if m.err != nil && m.err != io.EOF {
			yield(Member{}, m.err)
		}
	}
}

// memberReader reads the data of one member after the other.
type memberReader struct {
	src   source
	dec   *deflate.Decoder
	store []byte
	in    []byte // of store: not decoded yet
	base  int64  // where the member begins in the input
	out   []byte // decoded by open
	buf   [512]byte
	err   error // follows out
}

// open reads as far as the member's header goes, at least. It reports false if
// that failed.
func (m *memberReader) open() bool {
	m.base += m.dec.InputOffset()
	m.dec.Reset()
	m.err = nil
	n, err := m.Read(m.buf[:])
	m.out = m.buf[:n]
	if err != nil {
		m.err = err
	}
	_, ok := m.dec.Header()
	return ok
}

// another reports whether there is a further member, by the policy for what
// follows one.
func (m *memberReader) another(policy deflate.Trailing) bool {
	if policy == deflate.TrailingReturn {
		return false
	}
	want := 1
	if policy == deflate.TrailingIgnore {
		want = 2 // a member begins with two certain bytes
	}
	for len(m.in) < want {
		if err := m.fill(); err != nil {
			m.err = err
			return false
		}
	}
	switch {
	case policy == deflate.TrailingReject:
		m.err = &deflate.Error{
			Format: deflate.Gzip, Err: deflate.ErrTrailing, Detail: "input after the end", Offset: m.base + m.dec.InputOffset(),
		}
		return false
	case policy == deflate.TrailingIgnore && (m.in[0] != 0x1f || m.in[1] != 0x8b),
		policy == deflate.TrailingMembers && m.in[0] == 0:
		return false
	}
	return true
}

// fill reads more behind what has not been decoded.
func (m *memberReader) fill() error {
	held := copy(m.store, m.in)
	n, err := m.src.Read(m.store[held:])
	m.in = m.store[:held+n]
	return err
}

func (m *memberReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(m.out) > 0 {
		n := copy(p, m.out)
		m.out = m.out[n:]
		return n, nil
	}
	for m.err == nil {
		n, used, err := m.dec.Decode(p, m.in)
		m.in = m.in[used:]
		if err != nil {
			m.fail(err)
		}
		if n > 0 {
			return n, nil
		}
		if m.err != nil {
			break
		}
		switch err := m.fill(); {
		case err == io.EOF:
			if m.fail(m.dec.Finish()); m.err == nil {
				m.err = io.EOF
			}
		case err != nil:
			return 0, err // the source's own
		}
	}
	return 0, m.err
}

// fail keeps err, with the offset in the whole input.
func (m *memberReader) fail(err error) {
	var e *deflate.Error
	if errors.As(err, &e) {
		moved := *e
		moved.Offset += m.base
		err = &moved
	}
	m.err = err
}
