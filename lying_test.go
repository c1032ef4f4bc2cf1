package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/duplex-go/duplex"
)

// liar is a stream with the least methods whose Read and Write say what they
// are told to.
type liar struct {
	read  func(p []byte) (int, error)
	write func(p []byte) (int, error)
}

func (l *liar) Read(p []byte) (int, error) {
	if l.read == nil {
		return 0, io.EOF
	}
	return l.read(p)
}

func (l *liar) Write(p []byte) (int, error) {
	if l.write == nil {
		return len(p), nil
	}
	return l.write(p)
}

func (*liar) CloseWrite() error { return nil }
func (*liar) Close() error      { return nil }

// impossible are results that no Read and no Write may give.
var impossible = map[string]func(p []byte) (int, error){
	"more than there is":           func(p []byte) (int, error) { return len(p) + 1, nil },
	"less than nothing":            func(p []byte) (int, error) { return -1, nil },
	"less than nothing, and fails": func(p []byte) (int, error) { return -1, errors.New("broken") },
	"more than there is, and ends": func(p []byte) (int, error) { return len(p) + 1, io.EOF },
}

// A Read that claims what cannot be is a failure of its stream, and no panic of
// whoever reads.
func TestAnImpossibleReadIsAnError(t *testing.T) {
	pass := duplex.Decoder(func(r io.Reader) io.Reader { return struct{ io.Reader }{r} })
	for claim, read := range impossible {
		lie := &liar{read: read}
		for name, use := range map[string]func() error{
			"Pipeline": func() error {
				return duplex.Pipeline(t.Context(), duplex.From(lie), duplex.To(io.Discard))
			},
			"Pipeline with a decoder": func() error {
				return duplex.Pipeline(t.Context(), duplex.From(lie), pass, duplex.To(io.Discard))
			},
			"Join": func() error {
				_, err := duplex.Join(t.Context(), lie, &liar{})
				return err
			},
			"Chunks": func() error {
				for _, err := range duplex.Chunks(lie) {
					if err != nil {
						return err
					}
				}
				return nil
			},
			"Handler": func() error {
				failed := make(chan error, 1)
				c := duplex.Handle(lie, duplex.Handler{Error: func(_ *duplex.Conn, err error) { failed <- err }})
				_ = c.Wait(context.Background())
				return within(t, "error", failed)
			},
			"decoder": func() error {
				_, err := io.ReadAll(duplex.Decoder(func(io.Reader) io.Reader { return lie }).Reader(new(bytes.Buffer)))
				return err
			},
			"decoder as a writer": func() error {
				w := duplex.Decoder(func(io.Reader) io.Reader { return lie }).Writer(io.Discard)
				_, _ = w.Write([]byte("x"))
				return w.Close()
			},
			"Shutdown": func() error {
				return duplex.Shutdown(t.Context(), lie)
			},
		} {
			t.Run(name+"/"+claim, func(t *testing.T) {
				if use() == nil {
					t.Error("it passes for a good one")
				}
			})
		}
	}
}

// A reader that never has anything, and never says so, holds nobody up.
func TestAReadThatGivesNothingForEverIsAnError(t *testing.T) {
	idle := &liar{read: func([]byte) (int, error) { return 0, nil }}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, duplex.Shutdown(ctx, idle), context.Canceled)
	wantError(t, duplex.Shutdown(t.Context(), idle), io.ErrNoProgress)
	wantError(t, duplex.Pipeline(t.Context(), duplex.From(idle), duplex.To(io.Discard)), io.ErrNoProgress)
}

// The same of a Write, and of one that takes less than all without an error,
// which would lose the rest in silence.
func TestAnImpossibleWriteIsAnError(t *testing.T) {
	claims := map[string]func(p []byte) (int, error){
		"less than all": func(p []byte) (int, error) { return len(p) - 1, nil },
	}
	for claim, write := range impossible {
		claims[claim] = write
	}
	upper := duplex.Map(bytes.ToUpper)
	for claim, write := range claims {
		lie := &liar{write: write}
		for name, use := range map[string]func() error{
			"Pipeline": func() error {
				return duplex.Pipeline(t.Context(), duplex.From(bytes.NewReader(pattern(9000))), duplex.To(lie))
			},
			"Pipeline with an encoder": func() error {
				return duplex.Pipeline(t.Context(), duplex.From(bytes.NewReader(pattern(9000))), upper, duplex.To(lie))
			},
			"Layer": func() error {
				l := duplex.Layer(lie, duplex.Codec{Encode: upper})
				_, err := l.Write([]byte("abc"))
				_, again := l.Write([]byte("abc"))
				if (err == nil) != (again == nil) {
					return nil
				}
				return err
			},
			"encoder": func() error {
				enc := duplex.Encoder(func(io.Writer) io.WriteCloser { return lie })
				_, err := duplex.Layer(&liar{}, duplex.Codec{Encode: enc}).Write([]byte("abc"))
				return err
			},
			"WriteBuffers": func() error {
				_, err := duplex.NewConn(lie).WriteBuffers([]byte("abc"), []byte("def"))
				return err
			},
			"Uncork": func() error {
				c := duplex.NewConn(lie)
				c.Cork()
				_, _ = c.Write([]byte("abc"))
				return c.Uncork()
			},
			"Outbox": func() error {
				o := duplex.NewOutbox(lie)
				_ = o.Send([]byte("abc"))
				return o.Flush(t.Context())
			},
		} {
			t.Run(name+"/"+claim, func(t *testing.T) {
				if use() == nil {
					t.Error("it passes for a good one")
				}
			})
		}
	}
}
