package duplex_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// passOn is a stage function that copies.
var passOn = duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
	_, err := io.Copy(w, r)
	return err
})

func TestPipelineRunsThroughEveryKindOfStage(t *testing.T) {
	in := pattern(300_000)
	for name, stages := range map[string]func() []duplex.Stage{
		"nothing":    func() []duplex.Stage { return nil },
		"an encoder": func() []duplex.Stage { return []duplex.Stage{stdXor.Encode, stdXor.Encode} },
		"codecs":     func() []duplex.Stage { return []duplex.Stage{stdGzip.Encode, stdGzip.Decode} },
		"decoder then encode": func() []duplex.Stage {
			return []duplex.Stage{stdHex.Encode, stdHex.Decode, stdXor.Encode, stdXor.Encode}
		},
		"a composition": func() []duplex.Stage {
			return []duplex.Stage{duplex.Compose(stdHex.Encode, stdGzip.Encode, stdGzip.Decode, stdHex.Decode)}
		},
		"a stream":       func() []duplex.Stage { return []duplex.Stage{duplex.Via(duplex.Transform{}.Stream())} },
		"a codec stream": func() []duplex.Stage { return []duplex.Stage{duplex.Via(stdZlib.Encode.Stream()), stdZlib.Decode} },
		"a function":     func() []duplex.Stage { return []duplex.Stage{passOn} },
		"functions":      func() []duplex.Stage { return []duplex.Stage{passOn, passOn, passOn} },
		"everything": func() []duplex.Stage {
			return []duplex.Stage{stdXor.Encode, passOn, stdGzip.Encode, duplex.Via(duplex.Transform{}.Stream()), stdGzip.Decode, passOn, stdXor.Decode}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			all := append([]duplex.Stage{duplex.From(&piecewise{p: in, n: 5000})}, stages()...)
			noError(t, duplex.Pipeline(t.Context(), append(all, duplex.To(&out))...))
			if !bytes.Equal(out.Bytes(), in) {
				t.Errorf("%d bytes come out, want %d", out.Len(), len(in))
			}
		})
	}
}

func TestPipelineFunctionMayBeTheSink(t *testing.T) {
	var got string
	err := duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("6f6b")), stdHex.Decode,
		duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
			if w != nil {
				t.Error("the last function has something to write to")
			}
			p, err := io.ReadAll(r)
			got = string(p)
			return err
		}))
	noError(t, err)
	if got != "ok" {
		t.Errorf("the function read %q", got)
	}
}

func TestPipelineEchoesOnOneStream(t *testing.T) {
	for _, kind := range grounds {
		t.Run(kind.name, func(t *testing.T) {
			client, server := kind.ends(t)
			done := background(func() error {
				return duplex.Pipeline(t.Context(), duplex.Source{Reader: server, Live: true}, duplex.Map(bytes.ToUpper), duplex.To(server))
			})
			send(t, client, "hello")
			receive(t, client, "HELLO")
			send(t, client, "world")
			receive(t, client, "WORLD")
			noError(t, client.CloseWrite())
			receiveEnd(t, client, "") // ended, and not reset
			noError(t, within(t, "pipeline", done))
			if err := oneByteTo(server); errors.Is(err, net.ErrClosed) {
				t.Error("the stream was closed, not ended")
			}
		})
	}
}

func TestPipelineRefusesStagesInTheWrongPlace(t *testing.T) {
	from, to := duplex.From(strings.NewReader("")), duplex.To(io.Discard)
	for name, stages := range map[string][]duplex.Stage{
		"nothing":             {},
		"a source alone":      {from},
		"no source":           {stdXor.Encode, to},
		"no sink":             {from, stdXor.Encode},
		"two sources":         {from, from, to},
		"a sink in between":   {from, to, to},
		"a stream at the end": {from, duplex.Via(duplex.Transform{}.Stream())},
		"no function":         {from, duplex.StageFunc(nil), to},
		"no stage":            {from, nil, to},
		"a pointer":           {from, &stdXor.Encode, to},
		"what embeds one":     {from, struct{ duplex.Transform }{stdXor.Encode}, to},
	} {
		if err := duplex.Pipeline(t.Context(), stages...); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestPipelineErrorsNameTheirStageAndKeepTheCause(t *testing.T) {
	broken := errors.New("broken")
	source := func() duplex.Stage { return duplex.From(strings.NewReader("some longer text")) }
	sink := duplex.To(io.Discard)
	failing := func(name string) duplex.Transform {
		return duplex.Encoder(func(w io.Writer) io.WriteCloser {
			return &hookedCloser{iotestWriter{broken}, func() error { return nil }, func() {}}
		}).Named(name)
	}
	failingEnd := duplex.Encoder(func(w io.Writer) io.WriteCloser {
		return &hookedCloser{w, func() error { return broken }, func() {}}
	}).Named("fails at the end")
	failingPull := duplex.Decoder(func(r io.Reader) io.Reader { return iotest.ErrReader(broken) }).Named("pull")
	function := duplex.StageFunc(func(context.Context, io.Reader, io.Writer) error { return broken })
	for _, tc := range []struct {
		name   string
		stages []duplex.Stage
		index  int
		stage  string
		cause  error
	}{
		{"source", []duplex.Stage{duplex.From(iotest.ErrReader(broken)), sink}, 0, "*iotest.errReader", broken},
		{"source under a decoder", []duplex.Stage{duplex.From(iotest.ErrReader(broken)), stdGzip.Decode, sink}, 0, "*iotest.errReader", broken},
		{"source before an encoder", []duplex.Stage{duplex.From(iotest.ErrReader(broken)), stdGzip.Encode, sink}, 0, "*iotest.errReader", broken},
		{"sink", []duplex.Stage{source(), duplex.To(iotestWriter{broken})}, 1, "duplex_test.iotestWriter", broken},
		{"sink behind an encoder", []duplex.Stage{source(), stdXor.Encode, duplex.To(iotestWriter{broken})}, 2, "duplex_test.iotestWriter", broken},
		{"sink behind a trailer", []duplex.Stage{duplex.From(strings.NewReader("")), stdXor.Encode, stdGzip.Encode, duplex.To(iotestWriter{broken})}, 3, "duplex_test.iotestWriter", broken},
		{"encoder", []duplex.Stage{source(), stdXor.Encode, failing("push"), stdXor.Encode, sink}, 2, "push", broken},
		{"encoder's end", []duplex.Stage{source(), stdXor.Encode, failingEnd, stdXor.Encode, sink}, 2, "fails at the end", broken},
		{"encoder before a decoder", []duplex.Stage{source(), failing("push"), stdHex.Decode, sink}, 1, "push", broken},
		{"decoder", []duplex.Stage{source(), failingPull, stdXor.Encode, sink}, 1, "pull", broken},
		{"decoder's input", []duplex.Stage{source(), stdXor.Encode, stdGzip.Decode, sink}, 2, "gunzip", gzip.ErrHeader},
		{"decoder's end", []duplex.Stage{duplex.From(strings.NewReader("")), stdGzip.Decode, sink}, 1, "gunzip", io.ErrUnexpectedEOF},
		{"function", []duplex.Stage{source(), stdXor.Encode, function, sink}, 2, "function", broken},
		{"function as sink", []duplex.Stage{source(), function}, 1, "function", broken},
		{"stream that cannot end", []duplex.Stage{source(), duplex.Via(duplex.Combine(strings.NewReader(""), io.Discard)), sink}, 1, "*duplex.combined", duplex.ErrNoCloseWrite},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := duplex.Pipeline(t.Context(), tc.stages...)
			wantError(t, err, tc.cause)
			var stage *duplex.StageError
			if !errors.As(err, &stage) {
				t.Fatalf("%v is no StageError", err)
			}
			if stage.Index != tc.index || stage.Name != tc.stage {
				t.Errorf("it blames stage %d (%s), want %d (%s)", stage.Index, stage.Name, tc.index, tc.stage)
			}
			if nested := (*duplex.StageError)(nil); errors.As(stage.Err, &nested) {
				t.Errorf("one error is noted twice: %v", err)
			}
		})
	}
}

func TestPipelinePanicOfAFunctionIsItsError(t *testing.T) {
	err := duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("x")),
		duplex.StageFunc(func(context.Context, io.Reader, io.Writer) error { panic("ouch") }), duplex.To(io.Discard))
	var panicked *duplex.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "ouch" {
		t.Errorf("the pipeline returned %v", err)
	}
}

func TestPipelineFailureAbortsStreamsAndClosesTheRest(t *testing.T) {
	broken := errors.New("broken")
	synctest.Test(t, func(t *testing.T) {
		a, from := duplex.Pair()
		b, to := duplex.Pair()
		done := background(func() error {
			return duplex.Pipeline(t.Context(), duplex.From(from), duplex.Via(duplex.Transform{}.Stream()),
				duplex.StageFunc(func(context.Context, io.Reader, io.Writer) error { return broken }), duplex.To(to))
		})
		wantError(t, <-done, broken)
		for _, far := range []*duplex.PairEnd{a, b} {
			wantError(t, oneByte(far), duplex.ErrAborted, broken) // no clean end anywhere
			wantError(t, oneByteTo(far), duplex.ErrAborted, broken)
		}
	})
	var closed []string
	noteClose := func(name string) io.Closer {
		return closerFunc(func() error { closed = append(closed, name); return nil })
	}
	err := duplex.Pipeline(t.Context(),
		duplex.From(struct {
			io.Reader
			io.Closer
		}{iotest.ErrReader(broken), noteClose("source")}),
		duplex.To(struct {
			io.Writer
			io.Closer
		}{io.Discard, noteClose("sink")}))
	wantError(t, err, broken)
	if strings.Join(closed, " ") != "source sink" {
		t.Errorf("closed: %v", closed)
	}
}

func TestPipelineSuccessEndsTheSinkAndClosesPlainClosers(t *testing.T) {
	closed := map[string]int{}
	noteClose := func(name string) io.Closer {
		return closerFunc(func() error { closed[name]++; return nil })
	}
	noError(t, duplex.Pipeline(t.Context(),
		duplex.From(struct {
			io.Reader
			io.Closer
		}{strings.NewReader("x"), noteClose("source")}),
		duplex.To(struct {
			io.Writer
			io.Closer
		}{io.Discard, noteClose("sink")})))
	if closed["source"] != 1 || closed["sink"] != 1 {
		t.Errorf("closed: %v", closed)
	}
	broken := errors.New("disk full")
	err := duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("x")), duplex.To(struct {
		io.Writer
		io.Closer
	}{io.Discard, closerFunc(func() error { return broken })}))
	wantError(t, err, broken) // what a file says when it is closed counts
}

func TestPipelineKeepOpenTouchesNeitherEnd(t *testing.T) {
	broken := errors.New("broken")
	for _, tc := range []struct {
		name  string
		stage duplex.Stage
		err   error
	}{
		{"success", stdXor.Encode, nil},
		{"failure", duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) error {
			oneByte(r)
			return broken
		}), broken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, from := duplex.Pair()
				to, b := duplex.Pair()
				send(t, a, "x")
				if tc.err == nil {
					noError(t, a.CloseWrite())
				}
				// Somebody else reads where the pipeline writes.
				read := background(func() error { return oneByte(to) })
				err := duplex.Pipeline(t.Context(), duplex.Source{Reader: from, KeepOpen: true}, tc.stage, duplex.Sink{Writer: to, KeepOpen: true})
				wantError(t, err, tc.err)
				synctest.Wait()
				select {
				case err := <-read:
					t.Errorf("the pipeline ended a read of somebody else: %v", err)
				default:
				}
				send(t, from, "still open")
				receive(t, a, "still open")
				send(t, to, ".")
				noError(t, oneByte(b))
				send(t, b, "y")
				noError(t, <-read)
			})
		})
	}
}

func TestPipelineContextEndsItWithItsCause(t *testing.T) {
	cause := errors.New("enough")
	for name, keep := range map[string]bool{"owned": false, "kept open": true} {
		for _, blocked := range []string{"read", "write"} {
			t.Run(name+", blocked in a "+blocked, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					_, from := duplex.Pair()
					to, _ := duplex.Pair()
					var source io.Reader = from
					if blocked == "write" {
						source = endlessZeros{}
					}
					done := background(func() error {
						return duplex.Pipeline(ctx, duplex.Source{Reader: source, KeepOpen: keep}, stdXor.Encode, duplex.Sink{Writer: to, KeepOpen: keep})
					})
					synctest.Wait()
					cancel(cause)
					wantError(t, <-done, cause)
					if closed := to.SetDeadline(time.Time{}) != nil; closed == keep {
						t.Errorf("the sink is closed: %v", closed)
					}
				})
			})
		}
	}
}

func TestPipelineWithAnEndedContextRunsNothing(t *testing.T) {
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	a, from := duplex.Pair()
	err := duplex.Pipeline(ctx, duplex.From(from), duplex.StageFunc(func(context.Context, io.Reader, io.Writer) error {
		t.Error("a stage ran")
		return nil
	}))
	wantError(t, err, cause)
	wantError(t, oneByte(a), duplex.ErrAborted, cause)
}

func TestPipelineFunctionGetsAContextThatEndsWithTheFirstFailure(t *testing.T) {
	broken := errors.New("broken")
	synctest.Test(t, func(t *testing.T) {
		a, from := duplex.Pair()
		done := background(func() error {
			return duplex.Pipeline(t.Context(), duplex.From(from), duplex.StageFunc(func(ctx context.Context, r io.Reader, w io.Writer) error {
				<-ctx.Done() // deaf to its reader and writer
				return nil
			}), duplex.To(io.Discard))
		})
		synctest.Wait()
		noError(t, a.Abort(broken))
		wantError(t, <-done, broken)
	})
}

func TestPipelineFunctionThatStopsEarlyIsNoFailure(t *testing.T) {
	head := duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
		_, err := io.CopyN(w, r, 10)
		return err
	})
	for name, before := range map[string]func() []duplex.Stage{
		"directly":           func() []duplex.Stage { return nil },
		"behind a transform": func() []duplex.Stage { return []duplex.Stage{stdXor.Encode, stdXor.Encode} },
		"behind a stream":    func() []duplex.Stage { return []duplex.Stage{duplex.Via(duplex.Transform{}.Stream())} },
		"behind a function":  func() []duplex.Stage { return []duplex.Stage{passOn} },
	} {
		run := func(t *testing.T, source io.Reader) {
			t.Helper()
			var out bytes.Buffer
			stages := append([]duplex.Stage{duplex.From(source)}, before()...)
			noError(t, duplex.Pipeline(t.Context(), append(stages, head, duplex.To(&out))...))
			if !bytes.Equal(out.Bytes(), pattern(10)) {
				t.Errorf("%q came out", out.Bytes())
			}
		}
		t.Run(name+", source without an end", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run(t, io.MultiReader(bytes.NewReader(pattern(20)), endlessZeros{}))
			})
		})
		t.Run(name+", silent source", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := duplex.Pair()
				send(t, a, string(pattern(20)))
				run(t, b) // with a read of it pending
				send(t, b, "still open")
				receive(t, a, "still open")
			})
		})
	}
}

func TestPipelineLiveSourceFlushesWhenItPauses(t *testing.T) {
	for _, kind := range grounds {
		for name, middle := range map[string][]duplex.Stage{
			"encoder":           {stdGzip.Encode},
			"two encoders":      {stdZlib.Encode, stdGzip.Encode},
			"recoder":           {stdXor.Encode, stdHex.Encode, stdHex.Decode, stdGzip.Encode},
			"behind a function": {passOn, stdGzip.Encode},
		} {
			t.Run(kind.name+", "+name, func(t *testing.T) {
				client, server := kind.ends(t)
				sink, out := duplex.Pair()
				done := background(func() error {
					stages := append([]duplex.Stage{duplex.Source{Reader: server, Live: true}}, middle...)
					return duplex.Pipeline(t.Context(), append(stages, duplex.To(out))...)
				})
				undo := map[string]duplex.Transform{
					"encoder": stdGzip.Decode, "behind a function": stdGzip.Decode,
					"two encoders": duplex.Compose(stdGzip.Decode, stdZlib.Decode),
					"recoder":      duplex.Compose(stdGzip.Decode, stdXor.Decode),
				}[name]
				r := undo.Reader(sink)
				for range 3 {
					send(t, client, "heard at once")
					receive(t, r, "heard at once")
				}
				noError(t, client.CloseWrite())
				receiveEnd(t, r, "")
				noError(t, within(t, "pipeline", done))
			})
		}
	}
}

func TestPipelineRestoresTheDeadlineOfASourceThatItInterrupted(t *testing.T) {
	a, from := tcpEnds(t)
	send(t, a, "one")
	noError(t, duplex.Pipeline(t.Context(), duplex.From(from), duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) error {
		_, err := io.ReadFull(r, make([]byte, 3))
		return err
	})))
	later := background(func() error { return oneByte(from) })
	send(t, a, "2")
	if err := within(t, "read", later); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the source was left with a deadline in the past")
	}
}
