package duplextest_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// broken is a stream with one bug that real streams have had.
type broken struct {
	name string
	want []string // checks that have to fail for it
	rule string   // a sentence that has to be named
	wrap func(*duplex.PairEnd) duplex.Stream
}

var brokenStreams = []broken{
	{"CloseWrite does nothing",
		[]string{"the end comes after the last byte", "the end of nothing is an end"},
		"CloseWrite sends what is buffered",
		func(e *duplex.PairEnd) duplex.Stream {
			return duplex.Wrap(e, duplex.Hooks{CloseWrite: func() error { return nil }})
		}},
	{"CloseWrite closes",
		[]string{"an ended side reads on", "an end leaves the other direction flowing"},
		"CloseWrite sends what is buffered",
		func(e *duplex.PairEnd) duplex.Stream {
			return duplex.Wrap(e, duplex.Hooks{CloseWrite: e.Close})
		}},
	{"CloseWrite fails the second time",
		[]string{"CloseWrite twice is harmless"},
		"Calling it twice is harmless.",
		func(e *duplex.PairEnd) duplex.Stream {
			var once sync.Once
			return duplex.Wrap(e, duplex.Hooks{CloseWrite: func() error {
				err := errors.New("already ended")
				once.Do(func() { err = e.CloseWrite() })
				return err
			}})
		}},
	{"the last write is lost",
		[]string{"bytes arrive whole and in order", "the end comes after the last byte"},
		"Bytes arrive in order, whole and once.",
		func(e *duplex.PairEnd) duplex.Stream {
			var mu sync.Mutex
			var held []byte // until the next Write
			return duplex.Wrap(e, duplex.Hooks{Write: func(p []byte) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				_, err := e.Write(held)
				held = append([]byte(nil), p...)
				return len(p), err
			}})
		}},
	{"an abort is an end",
		[]string{"an abort is no end for the peer"},
		"a cut is an error, never io.EOF.",
		func(e *duplex.PairEnd) duplex.Stream { return hidden{e} }},
	{"writers are mixed",
		[]string{"writers are served one after the other"},
		"their bytes are never interleaved.",
		func(e *duplex.PairEnd) duplex.Stream {
			return duplex.Wrap(e, duplex.Hooks{Write: func(p []byte) (n int, err error) {
				for n < len(p) && err == nil {
					var m int
					m, err = e.Write(p[n:min(n+100, len(p))])
					n += m
					runtime.Gosched()
				}
				return n, err
			}})
		}},
	{"the buffer has no bound",
		[]string{"a writer stops for a reader that does not read"},
		"Memory is bounded by configuration",
		func(e *duplex.PairEnd) duplex.Stream { return unbounded(e) }},
	{"Close leaves calls waiting",
		[]string{"Close unblocks a Read", "Close unblocks a Write"},
		"Close unblocks every pending call.",
		func(e *duplex.PairEnd) duplex.Stream { return &stubborn{PairEnd: e} }},
	{"a Write keeps its argument",
		[]string{"bytes arrive whole and in order"},
		"Bytes arrive in order, whole and once.",
		func(e *duplex.PairEnd) duplex.Stream {
			var last []byte
			return duplex.Wrap(e, duplex.Hooks{
				Write: func(p []byte) (int, error) {
					_, err := e.Write(last)
					last = p
					return len(p), err
				},
				CloseWrite: func() error {
					_, _ = e.Write(last)
					last = nil
					return e.CloseWrite()
				},
			})
		}},
	{"a deadline is for ever",
		[]string{"a read deadline that has passed", "a read deadline taken back"},
		"a new one revives the stream.",
		func(e *duplex.PairEnd) duplex.Stream { return &expired{PairEnd: e} }},
	{"calls after Close return io.EOF",
		[]string{"calls after Close say so", "Close unblocks a Read"},
		"Afterwards calls return an error for which errors.Is(err, net.ErrClosed) is true.",
		func(e *duplex.PairEnd) duplex.Stream {
			return duplex.Wrap(e, duplex.Hooks{Read: func(p []byte) (int, error) {
				n, err := e.Read(p)
				if errors.Is(err, duplex.ErrClosed) {
					err = io.EOF
				}
				return n, err
			}})
		}},
	{"a goroutine stays",
		[]string{"bytes arrive whole and in order"},
		"left behind:",
		func(e *duplex.PairEnd) duplex.Stream {
			go func() { time.Sleep(time.Minute) }()
			return e
		}},
}

// hidden hides that a stream can be aborted.
type hidden struct{ *duplex.PairEnd }

func (h hidden) Abort(error) error { return h.Close() }

// stubborn waits for its pending calls to return by themselves before it
// closes.
type stubborn struct {
	*duplex.PairEnd
	pending sync.RWMutex
}

func (s *stubborn) Read(p []byte) (int, error) {
	s.pending.RLock()
	defer s.pending.RUnlock()
	return s.PairEnd.Read(p)
}

func (s *stubborn) Write(p []byte) (int, error) {
	s.pending.RLock()
	defer s.pending.RUnlock()
	return s.PairEnd.Write(p)
}

func (s *stubborn) Close() error {
	s.pending.Lock()
	defer s.pending.Unlock()
	return s.PairEnd.Close()
}

// expired does not take back a deadline that has passed.
type expired struct {
	*duplex.PairEnd
	mu   sync.Mutex
	over bool
}

func (e *expired) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = e.over || !t.IsZero() && !t.After(time.Now())
	if e.over {
		t = time.Unix(1, 0)
	}
	return e.PairEnd.SetReadDeadline(t)
}

// unbounded queues whatever is written.
func unbounded(e *duplex.PairEnd) duplex.Stream {
	var (
		mu    sync.Mutex
		queue [][]byte
		ended bool
		more  = make(chan struct{}, 1)
	)
	go func() {
		for range more {
			mu.Lock()
			now, end := queue, ended
			queue = nil
			mu.Unlock()
			for _, p := range now {
				if _, err := e.Write(p); err != nil {
					return
				}
			}
			if end {
				_ = e.CloseWrite()
			}
		}
	}()
	put := func(p []byte, end bool) {
		mu.Lock()
		defer mu.Unlock()
		if p != nil {
			queue = append(queue, append([]byte(nil), p...))
		}
		ended = ended || end
		select {
		case more <- struct{}{}:
		default:
		}
	}
	return duplex.Wrap(e, duplex.Hooks{
		Write:      func(p []byte) (int, error) { put(p, false); return len(p), nil },
		CloseWrite: func() error { put(nil, true); return nil },
	})
}

// brokenStream names the stream that TestBroken is run for in a process of its
// own.
const brokenStream = "DUPLEXTEST_BROKEN"

// TestBroken is not a test: TestBrokenStreamsAreFound expects it to fail.
func TestBroken(t *testing.T) {
	name := os.Getenv(brokenStream)
	if name == "" {
		t.Skip("run by TestBrokenStreamsAreFound")
	}
	for _, b := range brokenStreams {
		if b.name == name {
			suite := duplextest.Suite{
				Cause: true, MaxBuffered: duplex.DefaultHighWaterMark + 200_000,
				Patience: 500 * time.Millisecond,
			}
			suite.Stream(t, func(*testing.T) (x, y duplex.Stream) {
				p, q := duplex.Pair()
				return b.wrap(p), b.wrap(q)
			})
		}
	}
}

// TestBrokenStreamsAreFound guards the guard: each of these streams must fail
// the suite, in the checks that are for its bug and with the sentence that it
// breaks.
func TestBrokenStreamsAreFound(t *testing.T) {
	for _, b := range brokenStreams {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			// Only the checks meant for it, since others may wait for what
			// never comes, or panic.
			for _, check := range b.want {
				run := "^TestBroken$/^a_to_b$/^" + strings.ReplaceAll(check, " ", "_") + "$"
				cmd := exec.Command(os.Args[0], "-test.run", run, "-test.v", "-test.timeout", "60s")
				cmd.Env = append(os.Environ(), brokenStream+"="+b.name)
				out, err := cmd.CombinedOutput()
				switch text := string(out); {
				case err == nil:
					t.Errorf("%q passed\n%s", check, text)
				case !strings.Contains(text, "--- FAIL: TestBroken/a_to_b/"):
					t.Errorf("%q did not fail by itself: %v\n%s", check, err, text)
				case check == b.want[0] && !strings.Contains(text, b.rule):
					t.Errorf("%q failed without the words %q\n%s", check, b.rule, text)
				}
			}
		})
	}
}
