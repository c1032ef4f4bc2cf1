package deflate_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/duplex-go/duplex/deflate"
)

// step is one call in the life of a stream: of Write, Flush or Close for
// kinds of flush, or of Params.
type step struct {
	data     []byte
	flush    deflate.Flush // zero is a Write
	params   bool
	level    deflate.Level
	strategy deflate.Strategy
}

// stream is what a differential case compares: options and the calls.
type stream struct {
	options deflate.Options
	steps   []step
}

func (s *stream) String() string {
	o := s.options
	text := fmt.Sprintf("%v level %d strategy %d memLevel %d windowBits %d dict %d, steps", o.Format, o.Level, o.Strategy, o.MemLevel, o.WindowBits, len(o.Dict))
	for i, p := range s.steps {
		switch {
		case i == 40:
			return text + " ..."
		case p.params:
			text += fmt.Sprintf(" params(%d,%d)", p.level, p.strategy)
		default:
			text += fmt.Sprintf(" %d/%d", len(p.data), p.flush)
		}
	}
	return text
}

// answer is the output of a stream and its length after each step.
type answer struct {
	out  []byte
	ends []int
}

// peer is a process that runs zlib, testdata/zlibpeer.c.
type peer struct {
	in      io.Writer
	out     *bufio.Reader
	version string
	req     []byte
}

// peerDir is where builtPeer put it, for TestMain to remove.
var peerDir string

// builtPeer is the path of the compiled helper, built once per test process.
var builtPeer = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "zlibpeer")
	if err != nil {
		return "", err
	}
	peerDir = dir
	path := filepath.Join(dir, "zlibpeer")
	out, err := exec.Command("cc", "-O2", "-o", path, filepath.Join("testdata", "zlibpeer.c"), "-lz").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cc zlibpeer.c -lz: %v\n%s", err, out)
	}
	return path, nil
})

// startPeer starts zlib. Without a C compiler or zlib.h it skips the test,
// but where CI is set it fails, so that the proof is never left out unseen.
func startPeer(t testing.TB) *peer {
	t.Helper()
	path, err := builtPeer()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("zlib to compare with is required where CI is set: %v", err)
		}
		t.Skipf("no zlib to compare with: %v", err)
	}
	cmd := exec.Command(path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("zlibpeer: %v", err)
		}
	})
	p := &peer{in: in, out: bufio.NewReaderSize(out, 1<<16)}
	if _, err := in.Write(make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	n, err := p.out.ReadByte()
	if err != nil {
		t.Fatal(err)
	}
	version := make([]byte, n)
	if _, err := io.ReadFull(p.out, version); err != nil {
		t.Fatal(err)
	}
	p.version = string(version)
	return p
}

// zlibLevel is the level in zlib's numbers.
func zlibLevel(l deflate.Level) byte {
	switch l {
	case deflate.Stored:
		return 0
	case deflate.DefaultLevel:
		return 6
	}
	return byte(l)
}

// zlibBits is the windowBits argument of deflateInit2.
func zlibBits(o *deflate.Options) byte {
	n := o.WindowBits
	if n == 0 {
		n = 15
	}
	switch o.Format {
	case deflate.Raw:
		n = -n
	case deflate.Gzip:
		n += 16
	}
	return byte(n)
}

// run lets zlib write the stream.
func (p *peer) run(s *stream) (answer, error) {
	o := &s.options
	mem := o.MemLevel
	if mem == 0 {
		mem = 8
	}
	b := append(p.req[:0], 0, 0, 0, 0, zlibLevel(o.Level), byte(o.Strategy), byte(mem), zlibBits(o))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(o.Dict)))
	b = append(b, o.Dict...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.steps)))
	for _, st := range s.steps {
		if st.params {
			b = append(b, 1, byte(st.strategy), zlibLevel(st.level))
			continue
		}
		b = append(b, 0, byte(st.flush))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(st.data)))
		b = append(b, st.data...)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	p.req = b

	// The peer reads all of a request before it answers.
	if _, err := p.in.Write(b); err != nil {
		return answer{}, err
	}
	u32 := func() int {
		var v [4]byte
		io.ReadFull(p.out, v[:])
		return int(binary.LittleEndian.Uint32(v[:]))
	}
	failed := u32()
	var a answer
	for range s.steps {
		a.ends = append(a.ends, u32())
	}
	a.out = make([]byte, u32())
	if _, err := io.ReadFull(p.out, a.out); err != nil {
		return answer{}, err
	}
	if failed != 0 {
		return answer{}, fmt.Errorf("zlib refused step %d", failed-1)
	}
	return a, nil
}

// ours writes the stream with the package.
func ours(s *stream) (answer, error) {
	var a answer
	out := &sliceWriter{}
	z, err := deflate.NewWriter(out, s.options)
	if err != nil {
		return a, err
	}
	for i, st := range s.steps {
		var err error
		switch {
		case st.params:
			err = z.Params(st.level, st.strategy)
		case st.flush == 0:
			_, err = z.Write(st.data)
		case st.flush == deflate.Finish:
			err = z.Close()
		default:
			err = z.Flush(st.flush)
		}
		if err != nil {
			return a, fmt.Errorf("step %d: %w", i, err)
		}
		a.ends = append(a.ends, len(out.b))
	}
	a.out = out.b
	return a, z.Close()
}

// sliceWriter gathers what is written to it.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}
