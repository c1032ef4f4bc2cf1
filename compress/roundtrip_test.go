package compress_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/duplex-go/duplex"
)

func TestWhatIsEncodedDecodesToItself(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		for name, p := range samples() {
			z := f.encoded(t, p)
			got, err := decoded(f.decode(guard{}), bytes.NewReader(z))
			if err != nil || !bytes.Equal(got, p) {
				t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(p), err)
			}
		}
	})
}

// Readers that give their bytes in awkward ways (R06).
func TestAwkwardReadersChangeNothing(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"one byte":            iotest.OneByteReader,
		"half":                iotest.HalfReader,
		"data with error":     iotest.DataErrReader,
		"one byte with error": func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
		"deadlines":           func(r io.Reader) io.Reader { return &interrupted{r: iotest.OneByteReader(r)} },
	}
	eachFormat(t, func(t *testing.T, f format) {
		p := append(text(messages(600)), noise(messages(100))...)
		z := f.encoded(t, p)
		for name, awkward := range readers {
			got, err := patient(f.decode(guard{}).Reader(awkward(bytes.NewReader(z))))
			if err != nil || !bytes.Equal(got, p) {
				t.Errorf("decoding, %s: %d bytes of %d, %v", name, len(got), len(p), err)
			}
			// An encoder that is read from.
			coded, err := patient(f.encode.Reader(awkward(bytes.NewReader(p))))
			if err != nil {
				t.Errorf("encoding, %s: %v", name, err)
				continue
			}
			if got, err := decoded(f.decode(guard{}), bytes.NewReader(coded)); err != nil || !bytes.Equal(got, p) {
				t.Errorf("encoding, %s: decodes to %d bytes of %d, %v", name, len(got), len(p), err)
			}
		}
	})
}

// interrupted is a reader whose every other call ends by a deadline.
type interrupted struct {
	r     io.Reader
	calls int
}

func (r *interrupted) Read(p []byte) (int, error) {
	if r.calls++; r.calls%2 == 1 {
		return 0, errDeadline
	}
	return r.r.Read(p)
}

// patient reads all of r and goes on after deadlines.
func patient(r io.ReadCloser) ([]byte, error) {
	defer r.Close()
	var all []byte
	p := make([]byte, 700)
	for {
		n, err := r.Read(p)
		all = append(all, p[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil && !errors.Is(err, errDeadline) {
			return all, err
		}
	}
}

// Encoding and decoding in pieces of any size (R41).
func TestTheCutsOfAStreamAreNotSeen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	eachFormat(t, func(t *testing.T, f format) {
		rounds := messages(150)
		for range rounds {
			p := text(rnd.IntN(400))
			if rnd.IntN(20) == 0 {
				p = append(noise(rnd.IntN(70_000)), p...)
			}
			var z bytes.Buffer
			w := f.encode.Writer(&z).(writeFlusher)
			for rest := p; len(rest) > 0; {
				n := 1 + rnd.IntN(min(len(rest), 64))
				if len(rest) > 1000 {
					n = 1 + rnd.IntN(len(rest))
				}
				if _, err := w.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				if rest = rest[n:]; rnd.IntN(4) == 0 {
					if err := w.Flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := decoded(f.decode(guard{}), &cutReader{&z, rnd})
			if err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%d bytes of %d, %v", len(got), len(p), err)
			}
		}
	})
}

// Every split of a short message in two, written and read (R41).
func TestEverySplitOfAShortMessage(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		p, step := text(64), 1
		if race {
			step = 9
		}
		for i := 0; i < len(p); i += step {
			var z bytes.Buffer
			w := f.encode.Writer(&z).(writeFlusher)
			_, _ = w.Write(p[:i])
			if i%2 == 0 {
				_ = w.Flush()
			}
			_, _ = w.Write(p[i:])
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			for j := range z.Len() {
				b := z.Bytes()
				got, err := decoded(f.decode(guard{}), io.MultiReader(bytes.NewReader(b[:j]), bytes.NewReader(b[j:])))
				if err != nil || !bytes.Equal(got, p) {
					t.Fatalf("written at %d, read at %d: %q, %v", i, j, got, err)
				}
			}
		}
	})
}

type writeFlusher interface {
	io.WriteCloser
	Flush() error
}

// cutReader reads pieces of random sizes.
type cutReader struct {
	r   io.Reader
	rnd *rand.Rand
}

func (r *cutReader) Read(p []byte) (int, error) {
	return r.r.Read(p[:1+r.rnd.IntN(min(len(p), 1000))])
}

// The three ways to use a transform give the same (a stream alone, a layer, a
// pipeline is in parity_test.go).
func TestAStreamAloneTakesPlainAndGivesCoded(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		p := text(100_000)
		enc, dec := f.encode.Stream(), f.decode(guard{}).Stream()
		defer enc.Close()
		defer dec.Close()
		errs := make(chan error, 2)
		go func() {
			_, err := enc.Write(p)
			errs <- errors.Join(err, enc.CloseWrite())
		}()
		go func() {
			_, err := io.Copy(dec, enc)
			errs <- errors.Join(err, dec.CloseWrite())
		}()
		got, err := io.ReadAll(dec)
		if err != nil || !bytes.Equal(got, p) {
			t.Errorf("%d bytes of %d, %v", len(got), len(p), err)
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestALayerCarriesBothDirections(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		a, b := duplex.Pair()
		left, right := duplex.Layer(a, f.codec()), duplex.Layer(b, f.codec())
		defer left.Close()
		defer right.Close()
		left.AutoFlush, right.AutoFlush = true, true
		buf := make([]byte, 100)
		for _, word := range []string{"one", "two", "three"} { // and each waits for the other
			for _, way := range [][2]*duplex.Layered{{left, right}, {right, left}} {
				if _, err := io.WriteString(way[0], word); err != nil {
					t.Fatal(err)
				}
				n, err := io.ReadAtLeast(way[1], buf, len(word))
				if err != nil || string(buf[:n]) != word {
					t.Fatalf("%q, %v", buf[:n], err)
				}
			}
		}
		for _, way := range [][2]*duplex.Layered{{left, right}, {right, left}} {
			if err := way[0].CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(way[1]); err != nil || len(rest) > 0 {
				t.Fatalf("after the end: %q, %v", rest, err)
			}
		}
	})
}
