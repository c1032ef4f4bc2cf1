package duplex_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/duplex-go/duplex"
)

// talk is a conversation of two parties over whatever is being tested, and what
// they have seen of it in the end.
type talk struct {
	a, b party
	wg   sync.WaitGroup
}

// party is one end's program: it writes all it has to say and ends, and reads
// until something ends that.
type party struct {
	name string
	s    duplex.Stream
	says []byte
	size func() int  // of the next write
	fail func(error) // if set, is told of a failure when it happens

	ended bool // all was written and the direction ended
	werr  error
	heard []byte
	rerr  error
}

// speech is what parties say: no two stretches of it are alike.
var speech = func() []byte {
	p := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}()

// newTalk prepares a talk in which each party says size bytes, in pieces.
func newTalk(a, b duplex.Stream, size, piece int) *talk {
	pieces := func() int { return piece }
	return &talk{
		a: party{name: "a", s: a, says: speech[:size], size: pieces},
		b: party{name: "b", s: b, says: speech[len(speech)-size:], size: pieces},
	}
}

// start starts both parties.
func (t *talk) start() {
	for _, p := range []*party{&t.a, &t.b} {
		t.wg.Go(p.speak)
		t.wg.Go(p.listen)
	}
}

// wait waits for both parties.
func (t *talk) wait() { t.wg.Wait() }

func (p *party) speak() {
	for rest := p.says; len(rest) > 0; {
		n, err := p.s.Write(rest[:min(len(rest), max(p.size(), 1))])
		if err != nil {
			p.werr = err
			p.failed(err)
			return
		}
		rest = rest[n:]
	}
	if p.werr = p.s.CloseWrite(); p.werr != nil {
		p.failed(p.werr)
		return
	}
	p.ended = true
}

func (p *party) listen() {
	buf := make([]byte, 32<<10)
	for {
		n, err := p.s.Read(buf)
		p.heard = append(p.heard, buf[:n]...)
		if err != nil {
			p.rerr = err
			if err != io.EOF {
				p.failed(err)
			}
			return
		}
	}
}

func (p *party) failed(err error) {
	if p.fail != nil {
		p.fail(err)
	}
}

// check returns what is wrong with the talk whatever happened to it: bytes that
// were never said, or an end that was none.
func (t *talk) check() error {
	if err := t.a.heardFrom(&t.b); err != nil {
		return err
	}
	return t.b.heardFrom(&t.a)
}

func (p *party) heardFrom(q *party) error {
	switch {
	case !bytes.HasPrefix(q.says, p.heard):
		i := 0
		for i < min(len(p.heard), len(q.says)) && p.heard[i] == q.says[i] {
			i++
		}
		return fmt.Errorf("%s heard %d bytes, of which that at %d is not what %s said", p.name, len(p.heard), i, q.name)
	case p.rerr == io.EOF && len(p.heard) < len(q.says):
		return fmt.Errorf("%s took a cut for an end: io.EOF after %d of %d bytes (%s: ended %t, %v)",
			p.name, len(p.heard), len(q.says), q.name, q.ended, q.werr)
	}
	return nil
}

// complete returns what is missing of a talk to which nothing happened.
func (t *talk) complete() error {
	for _, p := range []*party{&t.a, &t.b} {
		if p.werr != nil || p.rerr != io.EOF {
			return fmt.Errorf("%s: writing ended with %v, reading with %v", p.name, p.werr, p.rerr)
		}
	}
	return t.check()
}
