package duplex_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/duplex-go/duplex"
	"github.com/duplex-go/duplex/duplextest"
)

// eachFault calls run, in a bubble, with every fault there is for a program:
// each kind at each call, from the first to the last that run makes. run puts
// the fault on a stream, and returns that and what went wrong. It returns how
// many faults there were.
func eachFault(t *testing.T, name string, run func(duplextest.Fault) (*duplextest.Tampered, error)) (faults int) {
	t.Helper()
	for op := duplextest.OpRead; op <= duplextest.OpSetDeadline; op++ {
		for kind := duplextest.Error; kind <= duplextest.Reset; kind++ {
			for n := 1; ; n++ {
				f := duplextest.Fault{Op: op, N: n, Kind: kind}
				injected, err := 0, error(nil)
				synctest.Test(t, func(*testing.T) {
					var s *duplextest.Tampered
					s, err = run(f)
					injected = s.Injected()
				})
				if err != nil {
					t.Errorf("%s: %v: %v", name, f, err)
				}
				if injected == 0 {
					break
				}
				faults++
			}
		}
	}
	return faults
}

// enoughFaults guards the size of these tests: 20,000 faults in all, and a part
// of them under the race detector.
func enoughFaults(t *testing.T, faults, want int) {
	t.Helper()
	t.Logf("%d faults", faults)
	if faults < want && !underRace {
		t.Errorf("there were %d faults, want %d", faults, want)
	}
}

// cause returns what has to be found in the error of a program that met f, or
// nil if it need not take notice.
func cause(f duplextest.Fault, bound error) error {
	switch f.Op {
	case duplextest.OpClose, duplextest.OpSetDeadline:
		return nil // nothing is lost by these
	}
	switch f.Kind {
	case duplextest.Short:
		if f.Op == duplextest.OpWrite {
			return io.ErrShortWrite
		}
		return nil // a read may be short
	case duplextest.Stall:
		return bound
	}
	return duplextest.ErrInjected
}

// judge returns what is wrong with the outcome of a program that met f: it must
// fail with its cause, or have lost nothing.
func judge(f duplextest.Fault, s *duplextest.Tampered, bound, err error, talk *talk) error {
	if terr := talk.check(); terr != nil {
		return fmt.Errorf("%w (the program returned %v)", terr, err)
	}
	want := cause(f, bound)
	if s.Injected() == 0 {
		want = nil
	}
	switch {
	case want == nil && err != nil:
		return fmt.Errorf("the program failed: %w", err)
	case want != nil && !errors.Is(err, want):
		return fmt.Errorf("the program returned %v, want an error that matches %v", err, want)
	case err == nil:
		return talk.complete()
	}
	return nil
}

// TestR03_JoinPassesOnEveryFault fails every call of a join, of each of its
// streams and in each way, with buffers between one write and a hundred.
func TestR03_JoinPassesOnEveryFault(t *testing.T) {
	faults := 0
	for _, c := range []struct {
		size, piece, mark int
	}{
		{0, 1, 0}, {1, 1, 0}, {5000, 5000, 0}, {40, 1, 1}, {60, 1, 3}, {3000, 100, 100}, {6000, 200, 64}, {9200, 100, 90}, {140_000, 70_000, 0},
	} {
		if underRace && c.size > 3000 {
			continue
		}
		for _, on := range []string{"a", "b"} {
			eachWay(func(way string, join joinFunc) {
				name := fmt.Sprintf("%d bytes by %d, mark %d, fault on %s, %s", c.size, c.piece, c.mark, on, way)
				faults += eachFault(t, name, func(f duplextest.Fault) (*duplextest.Tampered, error) {
					return faultyJoin(f, on == "a", join, c.size, c.piece, c.mark)
				})
			})
		}
	}
	enoughFaults(t, faults, 12_000)
}

func faultyJoin(f duplextest.Fault, onA bool, join joinFunc, size, piece, mark int) (*duplextest.Tampered, error) {
	pair := duplex.PairConfig{HighWaterMark: mark}
	a, ja := pair.Pair()
	jb, b := pair.Pair()
	var sa, sb duplex.Stream = ja, jb
	var s *duplextest.Tampered
	if onA {
		s = f.Stream(ja)
		sa = s
	} else {
		s = f.Stream(jb)
		sb = s
	}
	talk := newTalk(a, b, size, piece)
	talk.start()
	res, err := join(context.Background(), duplex.Joiner{Idle: time.Hour, Linger: time.Minute}, sa, sb)
	talk.wait()
	if jerr := judge(f, s, duplex.ErrIdle, err, talk); jerr != nil {
		return s, jerr
	}
	for _, d := range []struct {
		duplex.Direction
		heard int
	}{{res.AB, len(talk.b.heard)}, {res.BA, len(talk.a.heard)}} {
		switch {
		case d.Reason == duplex.Running:
			return s, errors.New("a direction is said to be running still")
		case (d.Err == nil) != (d.Reason == duplex.Ended):
			return s, fmt.Errorf("a direction has the reason %q and the error %v", d.Reason, d.Err)
		case d.Reason == duplex.Ended && d.Bytes != int64(d.heard), d.Bytes < int64(d.heard) && f.Op != duplextest.OpWrite:
			return s, fmt.Errorf("%d bytes were counted and %d heard (%q)", d.Bytes, d.heard, d.Reason)
		}
	}
	for _, j := range []duplex.Stream{ja, jb} {
		if _, err := j.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			return s, fmt.Errorf("a joined stream was left open: its Read returns %v", err)
		}
	}
	return s, nil
}

// TestR03_PipelinePassesOnEveryFault fails every call of each stream of some
// pipelines.
func TestR03_PipelinePassesOnEveryFault(t *testing.T) {
	pass := func(_ context.Context, r io.Reader, w io.Writer) error {
		_, err := io.Copy(w, struct{ io.Reader }{r})
		return err
	}
	framed := func() []duplex.Stage { return []duplex.Stage{frames.Encode, frames.Decode} }
	faults := 0
	for _, layout := range []struct {
		name   string
		middle func(f duplextest.Fault) (s *duplextest.Tampered, stages []duplex.Stage)
	}{
		{"nothing between", nil},
		{"a map", func(duplextest.Fault) (*duplextest.Tampered, []duplex.Stage) {
			return nil, []duplex.Stage{duplex.Map(slices.Clone[[]byte])}
		}},
		{"a codec", func(duplextest.Fault) (*duplextest.Tampered, []duplex.Stage) { return nil, framed() }},
		{"a function", func(duplextest.Fault) (*duplextest.Tampered, []duplex.Stage) {
			return nil, []duplex.Stage{duplex.StageFunc(pass)}
		}},
		{"a faulty stream", func(f duplextest.Fault) (*duplextest.Tampered, []duplex.Stage) {
			s := f.Stream(duplex.Transform{}.Stream())
			return s, []duplex.Stage{duplex.Via(s)}
		}},
		{"everything", func(f duplextest.Fault) (*duplextest.Tampered, []duplex.Stage) {
			s := f.Stream(duplex.Transform{}.Stream())
			stages := append(framed(), duplex.StageFunc(pass), duplex.Via(s))
			return s, append(stages, framed()...)
		}},
	} {
		for _, place := range []string{"source", "sink", "middle"} {
			if place == "middle" && (layout.middle == nil || layout.name != "a faulty stream" && layout.name != "everything") {
				continue
			}
			for _, c := range []struct{ size, piece, mark int }{{1, 1, 0}, {2000, 100, 100}, {3000, 50, 60}, {70_001, 70_001, 0}} {
				if underRace && c.size > 2000 {
					continue
				}
				name := fmt.Sprintf("%s, fault on the %s, %d bytes", layout.name, place, c.size)
				faults += eachFault(t, name, func(f duplextest.Fault) (*duplextest.Tampered, error) {
					return faultyPipeline(f, place, layout.middle, c.size, c.piece, c.mark)
				})
			}
		}
	}
	enoughFaults(t, faults, 5_400)
}

func faultyPipeline(f duplextest.Fault, place string, middle func(duplextest.Fault) (*duplextest.Tampered, []duplex.Stage), size, piece, mark int) (*duplextest.Tampered, error) {
	pair := duplex.PairConfig{HighWaterMark: mark}
	a, ja := pair.Pair()
	jb, b := pair.Pair()
	faultAt := func(here string) duplextest.Fault {
		if here == place {
			return f
		}
		return duplextest.Fault{}
	}
	src, dst := faultAt("source").Stream(ja), faultAt("sink").Stream(jb)
	stages := []duplex.Stage{duplex.From(src)}
	s, index := src, 0
	if middle != nil {
		via, between := middle(faultAt("middle"))
		stages = append(stages, between...)
		if place == "middle" {
			s = via
			index = slices.IndexFunc(stages, func(s duplex.Stage) bool { _, via := s.(duplex.Through); return via })
		}
	}
	stages = append(stages, duplex.To(dst))
	if place == "sink" {
		s, index = dst, len(stages)-1
	}

	talk := newTalk(a, b, size, piece)
	talk.b.says = nil // only one direction has a pipeline
	talk.start()
	tired := errors.New("waited for long enough")
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Hour, tired)
	defer cancel()
	err := duplex.Pipeline(ctx, stages...)
	if err == nil {
		_ = ja.CloseWrite()
	} else {
		_ = duplex.Abort(ja, nil)
	}
	talk.wait()
	_, _ = ja.Close(), jb.Close()
	if jerr := judge(f, s, tired, err, talk); jerr != nil {
		return s, jerr
	}
	var at *duplex.StageError
	if err != nil && !errors.Is(err, tired) && (!errors.As(err, &at) || at.Index != index) {
		return s, fmt.Errorf("the pipeline returned %w, want an error of stage %d", err, index)
	}
	return s, nil
}

// TestR03_LayerPassesOnEveryFault fails every call that a layer makes on the
// stream below it.
func TestR03_LayerPassesOnEveryFault(t *testing.T) {
	faults := 0
	for _, codec := range []struct {
		name string
		duplex.Codec
	}{{"map", duplex.Codec{Encode: duplex.Map(slices.Clone[[]byte]), Decode: duplex.Map(slices.Clone[[]byte])}}, {"frames", frames}} {
		for _, flush := range []bool{false, true} {
			for _, c := range []struct{ size, piece, mark int }{{1, 1, 0}, {3000, 100, 200}, {66_000, 66_000, 0}} {
				if underRace && c.size > 3000 {
					continue
				}
				name := fmt.Sprintf("%s, flush %t, %d bytes", codec.name, flush, c.size)
				faults += eachFault(t, name, func(f duplextest.Fault) (*duplextest.Tampered, error) {
					return faultyLayer(f, codec.Codec, flush, c.size, c.piece, c.mark)
				})
			}
		}
	}
	enoughFaults(t, faults, 2_600)
}

func faultyLayer(f duplextest.Fault, codec duplex.Codec, flush bool, size, piece, mark int) (*duplextest.Tampered, error) {
	x, y := duplex.PairConfig{HighWaterMark: mark}.Pair()
	s := f.Stream(x)
	a, b := duplex.Layer(s, codec), duplex.Layer(y, codec)
	a.AutoFlush, b.AutoFlush = flush, flush
	talk := newTalk(a, b, size, piece)
	tired := errors.New("waited for long enough")
	enough := time.AfterFunc(time.Hour, func() { _ = a.Abort(tired) })
	defer enough.Stop()
	// As any program would, each party gives up at the first failure.
	var mu sync.Mutex
	var first error
	fail := func(l *duplex.Layered) func(error) {
		return func(err error) {
			mu.Lock()
			if first == nil {
				first = err
			}
			mu.Unlock()
			_ = l.Abort(err)
		}
	}
	talk.a.fail, talk.b.fail = fail(a), fail(b)
	talk.start()
	talk.wait()
	_, _ = a.Close(), b.Close()
	if f.Op == duplextest.OpRead && f.Kind == duplextest.Partial && first == nil {
		return s, talk.complete() // a decoder that has seen its end mark looks no further
	}
	return s, judge(f, s, tired, first, talk)
}

// frames is a codec whose streams have a mark at their end, as gzip's have,
// and that costs little.
var frames = duplex.Codec{
	Encode: duplex.Encoder(func(w io.Writer) *frameWriter { return &frameWriter{w: w} }).Named("frames"),
	Decode: duplex.Decoder(func(r io.Reader) *frameReader { return &frameReader{r: r} }).Named("unframes"),
}

type frameWriter struct{ w io.Writer }

func (f *frameWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		q := p[n:min(len(p), n+1000)]
		if _, err := f.w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)); err != nil {
			return n, err
		}
		n += len(q)
	}
	return n, nil
}

func (f *frameWriter) Close() error {
	_, err := f.w.Write([]byte{0, 0})
	return err
}

type frameReader struct {
	r    io.Reader
	left int
	over bool
}

func (f *frameReader) Read(p []byte) (int, error) {
	if f.over {
		return 0, io.EOF
	}
	if f.left == 0 {
		var head [2]byte
		if _, err := io.ReadFull(f.r, head[:]); err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		} else if err != nil {
			return 0, err
		}
		f.left = int(binary.BigEndian.Uint16(head[:]))
		if f.left == 0 {
			f.over = true
			return 0, io.EOF
		}
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
