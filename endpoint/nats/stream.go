package nats

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/flow"
	"github.com/nats-io/nats.go"
)

// stream is a stream over the subjects of two peers, and a net.Conn.
type stream struct {
	flow *flow.Stream
	link *link
	id   string
	own  string // the subject that it is reached at

	dialled bool

	queued int // how often it stands in the link's queue, or is being served; guarded by the link's lock

	mu     sync.Mutex
	to     string        // the subject that the peer is reached at; "" until it has answered
	begun  chan struct{} // closed when the peer has shown that it is there, or will not
	heard  bool          // begun is closed
	failed error         // why it will not

	shut     sync.Once
	finished error // of shut
}

var (
	_ net.Conn       = (*stream)(nil)
	_ duplex.Stream  = (*stream)(nil)
	_ duplex.Aborter = (*stream)(nil)
)

// newStream makes a stream of the link, whose peer is reached at to.
func newStream(l *link, c flow.Config, to string) *stream {
	s := &stream{to: to, dialled: to == "", begun: make(chan struct{})}
	s.flow = flow.New(c, func(*flow.Stream) { l.ready(s) })
	l.add(s)
	return s
}

// begin notes that the peer is there, or why it is not.
func (s *stream) begin(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.heard {
		s.heard, s.failed = true, err
		close(s.begun)
	}
}

// fail ends what has not ended.
func (s *stream) fail(err error) {
	s.flow.Fail(err)
	s.begin(err)
}

// ErrNoListener is matched by the failure to dial a subject on which nobody
// listens. It matches syscall.ECONNREFUSED.
var ErrNoListener = fmt.Errorf("nobody listens on the subject (%w)", syscall.ECONNREFUSED)

// errGone is the failure of a stream for which the server finds no peer any more.
var errGone = fmt.Errorf("%w: nobody takes what is sent to it", flow.ErrGone)

// deliver takes a message that has come for the stream.
func (s *stream) deliver(m *nats.Msg) {
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		s.fail(s.noResponders())
		return
	}
	first, from := s.from(m)
	switch {
	case isReset(m.Data) && (m.Reply == "" || m.Reply == from || from == ""): // also of a stream that is aborted before it has answered
		_ = s.flow.Receive(m.Data)
		s.begin(refusal(m.Data))
	case m.Reply != from && s.dialled:
		// Listeners of two queue groups both answer. The first one has it.
		if strings.HasPrefix(m.Reply, s.link.inbox) {
			s.link.refuse(m.Reply, errAnswered)
		}
	case m.Reply != from:
		s.broken(fmt.Errorf("a message of this stream came from %.80q, and its peer is %q", m.Reply, from))
	default:
		err := s.flow.Receive(m.Data)
		if first && err == nil {
			s.flow.Acknowledge() // the listener waits to hear from us
			s.link.ready(s)
		}
		s.begin(err)
	}
}

// errAnswered is what a listener is told that was not the first to answer.
var errAnswered = errors.New("another listener has this stream: those of one subject belong in one queue group")

// noResponders returns what it means that nobody took what was published.
func (s *stream) noResponders() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == "" {
		return ErrNoListener
	}
	return errGone
}

// from returns who messages have to come from, and whether m is the answer that
// says so.
func (s *stream) from(m *nats.Msg) (first bool, peer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == "" && m.Reply != "" && !isReset(m.Data) {
		s.to, first = m.Reply, true
	}
	return first, s.to
}

// broken aborts the stream because of a message that must not be.
func (s *stream) broken(err error) {
	_ = s.flow.Abort(err)
	s.begin(err)
}

// refusal returns why a listener does not take a stream.
func refusal(reset []byte) error {
	f, _, _ := flow.Parse(reset)
	return &flow.CauseError{Text: string(f.Payload)}
}

// publish publishes a message for the peer.
func (s *stream) publish(m []byte) {
	s.mu.Lock()
	to := s.to
	s.mu.Unlock()
	if err := s.link.PublishMsg(&nats.Msg{Subject: to, Reply: s.own, Data: m}); err != nil {
		s.fail(fmt.Errorf("publishing to the NATS server at %s: %w", s.link.name, unexpected(err)))
	}
}

// Read reads what the peer has sent; see [flow.Stream.Read].
func (s *stream) Read(p []byte) (int, error) { return s.flow.Read(p) }

// Write sends p; see [flow.Stream.Write].
func (s *stream) Write(p []byte) (int, error) { return s.flow.Write(p) }

// CloseWrite ends the writing.
func (s *stream) CloseWrite() error { return s.flow.CloseWrite() }

// CloseRead gives up the reading: the peer's writes fail.
func (s *stream) CloseRead() error { return s.flow.CloseRead() }

// Close gives up both directions. What was written is still sent: it waits at
// most a second for the server to take it, and returns an error if that does
// not.
func (s *stream) Close() error { return s.giveUp(s.flow.Close) }

// Abort gives up both directions for a reason that the peer is told.
func (s *stream) Abort(cause error) error {
	_ = s.giveUp(func() error { return s.flow.Abort(cause) })
	return nil
}

func (s *stream) giveUp(how func() error) error {
	s.shut.Do(func() {
		_ = how()
		s.begin(duplex.ErrClosed)
		if !s.link.drained(s) {
			s.finished = errNotTaken
			s.flow.Fail(errNotTaken)
			if !s.link.lasting { // it is this stream's own
				s.link.dialer.cut()
			}
		}
		if err := s.link.remove(s); s.finished == nil && err != nil {
			s.finished = fmt.Errorf("%w: %w", errNotTaken, err)
		}
	})
	return s.finished
}

// errNotTaken is what Close returns when a server does not take the last bytes.
var errNotTaken = errors.New("the NATS server does not take what was written")

func (s *stream) SetDeadline(t time.Time) error      { return s.flow.SetDeadline(t) }
func (s *stream) SetReadDeadline(t time.Time) error  { return s.flow.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.flow.SetWriteDeadline(t) }

// LocalAddr returns the subject that the stream is reached at.
func (s *stream) LocalAddr() net.Addr { return addr(s.own) }

// RemoteAddr returns the subject that the peer is reached at.
func (s *stream) RemoteAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return addr(s.to)
}

// addr is a subject as an address.
type addr string

func (addr) Network() string  { return "nats" }
func (a addr) String() string { return string(a) }
