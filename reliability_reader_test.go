package duplex_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"github.com/duplex-go/duplex"
)

// awkward are readers that are allowed what most code does not expect.
var awkward = map[string]func(io.Reader) io.Reader{
	"plain":          func(r io.Reader) io.Reader { return r },
	"a byte a time":  iotest.OneByteReader,
	"half a read":    iotest.HalfReader,
	"data and error": iotest.DataErrReader,
}

// Every use of a transform must give the same, however its input comes (R06).
func TestR06_TransformsGiveTheSameWhateverTheReaderDoes(t *testing.T) {
	times := 3000
	if underRace {
		times = 300 // a byte at a time is slow there
	}
	text := bytes.Repeat([]byte("the same, however it comes; "), times)
	zip := duplex.Encoder(gzip.NewWriter)
	unzip := duplex.TryDecoder(gzip.NewReader)
	code := duplex.Encoder(func(w io.Writer) io.WriteCloser { return base64.NewEncoder(base64.StdEncoding, w) })
	decode := duplex.Decoder(func(r io.Reader) io.Reader { return base64.NewDecoder(base64.StdEncoding, r) })
	for name, there := range map[string]struct{ forth, back duplex.Transform }{
		"nothing":    {},
		"map":        {duplex.Map(swapCase), duplex.Map(swapCase)},
		"encoder":    {zip, unzip},
		"two":        {duplex.Compose(zip, code), duplex.Compose(decode, unzip)},
		"everything": {duplex.Compose(zip, unzip, duplex.Map(swapCase), code), duplex.Compose(decode, duplex.Map(swapCase), zip, unzip)},
	} {
		for how, reader := range awkward {
			t.Run(name+"/"+how, func(t *testing.T) {
				for use, run := range transformUses {
					coded, err := run(there.forth, reader(bytes.NewReader(text)))
					noError(t, err)
					got, err := run(there.back, reader(bytes.NewReader(coded)))
					if err != nil || !bytes.Equal(got, text) {
						t.Errorf("as %s: %d bytes, %v", use, len(got), err)
					}
				}
			})
		}
	}
}

func swapCase(p []byte) []byte {
	for i, c := range p {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			p[i] = c ^ 0x20
		}
	}
	return p
}

// transformUses are the ways to use a transform.
var transformUses = map[string]func(duplex.Transform, io.Reader) ([]byte, error){
	"reader": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		out := tr.Reader(r)
		defer out.Close()
		return io.ReadAll(out)
	},
	"writer": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		var b bytes.Buffer
		w := tr.Writer(&b)
		_, err := io.Copy(w, r)
		err = errors.Join(err, w.Close())
		return b.Bytes(), err
	},
	"stream": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		s := tr.Stream()
		defer s.Close()
		sent := background(func() error {
			_, err := io.Copy(s, r)
			return errors.Join(err, s.CloseWrite())
		})
		got, err := io.ReadAll(s)
		return got, errors.Join(err, <-sent)
	},
	"stage": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		var b bytes.Buffer
		err := duplex.Pipeline(context.Background(), duplex.From(r), tr, duplex.To(&b))
		return b.Bytes(), err
	},
	"layer that is read": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		l := duplex.Layer(duplex.Combine(r, io.Discard), duplex.Codec{Decode: tr})
		defer l.Close()
		return io.ReadAll(l)
	},
	"layer that is written": func(tr duplex.Transform, r io.Reader) ([]byte, error) {
		a, b := duplex.Pair()
		defer b.Close()
		l := duplex.Layer(a, duplex.Codec{Encode: tr})
		defer l.Close()
		sent := background(func() error {
			_, err := io.Copy(l, r)
			return errors.Join(err, l.CloseWrite())
		})
		got, err := io.ReadAll(b)
		return got, errors.Join(err, <-sent)
	},
}

// An error of the source is what comes out, after what came before it (R06).
func TestR06_AnErrorOfTheSourceComesThroughEveryTransform(t *testing.T) {
	broken := errors.New("broken")
	for name, tr := range map[string]duplex.Transform{
		"nothing": {}, "map": duplex.Map(swapCase), "encoder": duplex.Encoder(gzip.NewWriter),
	} {
		for use, run := range transformUses {
			_, err := run(tr, io.MultiReader(bytes.NewReader(pattern(1000)), iotest.ErrReader(broken)))
			if !errors.Is(err, broken) {
				t.Errorf("%s as %s: %v", name, use, err)
			}
		}
	}
}

// A deadline is passed on, and the next read goes on where it came: through
// encoders, which are not asked while there is nothing for them, and through
// decoders that do not keep an error, which those of the standard library do.
func TestR06_ATimeoutOfTheSourceIsNotTheEnd(t *testing.T) {
	zip, unzip := duplex.Encoder(gzip.NewWriter), duplex.TryDecoder(gzip.NewReader)
	for name, there := range map[string]struct{ tr, back duplex.Transform }{
		"nothing": {}, "map": {duplex.Map(swapCase), duplex.Map(swapCase)},
		"encoder": {zip, unzip},
		"decoder": {tr: duplex.Decoder(func(r io.Reader) io.Reader { return r })},
		"two":     {duplex.Compose(duplex.Map(swapCase), zip), duplex.Compose(unzip, duplex.Map(swapCase))},
	} {
		tr := there.tr
		for form, reader := range map[string]func(io.Reader) io.Reader{
			"reader": func(r io.Reader) io.Reader { return tr.Reader(r) },
			"layer": func(r io.Reader) io.Reader {
				return duplex.Layer(duplex.Combine(r, io.Discard), duplex.Codec{Decode: tr})
			},
		} {
			r := reader(&timeoutOnce{Reader: bytes.NewReader([]byte("abc"))})
			got, err := io.ReadAll(r)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s as %s: %q, %v; want the timeout first", name, form, got, err)
			}
			rest, err := io.ReadAll(r)
			noError(t, err)
			got, err = io.ReadAll(there.back.Reader(bytes.NewReader(append(got, rest...))))
			if err != nil || string(got) != "abc" {
				t.Errorf("%s as %s: %q, %v; want all of it", name, form, got, err)
			}
		}
	}
}

// timeoutOnce gives a timeout in place of its second read.
type timeoutOnce struct {
	io.Reader
	reads int
}

func (r *timeoutOnce) Read(p []byte) (int, error) {
	if r.reads++; r.reads == 2 {
		return 0, os.ErrDeadlineExceeded
	}
	return r.Reader.Read(p[:1])
}
