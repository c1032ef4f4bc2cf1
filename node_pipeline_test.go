package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
)

// Group D, first part: pipelines.

// nodeSource is a source of one-byte chunks that can be closed.
type nodeSource struct {
	io.Reader
	log *nodeLog
}

func newNodeSource(log *nodeLog, r io.Reader) *nodeSource { return &nodeSource{r, log} }

func (s *nodeSource) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(1, len(p))]) }

func (s *nodeSource) Close() error {
	s.log.add("source closed")
	return nil
}

// nodeWriter is a plain sink that can be closed.
type nodeWriter struct {
	io.Writer
	log *nodeLog
}

func (w *nodeWriter) Close() error {
	w.log.add("sink closed")
	return nil
}

// endless is a source that has always more.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "more"), nil }

func TestD1_PipelineReturnsOnceItsSinkHasFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nodeLog
		var out bytes.Buffer
		a, b := duplex.Pair()
		sink := duplex.Wrap(a, duplex.Hooks{CloseWrite: func() error {
			time.Sleep(time.Second) // of the bubble
			log.add("finish")
			return a.CloseWrite()
		}})
		read := make(chan error, 1)
		go func() {
			_, err := out.ReadFrom(b)
			read <- err
		}()
		err := duplex.Pipeline(t.Context(), duplex.From(newNodeSource(&log, strings.NewReader("data"))),
			duplex.Map(bytes.ToUpper), duplex.To(sink))
		log.add("done %v", err)
		nodeNoError(t, <-read)
		log.want(t, "finish", "source closed", "done <nil>")
		if out.String() != "DATA" {
			t.Errorf("the sink got %q", out.String())
		}
		// A stream was ended, not closed: its other direction is open.
		nodeSay(t, b, "reply")
		nodeHear(t, sink, "reply")
	})
}

// A pipeline with one of everything in the middle. Each part notes when it is
// freed.
func nodeEverything(log *nodeLog, encoderFails, streamFails error) []duplex.Stage {
	encoder := duplex.Encoder(func(w io.Writer) *nodeEncoder {
		if encoderFails != nil {
			w = &nodeFailing{w, encoderFails, 3}
		}
		return &nodeEncoder{Writer: w, release: func() { log.add("encoder closed") }}
	}).Named("encoder")
	decoder := duplex.Decoder(func(r io.Reader) *nodeDecoder { return &nodeDecoder{r, log} }).Named("decoder")
	through := duplex.Transform{}.Stream()
	stream := duplex.Wrap(through, duplex.Hooks{
		Read: func(p []byte) (int, error) {
			if streamFails != nil {
				return 0, streamFails
			}
			return through.Read(p)
		},
		Close: func() error {
			log.add("stream closed")
			return through.Close()
		},
	})
	function := duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
		defer log.add("function returned")
		_, err := io.Copy(w, r)
		return err
	})
	return []duplex.Stage{decoder, function, duplex.Via(stream), encoder}
}

type nodeDecoder struct {
	io.Reader
	log *nodeLog
}

func (d *nodeDecoder) Close() error {
	d.log.add("decoder closed")
	return nil
}

func TestD2_FailureOfAnyStageClosesAll(t *testing.T) {
	failure := errors.New("stage failed")
	for _, tt := range []struct {
		name            string
		encoder, stream error
		sinkTakes       int // chunks before the sink fails; 0: it does not
		stage           int
	}{
		{"stream in the middle", nil, failure, 0, 3},
		{"encoder", failure, nil, 0, 4},
		{"sink at chunk 10", nil, nil, 9, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log nodeLog
			var out bytes.Buffer
			var sink io.Writer = &out
			if tt.sinkTakes > 0 {
				sink = &nodeFailing{&out, failure, tt.sinkTakes}
			}
			stages := []duplex.Stage{duplex.From(newNodeSource(&log, endless{}))}
			stages = append(stages, nodeEverything(&log, tt.encoder, tt.stream)...)
			stages = append(stages, duplex.To(&nodeWriter{sink, &log}))
			err := duplex.Pipeline(t.Context(), stages...)
			var stage *duplex.StageError
			if !errors.As(err, &stage) || stage.Err != failure || stage.Index != tt.stage {
				t.Errorf("the pipeline returned %v; want stage %d and the failure itself", err, tt.stage)
			}
			for _, note := range []string{"source closed", "decoder closed", "function returned", "stream closed", "sink closed"} {
				if !log.has(note) {
					t.Errorf("not noted: %s", note)
				}
			}
			// An encoder is made at its first byte, which a broken stage before
			// it does not let through.
			if made := tt.stream == nil; log.has("encoder closed") != made {
				t.Errorf("encoder closed: %v, want %v", !made, made)
			}
		})
	}
}

func TestD3_StreamClosedInThePipelineIsAnError(t *testing.T) {
	for _, tt := range []struct {
		name  string
		close func(src, from, to, dst *duplex.PairEnd) error
		want  error
		stage int
	}{
		{"the source", func(src, _, _, _ *duplex.PairEnd) error { return src.Close() }, net.ErrClosed, 0},
		{"the sink", func(_, _, to, _ *duplex.PairEnd) error { return to.Close() }, net.ErrClosed, 1},
		{"the sink's peer", func(_, _, _, dst *duplex.PairEnd) error { return dst.Close() }, duplex.ErrPeerClosed, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, from := duplex.Pair()
				to, dst := duplex.Pair()
				done := make(chan error, 1)
				go func() { done <- duplex.Pipeline(t.Context(), duplex.From(src), duplex.To(to)) }()
				nodeSay(t, from, "half")
				nodeHear(t, dst, "half")
				nodeNoError(t, tt.close(src, from, to, dst))
				_, _ = io.WriteString(from, "the other half") // so that the sink is used again
				err := <-done
				var stage *duplex.StageError
				if !errors.Is(err, tt.want) || !errors.As(err, &stage) || stage.Index != tt.stage {
					t.Errorf("the pipeline returned %v, want %v of stage %d", err, tt.want, tt.stage)
				}
				// Neither peer takes that for an end.
				for name, end := range map[string]*duplex.PairEnd{"source": from, "sink": dst} {
					if _, err := io.WriteString(end, "x"); err == nil {
						t.Errorf("the %s's peer can still write", name)
					}
				}
				if _, err := dst.Read(make([]byte, 1)); err == io.EOF && tt.name == "the source" {
					t.Error("the sink's peer read an end")
				}
			})
		})
	}
}

// The first error wins: what the pipeline closes because of it fails too, in
// the middle of a read and of a write, and is not what is reported.
func TestD4_FailureIsReportedAndNotTheCloseThatComesWithIt(t *testing.T) {
	failure := errors.New("real failure")
	synctest.Test(t, func(t *testing.T) {
		src, from := duplex.Pair()
		to, _ := duplex.PairConfig{HighWaterMark: 1}.Pair()
		closed := make(chan error, 2)
		note := func(s duplex.Stream) *duplex.Wrapped {
			return duplex.Wrap(s, duplex.Hooks{
				Read: func(p []byte) (int, error) {
					n, err := s.Read(p)
					if err != nil {
						closed <- err
					}
					return n, err
				},
				Write: func(p []byte) (int, error) {
					n, err := s.Write(p)
					if err != nil {
						closed <- err
					}
					return n, err
				},
			})
		}
		fails := duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
			_, _ = io.CopyN(w, r, 4)
			synctest.Wait() // until the sink is stuck and the source silent
			return failure
		})
		nodeSay(t, from, "data")
		err := duplex.Pipeline(t.Context(), duplex.From(note(src)), fails, duplex.To(note(to)))
		var stage *duplex.StageError
		if !errors.As(err, &stage) || stage.Err != failure || stage.Index != 1 {
			t.Errorf("the pipeline returned %v", err)
		}
		for range 2 {
			if err := <-closed; !errors.Is(err, net.ErrClosed) || !errors.Is(err, failure) {
				t.Errorf("a neighbour's call returned %v, want a close with its cause", err)
			}
		}
	})
}

func TestD5_ContextStopsARunningOrAStuckPipeline(t *testing.T) {
	cause := errors.New("the reason")
	for _, tt := range []struct {
		name   string
		before bool // cancelled before it starts
		stuck  bool // the sink takes no more
	}{
		{"before", true, false}, {"waiting for its source", false, false}, {"stuck in its sink", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				src, from := duplex.Pair()
				to, dst := duplex.PairConfig{HighWaterMark: 1}.Pair()
				if tt.before {
					cancel(cause)
				}
				if tt.stuck {
					nodeSay(t, from, "more than the sink takes")
				}
				done := make(chan error, 1)
				go func() {
					done <- duplex.Pipeline(ctx, duplex.From(src), duplex.Map(bytes.ToUpper), duplex.To(to))
				}()
				synctest.Wait()
				cancel(cause)
				if err := <-done; !errors.Is(err, cause) {
					t.Errorf("the pipeline returned %v", err)
				}
				for name, end := range map[string]*duplex.PairEnd{"source": from, "sink": dst} {
					if _, err := io.WriteString(end, "x"); !errors.Is(err, duplex.ErrAborted) || !errors.Is(err, cause) {
						t.Errorf("the %s's peer got %v, want an abort with the cause", name, err)
					}
				}
			})
		})
	}
}

func TestD6_SinkKeptOpenIsWritableAfterwards(t *testing.T) {
	for _, failure := range []error{nil, errors.New("source failed")} {
		a, b := duplex.Pair()
		src := io.MultiReader(strings.NewReader("data "), &nodeBroken{failure})
		err := duplex.Pipeline(t.Context(), duplex.From(src), duplex.Sink{Writer: a, KeepOpen: true})
		if !errors.Is(err, failure) {
			t.Errorf("the pipeline returned %v, want %v", err, failure)
		}
		nodeSay(t, a, "and a reply") // an error reply, say: Node's pipeline has destroyed a by now
		nodeNoError(t, a.CloseWrite())
		nodeHearEnd(t, b, "data and a reply")
	}
}

// nodeBroken is a source that fails, or ends if err is nil.
type nodeBroken struct{ err error }

func (r *nodeBroken) Read([]byte) (int, error) {
	if r.err == nil {
		return 0, io.EOF
	}
	return 0, r.err
}

// nodeLetters is a generator with something to clean up.
func nodeLetters(log *nodeLog) func(yield func(byte) bool) {
	return func(yield func(byte) bool) {
		defer log.add("generator cleaned up")
		for c := byte('a'); c <= 'z'; c++ {
			if !yield(c) {
				return
			}
		}
	}
}

// A generator is a function stage that does not look at its input.
func nodeGenerator(log *nodeLog) duplex.StageFunc {
	return func(_ context.Context, _ io.Reader, w io.Writer) error {
		for c := range nodeLetters(log) {
			if _, err := w.Write([]byte{c}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestD7_FunctionsAreSourceStageAndSink(t *testing.T) {
	double := duplex.StageFunc(func(_ context.Context, r io.Reader, w io.Writer) error {
		for p, err := range duplex.Chunks(r) {
			if err != nil {
				return err
			}
			if _, err := w.Write(bytes.Repeat(p, 2)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, tt := range []struct {
		name  string
		limit int64 // how much the sink reads before it has enough
		want  int64
	}{
		{"to the end", 1 << 20, 2 * 26}, {"stops early", 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log nodeLog
			var value int64
			count := duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) (err error) {
				value, err = io.Copy(io.Discard, io.LimitReader(r, tt.limit))
				return err
			})
			err := duplex.Pipeline(t.Context(), duplex.From(strings.NewReader("")), nodeGenerator(&log), double, count)
			if err != nil || value != tt.want {
				t.Errorf("the sink made %d of it, %v; want %d", value, err, tt.want)
			}
			log.want(t, "generator cleaned up")
		})
	}
}

func TestD7_SourceStopsWhenTheSinkHasEnough(t *testing.T) {
	var log nodeLog
	three := duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) error {
		_, err := io.ReadFull(r, make([]byte, 3))
		return err
	})
	if err := duplex.Pipeline(t.Context(), duplex.From(newNodeSource(&log, endless{})), three); err != nil {
		t.Error(err)
	}
	if !log.has("source closed") {
		t.Error("the source was not closed")
	}
}

// A source that is silent when the sink has enough is left alone: nothing waits
// for its next word.
func TestD7_SilentSourceIsLeftWhenTheSinkHasEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, from := duplex.Pair()
		three := duplex.StageFunc(func(_ context.Context, r io.Reader, _ io.Writer) error {
			_, err := io.ReadFull(r, make([]byte, 3))
			return err
		})
		nodeSay(t, from, "abc")
		nodeNoError(t, duplex.Pipeline(t.Context(), duplex.From(src), three))
		nodeSay(t, from, "for the next reader")
		nodeHear(t, src, "for the next reader")
	})
}
